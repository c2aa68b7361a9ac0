/* SPDX-License-Identifier: MIT */
/* sites.c: the lines of programs where objects were allocated, each with its callers once. */
#include "format/base/hash.h"
#include "format/base/str.h"
#include "libsnap/build/builder.h"
#include <stdlib.h>

enum {
	FIRST_SLOTS = 1024,
};

/* The slot of @site, whose file is an interned string, or the free slot where it belongs. */
static size_t find_site(const struct hs_build *build, const struct hs_site *site)
{
	uint64_t hash = hs_hash_u64((uintptr_t)site->file.data, build->site_seed);
	size_t mask = build->site_slot_count - 1;
	size_t slot;

	hash = hs_hash_u64(hash ^ ((uint64_t)site->line << 32 | site->caller), build->site_seed);
	for (slot = (size_t)hash & mask; build->site_slots[slot]; slot = (slot + 1) & mask) {
		const struct hs_site *other = &build->sites.data[build->site_slots[slot] - 1];

		if (other->line == site->line && other->caller == site->caller &&
		    other->file.data == site->file.data)
			break;
	}
	return slot;
}

/* Make room for one more site. */
static bool grow_slots(struct hs_build *build)
{
	size_t count = build->site_slot_count ? build->site_slot_count * 2 : FIRST_SLOTS;
	uint32_t *slots;

	if (build->sites.size + 1 < build->site_slot_count / 2)
		return true;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	if (!build->site_slots)
		build->site_seed = hs_hash_seed();
	free(build->site_slots);
	build->site_slots = slots;
	build->site_slot_count = count;
	for (size_t i = 0; i < build->sites.size; i++)
		slots[find_site(build, &build->sites.data[i])] = (uint32_t)i + 1;
	return true;
}

uint32_t hs_build_site(struct hs_build *build, struct hs_str file, uint32_t line, uint32_t caller)
{
	struct hs_site site = {
		.file = hs_build_string_at(build, hs_build_string(build, file)),
		.line = line,
		.caller = caller - 1, /* 0 becomes HS_NONE */
	};
	size_t slot;

	if (build->failed)
		return 0;
	if (caller > build->sites.size) {
		hs_build_blame(build, HS_BUILD_NO_SITE);
		return 0;
	}
	if (build->sites.size + 1 >= HS_NONE) {
		hs_build_blame(build, HS_BUILD_TOO_MANY);
		return 0;
	}
	if (!grow_slots(build)) {
		build->failed = true;
		return 0;
	}
	slot = find_site(build, &site);
	if (build->site_slots[slot])
		return build->site_slots[slot];
	if (!hs_vector_push(&build->sites, site)) {
		build->failed = true;
		return 0;
	}
	build->site_slots[slot] = (uint32_t)build->sites.size;
	return build->site_slots[slot];
}

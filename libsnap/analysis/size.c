/* SPDX-License-Identifier: MIT */
/* size.c: which size of objects counts. */
#include "libsnap/analysis/analysis.h"

#include "format/base/error.h"

const char *hs_size_name(enum hs_size size)
{
	switch (size) {
	case HS_SIZE_SHALLOW:
		return "shallow";
	case HS_SIZE_ALLOCATED:
		return "allocated";
	case HS_SIZE_RETAINED:
		return "retained";
	}
	return "";
}

uint32_t hs_size_column(enum hs_size size)
{
	switch (size) {
	case HS_SIZE_SHALLOW:
		return HS_COLUMN_SIZE;
	case HS_SIZE_ALLOCATED:
		return HS_COLUMN_ALLOCATED;
	case HS_SIZE_RETAINED:
		return HS_COLUMN_SIZE | HS_COLUMN_TYPE | HS_COLUMN_FLAGS | HS_COLUMN_OWNER |
		       HS_COLUMN_EDGES;
	}
	return 0;
}

struct hs_error *hs_size_values(const struct hs_objects *objects, enum hs_size size,
				const uint64_t **ret)
{
	const uint64_t *values = size == HS_SIZE_ALLOCATED ? objects->allocated : objects->size;

	if (size == HS_SIZE_RETAINED)
		return hs_error_create(HS_ERROR_USAGE,
				       "retained sizes are of one snapshot: ask for shallow or "
				       "allocated ones");
	/* Without objects there need not be columns. */
	if (!values && objects->count)
		return hs_error_create(HS_ERROR_FAILED,
				       "the snapshot does not tell the %s sizes of its objects",
				       hs_size_name(size));
	*ret = values;
	return NULL;
}

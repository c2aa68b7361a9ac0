/* SPDX-License-Identifier: MIT */
/* admit.c: what all captures have in common before they begin. */
#include "libsnap/python/admit.h"

#include "format/base/error.h"

#include <stdarg.h>
#include <stdio.h>

struct hs_error *hs_capture_check(const struct hs_capture_options *options)
{
	if (options->preview_bytes > HS_PREVIEW_MAX || (options->preview_bytes && options->redact))
		return hs_error_create(HS_ERROR_USAGE,
				       "values cannot be recorded: more than %d bytes of each, or "
				       "while they are to be left out",
				       HS_PREVIEW_MAX);
	return NULL;
}

struct hs_error *hs_capture_image_create(const struct hs_capture_options *options,
					 struct hs_image **ret)
{
	struct hs_image *image = hs_image_create();
	struct hs_spill *spill = NULL;
	struct hs_error *err;

	if (!image)
		return &hs_enomem;
	if (options->max_memory) {
		err = hs_spill_create(options->max_memory, &spill);
		if (err) {
			hs_image_destroy(image);
			return err;
		}
		hs_image_spill(image, spill);
		hs_spill_release(spill);
	}
	*ret = image;
	return NULL;
}

struct hs_error *hs_capture_end_spill(struct hs_spill *spill, struct hs_error *err,
				      const char *name)
{
	struct hs_error *why = hs_spill_check(spill);

	hs_spill_release(spill);
	if (!why)
		return err;
	hs_error_destroy(err);
	return hs_error_wrap(why, "%s", name);
}

void hs_capture_explain(const struct hs_capture_options *options, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!options->explain)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	options->explain(options->context, line);
}

void hs_capture_explain_runtime(const struct hs_capture_options *options,
				const struct hs_runtime *runtime)
{
	hs_capture_explain(options, "CPython 3.%u, runtime at 0x%llx", runtime->layout->minor,
			   (unsigned long long)runtime->address);
}

struct hs_error *hs_capture_admit(const struct hs_capture_options *options,
				  const struct hs_runtime *runtime, const char *name, bool *untried)
{
	const char *why = hs_runtime_untried(runtime);

	if (!why)
		return NULL;
	if (!options->experimental)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "%s: %s; --experimental has it dumped all the same", name,
				       why);
	hs_capture_explain(options, "%s: the snapshot may be wrong", why);
	*untried = true;
	return NULL;
}

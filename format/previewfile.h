/* SPDX-License-Identifier: MIT */
/* previewfile.h: the recorded values, to and from their sections. */
#ifndef HS_FORMAT_PREVIEWFILE_H
#define HS_FORMAT_PREVIEWFILE_H

#include "format/emit.h"
#include "format/section.h"
#include "format/tables.h"

/* Write @previews, if there are any, of @count objects. */
struct hs_error *hs_previews_encode(const struct hs_previews *previews, hs_id count,
				    struct hs_emitter *emitter) HS_MUST_CHECK;

/* Read all values into @snap, whose objects are @count. */
struct hs_error *hs_previews_decode(const struct hs_file_image *image, hs_id count,
				    struct hs_inflater *inflater,
				    struct hs_snapshot *snap) HS_MUST_CHECK;

/* Whether the file has values. */
bool hs_previews_present(const struct hs_file_image *image);

#endif

/* SPDX-License-Identifier: MIT */
/* preview.h: the values of objects, for whoever asks for them. */
#ifndef HS_PYTHON_PREVIEW_H
#define HS_PYTHON_PREVIEW_H

#include "libsnap/python/text.h"

/*
 * Read the value of @object, of a type with one (hs_pytype.preview), as far as
 * python->preview_bytes go.  ret->data lies in @scratch.  False if it cannot be read.
 */
bool hs_preview_read(struct hs_python *python, const struct hs_object *object,
		     struct hs_text *scratch, struct hs_preview *ret);

#endif

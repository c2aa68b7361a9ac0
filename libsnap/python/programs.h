/* SPDX-License-Identifier: MIT */
/* programs.h: where the data of programs and libraries lies. */
#ifndef HS_PYTHON_PROGRAMS_H
#define HS_PYTHON_PROGRAMS_H

#include "libsnap/memory/image.h"

/* Variables of a program or library: what is mapped from its file, and what is zero at first. */
struct hs_program_data {
	const struct hs_mapping *file;
	hs_addr start;
	hs_addr end;
};

/*
 * The next such stretch from mapping *@i on, which is advanced; false if there is none.  Where it
 * ends is known from the program's header, if the image has that.
 */
bool hs_program_data_next(struct hs_image *image, size_t *i, struct hs_program_data *ret);

#endif

/* SPDX-License-Identifier: MIT */
/* layout.h: the numbers of the file format; spec/format.md explains them. */
#ifndef HS_FORMAT_LAYOUT_H
#define HS_FORMAT_LAYOUT_H

#define HS_FORMAT_VERSION "0.9"

#endif

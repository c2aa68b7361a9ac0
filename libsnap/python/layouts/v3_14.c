/* SPDX-License-Identifier: MIT */
/* v3_14.c: what lies where in CPython 3.14. */
#include "libsnap/python/layouts/layout.h"
#include "libsnap/python/objects.h"

static const struct hs_published published[] = {
	HS_PUBLISHED(40, runtime_interpreters_head),
	HS_PUBLISHED(56, interp_id),
	HS_PUBLISHED(64, interp_next),
	HS_PUBLISHED(72, interp_threads_head),
	HS_PUBLISHED(88, interp_gc),
	HS_PUBLISHED(96, interp_modules),
	HS_PUBLISHED(104, interp_sysdict),
	HS_PUBLISHED(112, interp_builtins),
	HS_PUBLISHED(192, tstate_next),
	HS_PUBLISHED(200, tstate_interp),
	HS_PUBLISHED(208, tstate_current_frame),
	HS_PUBLISHED(216, tstate_thread_id),
	HS_PUBLISHED(224, tstate_native_thread_id),
	HS_PUBLISHED(256, iframe_previous),
	HS_PUBLISHED(264, iframe_code),
	HS_PUBLISHED(272, iframe_instruction),
	HS_PUBLISHED(280, iframe_localsplus),
	HS_PUBLISHED(288, iframe_owner),
	HS_PUBLISHED(296, iframe_stackpointer),
	HS_PUBLISHED(320, code_filename),
	HS_PUBLISHED(328, code_name),
	HS_PUBLISHED(336, code_qualname),
	HS_PUBLISHED(344, code_linetable),
	HS_PUBLISHED(352, code_firstlineno),
	HS_PUBLISHED(368, code_localsplusnames),
	HS_PUBLISHED(376, code_localspluskinds),
	HS_PUBLISHED(384, code_adaptive),
	HS_PUBLISHED_VALUE(400, PY_HEADER_SIZE),
	HS_PUBLISHED_VALUE(408, PY_TYPE),
	HS_PUBLISHED(416, type_size),
	HS_PUBLISHED_VALUE(424, PY_TP_NAME),
	HS_PUBLISHED_VALUE(440, PY_TP_FLAGS),
	HS_PUBLISHED(456, tuple_items),
	HS_PUBLISHED_VALUE(464, PY_SIZE),
	HS_PUBLISHED_VALUE(480, PY_LIST_ITEMS),
	HS_PUBLISHED_VALUE(488, PY_SIZE),
	HS_PUBLISHED_VALUE(512, PY_SET_TABLE),
	HS_PUBLISHED_VALUE(520, PY_SET_MASK),
	HS_PUBLISHED_VALUE(536, PY_DICT_KEYS),
	HS_PUBLISHED_VALUE(544, PY_DICT_VALUES),
	HS_PUBLISHED(576, int_tag),
	HS_PUBLISHED_VALUE(584, PY_INT_DIGITS),
	HS_PUBLISHED_VALUE(600, PY_SIZE),
	HS_PUBLISHED_VALUE(608, PY_BYTES_DATA),
	HS_PUBLISHED(616, str_full_size),
	HS_PUBLISHED_VALUE(624, PY_STR_STATE),
	HS_PUBLISHED_VALUE(632, PY_STR_LENGTH),
	HS_PUBLISHED(640, str_ascii_size),
	HS_PUBLISHED(656, gc_collecting),
	HS_PUBLISHED(672, generator_name),
	HS_PUBLISHED(680, generator_iframe),
	HS_PUBLISHED(688, generator_state),
};

/*
 * Until 3.14.4 the collector worked in increments; the one of 3.13 came back with 3.14.5.  Its
 * lists lie where the others lay, but its state is longer, so that all that lies behind it in the
 * interpreter's state moved.
 */
const struct hs_layout hs_layout_3_14_0 = {
	.minor = 14,
	.since_micro = 0,
	.gc_generation0 = HS_ABSENT,
#define MOVED 0
#include "libsnap/python/layouts/v3_14.inc"
#undef MOVED
};

const struct hs_layout hs_layout_3_14 = {
	.minor = 14,
	.since_micro = 5,
	.gc_generation0 = 256,
#define MOVED 24
#include "libsnap/python/layouts/v3_14.inc"
#undef MOVED
};

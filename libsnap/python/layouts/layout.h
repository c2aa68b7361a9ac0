/* SPDX-License-Identifier: MIT */
/* layout.h: what lies where in the versions of CPython. */
#ifndef HS_PYTHON_LAYOUT_H
#define HS_PYTHON_LAYOUT_H

#include <heapsnap/snapshot.h>

/*
 * Every field that differs between versions, written once: the list expands to the struct's
 * members, to the names in messages and to the table that the tests dump.  Values are byte offsets
 * in the struct named above them, or sizes where the name says so; HS_ABSENT where a version has
 * no such field.  They come from the debug information of release builds of each version for
 * x86-64; for others see hs_layout_adapt().  What is the same in all versions stands in
 * libsnap/python/objects.h.  Fields of PyInterpreterState, and they alone, begin with interp_.
 */
#define HS_LAYOUT_FIELDS(FIELD)                                                                    \
	/* _PyRuntimeState */                                                                      \
	FIELD(runtime_interpreters_head)                                                           \
	FIELD(runtime_interpreters_main)                                                           \
	FIELD(runtime_gc)                                                                          \
	FIELD(runtime_tracemalloc)                                                                 \
	/* _Py_hashtable_t */                                                                      \
	FIELD(hashtable_nentries)                                                                  \
	FIELD(hashtable_nbuckets)                                                                  \
	FIELD(hashtable_key_size)                                                                  \
	FIELD(hashtable_hash_func)                                                                 \
	/* PyInterpreterState */                                                                   \
	FIELD(interp_next)                                                                         \
	FIELD(interp_id)                                                                           \
	FIELD(interp_threads_head)                                                                 \
	FIELD(interp_gil)                                                                          \
	FIELD(interp_gc)                                                                           \
	FIELD(interp_modules)                                                                      \
	FIELD(interp_modules_by_index)                                                             \
	FIELD(interp_importlib)                                                                    \
	FIELD(interp_import_func)                                                                  \
	FIELD(interp_lazy_import_func)                                                             \
	FIELD(interp_lazy_imports_filter)                                                          \
	FIELD(interp_lazy_modules)                                                                 \
	FIELD(interp_lazy_pending_submodules)                                                      \
	FIELD(interp_sysdict)                                                                      \
	FIELD(interp_builtins)                                                                     \
	FIELD(interp_dict)                                                                         \
	FIELD(interp_codec_search_path)                                                            \
	FIELD(interp_codec_search_cache)                                                           \
	FIELD(interp_codec_error_registry)                                                         \
	FIELD(interp_before_forkers)                                                               \
	FIELD(interp_after_forkers_parent)                                                         \
	FIELD(interp_after_forkers_child)                                                          \
	FIELD(interp_warnings_filters)                                                             \
	FIELD(interp_warnings_once_registry)                                                       \
	FIELD(interp_warnings_default_action)                                                      \
	FIELD(interp_warnings_context)                                                             \
	FIELD(interp_audit_hooks)                                                                  \
	FIELD(interp_atexit_callbacks)                                                             \
	FIELD(interp_atexit_count)                                                                 \
	FIELD(interp_interned_strings)                                                             \
	FIELD(interp_obmalloc)                                                                     \
	/* static types: what each interpreter keeps of them, see types.c */                       \
	FIELD(interp_types_builtins)                                                               \
	FIELD(interp_types_extensions)                                                             \
	FIELD(types_entry_size)                                                                    \
	FIELD(types_entry_dict)                                                                    \
	/* struct _gc_runtime_state */                                                             \
	FIELD(gc_enabled)                                                                          \
	FIELD(gc_generation0)                                                                      \
	FIELD(gc_permanent_generation)                                                             \
	FIELD(gc_stats)                                                                            \
	FIELD(gc_stat_rings)                                                                       \
	FIELD(gc_collecting)                                                                       \
	FIELD(gc_garbage)                                                                          \
	FIELD(gc_callbacks)                                                                        \
	/* PyThreadState */                                                                        \
	FIELD(tstate_next)                                                                         \
	FIELD(tstate_interp)                                                                       \
	FIELD(tstate_frame)                                                                        \
	FIELD(tstate_cframe)                                                                       \
	FIELD(tstate_current_frame)                                                                \
	FIELD(tstate_native_thread_id)                                                             \
	FIELD(tstate_thread_id)                                                                    \
	FIELD(tstate_profile_object)                                                               \
	FIELD(tstate_trace_object)                                                                 \
	FIELD(tstate_current_exception_type)                                                       \
	FIELD(tstate_current_exception)                                                            \
	FIELD(tstate_current_exception_traceback)                                                  \
	FIELD(tstate_exc_info)                                                                     \
	FIELD(tstate_dict)                                                                         \
	FIELD(tstate_async_exc)                                                                    \
	FIELD(tstate_context)                                                                      \
	FIELD(tstate_async_gen_firstiter)                                                          \
	FIELD(tstate_async_gen_finalizer)                                                          \
	FIELD(tstate_delete_later)                                                                 \
	/* _PyErr_StackItem */                                                                     \
	FIELD(exc_item_type)                                                                       \
	FIELD(exc_item_value)                                                                      \
	FIELD(exc_item_traceback)                                                                  \
	FIELD(exc_item_previous)                                                                   \
	/* _PyCFrame */                                                                            \
	FIELD(cframe_current_frame)                                                                \
	/* _PyInterpreterFrame */                                                                  \
	FIELD(iframe_code)                                                                         \
	FIELD(iframe_function)                                                                     \
	FIELD(iframe_locals)                                                                       \
	FIELD(iframe_frame_object)                                                                 \
	FIELD(iframe_previous)                                                                     \
	FIELD(iframe_instruction)                                                                  \
	FIELD(iframe_stacktop)                                                                     \
	FIELD(iframe_stackpointer)                                                                 \
	FIELD(iframe_owner)                                                                        \
	FIELD(iframe_localsplus)                                                                   \
	/* PyFrameObject */                                                                        \
	FIELD(frame_back)                                                                          \
	FIELD(frame_trace)                                                                         \
	FIELD(frame_iframe)                                                                        \
	FIELD(frame_extra_locals)                                                                  \
	FIELD(frame_locals_cache)                                                                  \
	FIELD(frame_overwritten_fast_locals)                                                       \
	FIELD(frame_data)                                                                          \
	FIELD(frame_code)                                                                          \
	FIELD(frame_builtins)                                                                      \
	FIELD(frame_globals)                                                                       \
	FIELD(frame_locals)                                                                        \
	FIELD(frame_valuestack)                                                                    \
	FIELD(frame_stacktop)                                                                      \
	FIELD(frame_stackdepth)                                                                    \
	FIELD(frame_lasti)                                                                         \
	FIELD(frame_localsplus)                                                                    \
	/* PyGenObject, also of coroutines and asynchronous generators */                          \
	FIELD(generator_frame)                                                                     \
	FIELD(generator_code)                                                                      \
	FIELD(generator_name)                                                                      \
	FIELD(generator_qualname)                                                                  \
	FIELD(generator_exc_type)                                                                  \
	FIELD(generator_exc_value)                                                                 \
	FIELD(generator_exc_traceback)                                                             \
	FIELD(generator_origin_or_finalizer)                                                       \
	FIELD(generator_state)                                                                     \
	FIELD(generator_iframe)                                                                    \
	/* PyCodeObject */                                                                         \
	FIELD(code_consts)                                                                         \
	FIELD(code_names)                                                                          \
	FIELD(code_exceptiontable)                                                                 \
	FIELD(code_localsplusnames)                                                                \
	FIELD(code_localspluskinds)                                                                \
	FIELD(code_varnames)                                                                       \
	FIELD(code_cellvars)                                                                       \
	FIELD(code_freevars)                                                                       \
	FIELD(code_filename)                                                                       \
	FIELD(code_name)                                                                           \
	FIELD(code_qualname)                                                                       \
	FIELD(code_linetable)                                                                      \
	FIELD(code_firstlineno)                                                                    \
	FIELD(code_nlocalsplus)                                                                    \
	FIELD(code_nfreevars)                                                                      \
	FIELD(code_nlocals)                                                                        \
	FIELD(code_stacksize)                                                                      \
	FIELD(code_code_cache)                                                                     \
	FIELD(code_cached)                                                                         \
	FIELD(code_extra)                                                                          \
	FIELD(code_cell2arg)                                                                       \
	FIELD(code_zombie_frame)                                                                   \
	FIELD(code_opcache_map)                                                                    \
	FIELD(code_opcache)                                                                        \
	FIELD(code_opcache_size)                                                                   \
	FIELD(code_adaptive)                                                                       \
	/* PyFunctionObject */                                                                     \
	FIELD(function_globals)                                                                    \
	FIELD(function_builtins)                                                                   \
	FIELD(function_name)                                                                       \
	FIELD(function_qualname)                                                                   \
	FIELD(function_code)                                                                       \
	FIELD(function_defaults)                                                                   \
	FIELD(function_kwdefaults)                                                                 \
	FIELD(function_closure)                                                                    \
	FIELD(function_doc)                                                                        \
	FIELD(function_dict)                                                                       \
	FIELD(function_module)                                                                     \
	FIELD(function_annotations)                                                                \
	FIELD(function_annotate)                                                                   \
	FIELD(function_typeparams)                                                                 \
	/* PyModuleObject */                                                                       \
	FIELD(module_dict)                                                                         \
	FIELD(module_def)                                                                          \
	FIELD(module_state)                                                                        \
	FIELD(module_state_size)                                                                   \
	FIELD(module_name)                                                                         \
	/* PyHeapTypeObject */                                                                     \
	FIELD(heap_type_name)                                                                      \
	FIELD(heap_type_slots)                                                                     \
	FIELD(heap_type_qualname)                                                                  \
	FIELD(heap_type_cached_keys)                                                               \
	FIELD(heap_type_module)                                                                    \
	FIELD(heap_type_size)                                                                      \
	/* PyTypeObject */                                                                         \
	FIELD(type_size)                                                                           \
	/* PyDictKeysObject */                                                                     \
	FIELD(keys_refcount)                                                                       \
	FIELD(keys_size)                                                                           \
	FIELD(keys_log2_size)                                                                      \
	FIELD(keys_log2_index_bytes)                                                               \
	FIELD(keys_kind)                                                                           \
	FIELD(keys_lookup)                                                                         \
	FIELD(keys_usable)                                                                         \
	FIELD(keys_nentries)                                                                       \
	FIELD(keys_indices)                                                                        \
	/* PyDictValues */                                                                         \
	FIELD(values_first)                                                                        \
	/* PyTupleObject */                                                                        \
	FIELD(tuple_items)                                                                         \
	/* PyASCIIObject, PyCompactUnicodeObject, PyUnicodeObject */                               \
	FIELD(str_ascii_size)                                                                      \
	FIELD(str_wstr)                                                                            \
	FIELD(str_compact_size)                                                                    \
	FIELD(str_utf8_length)                                                                     \
	FIELD(str_utf8)                                                                            \
	FIELD(str_wstr_length)                                                                     \
	FIELD(str_full_size)                                                                       \
	FIELD(str_data)                                                                            \
	/* PyLongObject */                                                                         \
	FIELD(int_tag)                                                                             \
	/* PyBaseExceptionObject */                                                                \
	FIELD(exception_dict)                                                                      \
	FIELD(exception_args)                                                                      \
	FIELD(exception_notes)                                                                     \
	FIELD(exception_traceback)                                                                 \
	FIELD(exception_context)                                                                   \
	FIELD(exception_cause)                                                                     \
	FIELD(exception_size)                                                                      \
	/* propertyobject */                                                                       \
	FIELD(property_size)

#define HS_ABSENT UINT32_MAX

/* Where instances keep attributes that are not in a dict. */
enum hs_values_place {
	HS_VALUES_NONE,	  /* up to 3.10: nowhere */
	HS_VALUES_BEFORE, /* 3.11: pointers to values (-32) and dict (-24) before the object */
	HS_VALUES_TAGGED, /* 3.12: one word at -24: odd, values at word + 1; even, dict */
	HS_VALUES_INLINE, /* 3.13: dict at -24; values behind the body, with a header */
};

/* What a code object's line table looks like; see lines.c. */
enum hs_line_table {
	HS_LINES_STEPS,	    /* co_lnotab, up to 3.9 */
	HS_LINES_RANGES,    /* co_linetable of 3.10 */
	HS_LINES_LOCATIONS, /* co_linetable, 3.11 on */
};

/*
 * A value that the target publishes about itself in _Py_DebugOffsets (3.13 and later): a field of
 * the layout, or what objects.h says of all versions.
 */
struct hs_published {
	uint32_t position; /* of the published value, in _PyRuntimeState */
	uint32_t field;	   /* HS_LAYOUT_FIELD(name); HS_ABSENT: what counts is `value` */
	uint32_t value;
	const char *name;
};

#define HS_PUBLISHED(position, name)                                                               \
	{                                                                                          \
		(position), HS_LAYOUT_FIELD(name), 0, #name                                        \
	}
#define HS_PUBLISHED_VALUE(position, value)                                                        \
	{                                                                                          \
		(position), HS_ABSENT, (value), #value                                             \
	}

struct hs_layout {
	uint32_t minor;	      /* 11 for 3.11 */
	uint32_t since_micro; /* the first release of 3.minor that it holds for */
	enum hs_values_place values_place;
	enum hs_line_table line_table;
	int generator_cleared;	  /* gi_frame_state from which on there is no frame */
	bool static_type_presize; /* sys.getsizeof adds a GC head even to static types */
	const struct hs_published *published;
	size_t published_count;
#define HS_LAYOUT_MEMBER(name) uint32_t name;
	HS_LAYOUT_FIELDS(HS_LAYOUT_MEMBER)
#undef HS_LAYOUT_MEMBER
};

#define HS_LAYOUT_FIELD(name) ((uint32_t)offsetof(struct hs_layout, name))

/*
 * The layout of CPython 3.@minor.@micro, of the newest known release if @micro is HS_ABSENT; NULL
 * if that version is not supported.
 */
const struct hs_layout *hs_layout_find(uint32_t minor, uint32_t micro);

/* The layouts there are, by ascending version; NULL behind the last. */
const struct hs_layout *hs_layout_at(size_t i);

/*
 * @layout as it is on @machine, EM_X86_64 or EM_AARCH64 of elf.h.  All that differs is the size of
 * the two mutexes of the interpreter's lock, which moves what lies behind it.
 */
void hs_layout_adapt(const struct hs_layout *layout, uint16_t machine, struct hs_layout *ret);

/* The versions there are, in words: "3.8 to 3.13".  No version in between is missing. */
const char *hs_layout_versions(char *buffer, size_t size);

/*
 * To add a version: a file v3_MINOR.c with one such struct, a line here and one in the table of
 * layout.c; then run the oracle tests on it.
 */
extern const struct hs_layout hs_layout_3_8;
extern const struct hs_layout hs_layout_3_9;
extern const struct hs_layout hs_layout_3_10;
extern const struct hs_layout hs_layout_3_11;
extern const struct hs_layout hs_layout_3_12;
extern const struct hs_layout hs_layout_3_13;
extern const struct hs_layout hs_layout_3_14_0;
extern const struct hs_layout hs_layout_3_14;
extern const struct hs_layout hs_layout_3_15;

#endif

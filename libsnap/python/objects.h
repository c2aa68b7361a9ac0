/* SPDX-License-Identifier: MIT */
/* objects.h: what is the same in all supported versions of CPython (x86-64, release builds). */
#ifndef HS_PYTHON_OBJECTS_H
#define HS_PYTHON_OBJECTS_H

/* Byte offsets in the structs named; field names are those of the headers of CPython. */
enum {
	/* PyObject, PyVarObject */
	PY_REFCNT = 0,
	PY_TYPE = 8,
	PY_SIZE = 16,
	PY_HEADER_SIZE = 16,
	PY_VAR_HEADER_SIZE = 24,

	/* PyGC_Head, directly before an object that the collector handles */
	PY_GC_HEAD_SIZE = 16,
	PY_GC_NEXT = -16,
	PY_GC_PREV = -8,

	/* words before the GC head of classes with a managed dict or weak reference list */
	PY_MANAGED_DICT = -24,
	PY_MANAGED_VALUES_3_11 = -32,
	PY_PRE_HEADER_SIZE = 16,

	/* PyTypeObject */
	PY_TP_NAME = 24,
	PY_TP_BASICSIZE = 32,
	PY_TP_ITEMSIZE = 40,
	PY_TP_FLAGS = 168,
	PY_TP_DOC = 176,
	PY_TP_TRAVERSE = 184,
	PY_TP_WEAKLISTOFFSET = 208,
	PY_TP_MEMBERS = 240,
	PY_TP_BASE = 256,
	PY_TP_DICT = 264,
	PY_TP_DICTOFFSET = 288,
	PY_TP_BASES = 336,
	PY_TP_MRO = 344,
	PY_TP_CACHE = 352,
	PY_TP_SUBCLASSES = 360,
	PY_TYPE_PREFIX = 376, /* bytes of a type that are read */

	/* PyMemberDef */
	PY_MEMBER_NAME = 0,
	PY_MEMBER_TYPE = 8,
	PY_MEMBER_OFFSET = 16,
	PY_MEMBER_FLAGS = 24,
	PY_MEMBER_DEF_SIZE = 40,
	PY_T_OBJECT = 6,
	PY_T_OBJECT_EX = 16,
	PY_MEMBER_AFTER_ITEMS = 1 << 4, /* a flag (3.15) */

	/* PyDictObject */
	PY_DICT_USED = 16,
	PY_DICT_KEYS = 32,
	PY_DICT_VALUES = 40,

	/* PyUnicodeObject */
	PY_STR_LENGTH = 16,
	PY_STR_STATE = 32,

	/* PyLongObject: digits of 30 bits */
	PY_INT_DIGITS = 24,

	/* PyBytesObject */
	PY_BYTES_DATA = 32,

	/* PyListObject */
	PY_LIST_ITEMS = 24,
	PY_LIST_ALLOCATED = 32,

	/* PySetObject */
	PY_SET_MASK = 32,
	PY_SET_TABLE = 40,
	PY_SET_SMALLTABLE = 64,
	PY_SET_ENTRY_SIZE = 16,

	/* dequeobject */
	PY_DEQUE_LEFTBLOCK = 24,
	PY_DEQUE_RIGHTBLOCK = 32,
	PY_DEQUE_LEFTINDEX = 40,
	PY_DEQUE_FREE_COUNT = 72,  /* 3.11 */
	PY_DEQUE_FREE_BLOCKS = 80, /* 3.11 */
	PY_DEQUE_FREE_MAX = 16,
	PY_DEQUE_BLOCK_LENGTH = 64,
	PY_DEQUE_BLOCK_ITEMS = 8,
	PY_DEQUE_BLOCK_NEXT = 520,
	PY_DEQUE_BLOCK_SIZE = 528,

	/* PyODictObject and its nodes */
	PY_ODICT_FIRST = 48,
	PY_ODICT_FAST_NODES = 64,
	PY_ODICT_FAST_NODES_SIZE = 72,
	PY_ODICT_INST_DICT = 96,
	PY_ODICT_NODE_KEY = 0,
	PY_ODICT_NODE_NEXT = 16,
	PY_ODICT_NODE_SIZE = 32,

	/* lru_cache_object and its links */
	PY_LRU_ROOT = 0,
	PY_LRU_LINK_NEXT = 24,
	PY_LRU_LINK_KEY = 40,
	PY_LRU_LINK_RESULT = 48,

	/* _tracemalloc_runtime_state, and its config, which stood alone up to 3.11 */
	PY_TRACER_INITIALIZED = 0,
	PY_TRACER_TRACING = 4,
	PY_TRACER_MAX_FRAMES = 8,
	PY_TRACER_LOCK = 136,
	PY_TRACER_TRACES = 184,

	/* _Py_hashtable_t and its entries; trace_t */
	PY_HASHTABLE_BUCKETS = 16,
	PY_HASHTABLE_KEY = 16,
	PY_HASHTABLE_VALUE = 24,
	PY_TRACE_WORDS = 6, /* that are read of an entry and its trace */

	/* traceback_t and its frames, packed */
	PY_TRACEBACK_COUNT = 8,
	PY_TRACEBACK_FRAMES = 12,
	PY_TRACEBACK_FRAME = 12,
	PY_TRACEBACK_LINE = 8,

	/* PyWeakReference */
	PY_WEAKREF_OBJECT = 16,
	PY_WEAKREF_CALLBACK = 24,

	/* PyModuleDef */
	PY_MODULE_DEF_SIZE_FIELD = 56,
	PY_MODULE_DEF_TRAVERSE = 80,
};

/* Bits of tp_flags. */
enum {
	PY_FLAG_STATIC_BUILTIN = 1 << 1,  /* 3.12 */
	PY_FLAG_INLINE_VALUES = 1 << 2,	  /* 3.13 */
	PY_FLAG_MANAGED_WEAKREF = 1 << 3, /* 3.12 */
	PY_FLAG_MANAGED_DICT = 1 << 4,	  /* 3.11 */
	PY_FLAG_HEAPTYPE = 1 << 9,
	PY_FLAG_HAVE_GC = 1 << 14,
	PY_FLAG_LONG_SUBCLASS = 1 << 24,
	PY_FLAG_LIST_SUBCLASS = 1 << 25,
	PY_FLAG_TUPLE_SUBCLASS = 1 << 26,
	PY_FLAG_BYTES_SUBCLASS = 1 << 27,
	PY_FLAG_UNICODE_SUBCLASS = 1 << 28,
	PY_FLAG_DICT_SUBCLASS = 1 << 29,
	PY_FLAG_BASE_EXC_SUBCLASS = 1 << 30,
};
#define PY_FLAG_TYPE_SUBCLASS (1u << 31)

/* PyDictKeysObject.dk_kind */
enum {
	PY_KEYS_GENERAL = 0, /* any keys; entries of 24 bytes: hash, key, value */
	PY_KEYS_UNICODE = 1, /* str keys; entries of 16 bytes: key, value */
	PY_KEYS_SPLIT = 2,   /* the same, shared; the values are elsewhere */
};

#endif

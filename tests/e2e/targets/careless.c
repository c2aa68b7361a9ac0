/* SPDX-License-Identifier: MIT */
/* careless.c: an extension module whose forget() takes a reference and never gives it back. */
#include <Python.h>

static PyObject *forget(PyObject *self, PyObject *object)
{
	(void)self;
	Py_INCREF(object);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{"forget", forget, METH_O, "Take a reference and never give it back."},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "careless", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_careless(void)
{
	return PyModule_Create(&module);
}

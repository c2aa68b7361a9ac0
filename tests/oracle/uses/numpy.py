# SPDX-License-Identifier: MIT
"""numpy.py: arrays of all kinds, views of arrays, what describes and goes through them."""
import array
import datetime
import mmap
import os
import tempfile

import numpy
import numpy.ma
import numpy.random

from kinds import make


class Sub(numpy.ndarray):
    pass


class Slotted(numpy.ndarray):
    __slots__ = ("extra",)


class Exporting:
    def __init__(self, held):
        self.held = held
        self.__array_interface__ = held.__array_interface__


def with_attributes(made):
    made.extra = [1]
    return made


def objects(*shape):
    made = numpy.empty(shape, dtype=object)
    flat = made.reshape(-1)
    for i in range(len(flat)):
        flat[i] = [i]
    return made


def structured(count):
    kind = numpy.dtype([("a", "i4"), ("o", object), ("s", "S5"), ("n", [("x", "f8"), ("y", object)])])
    made = numpy.zeros(count, dtype=kind)
    for i in range(count):
        made[i] = (i, [i], b"s", (0.5, {i}))
    return made


def mapped():
    file = tempfile.TemporaryFile()
    file.write(b"\\0" * 8000)
    file.flush()
    return numpy.memmap(file, dtype="f8", shape=(1000,))


def of_mmap():
    return numpy.frombuffer(mmap.mmap(-1, 4096), dtype="u1")


def iterated(made, steps=1):
    for _ in range(steps):
        next(made)
    return made


LINES = """
numpy.array(3)
numpy.array([])
numpy.arange(1000)
numpy.arange(1000.0).reshape(10, 100)
numpy.zeros((3, 4, 5), dtype="complex64")
numpy.zeros((2,) * 20, dtype="i1")
numpy.ones(10, dtype=bool)
numpy.empty((0, 5))
numpy.asfortranarray(numpy.ones((3, 4)))
numpy.array(["some", "text"])
numpy.array([b"some", b"bytes"])
numpy.array(["some", "text"], dtype=object)
numpy.array([1, None, [3], "four"], dtype=object)
objects(10)
objects(3, 4)
objects(4, 5).T
objects(4, 5)[1:, ::2]
objects(0)
objects(2, 2)[:, 1]
numpy.array([None] * 100)
structured(5)
structured(5)[1:3]
structured(5)["o"]
structured(5)["n"]
structured(5)[0]
numpy.array([(1, 2.0)], dtype="i4,f8")
numpy.rec.array([(1, "a"), (2, "b")], names=["n", "s"])
numpy.array(["2020-01-01", "2021-01-01"], dtype="M8[D]")
numpy.array([1, 2], dtype="m8[s]")
numpy.arange(100)[10:50]
numpy.arange(100)[::-1]
numpy.arange(100).reshape(10, 10).T
numpy.arange(100)[10:50][3:5]
numpy.arange(100).view("u1")
numpy.broadcast_to(numpy.arange(3), (4, 3))
numpy.lib.stride_tricks.sliding_window_view(numpy.arange(10), 3)
numpy.frombuffer(b"some bytes", dtype="u1")
numpy.frombuffer(bytearray(100), dtype="f4")
numpy.frombuffer(array.array("i", [1, 2, 3]), dtype="i4")
numpy.asarray(memoryview(b"bytes"))
numpy.asarray(Exporting(numpy.arange(3)))
numpy.require(numpy.arange(3), requirements="W")
with_attributes(numpy.arange(10).view(Sub))
numpy.arange(10).view(Sub)[2:]
with_attributes(numpy.arange(10).view(Slotted))
objects(5).view(Sub)
numpy.matrix([[1, 2], [3, 4]])
numpy.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
numpy.ma.masked
mapped()
of_mmap()
numpy.poly1d([1, 2, 3])
numpy.chararray((3, 4))
numpy.bool_(True)
numpy.int8(1)
numpy.int16(1)
numpy.int32(1)
numpy.int64(1)
numpy.uint8(1)
numpy.longlong(1)
numpy.ulonglong(1)
numpy.float16(1.5)
numpy.float32(1.5)
numpy.float64(1.5)
numpy.longdouble(1.5)
numpy.complex64(1j)
numpy.complex128(1j)
numpy.clongdouble(1j)
numpy.str_("text")
numpy.bytes_(b"bytes")
numpy.void(b"raw bytes")
numpy.void(3)
numpy.datetime64("2020-01-01")
numpy.timedelta64(3, "D")
numpy.array([(1, [2])], dtype=[("a", "i4"), ("o", object)])[0]
numpy.float64(1.5).dtype
numpy.dtype("i4")
numpy.dtype(">i4")
numpy.dtype("S10")
numpy.dtype("U10")
numpy.dtype("M8[us]")
numpy.dtype(object)
numpy.dtype([("a", "i4"), ("b", object), ("c", "f8", (3, 4))])
numpy.dtype([("nested", [("x", "i4"), ("y", [("z", "f8")])])])
numpy.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [0, 8], "titles": ["first", None]})
numpy.dtype(("i4", (2, 3)))
numpy.dtype("i4", metadata={"meta": [1]})
numpy.dtype("i4,f8").fields
numpy.dtype("S5").newbyteorder()
numpy.dtype(numpy.void)
numpy.arange(10).flat
iterated(iter(numpy.arange(10)), 3)
iterated(numpy.arange(10).flat, 3)
numpy.nditer([numpy.arange(10), numpy.arange(10.0)])
numpy.nditer(objects(5), flags=["refs_ok", "multi_index"])
iterated(numpy.ndenumerate(numpy.arange(10)))
numpy.ndindex(3, 4)
numpy.broadcast(numpy.arange(3), numpy.arange(3)[:, None])
numpy.arange(3).flags
numpy.arange(3).ctypes
numpy.arange(3).data
memoryview(numpy.arange(12).reshape(3, 4))
numpy.add
numpy.add.reduce
numpy.frompyfunc(lambda a, b: a, 2, 1)
numpy.vectorize(lambda a: a)
numpy.add.types
numpy.finfo("f8")
numpy.iinfo("i4")
numpy.random.RandomState(3)
numpy.random.default_rng(3)
numpy.random.default_rng(3).bit_generator
numpy.random.PCG64(3)
numpy.random.MT19937(3)
numpy.random.Philox(3)
numpy.random.SFC64(3)
numpy.random.SeedSequence(3)
numpy.random.SeedSequence(3).spawn(2)
numpy.random.rand(100)
numpy.busdaycalendar()
numpy.linalg.svd(numpy.ones((3, 3)))
numpy.fft.fft(numpy.ones(8))
numpy.histogram([1, 2, 3])
numpy.einsum_path("ij,jk", numpy.ones((2, 2)), numpy.ones((2, 2)))
numpy.errstate(all="ignore")
numpy.array([numpy.arange(3), numpy.arange(4)], dtype=object)
numpy.array([datetime.date(2020, 1, 1)], dtype=object)
numpy.concatenate([objects(3), objects(3)])
numpy.array([[1], [2]], dtype=object)[:, 0]
numpy.savez(os.devnull, a=numpy.arange(3))
numpy.dtypes.StringDType()
numpy.array(["some", "text"], dtype=numpy.dtypes.StringDType())
"""


def build():
    make(globals(), LINES)

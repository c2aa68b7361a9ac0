# SPDX-License-Identifier: MIT
"""buffers.py OBJECTS BUFFERS: about so many MiB of objects, and so many of buffers, large and small
ones, all of them written to.  READY comes with the addresses and sizes of some of them as JSON; at
the end it checks that they are what they were."""
import array
import hashlib
import json
import sys

sys.path.pop(0)  # there are targets beside this one that are called like modules that numpy wants
try:
    import numpy
except ImportError:
    numpy = None

MIB = 1 << 20


class Holder:
    def __init__(self, buffer):
        self.buffer = buffer


def filled(size):
    """A bytearray whose pages have all been touched; none looks like another."""
    buffer = bytearray(size)
    for at in range(0, size, 4096):
        buffer[at:at + 8] = (at * 2654435761 % 2 ** 64).to_bytes(8, "little")
    return buffer


def make_objects(mib):
    return [{"n": n, "name": "object %d" % n, "pair": (n, str(n))} for n in range(mib * 2000)]


def make_buffers(mib):
    """Half of it in one, a quarter in buffers of a MiB, the rest in numpy's or array's."""
    buffers = [filled(mib // 2 * MIB)]
    buffers += [filled(MIB) for _ in range(mib // 4)]
    for _ in range(4):
        part = filled(mib // 16 * MIB)
        buffers.append(numpy.array(part) if numpy else array.array("B", part))
    return buffers


def checksum(buffer):
    return hashlib.md5(memoryview(buffer)[:1 << 16]).hexdigest()


objects = make_objects(int(sys.argv[1]))
holders = [Holder(buffer) for buffer in make_buffers(int(sys.argv[2]))]
views = [holder.buffer[10:-10] for holder in holders[-4:]] if numpy else []
before = [checksum(holder.buffer) for holder in holders]
facts = {
    "objects": len(objects),
    "buffers": [[hex(id(h)), hex(id(h.buffer)), sys.getsizeof(h.buffer)] for h in holders],
    "views": [[hex(id(view)), hex(id(view.base)), sys.getsizeof(view)] for view in views],
}
print("READY", json.dumps(facts), flush=True)
sys.stdin.readline()
assert before == [checksum(holder.buffer) for holder in holders]

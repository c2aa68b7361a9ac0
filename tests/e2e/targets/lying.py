# SPDX-License-Identifier: MIT
"""lying.py: a heap that claims far more than its memory can hold: lying.py bodies|names.

bodies: two hundred thousand objects of a megabyte each, one every sixteen bytes.
names: two hundred types whose names are parts of one string of sixteen megabytes."""
import _random
import ctypes
import sys

BASE_SIZE, NAME, BASIC_SIZE, MEMBERS, ITEMS = 408, 24, 32, 240, 24  # offsets in types and lists
KEPT = []  # or memory would be freed


def word_at(address):
    return ctypes.c_uint64.from_address(address)


def memory(size):
    KEPT.append(ctypes.create_string_buffer(size + 16))
    return ctypes.addressof(KEPT[-1]) + 15 & ~15


def text(data):
    KEPT.append(ctypes.create_string_buffer(data))
    return ctypes.addressof(KEPT[-1])


def fake_type(like, name, size):
    address = memory(BASE_SIZE)
    ctypes.memmove(address, id(like), BASE_SIZE)
    word_at(address + NAME).value = name
    word_at(address + BASIC_SIZE).value = size
    word_at(address + MEMBERS).value = 0
    return address


def fake_objects(types):
    """A list of objects of these types, sixteen bytes from one to the next."""
    objects = memory(16 * len(types))
    fakes = [None] * len(types)
    items = word_at(id(fakes) + ITEMS).value
    for i, kind in enumerate(types):
        word_at(objects + 16 * i).value = 1
        word_at(objects + 16 * i + 8).value = kind
        word_at(items + 8 * i).value = objects + 16 * i
    return fakes


if sys.argv[1] == "bodies":
    fakes = fake_objects([fake_type(_random.Random, text(b"lying.Body"), 1 << 20)] * 200_000)
else:
    name = text(b"x" * (16 << 20))
    fakes = fake_objects([fake_type(type(iter({})), name + i, 16) for i in range(200)])
print("READY", flush=True)
sys.stdin.readline()

"""
planted.py: structures in a dict, which are deleted one by one; nothing else changes meanwhile.
Numbers in them are larger than those that an interpreter has ready, up to 1,024 in 3.15.
"""
import collections
import functools
import gc
import json
import os
import weakref


class Node:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def chain():
    node = None
    for i in range(3000):
        node = Node(next=node, label="label %d" % i)
    return node


def cycle():
    first, second = Node(data=[1.5] * 9), Node(data={"a": 2.5})
    first.other, second.other = second, first
    return first


def suspended():
    held = ["line %d" % i for i in range(100)]
    yield held
    yield None


def generator():
    made = suspended()
    next(made)
    return made


def closure():
    inside = {i: str(i) * 5 for i in range(10000, 10200)}

    def inner():
        return inside
    return [inner, functools.partial(inner, Node(x=1)), Node(y=2).__dict__.update]


def failed():
    def fail(depth):
        local = ["local %d" % depth]
        if depth:
            fail(depth - 1)
        raise ValueError("failure %d" % len(local))
    try:
        fail(20)
    except ValueError as error:
        return error


def cache():
    @functools.lru_cache(maxsize=None)
    def square(n):
        return n * n
    for i in range(10000, 10500):
        square(i)
    return square


KEYS = [Node(key=i) for i in range(200)]
SHARED = [{"shared": 1.5 * i} for i in range(50)]
PLANTS = {
    "list": [{"n": 10000 + i, "text": "text %d" % i} for i in range(500)],
    "chain": chain(),
    "cycle": cycle(),
    # Its keys are weak and live on; its values go.
    "weak keys": weakref.WeakKeyDictionary((key, [1.5, "value"]) for key in KEYS),
    "weak values": [weakref.WeakValueDictionary((i, key) for i, key in enumerate(KEYS)), 2.5],
    "half shared": [SHARED, SHARED[7], [2.5]],
    "generator": generator(),
    "closure": closure(),
    "exception": failed(),
    "cache": cache(),
    "deque": collections.deque((("key %d" % i, {i, i + 2.5})
                               for i in range(10000, 11000)), 5000),
}
NAMES = list(PLANTS)
BUFFERS = [bytearray(1)]  # to read into: what read() returns might take a place that was freed
FACTS = b"READY " + json.dumps({name: id(PLANTS[name]) for name in NAMES}).encode() + b"\n"


def main():
    gc.collect()
    gc.disable()
    os.write(1, FACTS)
    os.readv(0, BUFFERS)
    for name in NAMES:
        del PLANTS[name]
        gc.collect()
        os.write(1, b"READY\n")
        os.readv(0, BUFFERS)


main()

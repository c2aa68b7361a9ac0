# SPDX-License-Identifier: MIT
"""truth.py: what the interpreter itself says of its objects, written down just before it blocks.

One JSON line per object: [address, type's name, sys.getsizeof(), whether the collector tracks it,
addresses of the referents that gc.get_referents() gives, in its order].  The objects are those on
the collector's lists and all that they lead to.  A line before these has what the target wants to
be known: a list of texts.
"""
import gc
import json
import sys

NAMES = {}


def type_name(obj):
    cls = type(obj)
    if cls not in NAMES:
        qualname = type.__dict__["__qualname__"].__get__(cls)
        try:
            module = type.__dict__["__module__"].__get__(cls)
        except AttributeError:  # made where there is no __name__
            module = None
        if module is None:
            NAMES[cls] = cls.__name__
        else:
            NAMES[cls] = qualname if module == "builtins" else "%s.%s" % (module, qualname)
    return NAMES[cls]


def closure():
    """All objects that the collector's lists lead to, but for those that the search itself made."""
    found = gc.get_objects()
    seen = {id(obj) for obj in found}
    ours = {id(found), id(seen), id(NAMES), id(sys._getframe()), id(sys._getframe(1))}
    ours.add(id(ours))
    position = 0
    while position < len(found):
        refs = gc.get_referents(found[position])
        for ref in refs:
            if id(ref) not in seen and id(ref) not in ours:
                seen.add(id(ref))
                found.append(ref)
        position += 1
    return [obj for obj in found if id(obj) not in ours and obj is not refs]


def size_of(obj):
    try:
        return sys.getsizeof(obj)
    except Exception:
        return -1


def write(path, remarks=()):
    """Write the truth about everything alive to @path."""
    gc.collect()
    gc.disable()
    with open(path, "w", buffering=1 << 20) as out:
        out.write(json.dumps(list(remarks)) + "\n")
        objects = closure()
        # Some classes find out their size in Python and remember what they learn on the way, and
        # some types are made ready when they are first asked.
        for obj in objects:
            size_of(obj)
        # The caller's frame, an object until 3.10, gets what is returned.
        ours = {id(objects), id(out), id(out.buffer), id(out.buffer.raw), id(vars(out.buffer.raw)),
                id(sys._getframe(1))}
        for obj in objects:
            if id(obj) in ours:
                continue
            refs = gc.get_referents(obj)
            out.write(json.dumps([id(obj), type_name(obj), size_of(obj), gc.is_tracked(obj),
                                  [id(ref) for ref in refs]]) + "\n")
    return objects

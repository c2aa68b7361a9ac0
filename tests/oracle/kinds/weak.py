# SPDX-License-Identifier: MIT
"""weak.py: references that keep nothing alive."""
import collections
import functools
import types
import weakref

from kinds import make


class Target:
    def __init__(self, *held):
        self.held = held

    def method(self):
        return self

    def __call__(self):
        return self

    def __len__(self):
        return 3


class SlottedTarget:
    __slots__ = ("held", "__weakref__")


class SubRef(weakref.ref):
    __slots__ = ("key",)

    def __new__(cls, target, callback=None, key=None):
        self = super().__new__(cls, target, callback)
        self.key = key
        return self

    def __init__(self, target, callback=None, key=None):
        super().__init__(target, callback)


class DictRef(weakref.ref):
    pass


TARGET = Target(1, [2])
SLOTTED = SlottedTarget()


def nothing(*arguments, **more):
    pass


CALLBACK = functools.partial(nothing, [1])


def dead(maker):
    """A reference whose target is gone."""
    return maker(Target())


def values():
    made = weakref.WeakValueDictionary(a=TARGET, b=SLOTTED)
    passing = Target()
    made["passing"] = passing
    return made


def keys():
    made = weakref.WeakKeyDictionary()
    made[TARGET] = [1]
    made[SLOTTED] = {2}
    return made


def many():
    """One target with all kinds of references to it, some of a kind more than once."""
    target = Target()
    return [target, weakref.ref(target), weakref.ref(target, CALLBACK), weakref.ref(target, len),
            weakref.proxy(target), weakref.proxy(target, CALLBACK), SubRef(target, key=[1]),
            SubRef(target, CALLBACK, [2]), DictRef(target), weakref.getweakrefs(target)]


def with_attributes():
    made = DictRef(TARGET, CALLBACK)
    made.extra = [1]
    return made


LINES = """
TARGET
SLOTTED
weakref.ref(TARGET)
weakref.ref(TARGET, CALLBACK)
weakref.ref(SLOTTED)
weakref.ref(TARGET.method)
weakref.ref(Target)
weakref.ref(nothing)
weakref.ref(dead)
weakref.ref({1, 2})
weakref.ref(collections.deque([1]))
[weakref.ref(item) for item in [types.SimpleNamespace, type, many, Target]]
weakref.proxy(TARGET)
weakref.proxy(TARGET, CALLBACK)
weakref.proxy(SLOTTED)
weakref.proxy(nothing)
weakref.proxy(Target)
dead(weakref.ref)
dead(weakref.proxy)
dead(lambda target: weakref.ref(target, CALLBACK))
dead(SubRef)
values()
keys()
weakref.WeakSet([TARGET, SLOTTED])
weakref.WeakSet()
weakref.WeakMethod(TARGET.method)
weakref.WeakMethod(TARGET.method, CALLBACK)
weakref.finalize(TARGET, nothing, [1], end="")
weakref.finalize(SLOTTED, nothing)
weakref.getweakrefs(TARGET)
SubRef(TARGET)
SubRef(TARGET, CALLBACK, [1])
DictRef(TARGET)
with_attributes()
many()
iter(weakref.WeakValueDictionary(a=TARGET))
next(weakref.WeakValueDictionary(a=TARGET).items())
values().valuerefs()
keys().keyrefs()
weakref.KeyedRef(TARGET, CALLBACK, "key")
functools.singledispatch(len)
"""


def build():
    make(globals(), LINES)

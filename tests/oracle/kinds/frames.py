# SPDX-License-Identifier: MIT
"""frames.py: frames, generators, coroutines and contexts, in every state that they can be in."""
import contextlib
import contextvars
import sys
import traceback
import types

from kinds import keep, make, run, step


def generator(n):
    held = [n]
    for i in range(n):
        yield held, i


def empty():
    return
    yield


def delegating():
    received = yield from generator(5)
    return received


def delegating_to_iterator():
    yield from iter([1, [2], 3])


def deep(n):
    if n:
        yield from deep(n - 1)
    else:
        yield [1]


def failing():
    yield 1
    raise ValueError([2])


def handling():
    """Suspended while it handles an exception."""
    try:
        raise KeyError("handled")
    except KeyError as err:
        yield err
        try:
            raise ValueError("inner")
        except ValueError:
            yield [2]


def stacked():
    """Suspended with values on its evaluation stack."""
    return [[1], (2, (yield 3), {4}), (yield 5)]


def with_cells(captured):
    local = [captured]

    def inner():
        return local, captured, unset
    yield inner
    unset = 1
    yield inner


def many_locals():
    a = b = c = d = e = f = g = h = [1]
    i = j = k = {"x": (a, b, c, d, e, f, g, h)}
    yield i, j, k
    del a, b, c
    yield [never for never in (1, 2)]


def own_frame():
    kept = sys._getframe()
    yield kept
    yield kept.f_locals


def with_statements():
    with contextlib.suppress(ValueError), contextlib.ExitStack() as stack:
        for item in [1, [2]]:
            yield stack, item


@types.coroutine
def old_style(value):
    received = yield value
    return [received]


class Awaitable:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        yield self.value
        return [1]


async def coroutine(n):
    held = {n}
    await old_style([n])
    return held


async def waiting_for_awaitable():
    local = [1]
    return await Awaitable(local)


async def nested(n):
    if n:
        return await nested(n - 1)
    return await coroutine(1)


async def coroutine_handling():
    try:
        raise KeyError([1])
    except KeyError:
        await old_style(1)


async def async_generator(n):
    held = [n]
    for i in range(n):
        yield [i, held]


async def async_generator_waiting():
    yield [1]
    received = await old_style([2])
    yield received
    try:
        yield [3]
    except ValueError:
        await old_style([4])
        yield [5]


async def iterating():
    async for item in async_generator_waiting():
        await old_style(item)


async def comprehension():
    return [item async for item in async_generator_waiting()]


@contextlib.asynccontextmanager
async def manager():
    yield [1]


async def managed():
    async with manager() as held:
        await old_style(held)


def send(awaitable, *values):
    """@awaitable after it was sent each of @values, until it ends."""
    for value in values or (None,):
        try:
            awaitable.send(value)
        except BaseException as err:
            keep(err)
            break
    return awaitable


def throw(awaitable, error):
    try:
        awaitable.throw(error)
    except BaseException as err:
        keep(err)
    return awaitable


def closed(generator):
    generator.close()
    return generator


def begun_agen(count):
    """An asynchronous generator that has given @count values."""
    made = async_generator_waiting()
    for _ in range(count):
        send(made.__anext__(), None, None, None)
    return made


def frame_of(function):
    try:
        function()
    except Exception as err:
        return err.__traceback__.tb_next.tb_frame
    return None


def raising(n):
    held = [n]
    if n:
        return raising(n - 1)
    raise RuntimeError(held)


def traced():
    frame = sys._getframe()
    frame.f_trace = len
    frame.f_trace_opcodes = True
    return frame


def with_extra_locals():
    local = [1]
    frame = sys._getframe()
    frame.f_locals["added"] = [2]
    frame.f_locals["local"] = [3]
    return frame, local, frame.f_locals


def cleared():
    made = generator(3)
    next(made)
    frame = made.gi_frame
    frame.clear()
    return [made, frame]


def calling_frame():
    return sys._getframe(1), sys._getframe()


def class_body():
    class Body:
        frame = sys._getframe()
        local = [1]
    return Body


def with_mapping():
    names = {"sys": sys, "extra": [1]}
    exec("frame = sys._getframe()", names, types.SimpleNamespace(**names).__dict__)
    exec("frame = sys._getframe()", names)
    return names


class Namespace(dict):
    pass


def with_namespace():
    made = Namespace(sys=sys)
    exec("frame = sys._getframe()", {}, made)
    return made


def inlined():
    """A frame with a comprehension under way, which 3.12 made part of it."""
    return [sys._getframe() for i in range(2)]


def held_by_traceback():
    try:
        raising(3)
    except RuntimeError as err:
        return [err, err.__traceback__, err.__traceback__.tb_next.tb_frame.f_locals]
    return None


LINES = """
generator(3)
step(generator(3))
step(generator(3), 2)
step(generator(1), 2)
step(empty())
closed(generator(3))
closed(step(generator(3)))
delegating()
step(delegating())
step(delegating(), 10)
step(delegating_to_iterator(), 2)
step(deep(30))
step(failing(), 2)
step(handling())
step(handling(), 2)
step(handling(), 3)
step(stacked())
step(stacked(), 2)
step(with_cells([1]))
step(with_cells([1]), 2)
step(many_locals())
step(many_locals(), 2)
step(own_frame())
step(own_frame(), 2)
step(with_statements())
throw(generator(3), ValueError([1]))
throw(step(generator(3)), ValueError([1]))
generator(2).gi_frame
step(generator(2)).gi_frame
step(with_cells(1)).gi_frame.f_locals
[frame.gi_frame for frame in [step(generator(2))]]
(x for x in [1])
step((x for x in [[1], [2]]))
coroutine(1)
send(coroutine(2))
send(coroutine(3), None, [1])
closed(coroutine(4))
closed(send(coroutine(4)))
throw(send(coroutine(5)), ValueError([1]))
throw(coroutine(5), ValueError([1]))
send(waiting_for_awaitable())
send(nested(5))
send(nested(0), None, None)
send(coroutine_handling())
coroutine(6).__await__()
step(coroutine(6).__await__())
send(coroutine(6).__await__())
coroutine(6).cr_frame
send(coroutine(6)).cr_frame
send(coroutine(6)).cr_await
old_style([1])
step(old_style([1]))
types.coroutine(lambda: Awaitable(1))()
async_generator(3)
async_generator(3).__anext__()
async_generator(3).asend(None)
async_generator(3).athrow(ValueError)
async_generator(3).athrow(ValueError, ValueError([1]), None)
async_generator(3).aclose()
send(async_generator(3).asend(None))
send(async_generator(3).aclose())
throw(async_generator(3).asend(None), ValueError([1]))
begun_agen(1)
begun_agen(2)
begun_agen(3)
begun_agen(4)
begun_agen(1).asend([1])
send(begun_agen(1).asend([1]))
send(begun_agen(1).asend([1]), None, [2])
begun_agen(2).athrow(ValueError)
send(begun_agen(2).athrow(ValueError))
send(begun_agen(2).athrow(ValueError([1])))
send(begun_agen(2).athrow(ValueError([1])), None, [2])
send(begun_agen(1).aclose())
send(begun_agen(2).aclose())
begun_agen(1).ag_frame
send(begun_agen(1).asend(None)).send
anext(begun_agen(0), [1])
anext(begun_agen(1), [1])
send(anext(begun_agen(1), [1]).__await__())
send(iterating())
send(iterating(), None, None)
send(comprehension())
send(managed())
manager()
sys._getframe()
calling_frame()
frame_of(lambda: 1 / 0)
frame_of(lambda: raising(3))
frame_of(lambda: generator(3).throw(ValueError))
held_by_traceback()
traced()
with_extra_locals()
cleared()
class_body()
with_mapping()
with_namespace()
inlined()
sys._getframe().f_locals
sys._getframe().f_back
traceback.extract_stack()
list(traceback.walk_stack(None))
traceback.TracebackException.from_exception(keep(ValueError(1)))
contextvars.copy_context()
contextvars.Context()
contextvars.ContextVar("atomic", default=1)
contextvars.ContextVar("default", default=[1])
contextvars.ContextVar("nothing")
"""

ASYNC_ORIGIN = """
import sys
sys.set_coroutine_origin_tracking_depth(3)
async def tracked():
    pass
made = tracked()
origin = made.cr_origin
sys.set_coroutine_origin_tracking_depth(0)
hooked = []
sys.set_asyncgen_hooks(hooked.append, hooked.append)
async def agen():
    yield [1]
first = agen()
try:
    first.__anext__().send(None)
except StopIteration:
    pass
sys.set_asyncgen_hooks(None, None)
"""


class Aimed(str):
    """A name whose hash can be chosen."""

    def __hash__(self):
        return self.aim

    def __eq__(self, other):
        return self is other


def variable_with_hash(wanted):
    """A context variable of that hash, so that several collide; None if it cannot be had."""
    for _ in range(50):
        probe = contextvars.ContextVar("probe")
        of_address = hash(probe) ^ hash("probe")
        del probe
        name = Aimed("aimed")
        name.aim = of_address ^ wanted
        made = contextvars.ContextVar(name)
        if hash(made) == wanted:
            return made
        keep(made)
    return None


def contexts():
    """Maps of variables with nodes of all kinds: bitmaps, arrays, collisions."""
    context = contextvars.Context()
    tokens = []
    variables = [contextvars.ContextVar("variable%d" % i, default=[i]) for i in range(60)]
    colliding = [variable_with_hash(0x12345678) for _ in range(3)]
    keep(context, tokens, variables, colliding, context.copy())
    for i, variable in enumerate(variables + [v for v in colliding if v]):
        keep(context.copy())
        tokens.append(context.run(variable.set, [i]))
    tokens.append(context.run(variables[3].set, "again"))
    context.run(variables[3].reset, tokens.pop())
    context.run(variables[5].set, (1, 2))
    keep(context.run(contextvars.copy_context), context.run(variables[0].get))
    here = contextvars.ContextVar("here", default=[0])
    keep(here, here.set([1]), here.get())
    entered = contextvars.Context()
    keep(entered, entered.run(lambda: [here.set([2]), sys._getframe(), entered.copy()]))


def build():
    make(globals(), LINES)
    for text in (ASYNC_ORIGIN,):
        made = {}
        run(made, text)
        keep(made)
    contexts()

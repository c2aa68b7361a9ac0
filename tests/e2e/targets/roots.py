# SPDX-License-Identifier: MIT
"""roots.py: threads that wait in all kinds of frames. Says what the interpreter knows of them:
of each its name and ids, and of each frame function, file, line and local variables."""
import json
import os
import sys
import threading
import time

entered = []
gate = threading.Lock()
gate.acquire()


def hold(name):
    marker = ["held", name]
    entered.append(marker); gate.acquire(); gate.release()
    return marker


def nested(depth, text):
    payload = {"depth": depth, "text": text}
    if depth:
        return nested(depth - 1, text + "!")
    return hold("nested") + [payload]


def comprehension(values):
    label = ("in a", "comprehension")
    return [hold(label) for element in values if element == 1]


def generator_expression(values):
    return list(hold(inner) for inner in values)


def finally_block():
    resource = object()
    try:
        raise KeyError("the exception being handled")
    except KeyError as error:
        kept = error
        try:
            pass
        finally:
            hold("finally")
        del error
    return resource, kept


def closure():
    cell_variable = ["shared with an inner function"]
    unused = ["a cell, too"]

    def inner(argument):
        own = [argument, cell_variable]
        hold("closure")
        return own
    lambda: unused
    return inner(len(unused))


def generate(start):
    state = [start]
    yield state
    hold("generator")
    yield start


def run_generator():
    running = generate("g")
    next(running)
    next(running)


async def inner_coroutine(argument):
    awaited = {"argument": argument}
    hold("coroutine")
    return awaited


async def outer_coroutine():
    result = await inner_coroutine(["waiting for it"])
    return result


def run_coroutine():
    coroutine = outer_coroutine()
    try:
        coroutine.send(None)
    except StopIteration:
        pass


def class_body():
    outside = ["of the class"]

    class Body:
        attribute = ["in a class body", outside]
        hold("class body")
        later = 1
    return Body


def run_exec():
    scope = {"hold": hold, "given": ["to exec"]}
    exec("made = ['by exec']\nhold('exec')\nafter = 1\n", scope)


def run_exec_with_locals():
    names = {"local_only": ["a local of exec"]}
    exec("made_here = [1]\nhold('exec with locals')\n", {"hold": hold}, names)


def run_eval():
    return eval("hold(argument)", {"hold": hold}, {"argument": ["of eval"]})


def many_arguments(first, second=2, *rest, keyword="k", **more):
    hold("arguments")


def deleted_variable():
    gone = ["for a while"]
    left = ["still there"]
    del gone
    hold("deleted")
    return left


class Worker:
    def __init__(self):
        self.name = "worker"

    def method(self, value):
        bound = self.method
        hold("method")
        return bound

    @classmethod
    def class_method(cls, value):
        hold("class method")


suspended = generate(["never resumed"])
next(suspended)
waiting = outer_coroutine()  # never started
started = generate(1)        # neither


class Later:
    def __await__(self):
        token = ["awaited"]
        yield token


async def suspended_coroutine(argument):
    before = ["before the await"]
    await Later()
    return before


sleeping = suspended_coroutine("x")
sleeping.send(None)

WORK = [
    ("nested", nested, (4, "deep")), ("comprehension", comprehension, ([1, 2],)),
    ("generator expression", generator_expression, (["one"],)), ("finally", finally_block, ()),
    ("closure", closure, ()), ("generator", run_generator, ()), ("coroutine", run_coroutine, ()),
    ("class body", class_body, ()), ("exec", run_exec, ()),
    ("exec with locals", run_exec_with_locals, ()), ("eval", run_eval, ()),
    ("arguments", many_arguments, (1, [2], [3], [4])), ("deleted", deleted_variable, ()),
    ("method", Worker().method, ([5],)), ("class method", Worker.class_method, ([6],)),
    ("lambda", lambda captured: hold("lambda"), (["of a lambda"],)),
    ("caf\xe9 \u20ac \U0001f600", hold, ("unicode",)),
]


def address_of(value):
    return id(value)


def describe(frame):
    code = frame.f_code
    local = frame.f_locals
    is_module = local is frame.f_globals and frame.f_globals is globals()
    return {"function": getattr(code, "co_qualname", code.co_name), "file": code.co_filename,
            "line": frame.f_lineno, "name": code.co_name, "free": code.co_freevars,
            "locals": {} if is_module else
                      {name: address_of(value) for name, value in local.items()
                       if name != "__builtins__"}}


def describe_all():
    by_ident = {thread.ident: thread for thread in threading.enumerate()}
    rows = []
    for ident, frame in sys._current_frames().items():
        thread = by_ident[ident]
        stack = []
        while frame is not None:
            stack.append(describe(frame))
            frame = frame.f_back
        rows.append({"name": thread.name, "native_id": thread.native_id, "frames": stack,
                     "main": thread is threading.main_thread()})
    generators = {"generator": suspended, "coroutine": sleeping}
    return {"threads": rows, "suspended": {
        name: {"address": id(one),
               "locals": {key: id(value) for key, value in
                          (one.gi_frame if name == "generator" else one.cr_frame)
                          .f_locals.items()}}
        for name, one in generators.items()}}


def main():
    for name, function, arguments in WORK:
        more = {"extra": ["keyword"]} if function is many_arguments else {}
        threading.Thread(target=function, args=arguments, kwargs=more, name=name,
                         daemon=True).start()
    while len(entered) < len(WORK):
        time.sleep(0.01)
    time.sleep(0.2)  # until all of them wait
    truth = describe_all()
    os.write(1, b"READY " + json.dumps(truth).encode() + b"\n")
    sys.stdin.readline()
    gate.release()


main()
waiting.close()

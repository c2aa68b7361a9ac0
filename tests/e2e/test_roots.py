# SPDX-License-Identifier: MIT
"""test_roots.py: threads, frames and local variables as the interpreter itself knows them."""
import json
import pathlib

import pytest


class Dump:
    """A snapshot of roots.py, and what the interpreter said right before."""

    def __init__(self, heapsnap, start, python, folder):
        target = start(python, "roots.py")
        self.pid, self.truth = target.pid, json.loads(target.said)
        self.file = folder / "roots.snap"
        heapsnap("dump", target.pid, "-o", self.file)
        self.info = heapsnap.json("info", self.file)
        self.threads = {thread["native_id"]: thread for thread in self.info["threads"]}
        lines = heapsnap("export", self.file, "--to", "jsonl").stdout.splitlines()
        self.objects = [json.loads(line) for line in lines]

    def contents(self, number):
        """The address of an object, or of what is in it if it is a cell."""
        row = self.objects[number]
        if row["type"] == "cell":
            row = self.objects[row["refs"][0][0]] if row["refs"] else row
        return int(row["addr"], 16)


@pytest.fixture(scope="module")
def dump(heapsnap, start_session, python, tmp_path_factory):
    return Dump(heapsnap, start_session, python, tmp_path_factory.mktemp("roots"))


def test_threads_by_name_and_id(dump):
    assert {thread["native_id"]: thread["name"] for thread in dump.info["threads"]} == {
        thread["native_id"]: thread["name"] for thread in dump.truth["threads"]}
    ids = {int(task.name) for task in pathlib.Path(f"/proc/{dump.pid}/task").iterdir()}
    assert set(dump.threads) == ids
    assert dump.threads[dump.pid]["name"] == "MainThread"


def pairs(dump, main=False):
    """Frames as the interpreter has them, and as the snapshot has them, of all threads."""
    for thread in dump.truth["threads"]:
        ours = dump.threads[thread["native_id"]]["frames"]
        right = thread["frames"]
        if thread["main"]:
            # It went on from describe() to the call in which it waits.
            assert [f["name"] for f in right[:2]] == ["describe_all", "main"]
            right = right[1:]
            if not main:
                continue
        assert len(ours) == len(right), (thread["name"], ours, right)
        yield from ((thread["name"], theirs, frame) for theirs, frame in zip(right, ours))


def test_frames_with_function_file_and_line(dump):
    count = 0
    for name, right, frame in pairs(dump, main=True):
        assert (frame["function"], frame["file"]) == (right["function"], right["file"]), name
        if name != "MainThread" or right["name"] != "main":
            assert frame["line"] == right["line"], (name, right)
        count += 1
    assert count > 80


def test_locals_by_name(dump):
    seen = set()
    for name, right, frame in pairs(dump):
        ours = {}
        for row in frame["locals"]:
            assert row["name"] not in ours, (name, row)
            ours[row["name"]] = dump.contents(row["object"])
            assert dump.objects[row["object"]]["type"] == row["type"]
            assert int(dump.objects[row["object"]]["addr"], 16) == int(row["address"], 16)
        assert ours.items() >= right["locals"].items(), (name, right["function"])
        # And no others, but those of a function around a class, and what has no name in Python.
        more = set(ours) - set(right["locals"]) - set(right["free"]) - {"__builtins__", ".0"}
        assert not more, (name, right, more)
        seen |= set(ours)
    assert seen >= {"payload", "label", "element", "inner", "resource", "kept", "cell_variable",
                    "own", "state", "awaited", "attribute", "given", "made", "local_only",
                    "made_here", "argument", "rest", "more", "keyword", "self", "cls", "captured",
                    "left", "unused", "outside"}
    assert "gone" not in seen and "after" not in seen


def test_suspended_frames(dump):
    rows = {int(row["addr"], 16): row for row in dump.objects}
    for kind, right in dump.truth["suspended"].items():
        refs = {label: target for target, label in rows[right["address"]]["refs"]}
        for label in [".gi_frame", ".cr_frame", ".ag_frame"]:  # up to 3.10 an object of its own
            if label in refs:
                refs.update((name, target) for target, name in dump.objects[refs[label]]["refs"])
        for name, address in right["locals"].items():
            assert int(dump.objects[refs[name]]["addr"], 16) == address, (kind, name)


def test_interpreter_state(dump):
    roots = {}
    for root in dump.info["roots"]:
        roots.setdefault((root["rank"], root["name"]), root)
    for name in ("sys", "builtins", "__main__", "threading"):
        assert roots["module", name]["type"] == "module"
    for name in ("sys.modules", "sys.__dict__", "builtins.__dict__", "codec search path",
                 "codec search cache", "codec error registry"):
        assert ("interpreter", name) in roots
    assert roots["internal", "interned strings"]["type"] == "dict"


def test_text(heapsnap, dump):
    short = heapsnap("info", dump.file).stdout.decode()
    assert f"Threads              {len(dump.info['threads'])}\n" in short
    assert "nested" not in short
    text = heapsnap("info", "-v", dump.file).stdout.decode()
    for thread in dump.truth["threads"]:
        assert f"Thread {thread['name']} ({thread['native_id']})\n" in text
    (frame,) = [frame for name, frame, _ in pairs(dump) if frame["name"] == "finally_block"]
    assert f"  finally_block at {frame['file']}:{frame['line']}: resource" in text


def test_each_interpreter_has_its_own_roots(heapsnap, start, python, tmp_path):
    target = start(python, "subinterpreters.py")
    facts = json.loads(target.said)
    file = tmp_path / "sub.snap"
    heapsnap("dump", target.pid, "-o", file)
    target.assert_unharmed()
    info = heapsnap.json("info", file)
    idle, busy = f"interpreter {facts['idle']}", f"interpreter {facts['busy']}"
    lines = heapsnap("export", file, "--to", "jsonl").stdout.splitlines()
    objects = [json.loads(line) for line in lines]
    mains = {}
    for prefix in ("", idle + ": ", busy + ": "):
        modules = {root["name"]: root for root in info["roots"] if root["rank"] == "module"}
        states = {root["name"] for root in info["roots"] if root["rank"] == "interpreter"}
        assert {prefix + "sys", prefix + "builtins", prefix + "__main__"} <= set(modules)
        assert {prefix + "sys.modules", prefix + "codec search cache"} <= states
        (namespace,) = [target for target, label in
                        objects[modules[prefix + "__main__"]["object"]]["refs"]
                        if objects[target]["type"] == "dict"][:1]
        mains[prefix] = {label for _, label in objects[namespace]["refs"]}
    assert idle + ": json" in modules and busy + ": json" not in modules
    for prefix, name in (("", "main"), (idle + ": ", "idle"), (busy + ": ", "busy")):
        assert [f"['only_in_{one}']" in mains[prefix] for one in ("main", "idle", "busy")] == [
            one == name for one in ("main", "idle", "busy")]
    # The thread has a state in the interpreter that started it and one in that in which it waits;
    # up to 3.12 the latter has the id of the thread that made the interpreter.
    (state,) = [thread for thread in info["threads"] if thread["frames"]
                and (thread["name"] or "").startswith(busy)]
    assert state["native_id"] in (facts["native_id"], target.pid)
    waiting, module = state["frames"]
    assert (waiting["function"], module["function"]) == ("waiting", "<module>")
    assert [row["name"] for row in waiting["locals"]] == ["inside"]
    # Interpreters are named after the main one: roots come in the order in which people look.
    ranks = [root["name"].split(":")[0] for root in info["roots"] if root["rank"] == "module"]
    assert not ranks[0].startswith("interpreter ")

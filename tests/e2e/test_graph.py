# SPDX-License-Identifier: MIT
"""test_graph.py: retained sizes of snapshots, against brute force and against what is freed."""
import json
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / "spec"))
import decoder  # noqa: E402

WEAK, MODULE, INTERNAL, MAPPING, FUNCTION = 1, 0, 3, 2, 11  # strength, ranks, roles
IMMORTAL, STATIC = 4, 8
SAMPLES = 200


class Heap:
    """What holds what in a snapshot, as heapsnap/graph.h defines it, read by the decoder."""

    def __init__(self, path):
        tables = decoder.Snapshot(str(path)).tables
        self.objects = tables["objects"]
        self.number = {id(one): i for i, one in enumerate(self.objects)}
        modules = {id(root["object"]) for root in tables["roots"] if root["rank"] == MODULE}
        listed = {id(root["object"]) for root in tables["roots"]
                  if root["rank"] == INTERNAL and self.is_listing(root["object"])}
        self.find_homes(tables, modules)
        self.held = [[] for _ in self.objects]
        for i, one in enumerate(self.objects):
            for target, strength in zip(one["references"], self.strengths(one)):
                home = self.home.get(id(target), one)
                if strength != WEAK and id(one) not in listed and home is one:
                    self.held[i].append(self.number[id(target)])
        self.entries = {self.number[id(root["object"])] for root in tables["roots"]
                        if id(root["object"]) not in self.home}
        self.entries |= {i for i, one in enumerate(self.objects)
                         if one["flags"] & (IMMORTAL | STATIC)}
        self.alive = self.reach(None)

    def find_homes(self, tables, modules):
        """Namespaces are at home in their modules, classes and functions in these."""
        self.home = {id(one): one["owner"] for one in self.objects if id(one["owner"]) in modules}
        places = {id(one["owner"]): one for one in self.objects if id(one) in self.home}
        named = {root["name"]: places.get(id(root["object"])) for root in tables["roots"]
                 if root["rank"] == MODULE}
        classes = {id(kind["object"]): named.get(kind["module"])
                   for kind in tables["types"] if kind["object"]}
        for place in places.values():
            for one in place["references"]:
                if classes.get(id(one)) is place or (
                        one["type"]["role"] == FUNCTION
                        and any(target is place for target in one["references"])):
                    self.home[id(one)] = place

    @staticmethod
    def is_listing(one):
        half = len(one["references"]) // 2
        return (one["type"]["role"] == MAPPING and half > 0
                and all(a is b for a, b in zip(one["references"][:half], one["references"][half:])))

    @staticmethod
    def strengths(one):
        for (runs, fixed, _), total in zip(one["shape"], (
                one["visible"], len(one["references"]) - one["visible"])):
            for run in runs:
                yield from [run["strength"]] * (run["count"] or total - fixed)

    def reach(self, without):
        stack = [entry for entry in self.entries if entry != without]
        seen = set(stack)
        while stack:
            for target in self.held[stack.pop()]:
                if target not in seen and target != without:
                    seen.add(target)
                    stack.append(target)
        return seen

    def retained(self, number):
        """Numbers of what goes if that object goes."""
        return self.alive - self.reach(number)


def check_by_force(heapsnap, path):
    heap = Heap(path)
    rows = heapsnap.json("tree", path)["rows"]
    alive = [row for row in rows if row["id"] in heap.alive]
    assert len(alive) > 0.95 * len(rows) and len(alive) > 10000
    alive.sort(key=lambda row: (row["retained"], row["id"]))
    # Most are of no size worth the name: half of the samples are the largest ones.
    sample = alive[::len(alive) // (SAMPLES // 2)] + alive[-SAMPLES // 2:]
    for row in sample:
        gone = heap.retained(row["id"])
        assert row["held"] == len(gone), row
        assert row["retained"] == sum(heap.objects[i]["size"] for i in gone), row
    for row in rows:
        parent = rows[row["parent"]] if row["parent"] is not None else None
        assert row["depth"] == (parent["depth"] + 1 if parent else 0)
        assert not parent or parent["retained"] >= row["retained"]


def test_retained_sizes_are_what_deletion_would_free(heapsnap, any_pair):
    check_by_force(heapsnap, any_pair.second)


@pytest.mark.long
def test_retained_sizes_of_each_version(heapsnap, pairs, one_python):
    check_by_force(heapsnap, pairs(one_python).second)


def objects_of(heapsnap, path):
    lines = heapsnap("export", path, "--to", "jsonl").stdout.splitlines()
    return {(row["addr"], row["type"]) for row in map(json.loads, lines)}


def test_what_is_retained_is_freed(heapsnap, start, one_python, tmp_path):
    """Delete planted structures one by one: exactly what each retains is gone then."""
    target = start(one_python, "planted.py")
    before = tmp_path / "0.snap"
    heapsnap("dump", target.pid, "-o", before)
    there = objects_of(heapsnap, before)
    for number, (name, address) in enumerate(json.loads(target.said).items(), 1):
        shown = heapsnap.json("show", before, hex(address))
        rows = heapsnap.json("tree", before, hex(address))["rows"]
        target.go_on()
        target.wait_ready()
        before = tmp_path / f"{number}.snap"
        heapsnap("dump", target.pid, "-o", before)
        then = objects_of(heapsnap, before)
        freed = there - then
        assert {(row["addr"], row["type"]) for row in rows} <= freed, name
        assert len(freed) == shown["held"] > 1, name
        there = then


def test_an_object_is_shown(heapsnap, any_pair):
    registry = hex(any_pair.facts["registry"])
    shown = heapsnap.json("show", any_pair.second, registry)
    assert shown["addr"] == registry and shown["type"] == "dict"
    assert shown["label"].endswith("registry.sessions")
    assert shown["dominator"]["retained"] > shown["retained"] > 3000 * 300
    assert shown["ref_count"] == len(shown["refs"]) and shown["referrer_count"] == 1
    assert sum(ref["kind"] == "__main__.Session" for ref in shown["refs"]) >= 3000
    again = heapsnap.json("show", any_pair.second, f"#{shown['id']}", "-n", 3)
    assert again["ref_count"] == shown["ref_count"] and len(again["refs"]) == 3
    text = heapsnap("show", any_pair.second, registry).stdout.decode()
    assert "__main__.Session" in text and "more; -n 0 shows all" in text


def test_largest_dicts(heapsnap, any_pair):
    document = heapsnap.json("tree", any_pair.second, "dict", "-n", 10)
    rows = document["rows"]
    assert [row["depth"] for row in rows] == [0] * 10 and {row["type"] for row in rows} == {"dict"}
    sizes = [row["retained"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    registry = [row for row in rows if int(row["addr"], 16) == any_pair.facts["registry"]]
    assert registry[0]["label"] == "__main__.registry.sessions"
    assert document["bytes"] >= max(sizes) and document["row_total"] > 1000


def test_objects_that_are_not_there(heapsnap, any_pair):
    assert "#99999999" in heapsnap.fails(1, "show", any_pair.first, "#99999999")
    assert "0x12" in heapsnap.fails(1, "tree", any_pair.first, "0x12")
    assert "zork" not in heapsnap.fails(2, "show", any_pair.first, "zork")


def test_the_module_retains_what_is_its_own(heapsnap, any_pair):
    rows = heapsnap.json("tree", any_pair.second, "-n", 30)["rows"]
    assert rows[0]["label"] == "__main__" and rows[0]["type"] == "module"
    below = [row for row in rows if row["parent"] == 0]
    assert ".documents" in {row["label"] for row in below}


def test_top_by_retained(heapsnap, any_pair):
    document = heapsnap.json("top", any_pair.second, "--by", "retained")
    assert document["size"] == "retained" and document["by"] == ["kind"]
    rows = {row["kind"]: row for row in document["rows"]}
    sizes = [row["bytes"] for row in document["rows"]]
    assert sizes == sorted(sizes, reverse=True)
    shallow = {row["kind"]: row for row in heapsnap.json("top", any_pair.second)["rows"]}
    assert {kind: row["count"] for kind, row in rows.items()} == {
        kind: row["count"] for kind, row in shallow.items()}
    assert all(row["bytes"] >= shallow[kind]["bytes"] for kind, row in rows.items())
    # Sessions hold one another in nothing: what they retain is the sum.
    tree = heapsnap.json("tree", any_pair.second)["rows"]
    assert rows["__main__.Session"]["bytes"] == sum(
        row["retained"] for row in tree if row["kind"] == "__main__.Session")
    assert heapsnap.json("top", any_pair.second, "--size", "retained") == document
    assert "retained" in heapsnap.fails(2, "diff", any_pair.first, any_pair.second,
                                        "--size", "retained")


def test_paths_to_an_object(heapsnap, any_pair):
    registry = hex(any_pair.facts["registry"])
    document = heapsnap.json("paths", any_pair.second, registry)
    assert document["reached"] and document["rows"][0]["rank"] == "module"
    assert document["rows"][0]["label"] == "__main__.registry.sessions"
    assert document["steps"][0]["label"] == "__main__"
    assert document["steps"][-1]["addr"] == registry
    assert len(document["steps"]) == document["rows"][0]["steps"] + 1
    owner = document["steps"][-2]["addr"]
    avoided = heapsnap.json("paths", any_pair.second, registry, "--avoid", owner)
    assert not avoided["reached"] and avoided["rows"] == avoided["steps"] == []
    text = heapsnap("paths", any_pair.second, registry, "--avoid", owner).stdout.decode()
    assert "No root leads to it" in text


def test_paths_to_a_type(heapsnap, any_pair):
    document = heapsnap.json("paths", any_pair.second, "__main__.Session")
    count = document["objects"]
    assert count >= 3000 and document["unreached"] == 0
    rows = document["rows"]
    assert sum(row["own"] for row in rows) == count
    labels = []
    for row in rows:
        above = labels[row["parent"]] if row["parent"] is not None else ""
        labels.append(above + row["label"])
        assert row["count"] == row["own"] + sum(
            other["count"] for other in rows if other["parent"] == len(labels) - 1)
    best = max(zip(rows, labels), key=lambda pair: pair[0]["own"])
    assert best[1] == "__main__.registry.sessions[*]"
    none = heapsnap.json("paths", any_pair.second, "__main__.Session", "--avoid", "__main__.Registry")
    assert none["unreached"] == best[0]["own"] + none["objects"] - count
    assert "no.such.Type" in heapsnap.fails(1, "paths", any_pair.second, "no.such.Type")


def test_a_linked_list_is_one_place(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "planted.py")
    file = tmp_path / "a.snap"
    heapsnap("dump", target.pid, "-o", file)
    chain = json.loads(target.said)["chain"]
    rows = heapsnap.json("paths", file, "__main__.Node")["rows"]
    assert max(row["own"] for row in rows if row["label"].endswith(".next*")) == 2999
    # Far down the list the way is long; what is said of it is short.
    node = heapsnap.json("tree", file, hex(chain))["rows"]
    last = [row for row in node if row["type"] == "__main__.Node"][-1]
    document = heapsnap.json("paths", file, last["addr"])
    assert document["rows"][0]["steps"] > 2999 and len(document["steps"]) == 1000
    assert len(document["rows"][0]["label"]) < 300


GENERIC = """
import sys
Pair = type("Pair[int, str]", (), {})
kept = [Pair() for _ in range(7)]
print("READY", flush=True)
sys.stdin.readline()
"""


def test_types_whose_names_hold_commas(heapsnap, start_command, any_python, tmp_path):
    file = tmp_path / "a.snap"
    heapsnap("dump", start_command(any_python, "-c", GENERIC).pid, "-o", file)
    document = heapsnap.json("paths", file, "__main__.Pair[int, str]")
    assert document["objects"] == 7 and document["rows"][0]["label"] == "__main__.kept[*]"
    assert heapsnap.json("paths", file, "module,__main__.Pair[int, str]")["objects"] > 30
    assert len(heapsnap.json("tree", file, "__main__.Pair[int, str]")["rows"]) == 7
    none = heapsnap.json("paths", file, "list", "--avoid", "type,__main__.Pair[int, str]")
    assert none["objects"] > 0
    assert "' str]'" in heapsnap.fails(1, "tree", file, "__main__.Pair[int, str],list, str]")

# SPDX-License-Identifier: MIT
"""test_audit.py: reference counts against the references that are found."""
import collections
import csv
import io
import json
import sys

import pytest
from conftest import TOP, build_extension

sys.path.insert(0, str(TOP / "spec"))
import decoder  # noqa: E402

WEAK, MODULE, INTERNAL, MAPPING, FRAME = 1, 0, 3, 2, 15  # strength, ranks, roles
STATIC, UNCOUNTED = 8, 4 | 8  # static; immortal, too
COUNT, TIMES = 1000, 3


@pytest.fixture(scope="module", params=["extension", "ctypes"])
def indebted(request, heapsnap, python, start_session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("indebted")
    if request.param == "extension":
        build_extension(python, "careless.c", folder)
    target = start_session(python, "indebted.py", folder)
    heapsnap("dump", target.pid, "-o", folder / "a.snap")
    target.kill()
    return folder / "a.snap", json.loads(target.said)


def test_the_audit_names_type_and_number(heapsnap, indebted):
    snap, facts = indebted
    document = heapsnap.json("top", snap, "--refs", "--by", "type")
    rows = {row["kind"]: row for row in document["rows"]}
    row = rows["__main__.Debtor"]
    assert (row["objects"], row["concerned"]) == (COUNT, COUNT // 2)
    assert (row["unaccounted"], row["most"]) == (COUNT // 2 * TIMES, TIMES)
    assert int(row["example"], 16) in facts["debtors"][::2]
    assert rows["__main__.Shelf"]["unaccounted"] == 7
    assert int(rows["__main__.Shelf"]["example"], 16) == facts["shelf"]
    # Of types of the user's own there is none else.
    assert {kind for kind, row in rows.items() if kind.startswith("__main__.")
            and row["unaccounted"]} == {"__main__.Debtor", "__main__.Shelf"}
    text = heapsnap("top", snap, "--refs").stdout.decode()
    assert [line.split()[:5] for line in text.splitlines() if "__main__.Debtor" in line] == [
        [f"{row[key]:,}" for key in ("unaccounted", "concerned", "objects", "refcount",
                                     "referenced")]]


def test_show_says_it_of_each(heapsnap, indebted):
    snap, facts = indebted
    for number, address in enumerate(facts["debtors"][:10]):
        shown = heapsnap.json("show", snap, hex(address))
        assert shown["unaccounted"] == (0 if number % 2 else TIMES)
        assert shown["refcount"] == shown["referenced"] + shown["unaccounted"]
    text = heapsnap("show", snap, hex(facts["debtors"][0])).stdout.decode()
    assert [line.split()[-1] for line in text.splitlines()
            if line.startswith(("Reference count", "References found", "Not found"))] == [
        str(TIMES + 2), "2", str(TIMES)]
    assert "Not found" not in heapsnap("show", snap, hex(facts["debtors"][1])).stdout.decode()


def test_sql_says_the_same(heapsnap, indebted):
    snap, _ = indebted
    if b"  sql " not in heapsnap("help").stdout:
        pytest.skip("built without SQLite")
    rows = {row["kind"]: row for row in heapsnap.json("top", snap, "--refs", "--by", "type")["rows"]}
    query = ("SELECT type, count(*) AS objects, sum(refcount) AS refcount, "
             "sum(referenced) AS referenced, sum(unaccounted) AS unaccounted "
             "FROM objects WHERE unaccounted IS NOT NULL GROUP BY type")
    found = heapsnap.json("sql", snap, query)["rows"]
    assert len(found) == len(rows) > 50
    for row in found:
        assert row == {key: rows[row["type"]]["kind" if key == "type" else key] for key in row}


def references(tables):
    """By id() of an object, how many references to it are found: as heapsnap/analysis.h has it."""
    found, inside, listings = collections.Counter(), set(), set()
    for root in tables["roots"]:
        one, half = root["object"], len(root["object"]["references"]) // 2
        if (root["rank"] == INTERNAL and one["type"]["role"] == MAPPING and half and all(
                a is b for a, b in zip(one["references"][:half], one["references"][half:]))):
            listings.add(id(one))
    for one in tables["objects"]:
        for (runs, fixed, _), part in zip(one["shape"], (
                one["references"][:one["visible"]], one["references"][one["visible"]:])):
            strengths = [run["strength"] for run in runs
                         for _ in range(run["count"] or len(part) - fixed)]
            for target, strength in zip(part, strengths):
                if strength != WEAK and id(one) not in listings:
                    found[id(target)] += 1
                    if one["flags"] & STATIC:
                        inside.add(id(target))
    frames = collections.defaultdict(list)
    for root in tables["roots"]:
        if root["frame"]:
            frames[id(root["frame"])].append(root["object"])
        elif root["rank"] != MODULE and not (root["rank"] == INTERNAL
                                             and id(root["object"]) in inside):
            found[id(root["object"])] += 1
    for held in frames.values():
        mine = held[-1]["references"] if held[-1]["type"]["role"] == FRAME else []
        found.update(collections.Counter(map(id, held)) - collections.Counter(map(id, mine)))
    return found


def test_an_ordinary_interpreter(heapsnap, pair):
    """All but few references are found, and those by other means are as many."""
    tables = decoder.Snapshot(str(pair.second)).tables
    found, rows = references(tables), {}
    for one in tables["objects"]:
        if one["flags"] & UNCOUNTED:
            continue
        row = rows.setdefault(one["type"]["name"].decode("utf-8", "surrogatepass"),
                              collections.Counter())
        missing = max(one["refcount"] - found[id(one)], 0)
        row.update(objects=1, refcount=one["refcount"], referenced=found[id(one)],
                   unaccounted=missing, concerned=missing > 0,
                   surplus=found[id(one)] + missing - one["refcount"])
    document = heapsnap.json("top", pair.second, "--refs", "--by", "type")
    assert {row["kind"]: {key: row[key] for key in rows[row["kind"]]}
            for row in document["rows"]} == rows
    sums = {key: sum(row[key] for row in rows.values()) for key in rows["str"]}
    for key in "objects", "refcount", "referenced", "unaccounted", "surplus":
        assert document[key] == sums[key]
    assert document["objects"] + document["uncounted"] == len(tables["objects"])
    # Names that C code or the look-up of attributes keeps, immortal from 3.12 on, and small
    # integers, so from 3.12, too, are most of them.
    version = heapsnap.json("info", pair.second)["process"]["version"].split(".")
    share = 0.03 if int(version[1]) < 12 else 0.004
    assert document["unaccounted"] < share * document["refcount"]
    assert sum(row["unaccounted"] for name, row in rows.items()
               if name not in ("str", "int")) <= 60


def test_forms(heapsnap, any_pair):
    document = heapsnap.json("top", any_pair.second, "--refs")
    assert document["schema"] == "heapsnap.references/1" and document["by"] == ["kind"]
    assert any(row["kind"] == "dict of module" for row in document["rows"])
    text = heapsnap("top", any_pair.second, "--refs", "--csv").stdout.decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in table] == [row["kind"] for row in document["rows"]]
    text = heapsnap("top", any_pair.second, "--refs", "-n", 3).stdout.decode().splitlines()
    assert len(text) == 6 and "more rows" in text[-1]
    assert "--refs" in heapsnap.fails(2, "top", any_pair.second, "--refs", "--size", "allocated")

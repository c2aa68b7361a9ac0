# SPDX-License-Identifier: MIT
"""test_leaks.py: on the programs of tests/leaks, the leak is the first suspect, its holder named."""
import json

import pytest
from conftest import TOP, Target

LEAKS = TOP / "tests/leaks"
FACTS = {path.stem: json.loads(path.read_text()) for path in sorted(LEAKS.glob("*.json"))}


@pytest.fixture(scope="module")
def stops(heapsnap, one_python, tmp_path_factory):
    """stops(NAME): the snapshots of that program's three stops, taken once."""
    taken = {}

    def take(name):
        if name in taken:
            return taken[name]
        folder = tmp_path_factory.mktemp(name)
        files = [folder / f"{stop}.snap" for stop in ("1", "2", "3")]
        target = Target([one_python, "-B", f"{name}.py"], cwd=LEAKS)
        try:
            for file in files:
                assert target.wait_ready() == file.stem
                heapsnap("dump", target.pid, "-q", "-o", file)
                target.go_on()
            target.finish()
        finally:
            target.kill()
        taken[name] = files
        return files
    return take


def assert_named(document, facts):
    """The first suspect is the leak, and its holder is the one that the facts say."""
    first = document["suspects"][0]
    assert first["kind"] in facts["growing_type"]
    count = facts["count_per_phase"]
    assert abs(first["delta_count"] - count["value"]) <= count["tolerance"]
    before, after = document["snapshots"][-2:]
    assert after["bytes"] - before["bytes"] >= facts["min_bytes_per_phase"]
    holder = first["holder"]
    assert holder["kind"] in facts["holder"]["type"]
    for group in facts["holder"]["path_words"]:
        assert any(word in holder["path"] + holder["label"] for word in group), holder


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f["kind"] == "leak"])
def test_the_leak_is_the_first_suspect(heapsnap, stops, name):
    document = heapsnap.json("diff", *stops(name)[1:])
    assert document["verdict"] == "growth"
    assert_named(document, FACTS[name])


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f["kind"] == "leak"])
def test_three_snapshots_say_leak(heapsnap, stops, name):
    document = heapsnap.json("diff", *stops(name))
    assert document["verdict"] == "leak"
    assert_named(document, FACTS[name])
    first = document["suspects"][0]
    assert first["verdict"] == "leak"
    assert len(first["count"]) == len(first["bytes"]) == 3
    assert len(first["evidence"]["steps"]) == 2 and min(first["evidence"]["steps"]) > 0
    count = FACTS[name]["count_per_phase"]
    assert abs(first["evidence"]["per_step"]["count"] - count["value"]) <= count["tolerance"]
    # The cache that was full before the second stop is not accused.
    assert not any("Style" in suspect["kind"] for suspect in document["suspects"])
    assert heapsnap("diff", *stops(name)).stdout.decode().startswith("leak: ")


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f["kind"] == "no-leak"])
def test_what_does_not_leak_is_not_suspected(heapsnap, stops, name):
    for files in stops(name)[1:], stops(name):
        document = heapsnap.json("diff", *files)
        assert document["suspects"] == []
        assert document["verdict"] == "stable"

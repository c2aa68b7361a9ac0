# SPDX-License-Identifier: MIT
"""test_leaks.py: on the programs of tests/leaks, the leak is the first suspect, its holder named."""
import json

import pytest
from conftest import TOP, Target

LEAKS = TOP / "tests/leaks"
FACTS = {path.stem: json.loads(path.read_text()) for path in sorted(LEAKS.glob("*.json"))}


def compare(heapsnap, python, name, folder):
    """The difference between the program's second and third stop, as JSON."""
    target = Target([python, "-B", f"{name}.py"], cwd=LEAKS)
    try:
        for stop in ("1", "2", "3"):
            assert target.wait_ready() == stop
            if stop != "1":
                heapsnap("dump", target.pid, "-q", "-o", folder / f"{stop}.snap")
            target.go_on()
        target.finish()
    finally:
        target.kill()
    return heapsnap.json("diff", folder / "2.snap", folder / "3.snap")


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f["kind"] == "leak"])
def test_the_leak_is_the_first_suspect(heapsnap, one_python, name, tmp_path):
    facts = FACTS[name]
    document = compare(heapsnap, one_python, name, tmp_path)
    assert document["verdict"] == "growth"
    first = document["suspects"][0]
    assert first["kind"] in facts["growing_type"]
    count = facts["count_per_phase"]
    assert abs(first["delta_count"] - count["value"]) <= count["tolerance"]
    before, after = document["snapshots"]
    assert after["bytes"] - before["bytes"] >= facts["min_bytes_per_phase"]
    holder = first["holder"]
    assert holder["kind"] in facts["holder"]["type"]
    for group in facts["holder"]["path_words"]:
        assert any(word in holder["path"] + holder["label"] for word in group), holder


@pytest.mark.parametrize("name", [n for n, f in FACTS.items() if f["kind"] == "no-leak"])
def test_what_does_not_leak_is_not_suspected(heapsnap, one_python, name, tmp_path):
    document = compare(heapsnap, one_python, name, tmp_path)
    assert document["suspects"] == []
    assert document["verdict"] == "stable"

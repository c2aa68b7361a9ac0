# SPDX-License-Identifier: MIT
"""test_collector.py: the state of the collector as the interpreter itself tells it."""
import json

import pytest


@pytest.mark.parametrize("setting", ["on", "off", "never"])
def test_state_and_statistics(heapsnap, start, python, tmp_path, setting):
    target = start(python, "collector.py", setting)
    truth = json.loads(target.said)
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    rows = heapsnap.json("info", tmp_path / "a.snap")["collector"]
    assert [(row["interpreter"], row["generation"]) for row in rows] == [(0, 0), (0, 1), (0, 2)]
    assert [row["threshold"] for row in rows] == truth["threshold"]
    for row, stats, count in zip(rows, truth["stats"], truth["count"]):
        assert row["enabled"] == truth["enabled"] and not row["working"]
        for key in ("collections", "collected", "uncollectable"):
            assert row[key] == stats[key], (row, stats)
        # What it told us in was new.
        assert abs(row["count"] - count) < (100 if row["generation"] == 0 else 1)
    assert rows[2]["collections"] >= 6 and sum(row["collected"] for row in rows) >= 170
    word = "enabled" if setting == "on" else "disabled"
    text = heapsnap("info", tmp_path / "a.snap").stdout.decode()
    assert any(line.startswith("Collector") and word in line for line in text.splitlines())
    assert "Uncollectable" in heapsnap("info", "-v", tmp_path / "a.snap").stdout.decode()


def test_of_each_interpreter(heapsnap, start, python, tmp_path):
    """From 3.9 on each has a collector of its own."""
    target = start(python, "subinterpreters.py")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    rows = heapsnap.json("info", tmp_path / "a.snap")["collector"]
    numbers = json.loads(target.said)
    found = {row["interpreter"] for row in rows}
    assert found in ({0}, {0, numbers["idle"], numbers["busy"]})
    assert len(rows) == 3 * len(found) and all(row["enabled"] for row in rows)

# SPDX-License-Identifier: MIT
"""test_sql.py: questions in SQL, against what the other commands say of the same snapshot."""
import csv
import io
import json
import os
import pty
import signal
import subprocess
import time

import pytest

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"


@pytest.fixture(autouse=True)
def there_is_sql(heapsnap):
    if b"  sql " not in heapsnap("help").stdout:
        pytest.skip("built without SQLite")


def rows(heapsnap, *words):
    return heapsnap.json("sql", *words)["rows"]


def test_the_same_as_top(heapsnap, any_pair):
    top = heapsnap.json("top", any_pair.second, "--by", "type")
    found = rows(heapsnap, any_pair.second,
                 "SELECT type, count(*) AS count, sum(size) AS bytes FROM objects GROUP BY type")
    assert {row["type"]: (row["count"], row["bytes"]) for row in found} == {
        row["kind"]: (row["count"], row["bytes"]) for row in top["rows"]}


def test_the_same_as_export(heapsnap, any_pair):
    lines = heapsnap("export", any_pair.second, "--to", "jsonl").stdout.splitlines()
    objects = [json.loads(line) for line in lines]
    found = rows(heapsnap, any_pair.second, "SELECT id, address, type, size, allocated, refs "
                                            "FROM objects ORDER BY id")
    assert [(row["id"], row["address"], row["type"], row["size"], row["allocated"], row["refs"])
            for row in found] == [(o["id"], o["addr"], o["type"], o["size"], o["alloc"],
                                   len(o["refs"])) for o in objects]
    edges = rows(heapsnap, any_pair.second, "SELECT source, target, label FROM edges")
    assert [(row["source"], row["target"], row["label"]) for row in edges] == [
        (o["id"], target, label) for o in objects for target, label in o["refs"]]


def test_finding_what_holds_an_object(heapsnap, any_pair):
    found = rows(heapsnap, any_pair.second,
                 "SELECT s.type AS holder, count(*) AS count FROM objects t "
                 "JOIN edges e ON e.target = t.id JOIN objects s ON s.id = e.source "
                 "WHERE t.type = '__main__.Session' GROUP BY 1 ORDER BY 2 DESC")
    assert found[0]["count"] >= any_pair.facts["sessions"]


def test_the_same_as_show(heapsnap, any_pair):
    for row in rows(heapsnap, any_pair.second, "SELECT id, address, retained, dominator FROM "
                    "objects JOIN dominators USING (id, retained) ORDER BY retained DESC LIMIT 5"):
        shown = heapsnap.json("show", any_pair.second, row["address"])
        assert (shown["id"], shown["retained"]) == (row["id"], row["retained"])
        assert row["dominator"] == (shown["dominator"] and shown["dominator"]["id"])


def test_two_files(heapsnap, any_pair):
    diff = {row["kind"]: row for row in
            heapsnap.json("diff", any_pair.first, any_pair.second)["rows"]}
    for row in rows(heapsnap, any_pair.first, any_pair.second, "SELECT * FROM diff"):
        other = diff[row["kind"]]
        assert [row["count_before"], row["count_after"]] == other["count"]
        assert [row["bytes_before"], row["bytes_after"]] == other["bytes"]
        assert all(row[key] == other[key] for key in ("new", "freed", "survived", "delta_bytes"))
    counts = rows(heapsnap, any_pair.first, any_pair.second,
                  "SELECT (SELECT count(*) FROM s1.objects) AS a, "
                  "(SELECT count(*) FROM s2.objects) AS b, (SELECT count(*) FROM objects) AS c")
    infos = [heapsnap.json("info", file)["objects"] for file in (any_pair.first, any_pair.second)]
    assert counts == [{"a": infos[0], "b": infos[1], "c": infos[0]}]


def test_forms(heapsnap, any_pair):
    query = "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c, x'00ff' AS d, 2.5 AS a"
    document = heapsnap.json("sql", any_pair.second, query)
    assert document["schema"] == "heapsnap.sql/1" and document["coverage"]["complete"]
    assert document["rows"] == [{"a": 1, "b": 'x,"y', "c": None, "d": "X'00ff'", "a:2": 2.5}]
    text = heapsnap("sql", any_pair.second, query, "--csv").stdout.decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b", "c", "d", "a:2"], ["1", 'x,"y', "", "X'00ff'", "2.5"]]
    text = heapsnap("sql", any_pair.second, query).stdout.decode().splitlines()
    assert text[0].split() == ["a", "b", "c", "d", "a:2"] and len(text) == 2
    # Ten rows in text, unless told otherwise.
    text = heapsnap("sql", any_pair.second, "SELECT id FROM objects LIMIT 30").stdout
    assert b"<20 more rows" in text
    text = heapsnap("sql", any_pair.second, "SELECT id FROM objects LIMIT 30", "-n", 0).stdout
    assert len(text.splitlines()) == 31
    # Numbers as they are.
    numbers = rows(heapsnap, any_pair.second, "SELECT 1e-7 AS a, 3.141592653589793 AS b, 5e-324 "
                                              "AS c, 0.1 + 0.2 AS d, -1e300 AS e")
    assert list(numbers[0].values()) == [1e-7, 3.141592653589793, 5e-324, 0.1 + 0.2, -1e300]
    # Nothing of a target comes out raw.
    text = heapsnap("sql", any_pair.second, "SELECT char(27) || '[31m' AS x").stdout
    assert b"\x1b" not in text and b"\\x1b" in text


def test_scripts(heapsnap, any_pair):
    def run(script, code=0):
        return heapsnap("sql", any_pair.second, input=script.encode(), stdin=None, code=code)

    assert run("SELECT 1 AS a;\nSELECT\n2 AS b;").stdout.decode().split() == ["a", "1", "b", "2"]
    out = run(".mode json\nSELECT count(*) AS n FROM threads;\n").stdout
    assert json.loads(out)["rows"][0]["n"] >= 1
    assert b"edges" in run(".tables\n").stdout
    assert b"strength" in run(".schema edges\n").stdout
    assert b"strength" not in run(".schema objects\n").stdout
    assert run(".quit\nSELECT 1;\n").stdout == b""
    assert run("SELECT 1;\nSELECT wrong;\nSELECT 3;\n", code=1).stdout.decode().split() == ["1", "1"]
    assert run("").stdout == b""
    # What is no command ends a script, too; ends of lines may be as on other systems.
    assert run(".bogus\nSELECT 1;\n", code=2).stdout == b""
    assert run(".mode bogus\nSELECT 1;\n", code=2).stdout == b""
    assert run(".mode csv\r\nSELECT 1 AS a;\r\n").stdout.split() == [b"a", b"1"]
    assert b"strength" in run(".schema s1.edges\n").stdout
    run(".schema x'y\n", code=2)


def test_mistakes(heapsnap, any_pair, tmp_path):
    assert "no such column: x" in heapsnap.fails(1, "sql", any_pair.second, "SELECT x")
    assert "syntax" in heapsnap.fails(1, "sql", any_pair.second, "SELEKT 1")
    assert "not authorized" in heapsnap.fails(1, "sql", any_pair.second, "CREATE TABLE x(a)",
                                              cwd=tmp_path)
    victim = tmp_path / "victim"
    heapsnap.fails(1, "sql", any_pair.second, f"ATTACH '{victim}' AS v")
    assert not victim.exists()
    heapsnap.fails(2, "sql")
    heapsnap.fails(6, "sql", __file__, "SELECT 1")
    heapsnap.fails(1, "sql", "no-such-file", "SELECT 1")


def wait_for(leader, text, seen):
    end = time.monotonic() + 30
    while text not in seen and time.monotonic() < end:
        seen += os.read(leader, 4096)
    assert text in seen, seen
    return seen.rpartition(text)[2]


def test_on_a_terminal(heapsnap, any_pair):
    leader, follower = pty.openpty()
    process = subprocess.Popen([heapsnap.path, "sql", any_pair.second], stdin=follower,
                               stdout=follower, stderr=follower, start_new_session=True,
                               env={**os.environ, "TERM": "dumb"})
    os.close(follower)
    seen = wait_for(leader, b"heapsnap> ", b"")
    os.write(leader, b"SELECT 40 + 2 AS answer;\n")
    seen = wait_for(leader, b"42", seen)
    seen = wait_for(leader, b"heapsnap> ", seen)
    # A mistake does not end it.
    os.write(leader, b"SELECT wrong;\n")
    seen = wait_for(leader, b"no such column", seen)
    seen = wait_for(leader, b"heapsnap> ", seen)
    # A long query is ended by ^C, and nothing else is.
    os.write(leader, ENDLESS.encode() + b";\n")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    seen = wait_for(leader, b"interrupted", seen)
    seen = wait_for(leader, b"heapsnap> ", seen)
    # Nor does ^C while nothing is asked.
    process.send_signal(signal.SIGINT)
    os.write(leader, b"SELECT 41 + 2 AS answer;\n")
    seen = wait_for(leader, b"43", seen)
    os.write(leader, b".quit\n")
    assert process.wait(30) == 0
    os.close(leader)


def test_interrupted(heapsnap, any_pair):
    process = subprocess.Popen([heapsnap.path, "sql", any_pair.second, ENDLESS],
                               stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert b"interrupted" in process.communicate(timeout=30)[1]
    assert process.returncode == 1

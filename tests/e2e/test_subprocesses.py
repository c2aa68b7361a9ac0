# SPDX-License-Identifier: MIT
"""test_subprocesses.py: a process and its descendants, dumped together."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest


def yama():
    with contextlib.suppress(OSError):
        return int(pathlib.Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    return 0


# conftest.py has targets allow it, but that does not go on to their children.
pytestmark = pytest.mark.skipif(os.geteuid() != 0 and yama() != 0,
                                reason="grandchildren cannot be traced under Yama but by root")


def pids_of(facts):
    return facts["workers"] + facts["pool"]


def kinds(heapsnap, file):
    return {row["kind"]: row["count"] for row in heapsnap.json("top", file)["rows"]}


def rows_of(document):
    return {row["pid"]: row for row in document["rows"]}


def assert_no_leftovers(pids):
    """None of them is traced, and the frozen forks are gone: nobody is stopped by a tracer."""
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "TracerPid:\t0\n" in text
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines()
                          if ":\t" in line)
            assert not (fields["PPid"] in map(str, pids) and fields["State"].startswith("t"))


def test_a_prefork_server(heapsnap, start, one_python, tmp_path):
    target = start(one_python, "prefork.py")
    facts = json.loads(target.said)
    document = heapsnap.json("dump", target.pid, "--subprocesses", "-o", tmp_path / "a.snap")
    rows = rows_of(document)
    assert document["schema"] == "heapsnap.dump/1"
    assert rows[target.pid]["parent"] is None
    assert set(rows) == {target.pid, facts["sleep"], facts["ended"], *pids_of(facts)}
    for pid in (target.pid, *pids_of(facts)):
        row = rows[pid]
        assert row["state"] == "written" and row["reason"] is None
        assert row["file"] == str(tmp_path / f"a-{pid}.snap")
        assert pid == target.pid or row["parent"] == target.pid
        info = heapsnap.json("info", row["file"])
        assert info["process"]["pid"] == pid
        assert info["objects"] == row["objects"] and info["bytes"] == row["bytes"]
        heapsnap("verify", row["file"])
        assert kinds(heapsnap, row["file"])["__main__.OfTheMaster"] == 50
    for number, pid in enumerate(facts["workers"]):
        found = kinds(heapsnap, rows[pid]["file"])
        assert found[f"__main__.Worker{number}"] == 100 * (number + 1)
        assert f"__main__.Worker{number + 1}" not in found
    assert rows[facts["sleep"]]["state"] == "skipped"
    assert "not a Python process" in rows[facts["sleep"]]["reason"]
    assert rows[facts["ended"]]["state"] == "ended"
    assert sorted(os.listdir(tmp_path)) == sorted(
        f"a-{pid}.snap" for pid in (target.pid, *pids_of(facts)))
    assert_no_leftovers([target.pid, *pids_of(facts)])
    assert target.finish().splitlines()[-1] == "statuses [0, 0, 0]"


def test_they_are_taken_close_together(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "prefork.py")
    begin = time.monotonic()
    document = heapsnap.json("dump", target.pid, "--subprocesses", "-o", tmp_path / "a.snap")
    took = (time.monotonic() - begin) * 1000
    offsets = [row["offset_ms"] for row in document["rows"] if row["state"] == "written"]
    assert len(offsets) == 6 and min(offsets) == 0
    assert document["spread_ms"] == max(offsets)
    # They are frozen first, all of them, and then read.
    assert document["spread_ms"] < took / 2


def test_what_is_said(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "prefork.py")
    facts = json.loads(target.said)
    result = heapsnap("dump", "--subprocesses", target.pid, cwd=tmp_path)
    assert result.stdout == b""
    text = result.stderr.decode()
    files = sorted(os.listdir(tmp_path))
    assert len(files) == 6
    stamps = {re.fullmatch(r"heapsnap-(\d+)-(\d{8}T\d{6})\.snap", name).groups()
              for name in files}
    assert {int(pid) for pid, _ in stamps} == {target.pid, *pids_of(facts)}
    assert len({stamp for _, stamp in stamps}) == 1
    assert f"skipped: process {facts['sleep']}: not a Python process" in text
    assert f"ended: process {facts['ended']}: " in text
    assert re.search(r"^6 snapshots, all taken within [\d.]+ m?s$", text, re.M)
    lines = text.splitlines()
    assert lines[-1].startswith(f"next: heapsnap top heapsnap-{target.pid}-")
    assert sum(line.startswith("next: ") for line in lines) == 1


@pytest.mark.parametrize("mode", ["fork", "stop"])
def test_modes(heapsnap, start, any_python, tmp_path, mode):
    target = start(any_python, "prefork.py")
    document = heapsnap.json("dump", target.pid, "--subprocesses", "--mode", mode, "-q", "-o",
                             tmp_path / "a")
    written = [row for row in document["rows"] if row["state"] == "written"]
    assert len(written) == 6
    for row in written:
        assert row["file"] == str(tmp_path / f"a-{row['pid']}")
        assert heapsnap.json("info", row["file"])["capture"]["mode"] == mode
        assert row["pause_ms"] > 0
    assert target.finish().splitlines()[-1] == "statuses [0, 0, 0]"


def test_one_ends_in_the_middle(heapsnap, start, any_python, tmp_path):
    """Kill one worker after another while the dump goes on: the others are not spoilt."""
    seen = set()
    for delay in (0.01, 0.02, 0.04, 0.08, 0.16):
        target = start(any_python, "prefork.py")
        facts = json.loads(target.said)
        victim = facts["workers"][-1]
        command = [heapsnap.path, "dump", str(target.pid), "--subprocesses", "--json", "-f",
                   "-o", str(tmp_path / "a.snap")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        os.kill(victim, 9)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        rows = rows_of(json.loads(out))
        for pid in (target.pid, *facts["workers"][:-1], *facts["pool"]):
            assert rows[pid]["state"] == "written", rows[pid]
            heapsnap("verify", rows[pid]["file"])
        assert rows[victim]["state"] in ("written", "ended"), rows[victim]
        seen.add(rows[victim]["state"])
        lines = target.finish().splitlines()
        assert lines[-1] == "statuses [0, 0, 9]"
    assert seen


def test_a_shell_around_it(heapsnap, start_command, any_python, tmp_path):
    """The process asked for may be no Python, if a descendant is."""
    script = "import sys; print('READY', flush=True); sys.stdin.readline()"
    target = start_command("/bin/sh", "-c", f'"$0" -c "{script}"; exit 0', any_python)
    document = heapsnap.json("dump", target.pid, "--subprocesses", "-o", tmp_path / "a.snap")
    assert [row["state"] for row in document["rows"]] == ["skipped", "written"]
    assert [row["parent"] for row in document["rows"]] == [None, target.pid]
    assert document["coverage"] == {"complete": True, "gaps": 0}


def test_nothing_is_python(heapsnap, tmp_path):
    process = subprocess.Popen(["/bin/sh", "-c", "sleep 60; exit 0"], start_new_session=True)
    try:
        result = heapsnap("dump", process.pid, "--subprocesses", "-q", "-o",
                          tmp_path / "a.snap", code=3)
        assert result.stderr.decode().count("\n") == 1
        assert b"neither it nor a descendant" in result.stderr
        assert os.listdir(tmp_path) == []
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_file_in_the_way_is_that_process_s_failure(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "prefork.py")
    facts = json.loads(target.said)
    blocked = tmp_path / f"a-{facts['pool'][0]}.snap"
    blocked.write_bytes(b"precious")
    result = heapsnap("dump", target.pid, "--subprocesses", "--json", "-o", tmp_path / "a.snap",
                      code=1)
    rows = rows_of(json.loads(result.stdout))
    assert rows[facts["pool"][0]]["state"] == "failed"
    assert blocked.read_bytes() == b"precious"
    assert sum(row["state"] == "written" for row in rows.values()) == 5
    document = json.loads(result.stdout)
    assert not document["coverage"]["complete"] and document["coverage"]["gaps"] >= 1


def test_one_process_as_json(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    document = heapsnap.json("dump", target.pid, "-o", tmp_path / "a.snap")
    (row,) = document["rows"]
    assert row["pid"] == target.pid and row["file"] == str(tmp_path / "a.snap")
    assert document["spread_ms"] == row["offset_ms"] == 0


def test_standard_output_takes_one(heapsnap):
    for word in ("--subprocesses", "--json"):
        assert word in heapsnap.fails(2, "dump", os.getpid(), word, "-o", "-")


def test_no_such_process(heapsnap):
    heapsnap.fails(3, "dump", 2 ** 31 - 1, "--subprocesses")


def test_when_there_is_not_memory_for_all_at_once(heapsnap, start, one_python, tmp_path):
    """They are frozen in groups, as many at a time as there is memory for."""
    target = start(one_python, "prefork.py")
    pids = {target.pid, *pids_of(json.loads(target.said))}
    meminfo = tmp_path / "meminfo"
    script = 'mount --bind "$0" /proc/meminfo && exec "$@"'
    for mib in range(50, 400, 8):  # until there is enough for each of them alone
        meminfo.write_text(f"MemTotal: 8000000 kB\nMemAvailable: {mib * 1024} kB\n")
        folder = tmp_path / str(mib)
        folder.mkdir()
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, meminfo, heapsnap.path, "dump",
             str(target.pid), "--subprocesses", "-v", "-o", folder / "a.snap"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.stderr.startswith(("mount: ", "unshare: ")):
            pytest.skip("a mount namespace cannot be made here")
        if not result.returncode:
            break
    assert "wait until there is memory" in result.stderr
    assert {int(file.stem[2:]) for file in folder.iterdir()} >= pids
    for file in folder.iterdir():
        heapsnap("verify", file)
    assert_no_leftovers(pids)

# SPDX-License-Identifier: MIT
"""test_endurance.py: dumps by the hundred, at work, in a storm of signals, killed at any moment.

The ordinary run does a tenth of what `tests/run --long` does.
"""
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from conftest import TARGETS, wait_until


@pytest.fixture
def times(request):
    """times(N) is how often to do what the long run does N times."""
    long = request.config.getoption("--long")
    return lambda number: number if long else max(number // 10, 1)


def zombies_of(pid):
    """Processes that have ended and wait for @pid to take note."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if fields[0] == "Z" and int(fields[1]) == pid:
                    found.append(folder.name)
    return found


def assert_clean(target):
    """Nobody traces it, it has no children, and it goes on."""
    target.assert_unharmed()
    wait_until(lambda: not zombies_of(target.pid))


@pytest.mark.parametrize("mode", ["fork", "stop"])
def test_waits_are_not_cut_short(heapsnap, start, any_python, tmp_path, times, mode):
    target = start(any_python, "waits.py")
    for _ in range(times(1000)):
        result = heapsnap("dump", target.pid, "-q", "-f", "-o", tmp_path / "a.snap", "--mode", mode)
        assert not result.stderr
    assert_clean(target)
    assert target.finish().startswith("all as it should be")


def test_in_a_storm_of_signals(heapsnap, start, any_python, tmp_path, times):
    target = start(any_python, "waits.py")
    storm = threading.Event()
    sent = [0]

    def send():
        while not storm.is_set():
            os.kill(target.pid, signal.SIGUSR1)
            sent[0] += 1
            if sent[0] % 10 == 0:
                time.sleep(0.0005)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for _ in range(times(200)):
            heapsnap("dump", target.pid, "-q", "-f", "-o", tmp_path / "a.snap")
    finally:
        storm.set()
        thread.join()
    assert_clean(target)
    out = target.finish()
    assert out.startswith("all as it should be")
    assert sent[0] > 100 and int(out.split()[-1]) > 10


def test_killed_at_random_moments(heapsnap, start, any_python, tmp_path, times):
    target = start(any_python, "waits.py")
    begin = time.monotonic()
    heapsnap("dump", target.pid, "-q", "-f", "-o", tmp_path / "a.snap")
    took = time.monotonic() - begin
    chance = random.Random(2)
    for _ in range(times(500)):
        dumper = subprocess.Popen([heapsnap.path, "dump", str(target.pid), "-q", "-f", "-o",
                                   tmp_path / "a.snap"], stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * took)
        dumper.kill()
        dumper.wait()
        wait_until(lambda: target.status()["TracerPid"].strip() == "0")
    assert_clean(target)
    # A sleep that a killed dump had interrupted may end early: Python sleeps on.
    assert target.finish().startswith("all as it should be")
    assert [path.name for path in tmp_path.iterdir()] == ["a.snap"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(heapsnap, start, any_python, tmp_path, number):
    target = start(any_python, "waits.py")
    for pause in (0.002, 0.005, 0.01, 0.02, 0.04):
        dumper = subprocess.Popen([heapsnap.path, "dump", str(target.pid), "-q", "-o",
                                   tmp_path / "a.snap"], stderr=subprocess.DEVNULL)
        time.sleep(pause)
        dumper.send_signal(number)
        code = dumper.wait()
        assert code in (0, -number)
        wait_until(lambda: target.status()["TracerPid"].strip() == "0")
        written = list(tmp_path.iterdir())
        assert written in ([], [tmp_path / "a.snap"]) and (written or code)
        if written:  # whole, even if it was ended just then
            heapsnap("verify", written[0])
            written[0].unlink()
    assert_clean(target)
    assert target.finish().startswith("all as it should be")


def test_what_stays_is_in_every_snapshot(heapsnap, start, python, tmp_path, times):
    target = start(python, "churn.py")
    complete = 0
    rounds = times(500) if python == "/usr/bin/python3" else 5
    for _ in range(rounds):
        heapsnap("dump", target.pid, "-q", "-f", "-o", tmp_path / "a.snap")
        heapsnap("verify", tmp_path / "a.snap")
        document = heapsnap.json("top", tmp_path / "a.snap")
        kept = [row["count"] for row in document["rows"] if row["kind"] == "__main__.Kept"]
        if document["coverage"]["complete"]:
            complete += 1
            assert kept == [20000]
    target.assert_unharmed()
    assert complete > 0
    print(f"{complete} of {rounds} snapshots complete")


def test_a_target_that_forks_itself(heapsnap, start, any_python, tmp_path, times):
    """Its own children are no copies of ours: they live, compute right and are waited for."""
    target = start(any_python, "forks.py")
    for mode in "fork", "stop":
        for _ in range(times(200)):
            heapsnap("dump", target.pid, "-q", "-f", "-o", tmp_path / "a.snap", "--mode", mode)
    target.assert_unharmed()
    out = target.finish()
    assert out.startswith("all as it should be") and int(out.split()[-1]) > 10


def test_first_process_of_a_namespace(heapsnap, any_python, tmp_path):
    """It would inherit the fork when its parent ends, and nobody else would take note of it."""
    outer = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                              any_python, "-B", TARGETS / "waits.py"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = outer.stdout.readline()
        if not line.startswith(b"READY"):
            pytest.skip("namespaces of processes cannot be made here")
        children = pathlib.Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text()
        pid = int(children.split()[0])
        for number in range(3):
            heapsnap("dump", pid, "-q", "-o", tmp_path / f"{number}.snap")
            info = heapsnap.json("info", tmp_path / f"{number}.snap")
            assert info["capture"]["mode"] == "fork"
            assert info["process"]["pid"] == pid
            assert not zombies_of(pid)
        out, _ = outer.communicate(b"\n", timeout=60)
        assert out.decode().startswith("all as it should be")
        assert outer.returncode == 0
    finally:
        outer.kill()
        outer.wait()


@contextlib.contextmanager
def in_a_container(python, script):
    """A process with numbers of its own, 1 for itself: it, and its number here."""
    outer = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", python,
                              "-B", TARGETS / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if not outer.stdout.readline().startswith(b"READY"):
            pytest.skip("namespaces of processes cannot be made here")
        yield outer, children_of(outer.pid)[0]
    finally:
        outer.kill()
        outer.wait()


def children_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_workers_of_a_container_s_first_process(heapsnap, any_python, tmp_path, times):
    """Their copies would come to it, which takes whoever ends for one of its workers."""
    with in_a_container(any_python, "master.py") as (outer, master):
        workers = children_of(master)
        assert len(workers) == 3
        for number in range(times(30)):
            snap = tmp_path / f"{number}.snap"
            heapsnap("dump", workers[number % 3], "-q", "-o", snap)
            assert heapsnap.json("info", snap)["capture"]["mode"] == "fork"
        heapsnap("dump", master, "--subprocesses", "-q", "-o", tmp_path / "all.snap")
        for pid in master, *workers:
            assert not zombies_of(pid)
        assert children_of(master) == workers
        out, _ = outer.communicate(b"\n", timeout=60)
        assert out.decode().startswith("nobody ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_when_the_target_has_to_take_note(heapsnap, any_python, tmp_path, number):
    with in_a_container(any_python, "waits.py") as (outer, pid):
        for pause in (0.005, 0.01, 0.02, 0.04, 0.08):
            dumper = subprocess.Popen([heapsnap.path, "dump", str(pid), "-q", "-o",
                                       tmp_path / "a.snap"], stderr=subprocess.DEVNULL)
            time.sleep(pause)
            dumper.send_signal(number)
            code = dumper.wait()
            assert not zombies_of(pid)
            written = list(tmp_path.iterdir())
            assert code == -number or (written and not code), code
            assert written in ([], [tmp_path / "a.snap"])
            if written:  # whole, even if it was ended just then
                heapsnap("verify", written[0])
                written[0].unlink()
        out, _ = outer.communicate(b"\n", timeout=60)
        assert out.decode().startswith("all as it should be")


def test_the_target_ends_while_its_fork_is_read(heapsnap, start, any_python, tmp_path):
    """The snapshot is whole, or there is none."""
    whole = 0
    for pause in (0.01, 0.02, 0.04, 0.06, 0.08, 0.12):
        target = start(any_python, TARGETS.parents[1] / "bench/service.py", "100000")
        dumper = subprocess.Popen([heapsnap.path, "dump", str(target.pid), "-q", "--mode", "fork",
                                   "-f", "-o", tmp_path / "a.snap"], stderr=subprocess.PIPE)
        time.sleep(pause)
        os.kill(target.pid, signal.SIGKILL)
        message = dumper.communicate()[1]
        assert dumper.returncode in (0, 5), message
        if not dumper.returncode:
            assert heapsnap.json("info", tmp_path / "a.snap")["coverage"]["complete"], pause
            whole += 1
    assert whole


def test_traced_by_another(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "waits.py")
    try:
        strace = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-p", str(target.pid)],
                                  stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        pytest.skip("there is no strace")
    try:
        wait_until(lambda: target.status()["TracerPid"].strip() != "0")
        message = heapsnap.fails(4, "dump", target.pid, "-o", tmp_path / "a.snap")
        assert "traced" in message
    finally:
        strace.terminate()
        strace.wait()
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    assert_clean(target)

# SPDX-License-Identifier: MIT
"""test_unharmed.py: a process at work computes the same whether or not snapshots are taken."""
import signal
import subprocess
import sys

from conftest import TARGETS, state_of, wait_until

ROUNDS = "200000"


def test_a_busy_process_computes_on(heapsnap, start, python, tmp_path):
    undisturbed = subprocess.run([python, "-B", TARGETS / "busy.py", ROUNDS], check=True,
                                 capture_output=True, text=True).stdout.split()[-1]
    target = start(python, "busy.py", ROUNDS)
    taken = 0
    while target.process.poll() is None and taken < 8:
        file = tmp_path / f"{taken}.snap"
        result = heapsnap("dump", target.pid, "-q", "-o", file, code=None)
        if result.returncode:
            break
        target.assert_unharmed()
        heapsnap("verify", file)
        taken += 1
    if result.returncode:  # only because it has come to its end
        assert result.returncode == 5, result.stderr
        target.process.wait(timeout=1)  # its threads may be on their way out
    assert taken >= 2
    assert target.finish().split()[-1] == undisturbed


def test_every_thread_is_seen(heapsnap, start, python, tmp_path):
    target = start(python, "busy.py", "10000000")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    target.assert_unharmed()
    rows = {row["kind"]: row["count"] for row in heapsnap.json("top", tmp_path / "a.snap")["rows"]}
    assert rows["threading.Thread"] == 4


def test_whoever_suspends_a_dump_does_not_suspend_the_target(heapsnap, start_command, tmp_path):
    code = "b = bytearray(b'x') * (100 << 20); print('READY', flush=True); input()"
    target = start_command(sys.executable, "-c", code)
    dump = subprocess.Popen([heapsnap.path, "dump", "--mode", "stop", str(target.pid), "-q", "-o", tmp_path / "a"],
                            process_group=0)  # one that can be suspended
    try:
        while state_of(target.pid) != "t":
            assert dump.poll() is None, "it ended without the target being seen stopped"
        dump.send_signal(signal.SIGTSTP)
        wait_until(lambda: state_of(dump.pid) == "T")
        target.assert_unharmed()
    finally:
        dump.send_signal(signal.SIGCONT)
    assert dump.wait(timeout=60) == 0
    heapsnap("verify", tmp_path / "a")

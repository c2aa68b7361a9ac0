# SPDX-License-Identifier: MIT
"""test_refusals.py: processes that cannot be captured, each with its exit code and its reason."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest
from conftest import (INTERPRETERS, SUPPORTED, allow_tracing, as_nobody, end, needs_root,
                      wait_until)

UNSUPPORTED = [i for i in INTERPRETERS if i["minor"] not in (*SUPPORTED, "2.7") or not i["plain"]]
PTRACE_SEIZE = 0x4206


def free_pid():
    """A number that no process has: of one that was reaped a moment ago."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def test_no_such_process(heapsnap, tmp_path):
    pid = free_pid()
    assert str(pid) in heapsnap.fails(3, "dump", pid, cwd=tmp_path)
    assert not os.listdir(tmp_path)


def test_not_python(heapsnap, tmp_path):
    process = subprocess.Popen(["sleep", "60"], preexec_fn=allow_tracing)
    try:
        wait_until(lambda: "sleep" in os.readlink(f"/proc/{process.pid}/exe")
                   or "coreutils" in os.readlink(f"/proc/{process.pid}/exe"))
        assert "Python" in heapsnap.fails(3, "dump", process.pid, cwd=tmp_path)
        assert process.poll() is None
    finally:
        end(process)
    assert not os.listdir(tmp_path)


def test_a_kernel_thread(heapsnap, tmp_path):
    if not pathlib.Path("/proc/2/status").exists() or os.getuid():
        pytest.skip("no kernel threads to be seen from here")
    try:
        os.readlink("/proc/2/exe")
    except FileNotFoundError:
        heapsnap.fails(3, "dump", 2, cwd=tmp_path)
    else:
        pytest.skip("process 2 is no kernel thread here")


def test_itself_is_no_python(heapsnap, tmp_path):
    command = ["sh", "-c", 'exec "$0" dump $$', heapsnap.path]
    result = subprocess.run(command, capture_output=True, timeout=60, cwd=tmp_path)
    assert result.returncode == 3
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("row", UNSUPPORTED or [None],
                         ids=[i["version"] for i in UNSUPPORTED] or ["none"])
def test_unsupported_versions_are_named(heapsnap, start, tmp_path, row):
    if row is None:
        pytest.skip("no unsupported interpreter on this machine")
    target = start(row["command"], "sample.py")
    text = heapsnap.fails(3, "dump", target.pid, cwd=tmp_path)
    assert row["minor"] in text
    assert SUPPORTED[0] in text and SUPPORTED[-1] in text  # what is supported is said
    target.assert_unharmed()
    assert not os.listdir(tmp_path)


@needs_root
def test_a_process_of_another_user(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    result = as_nobody(heapsnap, tmp_path, "dump", target.pid, "-o", out / "a.snap")
    text = result.stderr.decode()
    assert result.returncode == 4, text
    assert text.startswith("heapsnap: ") and text.count("\n") == 1
    assert "user" in text or "root" in text
    target.assert_unharmed()
    assert not os.listdir(out)


@needs_root
def test_a_folder_of_another_user(heapsnap, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    result = as_nobody(heapsnap, tmp_path, "dump", free_pid(), "-o", out / "a.snap")
    assert result.returncode == 4, result.stderr
    assert b"cannot write" in result.stderr


@needs_root
def test_a_snapshot_of_another_user(heapsnap, any_pair, tmp_path):
    shutil.copy(any_pair.first, tmp_path / "a.snap")
    (tmp_path / "a.snap").chmod(0o600)
    for command in ("top", "info", "verify"):
        result = as_nobody(heapsnap, tmp_path, command, tmp_path / "a.snap")
        assert result.returncode == 4, result.stderr


TRACER = f"""
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
assert libc.ptrace({PTRACE_SEIZE}, int(sys.argv[1]), 0, 0) == 0, ctypes.get_errno()
print("READY", flush=True)
sys.stdin.readline()
"""


def test_a_process_that_is_traced_already(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    tracer = subprocess.Popen([sys.executable, "-c", TRACER, str(target.pid)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert tracer.stdout.readline() == b"READY\n"
        text = heapsnap.fails(4, "dump", target.pid, cwd=tmp_path)
        assert "traced" in text and str(tracer.pid) in text
    finally:
        tracer.communicate(b"\n", timeout=20)
    heapsnap("dump", target.pid, "-q", cwd=tmp_path)
    target.assert_unharmed()


def test_a_process_that_ended_but_was_not_waited_for(heapsnap, any_python, tmp_path):
    process = subprocess.Popen([any_python, "-c", ""])
    try:
        wait_until(lambda: "\nState:\tZ" in
                   pathlib.Path(f"/proc/{process.pid}/status").read_text())
        heapsnap.fails(5, "dump", process.pid, cwd=tmp_path)
    finally:
        process.wait()


def test_a_target_killed_in_the_middle(heapsnap, start, any_python, tmp_path):
    """Kill it later and later during a dump: gone is what is seen, and nothing is left behind."""
    seen = {}
    folder = tmp_path / "out"
    folder.mkdir()
    for attempt in range(60):
        target = start(any_python, "sample.py")
        dumper = subprocess.Popen([heapsnap.path, "dump", str(target.pid), "-v", "-f", "-o",
                                   str(folder / "a.snap")], stderr=subprocess.PIPE)
        if attempt % 2:
            dumper.stderr.readline()  # the first explanation: it is at work
        time.sleep(attempt // 2 * 0.0005)
        target.process.kill()
        _, text = dumper.communicate(timeout=60)
        code = dumper.returncode
        seen[code] = seen.get(code, 0) + 1
        assert code in (0, 3, 5), text
        if code:
            assert os.listdir(folder) == []
        else:
            heapsnap("verify", folder / "a.snap")
            (folder / "a.snap").unlink()
        target.kill()
        if attempt > 10 and 5 in seen:
            break
    assert 5 in seen, seen


def test_a_dumper_killed_in_the_middle(heapsnap, start, any_python, tmp_path):
    """Whatever happens to the dumper, the target goes on."""
    target = start(any_python, "sample.py")
    for attempt in range(30):
        dumper = subprocess.Popen([heapsnap.path, "dump", str(target.pid), "-q", "-f", "-o",
                                   str(tmp_path / "a.snap")])
        time.sleep(attempt * 0.003)
        end(dumper)
        wait_until(lambda: target.status()["TracerPid"].strip() == "0")
        target.assert_unharmed()
    target.go_on()
    target.wait_ready()
    target.finish()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to give up")
def test_root_without_the_capability(heapsnap, start, any_python, tmp_path):
    """As in a container: what is missing is named, not something that follows from it."""
    target = start(any_python, "sample.py")
    result = subprocess.run(["setpriv", "--bounding-set=-sys_ptrace", heapsnap.path, "dump",
                             str(target.pid), "-o", tmp_path / "a.snap"],
                            capture_output=True, text=True)
    assert result.returncode == 4, result.stderr
    assert "root here lacks CAP_SYS_PTRACE" in result.stderr

# SPDX-License-Identifier: MIT
"""test_dump.py: snapshots of live processes, and the files they are kept in."""
import datetime
import os
import pty
import re
import shutil
import stat
import subprocess
import time

import pytest


@pytest.fixture
def target(start, any_python):
    return start(any_python, "sample.py")


def test_dump_tells_what_it_wrote(heapsnap, start, python, tmp_path):
    target = start(python, "sample.py")
    file = tmp_path / "a.snap"
    result = heapsnap("dump", target.pid, "-o", file)
    assert result.stdout == b""
    wrote, *notes, following = result.stderr.decode().splitlines()
    match = re.fullmatch(rf"wrote {re.escape(str(file))}: ([\d,]+) objects, [\d.]+ MiB in "
                         r"[\d.]+ [KM]iB; target stopped for [\d.]+ m?s", wrote)
    assert match, wrote
    assert following == f"next: heapsnap top {file}"
    assert all(note.startswith("not complete: ") for note in notes)
    objects = int(match[1].replace(",", ""))
    assert objects == heapsnap.json("top", file)["objects"] > 20000
    target.assert_unharmed()


def test_mode_and_level(heapsnap, target, tmp_path):
    for name, words in (("fast", ["--level", "1"]), ("small", ["--level=19"]),
                        ("stop", ["--mode", "stop"]), ("auto", ["--mode=auto"]),
                        ("fork", ["--mode=fork"])):
        result = heapsnap("dump", *words, "-o", tmp_path / name, target.pid, "-q")
        assert result.stderr == b""
    for name, mode in (("stop", "stop"), ("fork", "fork"), ("auto", "fork")):
        info = heapsnap.json("info", tmp_path / name)
        assert info["capture"]["mode"] == mode
        assert info["capture"]["reason"] is None
    assert os.path.getsize(tmp_path / "small") < os.path.getsize(tmp_path / "fast")
    objects = {heapsnap.json("info", tmp_path / name)["objects"] for name in os.listdir(tmp_path)}
    assert len(objects) == 1


def test_verbose_explains(heapsnap, target, tmp_path):
    result = heapsnap("dump", target.pid, "-v", "-o", tmp_path / "a.snap")
    assert "mode fork" in result.stderr.decode()
    assert len(result.stderr.splitlines()) > 2


@pytest.mark.parametrize("mode", ["fork", "stop"])
def test_verbose_says_where_the_time_went(heapsnap, target, tmp_path, mode):
    begin = time.monotonic()
    result = heapsnap("dump", target.pid, "-v", "--mode", mode, "-o", tmp_path / "a.snap")
    took = time.monotonic() - begin
    rows = re.findall(r"^  (\w+) +([\d.]+) (ms|s|us)(?:  (.+))?$", result.stderr.decode(), re.M)
    assert [row[0] for row in rows] == ["stop", "clone", "copy", "find", "walk", "parse",
                                        "pymalloc", "build", "other", "encode", "write"]
    unit = {"s": 1, "ms": 1e-3, "us": 1e-6}
    seconds = {name: float(number) * unit[word] for name, number, word, _ in rows}
    assert 0 < sum(seconds.values()) < took
    info = heapsnap.json("info", tmp_path / "a.snap")
    pause = seconds["stop"] + (seconds["clone"] if mode == "fork" else seconds["copy"])
    assert pause == pytest.approx(info["capture"]["pause_ms"] / 1000, rel=0.3, abs=0.002)
    rates = {name: rate for name, _, _, rate in rows}
    assert rates["parse"].startswith(f"{info['objects']} objects at ")
    assert re.fullmatch(r"[\d.]+ MiB at [\d.]+ GB/s", rates["copy"])


def test_default_name(heapsnap, target, tmp_path):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    heapsnap("dump", target.pid, cwd=tmp_path, env=dict(os.environ, TZ="Asia/Tokyo"))
    (name,) = os.listdir(tmp_path)
    match = re.fullmatch(rf"heapsnap-{target.pid}-(\d{{8}}T\d{{6}})\.snap", name)
    assert match, name
    taken = datetime.datetime.strptime(match[1], "%Y%m%dT%H%M%S")
    assert datetime.timedelta(0) <= taken - before < datetime.timedelta(minutes=1)


def test_the_file_is_for_its_owner_alone(heapsnap, target, tmp_path):
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap", preexec_fn=lambda: os.umask(0))
    assert stat.S_IMODE(os.stat(tmp_path / "a.snap").st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.snap"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_under_sudo_the_file_is_the_caller_s(heapsnap, target, tmp_path):
    env = dict(os.environ, SUDO_UID="12345", SUDO_GID="23456")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap", env=env)
    heapsnap("export", tmp_path / "a.snap", "--to", "jsonl", "-o", tmp_path / "a.jsonl", env=env)
    for name in os.listdir(tmp_path):
        status = os.stat(tmp_path / name)
        assert (status.st_uid, status.st_gid) == (12345, 23456)
        assert stat.S_IMODE(status.st_mode) == 0o600
    heapsnap("dump", target.pid, "-f", "-o", tmp_path / "a.snap")
    assert os.stat(tmp_path / "a.snap").st_uid == 0


def test_an_existing_file_is_kept(heapsnap, target, tmp_path):
    file = tmp_path / "a.snap"
    file.write_bytes(b"precious")
    assert "-f" in heapsnap.fails(1, "dump", target.pid, "-o", file)
    assert file.read_bytes() == b"precious"
    # This is found before the target is looked at.
    assert "-f" in heapsnap.fails(1, "dump", 2 ** 31 - 1, "-o", file)
    heapsnap("dump", target.pid, "-o", file, "-f")
    heapsnap("verify", file)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.snap"]


def test_places_that_cannot_be_written(heapsnap, tmp_path):
    nobody = 2 ** 31 - 1  # no such process: so the place is what is complained of
    (tmp_path / "link").symlink_to("nowhere")
    for place in ("no/such/a.snap", ".", "link", "/dev/null"):
        text = heapsnap.fails(1, "dump", nobody, "-f", "-o", place, cwd=tmp_path)
        assert "cannot write" in text
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert os.listdir(tmp_path) == ["link"]


def test_streaming_to_standard_output(heapsnap, target, tmp_path):
    result = heapsnap("dump", target.pid, "-o", "-")
    assert result.stderr.startswith(b"wrote standard output: ")
    (tmp_path / "a.snap").write_bytes(result.stdout)
    heapsnap("verify", tmp_path / "a.snap")


def test_a_terminal_gets_no_snapshot(heapsnap, target):
    leader, follower = pty.openpty()
    result = heapsnap("dump", target.pid, "-o", "-", code=2, stdout=follower)
    os.close(follower)
    assert b"terminal" in result.stderr
    os.close(leader)


def test_a_full_disk(heapsnap, target):
    with open("/dev/full", "wb") as full:
        result = heapsnap("dump", target.pid, "-o", "-", code=1, stdout=full)
    assert b"No space left" in result.stderr
    target.assert_unharmed()


def test_a_full_file_system_leaves_no_partial_file(heapsnap, target, tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        assert "No space left" in heapsnap.fails(1, "dump", target.pid, "-o", tmp_path / "a.snap")
        assert os.listdir(tmp_path) == []
        (tmp_path / "old.snap").write_bytes(b"precious")
        heapsnap.fails(1, "dump", target.pid, "-f", "-o", tmp_path / "old.snap")
        assert (tmp_path / "old.snap").read_bytes() == b"precious"
        assert os.listdir(tmp_path) == ["old.snap"]
        target.assert_unharmed()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_closed_standard_descriptors_do_not_end_in_the_file(heapsnap, target, tmp_path):
    def close():
        for descriptor in (0, 1, 2):
            os.close(descriptor)
    file = tmp_path / "a.snap"
    heapsnap("dump", target.pid, "-v", "-o", file, code=None, stdin=None, stdout=None,
             stderr=None, preexec_fn=close)
    heapsnap("verify", file)


def test_hardly_any_memory(heapsnap, target, tmp_path):
    """Running out of memory is an error like others, and the target goes on."""
    prlimit = shutil.which("prlimit")
    if not prlimit:
        pytest.skip("needs prlimit of util-linux")
    seen = set()
    for megabytes in (12, 20, 32, 64):
        command = [prlimit, f"--as={megabytes << 20}", heapsnap.path, "dump", str(target.pid),
                   "-f", "-o", str(tmp_path / "a.snap")]
        result = subprocess.run(command, capture_output=True, timeout=60)
        seen.add(result.returncode)
        assert result.returncode in (0, 1, 127), result.stderr  # 127: the loader's own
        target.assert_unharmed()
    assert 1 in seen or 127 in seen


def test_a_class_without_a_name(heapsnap, start_command, one_python, tmp_path):
    """type('', (), {})() is how some make an object of no class in particular."""
    target = start_command(one_python, "-B", "-c", """
thing = type('', (), {})()
thing.kept = [object() for _ in range(1000)]
print("READY", flush=True)
input()""")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    assert heapsnap.json("info", tmp_path / "a.snap")["coverage"]["complete"]
    rows = {row["kind"]: row for row in heapsnap.json("top", tmp_path / "a.snap")["rows"]}
    assert rows["__main__."]["count"] == 1
    assert rows["object"]["count"] >= 1000

# SPDX-License-Identifier: MIT
"""test_core.py: snapshots from core files are those of the processes themselves."""
import gzip
import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess

import corefile
import pytest
import zstandard
from conftest import INTERPRETERS, SUPPORTED, TARGETS, allow_tracing, wait_until

GCORE = shutil.which("gcore")
UNSUPPORTED = [i for i in INTERPRETERS if i["minor"] not in (*SUPPORTED, "2.7") or not i["plain"]]


def objects_of(heapsnap, snapshot):
    """{address: (type, size, allocated, [(address referred to, label)])} of a snapshot."""
    lines = heapsnap("export", snapshot, "--to", "jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if "addr" in row]
    where = {row["id"]: row["addr"] for row in rows}
    return {row["addr"]: (row["type"], row["size"], row["alloc"],
                          [(where[to], label) for to, label in row["refs"]], row["gc_refs"])
            for row in rows}


def assert_same(ours, theirs):
    """Both snapshots have the same objects, sizes and references."""
    assert len(ours) > 10000
    differing = [(address, ours.get(address), theirs.get(address))
                 for address in {**ours, **theirs} if ours.get(address) != theirs.get(address)]
    assert not differing, f"{len(differing)} of {len(ours)} differ: {differing[:3]}"


def assert_same_command(info, live):
    """All arguments; of those for a loader that was called by its name the loader leaves none."""
    command = info["process"]["command"]
    assert len(command) >= 3
    assert command == live.command[-len(command):]
    assert command == live.command or "/ld-" in live.command[0]


class Live:
    """A target that waits, and the objects of its snapshots."""

    def __init__(self, heapsnap, target, folder):
        self.heapsnap, self.target, self.folder, self.pid = heapsnap, target, folder, target.pid
        self.objects = self.dump("stop")
        self.command = heapsnap.json("info", folder / "stop.snap")["process"]["command"]

    def dump(self, mode):
        file = self.folder / f"{mode}.snap"
        self.heapsnap("dump", self.pid, "--mode", mode, "-o", file)
        return objects_of(self.heapsnap, file)

    def write_core(self, name="core", **more):
        core = self.folder / name
        core.write_bytes(corefile.of_process(self.pid, **more))
        return core


@pytest.fixture(scope="module")
def live(heapsnap, start_session, python, tmp_path_factory):
    return Live(heapsnap, start_session(python, "sample.py"), tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def any_live(heapsnap, start_session, any_python, tmp_path_factory):
    return Live(heapsnap, start_session(any_python, "sample.py"), tmp_path_factory.mktemp("live"))


def dump_core(heapsnap, core, *words, **more):
    """The objects of the snapshot made from a core, and what info says of it."""
    snapshot = core.with_name("core.snap")
    heapsnap("dump", "--core", core, "-o", snapshot, "-f", *words, **more)
    heapsnap("verify", snapshot)
    return objects_of(heapsnap, snapshot), heapsnap.json("info", snapshot)


def test_the_same_as_live(heapsnap, live):
    """Dumped by fork, by stop, and from a core that the tests write."""
    assert_same(live.dump("fork"), live.objects)
    ours, info = dump_core(heapsnap, live.write_core())
    assert info["coverage"]["complete"]
    assert info["capture"]["mode"] == "core"
    assert info["capture"]["pause_ms"] == 0
    assert info["process"]["pid"] == live.pid
    assert_same_command(info, live)
    assert info["resident"]["total"] is None
    assert_same(ours, live.objects)


@pytest.mark.parametrize("script", ["roots.py", "traced.py"])
def test_threads_values_and_sites(heapsnap, start, one_python, tmp_path, script):
    """What threads were doing, what objects held, and which lines allocated them."""
    target = start(one_python, script, *([tmp_path / "out"] if script == "traced.py" else []))
    heapsnap("dump", target.pid, "--values", "--mode", "stop", "-o", tmp_path / "live")
    (tmp_path / "core").write_bytes(corefile.of_process(target.pid))
    heapsnap("dump", "--core", tmp_path / "core", "--values", "-o", tmp_path / "cored")
    live, cored = (heapsnap.json("info", tmp_path / name) for name in ("live", "cored"))
    assert live["threads"] and any(thread["frames"] for thread in live["threads"])
    for key in ("threads", "roots", "allocators", "contents", "objects", "edges", "bytes"):
        assert live[key] == cored[key], key
    lines = [heapsnap("export", tmp_path / name, "--to", "jsonl").stdout.splitlines()
             for name in ("live", "cored")]
    assert lines[0][1:] == lines[1][1:]  # but for what is said of the process
    assert (b'"site":' in b"".join(lines[0])) == (script == "traced.py")


def test_gcore(heapsnap, live, tmp_path):
    if not GCORE:
        pytest.skip("there is no gcore (of gdb)")
    result = subprocess.run([GCORE, "-o", tmp_path / "core", str(live.pid)],
                            capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    core = tmp_path / f"core.{live.pid}"
    assert core.exists(), result.stderr
    ours, info = dump_core(heapsnap, core)
    assert info["process"]["pid"] == live.pid
    assert_same_command(info, live)
    assert info["coverage"]["complete"]
    assert_same(ours, live.objects)


def kernel_core(folder):
    """The name of the core that the kernel leaves in @folder, or why it would not."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern or "%" in pattern.replace("%p", ""):
        pytest.skip(f"the kernel does not write cores to plain files (core_pattern is {pattern})")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        pytest.skip("cores of any size may not be written (RLIMIT_CORE)")
    return lambda: [folder / name for name in os.listdir(folder) if name.startswith("core")]


def raise_limit():
    allow_tracing()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)


@pytest.fixture
def aborted(heapsnap, python, tmp_path):
    """What was dumped live of a target, and the core that the kernel then wrote of it."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    find = kernel_core(folder)
    process = subprocess.Popen([python, "-B", TARGETS / "sample.py"], stdin=subprocess.PIPE, cwd=folder,
                               stdout=subprocess.PIPE, preexec_fn=raise_limit)
    try:
        assert process.stdout.readline().startswith(b"READY")
        heapsnap("dump", process.pid, "--mode", "stop", "-o", tmp_path / "live")
        process.send_signal(signal.SIGABRT)
        assert process.wait(60) == -signal.SIGABRT
    finally:
        process.kill()
        process.wait()
    cores = find()
    if not cores:
        pytest.skip("the kernel wrote no core")
    return objects_of(heapsnap, tmp_path / "live"), cores[0], process.pid


def test_the_kernel_s(heapsnap, aborted):
    live, core, pid = aborted
    ours, info = dump_core(heapsnap, core)
    assert info["process"]["pid"] == pid
    assert info["coverage"]["complete"]
    assert info["process"]["command"][-1].endswith("sample.py")
    assert_same(ours, live)


@pytest.mark.parametrize("pack", ["zstd", "gzip", "two gzip members"])
def test_compressed(heapsnap, any_live, tmp_path, pack):
    plain = any_live.write_core().read_bytes()
    core = tmp_path / "core"
    if pack == "zstd":
        core.write_bytes(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(plain))
    else:
        half = len(plain) // 2 + 1 if pack != "gzip" else len(plain)
        core.write_bytes(gzip.compress(plain[:half], 1) +
                         (gzip.compress(plain[half:], 1) if plain[half:] else b""))
    (tmp_path / "unpacked").mkdir()
    ours, info = dump_core(heapsnap, core,
                           env=dict(os.environ, TMPDIR=str(tmp_path / "unpacked")))
    assert info["coverage"]["complete"]
    assert_same(ours, any_live.objects)
    assert not os.listdir(tmp_path / "unpacked")
    # Cut off in the middle, it is still a core, with less in it or too little.
    packed = core.read_bytes()
    core.write_bytes(packed[:len(packed) * 9 // 10])
    result = heapsnap("dump", "--core", core, "-o", tmp_path / "cut.snap", code=None)
    assert result.returncode in (0, 6)
    if result.returncode == 0:
        assert not heapsnap.json("info", tmp_path / "cut.snap")["coverage"]["complete"]
    # And damaged it is nothing.
    core.write_bytes(packed[:1000] + bytes(64) + packed[1064:])
    assert "damaged" in heapsnap.fails(6, "dump", "--core", core, "-o", tmp_path / "bad.snap")
    assert not (tmp_path / "bad.snap").exists()


def test_compression_that_is_not_supported(heapsnap, tmp_path):
    for name, magic in (("xz", b"\xfd7zXZ\0"), ("lz4", b"\x04\x22\x4d\x18")):
        (tmp_path / "core").write_bytes(magic + bytes(1000))
        assert name in heapsnap.fails(3, "dump", "--core", tmp_path / "core")


def test_no_room_to_unpack(heapsnap, any_live, tmp_path):
    core = tmp_path / "core"
    core.write_bytes(gzip.compress(any_live.write_core().read_bytes(), 1))
    text = heapsnap.fails(1, "dump", "--core", core, "-o", tmp_path / "a.snap",
                          env=dict(os.environ, TMPDIR=str(tmp_path / "nowhere")))
    assert "TMPDIR" in text


def test_the_default_name_has_the_pid(heapsnap, any_live, tmp_path):
    core = any_live.write_core()
    result = heapsnap("dump", "--core", core, cwd=tmp_path)
    (name,) = os.listdir(tmp_path)
    assert name.startswith(f"heapsnap-{any_live.pid}-") and name.endswith(".snap")
    wrote, following = result.stderr.decode().splitlines()
    assert wrote.endswith(", from a core")
    assert following == f"next: heapsnap top {name}"


def test_verbose(heapsnap, any_live, tmp_path):
    result = heapsnap("dump", "--core", any_live.write_core(), "-v", "-o", tmp_path / "a.snap")
    text = result.stderr.decode()
    assert f"core of process {any_live.pid}, 1 threads" in text
    assert "mode core" in text


def test_truncated(heapsnap, any_live, tmp_path):
    """What is left of a core is read, as far as it goes, and the rest is told of."""
    whole = any_live.write_core().read_bytes()
    core = tmp_path / "core"
    codes = []
    for part in range(20):
        core.write_bytes(whole[:len(whole) * part // 20])
        result = heapsnap("dump", "--core", core, "-o", tmp_path / "a.snap", "-f", code=None)
        codes.append(result.returncode)
        assert result.returncode in (0, 6), result.stderr
        if result.returncode == 0:
            info = heapsnap.json("info", tmp_path / "a.snap")
            assert not info["coverage"]["complete"]
            assert any("cut off" in gap["reason"] for gap in info["gaps"])
            ours = objects_of(heapsnap, tmp_path / "a.snap")
            same = sum(any_live.objects.get(address, (None,))[0] == row[0]
                       for address, row in ours.items())
            assert same > len(ours) * 0.95
        else:
            assert result.stderr.count(b"\n") == 1
            assert part == 0 or b"truncated" in result.stderr, result.stderr
    assert codes[0] == codes[1] == 6
    assert codes[-1] == 0


def test_segments_left_out(heapsnap, any_live, tmp_path):
    """A writable segment without its bytes counts only if somebody wants them."""
    rows = [row for row in corefile.mappings(any_live.pid) if "w" in row[2]]
    (heap,) = [row[:2] for row in rows
               if any(row[0] <= int(address, 16) < row[1] for address in any_live.objects)][-1:]
    core = any_live.write_core("partial", keep=lambda row: row[:2] != heap)
    result = heapsnap("dump", "--core", core, "-o", tmp_path / "a.snap", code=None)
    assert result.returncode in (0, 6), result.stderr
    if result.returncode == 0:
        info = heapsnap.json("info", tmp_path / "a.snap")
        assert [gap for gap in info["gaps"] if "left out of the core" in gap["reason"]]
    # Without any memory that could be written to there is nothing to be said.
    core = any_live.write_core("empty", keep=lambda row: "w" not in row[2])
    assert "coredump_filter" in heapsnap.fails(6, "dump", "--core", core)


def test_a_core_of_something_else(heapsnap, tmp_path):
    process = subprocess.Popen(["sleep", "60"], preexec_fn=allow_tracing)
    try:
        wait_until(lambda: os.path.basename(os.readlink(f"/proc/{process.pid}/exe"))
                   in ("sleep", "coreutils"))
        core = tmp_path / "core"
        core.write_bytes(corefile.of_process(process.pid))
        assert "not a Python process" in heapsnap.fails(3, "dump", "--core", core, cwd=tmp_path)
        assert os.listdir(tmp_path) == ["core"]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("row", UNSUPPORTED or [None],
                         ids=[i["version"] for i in UNSUPPORTED] or ["none"])
def test_a_core_of_an_unsupported_version(heapsnap, start, tmp_path, row):
    if row is None:
        pytest.skip("no unsupported interpreter on this machine")
    target = start(row["command"], "sample.py")
    core = tmp_path / "core"
    core.write_bytes(corefile.of_process(target.pid))
    text = heapsnap.fails(3, "dump", "--core", core, cwd=tmp_path)
    assert row["minor"] in text and SUPPORTED[0] in text


def test_a_made_up_version(heapsnap, start, tmp_path):
    """A core that says of its Python that it is a 3.99, where 3.13 and later say what they are."""
    publishing = [i["command"] for i in INTERPRETERS
                  if i["plain"] and i["minor"] in ("3.13", "3.14", "3.15")]
    if not publishing:
        pytest.skip("no CPython 3.13 or later on this machine; HEAPSNAP_PYTHONS can name one")
    data = bytearray(corefile.of_process(start(publishing[0], "sample.py").pid))
    at = data.index(b"xdebugpy")
    struct.pack_into("<Q", data, at + 8, 0x036300F0)
    core = tmp_path / "core"
    core.write_bytes(data)
    text = heapsnap.fails(3, "dump", "--core", core)
    assert "3.99" in text and SUPPORTED[0] in text


def test_the_program_elsewhere(heapsnap, any_live, tmp_path):
    """Files that are not where the core says: named by --exe, or all below --root."""
    rows = corefile.mappings(any_live.pid)
    program = os.readlink(f"/proc/{any_live.pid}/exe")
    files = {row[4] for row in rows if "x" in row[2] and row[4].startswith("/")}
    moved = [(*row[:4], "/gone" + row[4] if row[4] in files else row[4]) for row in rows]
    original = corefile.mappings
    try:
        corefile.mappings = lambda pid: moved
        unreadable = corefile.of_process(any_live.pid)
    finally:
        corefile.mappings = original
    core = tmp_path / "core"
    core.write_bytes(unreadable)
    text = heapsnap.fails(3, "dump", "--core", core, "-o", tmp_path / "a.snap")
    assert "--exe" in text and "/gone/" in text
    root = tmp_path / "root"
    for name in files:
        (root / "gone" / name[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, root / "gone" / name[1:])
    ours, info = dump_core(heapsnap, core, "--root", root)
    assert info["coverage"]["complete"]
    assert_same(ours, any_live.objects)
    # Whether the core has its first pages or not.
    text = heapsnap.fails(3, "dump", "--core", core, "--root", tmp_path)
    assert "not here" in text and "--root" in text
    # The program alone; unless its runtime is in a library.
    if not any("libpython" in name for name in files):
        ours, _ = dump_core(heapsnap, core, "--exe", program)
        assert len(set(ours) & set(any_live.objects)) > 0.99 * len(any_live.objects)
    # Another program of that name is not taken for it.
    text = heapsnap.fails(1, "dump", "--core", core, "--exe", "/bin/true")
    assert "/bin/true" in text
    text = heapsnap.fails(1, "dump", "--core", core, "--exe", tmp_path)
    assert "regular file" in text
    for name in files:
        (root / "gone" / name[1:]).write_bytes(pathlib.Path("/bin/true").read_bytes())
    text = heapsnap.fails(3, "dump", "--core", core, "--root", root)
    assert "not what it ran" in text
    assert "cannot open" in heapsnap.fails(1, "dump", "--core", core, "--root", tmp_path / "no")


def test_things_that_are_no_cores(heapsnap, any_live, tmp_path):
    core = tmp_path / "core"
    for content in (b"", b"\x7fELF", b"hello\n" * 100, any_live.write_core().read_bytes()[:60]):
        core.write_bytes(content)
        heapsnap.fails(6, "dump", "--core", core, cwd=tmp_path)
    heapsnap.fails(6, "dump", "--core", "/bin/true", cwd=tmp_path)
    heapsnap.fails(6, "dump", "--core", tmp_path, cwd=tmp_path)
    heapsnap.fails(6, "dump", "--core", "/dev/null", cwd=tmp_path)
    heapsnap.fails(1, "dump", "--core", tmp_path / "nowhere", cwd=tmp_path)
    os.mkfifo(tmp_path / "fifo")
    heapsnap.fails(6, "dump", "--core", tmp_path / "fifo", cwd=tmp_path)
    core.write_bytes(b"\x7fELF\1\1\1" + bytes(200))
    assert "64 bits" in heapsnap.fails(3, "dump", "--core", core, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["core", "fifo"]


def test_odd_headers(heapsnap, any_live, tmp_path):
    """Fields of the header and of segments, each with numbers that do not fit."""
    whole = any_live.write_core().read_bytes()
    core = tmp_path / "core"
    places = [32, 40, 52, 54, 56, 58, 60] + [64 + 56 * n + k for n in (0, 1, 2, 5)
                                             for k in (0, 8, 16, 32, 40)]
    seen = set()
    for place in places:
        for value in (0, 1, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFF000):
            data = bytearray(whole)
            size = 2 if 52 <= place < 64 else 8
            data[place:place + size] = value.to_bytes(8, "little")[:size]
            core.write_bytes(data)
            result = heapsnap("dump", "--core", core, "-o", tmp_path / "a.snap", "-f", code=None)
            assert result.returncode in (0, 3, 6), (place, value, result.stderr)
            seen.add(result.returncode)
    assert {0, 6} <= seen


def test_two_cores_of_one_process_can_be_compared(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(corefile.of_process(target.pid))
        heapsnap("dump", "--core", tmp_path / name, "-o", tmp_path / f"{name}.snap")
        if name == "a":
            target.go_on()
            target.wait_ready()
    diff = heapsnap.json("diff", tmp_path / "a.snap", tmp_path / "b.snap")
    assert diff["same_process"] is True
    assert diff["verdict"] == "growth"
    assert diff["suspects"][0]["kind"] == "__main__.Session"
    other = start(any_python, "sample.py")
    core = tmp_path / "c"
    core.write_bytes(corefile.of_process(other.pid))
    heapsnap("dump", "--core", core, "-o", tmp_path / "c.snap")
    diff = heapsnap.json("diff", tmp_path / "a.snap", tmp_path / "c.snap")
    assert diff["same_process"] is False


def test_usage(heapsnap, any_live, tmp_path):
    core = any_live.write_core()
    for words in (["--core", core, any_live.pid], [], ["--exe", "/bin/true", any_live.pid],
                  ["--root", "/", any_live.pid], ["--core", core, "--mode", "stop"],
                  ["--core", core, "--subprocesses"], ["--core", ""]):
        heapsnap.fails(2, "dump", *words, cwd=tmp_path)
    assert not os.listdir(tmp_path)


def test_json(heapsnap, any_live, tmp_path):
    document = heapsnap.json("dump", "--core", any_live.write_core(), "-o", tmp_path / "a.snap")
    (row,) = document["rows"]
    assert row["pid"] == any_live.pid
    assert row["state"] == "written"
    assert row["pause_ms"] == 0

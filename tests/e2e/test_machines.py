# SPDX-License-Identifier: MIT
"""test_machines.py: other machines than x86-64: their programs, and heapsnap built for them.

tests/run builds the command for aarch64 in build/cross, and has tests/interpreters unpack CPython
for aarch64 below build/aarch64; qemu-user runs both.
"""
import shutil
import subprocess

import pytest
from conftest import TIMEOUT, TOP

EM_AARCH64 = 183
QEMU = shutil.which("qemu-aarch64")
ROOT = TOP / "build/aarch64/root"
CROSS = TOP / "build/cross/cli/heapsnap"
EMULATED = sorted(TOP.glob("build/aarch64/*/python")) if QEMU else []

# A library with what a 3.11 has before it begins: its machine can be changed while it is used.
LIBRARY = """
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

const uint32_t Py_Version = 0x030b02f0;
uint64_t _PyRuntime[4096] = {0};

int main(void)
{
	puts("READY");
	fflush(stdout);
	pause();
	return 0;
}
"""


@pytest.fixture
def of_aarch64(start_command, tmp_path):
    """A process whose _PyRuntime lies in a file that says it is for aarch64."""
    source, library, program = (tmp_path / name for name in ("fake.c", "libfake.so", "fake"))
    source.write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    subprocess.run(["cc", "-o", program, "-Wl,--no-as-needed", f"-Wl,-rpath,{tmp_path}",
                    f"-L{tmp_path}", "-lfake"], check=True)
    target = start_command(program)
    with open(library, "r+b") as file:
        file.seek(18)  # e_machine
        file.write(EM_AARCH64.to_bytes(2, "little"))
    return target


def test_a_machine_that_was_not_tried(heapsnap, of_aarch64, tmp_path):
    text = heapsnap.fails(3, "dump", of_aarch64.pid, "-o", tmp_path / "never.snap")
    assert "aarch64" in text and "--experimental" in text
    text = heapsnap.fails(3, "dump", of_aarch64.pid, "--experimental", "-o", tmp_path / "never.snap")
    assert "aarch64" not in text and "interpreter" in text  # it is read now
    assert not (tmp_path / "never.snap").exists()
    document = heapsnap.json("doctor", of_aarch64.pid, code=3)
    row = next(row for row in document["rows"] if row["check"] == "machine")
    assert row["state"] == "bad" and "--experimental" in row["text"]
    of_aarch64.assert_unharmed()


def test_no_word_of_it_where_it_was_tried(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    heapsnap("dump", target.pid, "--experimental", "-o", tmp_path / "a.snap")
    assert heapsnap.json("info", tmp_path / "a.snap")["coverage"]["complete"]
    assert "machine" not in heapsnap("doctor", target.pid).stdout.decode()


@pytest.mark.skipif(not CROSS.exists() or not QEMU,
                    reason="heapsnap was not built for aarch64, or there is no qemu-aarch64")
def test_the_command_built_for_aarch64(heapsnap, any_pair):
    """It says of snapshots what ours says, byte for byte."""
    def emulated(*words):
        return subprocess.run([QEMU, "-L", ROOT, CROSS, *words], capture_output=True,
                              timeout=TIMEOUT, check=True).stdout

    a, b = any_pair.first, any_pair.second
    for words in (["--version"], ["verify", a], ["top", a], ["top", a, "--json"],
                  ["info", a, "--json"], ["diff", a, b, "--json"], ["export", a, "--to", "jsonl"]):
        assert emulated(*words) == heapsnap(*words).stdout, words


@pytest.mark.parametrize("python", EMULATED or [None], ids=lambda path: path and path.parent.name)
def test_an_interpreter_of_aarch64(heapsnap, start, python, tmp_path):
    """What lies elsewhere on aarch64 is found: roots, dicts of static types, blocks of memory."""
    if not python:
        pytest.skip("no CPython for aarch64, or no qemu-aarch64 to run it")
    target = start(python, "sample.py")
    snap = tmp_path / "a.snap"
    text = heapsnap.fails(3, "dump", target.pid, "-o", snap)
    assert "aarch64" in text and "--experimental" in text
    heapsnap("dump", target.pid, "--experimental", "-o", snap)
    target.assert_unharmed()
    info = heapsnap.json("info", snap)
    assert [gap["reason"] for gap in info["gaps"]] == [
        "program for a machine that heapsnap was not tried on"]
    kinds = {row["kind"]: row["count"] for row in heapsnap.json("top", snap)["rows"]}
    assert kinds["__main__.Point"] == 5000 and kinds["__main__.Session"] == 100
    blocks = {(row["allocator"], row["state"]) for row in info["allocators"]}
    assert ("pymalloc", "free blocks") in blocks

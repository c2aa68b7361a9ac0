# SPDX-License-Identifier: MIT
"""test_foreign.py: runtimes that look like a supported CPython and are not."""
import os
import shutil
import subprocess

import pytest
from conftest import SUPPORTED

# A program that exports what the runtime of a CPython exports, and waits.
PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const uint32_t Py_Version = %(version)s;
struct { uint64_t words[4096]; } _PyRuntime = {.words = {0}};

int main(void)
{
	uint64_t published[] = {%(published)s};

	if (sizeof(published) > 8) {
		memcpy(&_PyRuntime.words[0], "xdebugpy", 8);
		memcpy(&_PyRuntime.words[1], published + 1, sizeof(published) - 8);
	}
	puts("READY");
	fflush(stdout);
	pause();
	return 0;
}
"""


@pytest.fixture
def pretend(start_command, tmp_path):
    """pretend(VERSION, PUBLISHED...) starts a program that says so of itself."""
    def begin(version, *published):
        source, program = tmp_path / "fake.c", tmp_path / "fake"
        words = ", ".join(["0", *map(hex, published)])
        source.write_text(PROGRAM % {"version": hex(version), "published": words})
        subprocess.run(["cc", "-rdynamic", "-o", program, source], check=True)
        return start_command(program)
    return begin


def refused(heapsnap, target, tmp_path):
    text = heapsnap.fails(3, "dump", target.pid, "-o", tmp_path / "never.snap")
    target.assert_unharmed()
    assert not (tmp_path / "never.snap").exists()
    return text


def test_free_threaded(heapsnap, pretend, tmp_path):
    text = refused(heapsnap, pretend(0x030d0ff0, 0x030d0ff0, 1), tmp_path)
    assert "free-threaded" in text and "3.13" in text


def test_a_version_to_come(heapsnap, pretend, tmp_path):
    text = refused(heapsnap, pretend(0x031900f0, 0x031900f0, 0), tmp_path)
    assert "3.25" in text and f"{SUPPORTED[0]} to {SUPPORTED[-1]}" in text


@pytest.mark.parametrize("version", [0x030c00b4, 0x030d00a1])
def test_a_pre_release(heapsnap, pretend, tmp_path, version):
    assert "pre-release" in refused(heapsnap, pretend(version), tmp_path)


def test_another_layout_published(heapsnap, pretend, tmp_path):
    text = refused(heapsnap, pretend(0x030d00f0, 0x030d00f0, 0, 283320, 608, 640), tmp_path)
    assert "runtime_interpreters_head" in text and "640" in text


@pytest.mark.parametrize("version", [0x030b02f0, 0x030c01f0])
def test_a_runtime_that_has_not_begun(heapsnap, pretend, tmp_path, version):
    assert "interpreter" in refused(heapsnap, pretend(version), tmp_path)


@pytest.mark.parametrize("names, word", [
    (["pypy3"], "PyPy"), (["python3-dbg", "python3.11-dbg", "python3.12-dbg"], "debug build")])
def test_other_builds(heapsnap, start, tmp_path, names, word):
    command = next(filter(None, map(shutil.which, names)), None)
    if not command:
        pytest.skip(f"no {names[0]} on this machine")
    target = start(os.path.realpath(command), "sample.py")
    assert word in refused(heapsnap, target, tmp_path)

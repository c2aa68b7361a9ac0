# SPDX-License-Identifier: MIT
"""test_embedding.py: programs that have an interpreter inside, linked in either way."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import TARGETS

HOME = "import sys; print(sys.base_prefix)"
CONFIG = """
import sysconfig
print(sysconfig.get_paths()["include"])
print(sysconfig.get_config_var("LIBPL"))
print(sysconfig.get_config_var("LIBRARY"))
print(sysconfig.get_config_var("LIBS") or "", sysconfig.get_config_var("SYSLIBS") or "")
"""


def build(command, folder):
    """Have the compiler make a program; where it can not, skip."""
    program = folder / "embedding"
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler")
    result = subprocess.run([compiler, TARGETS / "embedding.c", "-o", program, *command],
                            capture_output=True, text=True)
    if result.returncode:
        pytest.skip(f"no program can be linked to it: {result.stderr.splitlines()[-1]}")
    return program


def build_shared(python, folder):
    """Link to its library, as its python3-config says."""
    real = pathlib.Path(subprocess.check_output([python, "-c", "import sys; print(sys.executable)"],
                                                text=True).strip()).resolve()
    config = real.with_name(real.name + "-config")
    if not os.access(config, os.X_OK):
        pytest.skip(f"it came without {config}")
    words = subprocess.check_output([config, "--includes", "--ldflags", "--embed"],
                                    text=True).split()
    paths = [f"-Wl,-rpath,{word[2:]}" for word in words if word.startswith("-L")]
    return build(words + paths, folder)


def build_static(python, folder, *more):
    """Link its archive into the program."""
    include, where, archive, libraries = subprocess.check_output(
        [python, "-c", CONFIG], text=True).splitlines()
    if not os.path.exists(f"{where}/{archive}") or not os.path.exists(f"{include}/Python.h"):
        pytest.skip(f"it came without {archive} or headers")
    return build([f"-I{include}", "-no-pie", f"{where}/{archive}", "-lexpat", "-lz", "-lm",
                  *libraries.split(), *more], folder)


def begin(start_command, python, program):
    home = subprocess.check_output([python, "-c", HOME], text=True).strip()
    return start_command("env", f"PYTHONHOME={home}", program)


def check(heapsnap, target, folder):
    """It is dumped whole, in both modes, which agree."""
    exports = []
    for mode in "fork", "stop":
        file = folder / f"{mode}.snap"
        heapsnap("dump", target.pid, "--mode", mode, "-o", file)
        exports.append(heapsnap("export", file, "--to", "jsonl").stdout)
    assert exports[0] == exports[1]
    rows = [json.loads(line) for line in exports[0].splitlines()]
    assert sum(row["type"] == "__main__.Inside" for row in rows) == 1000
    info = heapsnap.json("info", file)
    assert info["coverage"]["complete"]
    assert info["process"]["command"][-1].endswith("embedding")
    assert info["objects"] > 5000
    target.assert_unharmed()
    target.finish()


def test_a_program_linked_to_the_library(heapsnap, python, start_command, tmp_path):
    check(heapsnap, begin(start_command, python, build_shared(python, tmp_path)), tmp_path)


def test_a_program_with_the_library_inside(heapsnap, python, start_command, tmp_path):
    check(heapsnap, begin(start_command, python, build_static(python, tmp_path)), tmp_path)


def test_one_that_was_stripped_is_refused(heapsnap, python, start_command, tmp_path):
    target = begin(start_command, python, build_static(python, tmp_path, "-s"))
    line = heapsnap.fails(3, "dump", target.pid, cwd=tmp_path)
    assert "_PyRuntime" in line
    target.assert_unharmed()

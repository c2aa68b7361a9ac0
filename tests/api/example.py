#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""example.py: the README's C examples build against an installation, by pkg-config, and run."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
LINES_MAX = 30


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, text=True,
                          stdout=subprocess.PIPE, **more).stdout


def examples():
    text = (TOP / "README.md").read_text()
    return re.findall(r"<!-- example -->\n```c\n(.*?)```\n<!-- /example -->", text, re.S)


def snapshot():
    """Some snapshot file: the newest of those kept for compatibility."""
    return sorted((TOP / "tests/golden").glob("*.golden"))[-1]


def check(source, folder, flags, environment):
    """Build and run it; what is wrong, if anything is."""
    lines = source.count("\n")
    if lines > LINES_MAX:
        return f"an example has {lines} lines, more than {LINES_MAX}"
    pathlib.Path(folder, "example.c").write_text(source)
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", f"{folder}/example",
        f"{folder}/example.c", *flags)
    printed = run(f"{folder}/example", snapshot(), env=environment)
    rows = printed.splitlines()
    if not 1 <= len(rows) <= 10 or not all(re.search(r"\d", row) for row in rows):
        return f"an example printed something else than up to ten rows:\n{printed}"
    print(f"an example has {lines} lines and printed {len(rows)} rows")
    return None


def main():
    build = pathlib.Path(sys.argv[1])
    cache = (build / "CMakeCache.txt").read_text()
    if re.search(r"^HS_(SANITIZE|FUZZ):BOOL=ON", cache, re.M):
        print("skipped: an instrumented library is not for plain programs")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder, "moved")
        run("cmake", "--install", build, "--prefix", pathlib.Path(folder, "first"))
        shutil.move(pathlib.Path(folder, "first"), prefix)  # an installation can be moved
        found = sorted(prefix.rglob("libsnap.pc"))
        environment = dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent))
        flags = run("pkg-config", "--cflags", "--libs", "libsnap", env=environment).split()
        environment["LD_LIBRARY_PATH"] = str(found[0].parent.parent)
        wrong = [check(source, folder, flags, environment) for source in examples()]
        if len(wrong) < 2:
            wrong.append("the README has too few examples")
        version = run(prefix / "bin/heapsnap", "--version")
        if not re.fullmatch(r"heapsnap \S+ \(format \S+\)\n", version):
            wrong.append(f"the installed command does not tell its version: {version}")
    for text in filter(None, wrong):
        print(text)
    return int(any(wrong))


if __name__ == "__main__":
    sys.exit(main())

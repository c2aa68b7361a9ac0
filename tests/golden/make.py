#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make.py BUILD: makes the files kept for compatibility that there are not yet of the version of the
format that is written now.  Those that are there stay as they are for good.

format, previews, sites, chain-base and chain are heapsnap's own (tests/unit/format/test_spec.c);
other is by the independent writer, in small blocks and with much that a reader does not know.
Beside each is what `heapsnap export --to jsonl` says of it.
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "independent")]
sys.dont_write_bytecode = True
import sample  # noqa: E402
import writer  # noqa: E402


def main():
    build = pathlib.Path(sys.argv[1])
    command = build / "cli/heapsnap"
    said = subprocess.check_output([command, "--version"], text=True)
    version = re.search(r"format ([0-9]+)\.([0-9]+)", said)
    subprocess.run([build / "tests/format_test_spec"], check=True,
                   env=dict(os.environ, HS_UPDATE="1"))
    path = HERE / f"other-{version[1]}.{version[2]}.golden"
    if not path.exists():
        header, tables = sample.made_by_hand(int(version[2]))
        writer.write(path, header, tables, block_objects=3, value_rows=2, others=sample.UNKNOWN)
        with open(path.with_suffix(".jsonl"), "wb") as lines:
            subprocess.run([command, "export", path, "--to", "jsonl"], check=True, stdout=lines)


main()

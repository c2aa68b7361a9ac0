#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""exports.py: what libsnap.so exports, libsnap.map lists and the headers declare is the same."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def exported(library):
    """The functions and variables that @library defines for others, without version names."""
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout
    rows = [line.split() for line in out.splitlines()]
    return {row[-1].split("@")[0] for row in rows if row[-2] != "A"}


def listed():
    text = (TOP / "libsnap/libsnap.map").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\b(\w+);", text.split("local:")[0]))


def declared():
    names = set()
    for folder in ("format/include", "libsnap/include"):
        for header in (TOP / folder).rglob("*.h"):
            text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
            text = re.sub(r"^#.*$", "", text, flags=re.M)
            for declaration in re.findall(r"\bHS_EXPORT\b([^;]*);", text):
                names.add(re.search(r"(\w+)\s*\(", declaration)[1])
    return names


def main():
    sets = {"exported by libsnap.so": exported(sys.argv[1]), "listed in libsnap.map": listed(),
            "declared HS_EXPORT": declared()}
    failed = 0
    for has, some in sets.items():
        for lacks, others in sets.items():
            for name in sorted(some - others):
                failed += 1
                print(f"{name} is {has}, but not {lacks}")
    print(f"{len(sets['listed in libsnap.map'])} symbols, {failed} differences")
    return 1 if failed or not all(sets.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

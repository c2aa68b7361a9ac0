#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pythons.py: prints one interpreter of each supported version that there is, parted by colons."""
from conftest import INTERPRETERS, SUPPORTED


def main():
    found = {}
    for row in INTERPRETERS:
        if row["plain"] and row["minor"] in SUPPORTED:
            found.setdefault(row["minor"], row["command"])
    print(":".join(found[minor] for minor in SUPPORTED if minor in found))


main()

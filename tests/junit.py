#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""junit.py: print "PASSED FAILED SKIPPED" of a JUnit file; on stderr what failed, or was skipped.

A cmocka program is one test to ctest; its functions are counted one by one.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree


def cmocka(output):
    """(passed, failed, skipped) of a cmocka program's functions; None if it is no such program."""
    if not re.search(r"^\[=+\] \d+ test\(s\) run\.", output, re.M):
        return None

    def number(word):
        return sum(int(n) for n in re.findall(rf"^\[ *{word} *\] (\d+) test\(s\)", output, re.M))
    return number("PASSED"), number("FAILED"), number("SKIPPED")


def judge(case):
    """(passed, failed, skipped) of one <testcase>."""
    output = case.findtext("system-out") or ""
    reason = case.find("skipped")
    if reason is not None:
        last = output.strip().splitlines()[-1:] or [reason.get("message", "")]
        print(f"skipped: {case.get('name')}: {last[0].removeprefix('skipped: ')}", file=sys.stderr)
        return 0, 0, 1
    functions = cmocka(output)
    if case.find("failure") is not None or case.find("error") is not None:
        print(f"FAILED: {case.get('name')}", *output.splitlines()[-40:], sep="\n", file=sys.stderr)
        return functions if functions and functions[1] else (0, 1, 0)
    for name in re.findall(r"^\[ *SKIPPED *\] ([^\d\n].*)$", output, re.M) if functions else []:
        print(f"skipped: {case.get('name')}: {name}", file=sys.stderr)
    return functions or (1, 0, 0)


def main():
    root = ElementTree.parse(sys.argv[1]).getroot()
    rows = [judge(case) for case in root.iter("testcase")]
    if not rows:
        return 1
    print(*(sum(column) for column in zip(*rows)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ElementTree.ParseError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")

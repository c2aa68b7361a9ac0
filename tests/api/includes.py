#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""includes.py: #include lines point one way only, cli to libsnap to format, as the house has it."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

# What files of a folder may include beside their own folder: other folders' internal headers, and
# public headers by name.  A folder that is not here may not exist.
ALL = {"error", "snapshot", "capture", "graph", "analysis", "report", "export", "query"}
RULES = {
    "format": (set(), {"error", "snapshot"}),
    "libsnap/build": ({"format"}, {"error", "snapshot"}),
    "libsnap/memory": ({"format"}, {"error", "snapshot", "capture"}),
    "libsnap/alloc": ({"format", "libsnap/memory"}, {"error", "snapshot"}),
    "libsnap/python": ({"format", "libsnap/memory", "libsnap/alloc", "libsnap/build"},
                       {"error", "snapshot", "capture"}),
    "libsnap/graph": ({"format"}, {"error", "snapshot", "graph"}),
    "libsnap/analysis": ({"format", "libsnap/graph"}, {"error", "snapshot", "graph", "analysis"}),
    "libsnap/query": (set(), {"error", "snapshot", "graph", "analysis", "query"}),
    "libsnap/report": ({"format"}, ALL - {"export"}),
    "libsnap/export": ({"format", "libsnap/report"}, ALL - {"capture"}),
    "cli": (set(), ALL),
}
# Packages of others, and who may know of them.
OUTSIDE = {
    r"msgpack": {"format"},
    r"sqlite3": {"libsnap/query"},
    r"editline": {"cli"},
    r"zstd": {"format", "libsnap/memory"},
    r"zlib": {"libsnap/memory"},
    r"xxhash": {"format", "libsnap/build", "libsnap/python", "libsnap/analysis"},
    r"(libelf|gelf|elf)\b": {"libsnap/memory", "libsnap/python"},
}


def folder_of(path):
    parts = path.relative_to(TOP).parts
    return "/".join(parts[:2]) if parts[0] == "libsnap" else parts[0]


def resolve(source, name):
    """The file of ours that @source means by "@name", None if there is none."""
    for base in (source.parent, TOP):
        if (base / name).is_file():
            return (base / name).resolve()
    return None


def check_line(source, folder, bracket, name):
    """What is wrong with one #include, None if nothing."""
    folders, headers = RULES[folder]
    public = re.fullmatch(r"heapsnap/(\w+)\.h", name)
    if public:
        return None if public[1] in headers else "is not a public header for this folder"
    if bracket == "<":
        for pattern, users in OUTSIDE.items():
            if re.match(pattern, name) and folder not in users:
                return "is a package that this folder is not to know of"
        return None
    target = resolve(source, name)
    if not target:
        return "is not found"
    other = folder_of(target)
    if other != folder and other not in folders:
        return f"lies in {other}, which this folder is not to know of"
    return None


def sources():
    for top in ("format", "libsnap", "cli"):
        for path in sorted((TOP / top).rglob("*.[ch]")):
            if "include" not in path.relative_to(TOP).parts:
                yield path


def main():
    failed = files = 0
    for path in sources():
        files += 1
        folder = folder_of(path)
        if folder not in RULES:
            failed += 1
            print(f"{path.relative_to(TOP)}: {folder} has no rule in {__file__}")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            wrong = match and check_line(path, folder, *match.groups())
            if wrong:
                failed += 1
                print(f"{path.relative_to(TOP)}:{number}: {match[2]} {wrong}")
    print(f"{files} files, {failed} wrong includes")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())

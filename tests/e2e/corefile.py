# SPDX-License-Identifier: MIT
"""corefile.py: writes cores, from a process that stands still, and odd ones."""
import contextlib
import os
import pathlib
import re
import struct

PAGE = 4096
PT_LOAD, PT_NOTE = 1, 4
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE = 1, 3, 6, 0x46494C45
ET_CORE = 4
MACHINES = {"x86_64": 62, "aarch64": 183}


def mappings(pid):
    """(start, end, rights, offset, name) of each, but for the kernel's own pages."""
    rows = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = re.match(r"(\w+)-(\w+) (\S{4}) (\w+) \S+ (\d+) *(.*)", line)
        start, end, offset = (int(match[i], 16) for i in (1, 2, 4))
        if not match[6].startswith("[v"):
            name = match[6] if int(match[5]) else ""
            rows.append((start, end, match[3], offset, name))
    return rows


def changed(pid, row):
    """Whether pages of a mapping differ from its file: what the kernel writes to a core."""
    with open(f"/proc/{pid}/pagemap", "rb") as file:
        file.seek(row[0] // PAGE * 8)
        entries = file.read((row[1] - row[0]) // PAGE * 8)
    return any(entry >> 62 and not entry >> 61 & 1
               for (entry,) in struct.iter_unpack("<Q", entries))


def note(kind, data, name=b"CORE"):
    padded = data + bytes(-len(data) % 4)
    return struct.pack("<III", len(name) + 1, len(data), kind) + \
        (name + b"\0").ljust((len(name) + 4) // 4 * 4, b"\0") + padded


def file_note(rows):
    """NT_FILE of mappings."""
    named = [row for row in rows if row[4]]
    table = b"".join(struct.pack("<QQQ", start, end, offset // PAGE)
                     for start, end, _, offset, _ in named)
    names = b"".join(os.fsencode(row[4]) + b"\0" for row in named)
    return note(NT_FILE, struct.pack("<QQ", len(named), PAGE) + table + names)


def process_notes(pid, rows):
    """What the kernel notes of a process, without registers."""
    command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    info = struct.pack("<24xI12x16s80s", pid, b"python", command[:79])
    notes = note(NT_PRPSINFO, info)
    for task in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        notes += note(NT_PRSTATUS, struct.pack("<32xI300x", int(task)))
    with contextlib.suppress(OSError):
        notes += note(NT_AUXV, pathlib.Path(f"/proc/{pid}/auxv").read_bytes())
    return notes + file_note(rows)


def build(segments, notes, machine=None, kind=ET_CORE, notes_last=False):
    """A core of segments (address, size, flags, data), data being what the core has of it."""
    machine = MACHINES[os.uname().machine] if machine is None else machine
    count = len(segments) + 1
    at = 64 + 56 * count
    if not notes_last:
        notes_at, at = at, at + len(notes)
    headers, contents = [], []
    for address, size, flags, data in segments:
        at = -(-at // PAGE) * PAGE
        headers.append(struct.pack("<IIQQQQQQ", PT_LOAD, flags, at, address, 0, len(data), size,
                                   PAGE))
        contents.append((at, data))
        at += len(data)
    if notes_last:
        notes_at, at = at, at + len(notes)
    headers.insert(0, struct.pack("<IIQQQQQQ", PT_NOTE, 0, notes_at, 0, 0, len(notes), 0, 4))
    core = bytearray(at)
    core[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, machine, 1, 0, 64, 0, 0,
                            64, 56, count, 0, 0, 0)
    core[64:64 + 56 * count] = b"".join(headers)
    core[notes_at:notes_at + len(notes)] = notes
    for place, data in contents:
        core[place:place + len(data)] = data
    return bytes(core)


def read(memory, start, size):
    """Bytes of a process; like the kernel, zeros for guard pages, which nobody may read."""
    data = b""
    while len(data) < size:
        memory.seek(start + len(data))
        try:
            data += memory.read(size - len(data))
        except OSError:
            data += bytes(PAGE)
    return data


def of_process(pid, keep=lambda row: True, **more):
    """A core of a process that is stopped or waits, as the kernel writes it: of files only what
    differs from them, and the first pages of programs.  What @keep refuses is left out."""
    rows = mappings(pid)
    segments = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for row in rows:
            start, end, rights, offset, name = row
            flags = sum(bit for letter, bit in zip("rwx", (4, 2, 1)) if letter in rights)
            size = end - start
            if "r" not in rights or rights[3] == "s" or not keep(row):
                size = 0
            elif name and not changed(pid, row):
                size = PAGE if offset == 0 else 0
            data = b""
            if size:
                data = read(memory, start, size)
                if size == PAGE and not data.startswith(b"\x7fELF") and end - start > PAGE:
                    data = b""
            segments.append((start, end - start, flags, data))
    return build(segments, process_notes(pid, rows), **more)

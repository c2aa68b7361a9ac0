# SPDX-License-Identifier: MIT
"""test_verify.py: sound files pass, damaged ones exit with 6 and say where."""
import os
import pathlib
import random
import re
import struct

import msgpack
import pytest
import xxhash

from conftest import TOP

GOLDEN = TOP / "tests/golden"
READERS = [["verify"], ["top"], ["info"], ["export", "--to", "jsonl"]]


def test_a_sound_file(heapsnap, pair):
    document = heapsnap.json("verify", pair.first)
    info = heapsnap.json("info", pair.first)
    assert document["schema"] == "heapsnap.verify/1"
    assert document["ok"] is True
    assert document["file"] == str(pair.first)
    assert (document["objects"], document["edges"]) == (info["objects"], info["edges"])
    assert document["coverage"] == info["coverage"]
    text = heapsnap("verify", pair.first).stdout.decode()
    assert text == (f"{pair.first}: ok, {info['objects']:,} objects, "
                    f"{info['edges']:,} references\n")


def assert_damaged(heapsnap, command, file):
    """The command exits with 6, names the file and the offset; where it saw the damage."""
    text = heapsnap.fails(6, *command, file)
    assert file.name in text
    return text


@pytest.mark.parametrize("content", [b"", b"x", b"no snapshot at all\n" * 100, bytes(100000)],
                         ids=["empty", "byte", "text", "zeros"])
@pytest.mark.parametrize("command", READERS, ids=[c[0] for c in READERS])
def test_no_snapshot_at_all(heapsnap, tmp_path, content, command):
    file = tmp_path / "a.snap"
    file.write_bytes(content)
    assert_damaged(heapsnap, command, file)


@pytest.mark.parametrize("command", READERS, ids=[c[0] for c in READERS])
def test_truncated_files(heapsnap, any_pair, tmp_path, command):
    data = any_pair.first.read_bytes()
    file = tmp_path / "a.snap"
    for size in [8, 9, 24, 100, len(data) // 3, len(data) // 2, len(data) - 24, len(data) - 1]:
        file.write_bytes(data[:size])
        text = assert_damaged(heapsnap, command, file)
        assert re.search(r"\b(byte|offset|bytes)\b", text), text


def test_every_kind_of_flip(heapsnap, any_pair, tmp_path):
    """One flipped bit anywhere is found by verify, which says where."""
    data = any_pair.first.read_bytes()
    file = tmp_path / "a.snap"
    for step in range(64):
        at = step * (len(data) - 1) // 63
        bad = bytearray(data)
        bad[at] ^= 1 << step % 8
        file.write_bytes(bad)
        text = heapsnap.fails(6, "verify", file)
        assert at < 8 or re.search(r"\b(byte|offset)\b", text), text


def check_bits(heapsnap, folder, names, count):
    """Flip bits of small files, each of which stands on the one before, and read the last."""
    for name in names:
        (folder / name).write_bytes((GOLDEN / name).read_bytes())
    for name in names:
        data = (folder / name).read_bytes()
        start, _ = struct.unpack("<QQ", data[-24:-8])
        # What is in header, index and trailer all commands see; the rest, those that read it all.
        bits = [*range(8 * 8, 8 * 64), *range(8 * start, 8 * len(data))]
        bits = random.sample(bits, min(count // 2, len(bits)))
        jobs = [(bit, random.choice(READERS)) for bit in bits]
        jobs += [(bit, random.choice([["verify"], ["export", "--to", "jsonl"]]))
                 for bit in random.sample(range(8 * len(data)), count // 2)]
        for bit, command in jobs:
            bad = bytearray(data)
            bad[bit // 8] ^= 1 << bit % 8
            (folder / name).write_bytes(bad)
            heapsnap.fails(6, *command, folder / names[-1])
        for size in random.sample(range(len(data)), min(count // 4, len(data))):
            (folder / name).write_bytes(data[:size])
            heapsnap.fails(6, *random.choice(READERS), folder / names[-1])
        (folder / name).write_bytes(data)
    heapsnap("verify", folder / names[-1])


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.golden")), ids=lambda file: file.stem)
def test_files_that_are_kept(heapsnap, file):
    """What any build wrote, from version 1.0 on, all later ones read."""
    heapsnap("verify", file)
    lines = file.with_suffix(".jsonl")
    if not file.name.startswith("chain-base"):
        assert heapsnap("export", file, "--to", "jsonl").stdout == lines.read_bytes()


def golden(*beginnings):
    """The newest of the files kept for compatibility that are called so."""
    return [sorted(file.name for file in GOLDEN.glob(f"{beginning}-[0-9]*.golden"))[-1]
            for beginning in beginnings]


@pytest.mark.parametrize("names", [("previews",), ("chain-base", "chain")], ids=["whole", "chain"])
def test_bits_that_every_command_sees(heapsnap, tmp_path, names):
    check_bits(heapsnap, tmp_path, golden(*names), 100)


@pytest.mark.long
@pytest.mark.parametrize("names", [("sites",), ("chain-base", "chain")], ids=["whole", "chain"])
def test_ten_thousand_bits(heapsnap, tmp_path, names):
    check_bits(heapsnap, tmp_path, golden(*names), 10000)


def test_something_appended(heapsnap, any_pair, tmp_path):
    file = tmp_path / "a.snap"
    file.write_bytes(any_pair.first.read_bytes() + b"tail")
    assert_damaged(heapsnap, ["verify"], file)


@pytest.mark.parametrize("command", READERS, ids=[c[0] for c in READERS])
def test_what_is_no_regular_file_is_no_snapshot(heapsnap, tmp_path, command):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", pathlib.Path("/dev/null")):
        assert "not a regular file" in assert_damaged(heapsnap, command, path)


def with_version(data, key, number):
    """The snapshot @data with another version in its header, every checksum made right again."""
    start, _ = struct.unpack("<QQ", data[-24:-8])
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(data[start:-24])
    _, offset, length, head, digest, *_ = next(unpacker)[1]["sections"][0]
    old = data[offset:offset + length]
    assert head == length and xxhash.xxh3_64_intdigest(old) == digest
    name = b"\xa5" + key.encode()
    at = old.index(name) + len(name)
    new = old[:at] + bytes([number]) + old[at + 1:]
    index = data[start:-24].replace(b"\xcf" + struct.pack(">Q", digest), b"\xcf" + struct.pack(
        ">Q", xxhash.xxh3_64_intdigest(new)), 1)
    return (data[:offset] + new + data[offset + length:start] + index +
            struct.pack("<QQ", start, xxhash.xxh3_64_intdigest(index)) + data[-8:])


@pytest.mark.parametrize("command", READERS, ids=[c[0] for c in READERS])
def test_a_newer_format(heapsnap, any_pair, tmp_path, command):
    file = tmp_path / "a.snap"
    data = any_pair.first.read_bytes()
    file.write_bytes(with_version(data, "major", 9))
    assert "newer" in heapsnap.fails(7, *command, file)
    file.write_bytes(with_version(data, "minor", 99))  # adds, but changes nothing
    heapsnap(*command, file)

# SPDX-License-Identifier: MIT
"""test_pools.py: what a snapshot says of pymalloc's blocks is what the pools themselves say.

The pools are read here from the memory of the target while it waits, and are compared with what the
interpreter says of them; then the snapshot is held against them, block by block.
"""
import array
import json
import pathlib
import re
import struct

import pytest

HEADER = 48  # bytes of a pool's header
CLASSES = 32  # sizes of blocks: 16, 32, ... 512
IN_USE = "objects", "buffers of objects", "structures", "free lists", "unexplained"
UNEXPLAINED = 0.005  # of the blocks in use, at most
WHOLE_POOLS = 0.6  # of the pools, at least, hold nothing but what the test knows
UNNAMED_FREE = 250  # objects on free lists that sys._debugmallocstats() does not tell of, at most
DURING_CALLS = 8  # blocks that may come or go in the target's last calls


class Pool:
    def __init__(self, address, size, count, live):
        self.address, self.size = address, size
        self.count = count  # blocks in use, as the pool says
        self.live = live  # the addresses of those that are not on its list of free ones


def read_pool(data, at, address, pool_size):
    """The pool in use at data[at:], whose address is @address; None if there is none."""
    count, = struct.unpack_from("<I", data, at)
    block, = struct.unpack_from("<Q", data, at + 8)
    number, next_offset, last_offset = struct.unpack_from("<III", data, at + 36)
    size = (number + 1) * 16
    if (not count or number >= CLASSES or last_offset != pool_size - size
            or not HEADER < next_offset <= pool_size or (next_offset - HEADER) % size):
        return None
    free = set()
    while block:
        if block in free or not address + HEADER <= block < address + next_offset:
            return None
        free.add(block)
        block, = struct.unpack_from("<Q", data, at + block - address)
    carved = range(address + HEADER, address + next_offset, size)
    return Pool(address, size, count, set(carved) - free)


class Memory:
    """A copy of the private memory of a process that waits."""

    def __init__(self, pid):
        self.ranges = []
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                where, rights, _, _, inode = line.split()[:5]
                start, end = (int(word, 16) for word in where.split("-"))
                if rights.startswith("rw") and inode == "0" and "[v" not in line:
                    memory.seek(start)
                    self.ranges.append((start, memory.read(end - start)))

    def word(self, address):
        for start, data in self.ranges:
            if start <= address <= start + len(data) - 8:
                return struct.unpack_from("<Q", data, address - start)[0]
        return None

    def pools(self, pool_size):
        """By address, every pool in use."""
        found = {}
        for start, data in self.ranges:
            for at in range(-start % pool_size, len(data) - pool_size + 1, pool_size):
                pool = read_pool(data, at, start + at, pool_size)
                if pool:
                    found[pool.address] = pool
        return found


def read_words(path, kinds):
    """What pools.py wrote: for each kind the addresses of objects that live, and of those freed."""
    words = array.array("Q", path.read_bytes())
    kept, freed = {}, {}
    for kind in kinds:
        kept_count, freed_count, *_ = words
        kept[kind] = set(words[2:2 + kept_count])
        freed[kind] = set(words[2 + kept_count:2 + kept_count + freed_count])
        words = words[2 + kept_count + freed_count:]
    assert not words
    return kept, freed


class Waiting:
    """pools.py while it waits: its memory, and snapshots of it taken in both modes."""

    def __init__(self, heapsnap, start_session, python, folder):
        with open(folder / "said", "wb") as said:
            target = start_session(python, "pools.py", folder / "words", stderr=said)
        self.kept, self.freed = read_words(folder / "words", target.said.split())
        self.said = (folder / "said").read_text()
        self.pool_size = int(re.search(r"unused pools \* (\d+) bytes", self.said)[1])
        self.memory = Memory(target.pid)
        self.pools = self.memory.pools(self.pool_size)
        self.infos, self.exports = {}, {}
        for mode in "fork", "stop":
            file = folder / f"{mode}.snap"
            heapsnap("dump", target.pid, "--mode", mode, "-o", file)
            self.infos[mode] = heapsnap.json("info", file)
            self.exports[mode] = heapsnap("export", file, "--to", "jsonl").stdout
        assert target.finish() == ""
        self.objects = [json.loads(line) for line in self.exports["fork"].splitlines()]
        for row in self.objects:
            row["addr"] = int(row["addr"], 16)

    def account(self, mode="fork"):
        """By state, how many blocks or pools, and bytes."""
        return {row["state"]: (row["count"], row["bytes"])
                for row in self.infos[mode]["allocators"] if row["allocator"] == "pymalloc"}

    def block_of(self, address):
        """The pool around @address and its block there; None if there is no pool."""
        pool = self.pools.get(address & -self.pool_size)
        if not pool or address < pool.address + HEADER:
            return None
        return pool, address - (address - pool.address - HEADER) % pool.size


@pytest.fixture(scope="module")
def waiting(heapsnap, python, start_session, tmp_path_factory):
    return Waiting(heapsnap, start_session, python, tmp_path_factory.mktemp("pools"))


def test_the_pools_are_those_that_the_interpreter_counts(waiting):
    """So the other tests hold snapshots against all pools there are."""
    rows = re.findall(r"^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", waiting.said, re.M)
    theirs = {int(size): (int(pools), int(used)) for _, size, pools, used, _ in rows}
    ours = {}
    for pool in waiting.pools.values():
        assert len(pool.live) == pool.count
        pools, used = ours.get(pool.size, (0, 0))
        ours[pool.size] = pools + 1, used + pool.count
    assert ours.keys() == theirs.keys()
    for i, few in (0, 1), (1, DURING_CALLS):
        assert sum(abs(ours[size][i] - theirs[size][i]) for size in ours) <= few


def test_the_account_adds_up(waiting):
    """Blocks in use, free blocks, free and untouched pools and what is left make up the arenas."""
    arenas = re.search(r"(\d+) arenas \* (\d+) bytes/arena", waiting.said)
    unused = re.search(r"(\d+) unused pools \* (\d+) bytes", waiting.said)
    for mode in waiting.infos:
        account = waiting.account(mode)
        assert sum(size for _, size in account.values()) == int(arenas[1]) * int(arenas[2])
        live = [account.get(state, (0, 0)) for state in IN_USE]
        pools = waiting.pools.values()
        assert sum(count for count, _ in live) == sum(pool.count for pool in pools)
        assert sum(size for _, size in live) == sum(pool.count * pool.size for pool in pools)
        room = sum((waiting.pool_size - HEADER) // pool.size - pool.count for pool in pools)
        assert account["free blocks"][0] == room
        # One may come to be used, or to be free, during the last calls.
        free = sum(account.get(state, (0, 0))[0] for state in ("free pools", "untouched pools"))
        assert abs(free - int(unused[1])) <= 1
        assert "unreadable pools" not in account


def test_next_to_nothing_is_unexplained(waiting):
    for mode in waiting.infos:
        account = waiting.account(mode)
        live = sum(account.get(state, (0, 0))[0] for state in IN_USE)
        assert account.get("unexplained", (0, 0))[0] <= UNEXPLAINED * live


def test_both_modes_see_the_same(waiting):
    assert waiting.exports["fork"] == waiting.exports["stop"]
    assert waiting.account("fork") == waiting.account("stop")


def test_every_object_has_a_live_block_of_its_own(waiting):
    taken = set()
    for row in waiting.objects:
        found = waiting.block_of(row["addr"])
        if not found:
            continue
        pool, block = found
        assert block in pool.live, row
        assert block not in taken, row
        assert row["alloc"] >= pool.size, row
        taken.add(block)
    assert len(taken) == waiting.account()["objects"][0]


def arrays_of(memory, row):
    """Where the arrays lie that an object owns; None if that is not known here."""
    kind, address = row["type"].split(" ")[0], row["addr"]
    if kind in ("float", "int", "tuple", "bytes", "slice", "method", "__main__.Slotted"):
        return []
    if kind == "list":
        return [memory.word(address + 24)]
    if kind == "set":
        table = memory.word(address + 40)
        return [table] if table != address + 64 else []
    # A dict with an array of values shares its keys.
    if kind == "dict" and not memory.word(address + 40):
        return [memory.word(address + 32)]
    return None


def test_what_objects_are_said_to_hold_makes_up_the_pools(waiting):
    """Pool by pool: their own blocks and those of the arrays that lists, sets and dicts have."""
    used = dict.fromkeys(waiting.pools, 0)
    arrays = 0
    for row in waiting.objects:
        pool, _ = waiting.block_of(row["addr"]) or (None, None)
        if not pool:
            continue
        used[pool.address] += pool.size
        own = arrays_of(waiting.memory, row)
        sizes = [pool.size]
        for address in filter(None, own or []):
            found = waiting.block_of(address)
            if found:
                assert found[1] == address and address in found[0].live, row
                used[found[0].address] += found[0].size
                arrays += found[0].size
                sizes.append(found[0].size)
            elif waiting.memory.word(address - 8):  # of malloc(); else in a program's data
                sizes.append(waiting.memory.word(address - 8) & -8)
        assert own is None or row["alloc"] == sum(sizes), row
    in_use = {pool.address: pool.count * pool.size for pool in waiting.pools.values()}
    assert all(used[address] <= in_use[address] for address in in_use)
    # What is left is what belongs to objects of other kinds, or is no object's.
    sizes = {state: size for state, (_, size) in waiting.account().items()}
    assert sum(used.values()) == sizes["objects"] + arrays
    whole = sum(used[address] == in_use[address] for address in in_use)
    assert whole >= WHOLE_POOLS * len(in_use)


def test_what_lives_is_there_and_what_was_freed_is_not(waiting):
    """Whether it is on a free list of the interpreter, or its block is free."""
    seen = {}
    for row in waiting.objects:
        seen.setdefault(row["type"].split(" ")[0], set()).add(row["addr"])
    for kind, addresses in waiting.kept.items():
        assert addresses <= seen[kind], kind
    for kind, addresses in waiting.freed.items():
        assert not addresses & seen[kind], kind


def test_free_lists_are_as_long_as_the_interpreter_says(waiting):
    theirs = sum(map(int, re.findall(r"(\d+) free (?:\d+-sized )?Py", waiting.said)))
    assert theirs > 1000
    assert -DURING_CALLS <= waiting.account()["free lists"][0] - theirs <= UNNAMED_FREE

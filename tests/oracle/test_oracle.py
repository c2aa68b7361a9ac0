# SPDX-License-Identifier: MIT
"""test_oracle.py: what is read from outside equals what the interpreter says from inside."""
import importlib.util
import os
import pathlib

import pytest

import compare

HERE = pathlib.Path(__file__).parent

# What services are made of, as far as the system's interpreter has it: tests/run installs it.
LIBRARIES = ["numpy", "pandas", "django", "sqlalchemy", "lxml", "PIL", "cryptography", "aiohttp"]
# Their sizes and referents: classes that find out their size themselves, and Cython's that say
# nothing of what they leave out, are all there should be; see the limits in README.
LIBRARY_GATE = (99.9, 99.9)

# Shares in percent that must agree over all objects: sizes, referents.  Objects, names of types
# and whether the collector tracks them agree for all.
GATES = {
    "3.8": (99.99, 99.99),
    "3.9": (99.99, 99.99),
    "3.10": (99.99, 99.99),
    "3.11": (99.99, 99.99),
    "3.12": (99.99, 99.99),
    "3.13": (99.99, 99.99),
    "3.14": (99.99, 99.99),
    "3.15": (99.99, 99.99),
}

# All that may differ from what these versions say, by type, and why.  README's limits say the same.
EXCEPTIONS = {
    ("size", "kinds.classes.Sized"): "its __sizeof__ is written in Python",
    ("size", "kinds.classes.SizedSub"): "so is what it inherits",
    ("referents", "module"): "_asyncio of 3.12 visits iterators that it keeps for reuse, all dead",
}
STRICT = ["3.11", "3.12", "3.13", "3.14", "3.15"]


def take_and_compare(heapsnap, target, title, folder):
    """The agreement of a snapshot with what the target wrote into @folder."""
    snap = folder / "taken.snap"
    heapsnap("dump", target.pid, "-o", snap)
    target.assert_unharmed()
    heapsnap("verify", snap)
    export = heapsnap("export", snap, "--to", "jsonl").stdout.splitlines()
    return compare.compare(title, (folder / "truth").read_text().splitlines(), export)


def test_snapshot_equals_truth(heapsnap, python, start, tmp_path, request, record_property,
                               agreements):
    title = request.node.callspec.id
    target = start(python, HERE / "zoo.py", tmp_path / "truth",
                   env=dict(os.environ, TMPDIR=str(tmp_path)))
    agreement = take_and_compare(heapsnap, target, title, tmp_path)
    agreements.append(agreement)
    for aspect in compare.ASPECTS:
        record_property(aspect, agreement.share(aspect))
    minor = ".".join(title.split(".")[:2])
    sizes, referents = GATES[minor]
    print("\n".join(agreement.lines()))
    assert agreement.objects > 100000
    assert len(agreement.kinds) > 1000
    for aspect in ("object", "type", "tracked"):
        assert not agreement.differing[aspect]
    assert agreement.share("size") >= sizes
    assert agreement.share("referents") >= referents
    if minor in STRICT:
        assert not set(agreement.exceptions()) - set(EXCEPTIONS)


def test_libraries(heapsnap, start, tmp_path, agreements):
    missing = [name for name in LIBRARIES if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"the system's Python has no {', '.join(missing)}; tests/run installs them")
    target = start("/usr/bin/python3", HERE / "libraries.py", tmp_path / "truth", *LIBRARIES)
    agreement = take_and_compare(heapsnap, target, "libraries", tmp_path)
    agreements.append(agreement)
    print("\n".join(agreement.remarks + agreement.lines()))
    assert agreement.objects > 250000
    assert len(agreement.kinds) > 1000
    for aspect in ("object", "type", "tracked"):
        assert not agreement.differing[aspect]
    assert agreement.share("size") >= LIBRARY_GATE[0]
    assert agreement.share("referents") >= LIBRARY_GATE[1]

# SPDX-License-Identifier: MIT
"""test_oracle.py: what is read from outside equals what the interpreter says from inside."""
import os
import pathlib

import compare

ZOO = pathlib.Path(__file__).with_name("zoo.py")

# Shares in percent that must agree over all objects: sizes, referents.  Objects, names of types
# and whether the collector tracks them agree for all.
GATES = {
    "3.8": (99.9, 99.8),
    "3.9": (99.9, 99.8),
    "3.10": (99.9, 99.8),
    "3.11": (99.99, 99.99),
    "3.12": (99.99, 99.99),
    "3.13": (99.99, 99.99),
    "3.14": (99.99, 99.99),
    "3.15": (99.99, 99.99),
}


def test_snapshot_equals_truth(heapsnap, python, start, tmp_path, request, record_property,
                               agreements):
    title = request.node.callspec.id
    truth, snap = tmp_path / "truth", tmp_path / "zoo.snap"
    target = start(python, ZOO, truth, env=dict(os.environ, TMPDIR=str(tmp_path)))
    heapsnap("dump", target.pid, "-o", snap)
    target.assert_unharmed()
    heapsnap("verify", snap)
    export = heapsnap("export", snap, "--to", "jsonl").stdout.splitlines()
    agreement = compare.compare(title, truth.read_text().splitlines(), export)
    agreements.append(agreement)
    for aspect in compare.ASPECTS:
        record_property(aspect, agreement.share(aspect))
    sizes, referents = GATES[".".join(title.split(".")[:2])]
    print("\n".join(agreement.lines()))
    assert agreement.objects > 100000
    assert len(agreement.kinds) > 1000
    for aspect in ("object", "type", "tracked"):
        assert not agreement.differing[aspect]
    assert agreement.share("size") >= sizes
    assert agreement.share("referents") >= referents

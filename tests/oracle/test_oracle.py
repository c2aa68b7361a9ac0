# SPDX-License-Identifier: MIT
"""test_oracle.py: what is read from outside equals what the interpreter says from inside."""
import pathlib

import compare

ZOO = pathlib.Path(__file__).with_name("zoo.py")

# Shares in percent that must agree over all objects.
SIZES = 99.9
REFERENTS = 99.9


def test_snapshot_equals_truth(heapsnap, python, start, tmp_path, record_property):
    truth, snap = tmp_path / "truth", tmp_path / "zoo.snap"
    target = start(python, ZOO, truth)
    heapsnap("dump", target.pid, "-o", snap)
    target.assert_unharmed()
    heapsnap("verify", snap)
    export = heapsnap("export", snap, "--to", "jsonl").stdout.splitlines()
    agreement = compare.compare(truth.read_text().splitlines(), export)
    print(agreement.table(python))
    record_property("agreement", agreement.table(python).splitlines()[0])
    assert agreement.objects > 20000
    assert not agreement.missing
    assert not agreement.renamed
    assert agreement.share(agreement.sizes) >= SIZES
    assert agreement.share(agreement.refs) >= REFERENTS

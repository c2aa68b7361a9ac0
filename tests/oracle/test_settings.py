# SPDX-License-Identifier: MIT
"""test_settings.py: interpreters whose memory is managed otherwise than by default are read as
exactly: other allocators, debug hooks around them, objects that the collector leaves alone."""
import json

import pytest

import compare
from test_oracle import EXCEPTIONS, HERE

SIZES = [(aspect, name) for aspect, name in EXCEPTIONS if aspect == "size"]
FAULTHANDLER = ("referents", "module")  # it visits the file it writes to, which its data holds
ALLOCATOR_GAP = "small objects are not in pymalloc's arenas"
UNEXPLAINED = 0.005
MADE_BY_TRUTH = 30  # objects, or fewer, that the collector tracks and that were counted, or not

# How to start the interpreter, what the target is told, whether pymalloc is there, what the
# allocator holds for a float: a block of pymalloc or a chunk of malloc(), 24 bytes of debug hooks.
SETTINGS = {
    "malloc": (["PYTHONMALLOC=malloc"], [], [], False, 32),
    "malloc_debug": (["PYTHONMALLOC=malloc_debug"], [], [], False, 64),
    "debug": (["PYTHONMALLOC=debug"], [], [], True, 48),
    "dev": ([], ["-X", "dev"], [], True, 48),
    "freeze": ([], [], ["freeze"], True, 32),
}


def take(heapsnap, target, folder):
    """Exports of snapshots in both modes, what `info` says of the second, what `dump` says."""
    exports = []
    for mode in "fork", "stop":
        file = folder / f"{mode}.snap"
        said = heapsnap("dump", target.pid, "--mode", mode, "-o", file).stderr.decode()
        heapsnap("verify", file)
        exports.append(heapsnap("export", file, "--to", "jsonl").stdout)
    target.assert_unharmed()
    return exports, heapsnap.json("info", file), said


def check_account(info, said, pymalloc):
    """Blocks are accounted for, or it is said that they are not, in one line."""
    gaps = [gap["reason"] for gap in info["gaps"]]
    notes = [line for line in said.splitlines() if line.startswith("not complete: ")]
    if not pymalloc:
        assert not info["allocators"]
        assert len(gaps) == len(notes) == 1
        assert gaps[0].startswith(ALLOCATOR_GAP) and gaps[0] in notes[0]
        return
    assert not gaps and not notes
    counts = {row["state"]: row["count"] for row in info["allocators"]}
    live = sum(counts.get(state, 0) for state in ("objects", "buffers of objects", "structures",
                                                  "free lists", "unexplained"))
    assert counts["objects"] > 10000
    assert counts.get("unexplained", 0) <= UNEXPLAINED * live


@pytest.mark.parametrize("setting", [
    pytest.param(name, marks=[pytest.mark.long] if name == "malloc_debug" else [])
    for name in SETTINGS])
def test_snapshot_equals_truth(heapsnap, one_python, start_command, tmp_path, setting):
    environment, options, arguments, pymalloc, float_size = SETTINGS[setting]
    target = start_command("env", *environment, one_python, "-B", *options, HERE / "settings.py",
                           tmp_path / "truth", *arguments)
    exports, info, said = take(heapsnap, target, tmp_path)
    assert exports[0] == exports[1]
    check_account(info, said, pymalloc)
    export = exports[0].splitlines()
    agreement = compare.compare(setting, (tmp_path / "truth").read_text().splitlines(), export)
    print("\n".join(agreement.lines()))
    assert agreement.objects > 15000
    excepted = set(SIZES) | ({FAULTHANDLER} if setting == "dev" else set())
    assert not set(agreement.exceptions()) - excepted
    assert agreement.differing["referents"]["module"] <= 1
    frozen, tracked = agreement.remarks
    assert (frozen > 5000) == (setting == "freeze")
    rows = list(map(json.loads, export))
    assert abs(sum("tracked" in row["flags"] for row in rows) - tracked) <= MADE_BY_TRUTH
    # malloc() does not cut 16 bytes off a chunk that is so much too long.
    floats = {row["alloc"] for row in rows if row["type"] == "float"} - {0}
    assert floats <= ({float_size} if pymalloc else {float_size, float_size + 16})

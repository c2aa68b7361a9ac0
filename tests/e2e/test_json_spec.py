# SPDX-License-Identifier: MIT
"""test_json_spec.py: spec/json.md names every key that --json prints, and no other."""
import json
import re

from conftest import TOP

# Keys that depend on what was found: their absence in one document means nothing.
OPTIONAL = {"diff/1:resident.delta", "info/1:gaps[]", "info/1:gaps[].reason",
            "info/1:gaps[].count", "info/1:gaps[].example",
            "info/1:base.name", "info/1:base.hash", "info/1:base.depth", "info/1:threads[].holds[]"}
OPTIONAL |= {f"info/1:threads[].holds[].{key}" for key in ("name", "object", "address", "type")}
OPTIONAL |= {f"diff/1:dismissed[]{key}" for key in ("", ".kind", ".reason", ".steps")}
OPTIONAL |= {"object/1:sites[]", "object/1:sites[].file", "object/1:sites[].line"}
OPTIONAL |= {f"info/1:threads[].frames[].locals[].{key}"
             for key in ("name", "object", "address", "type")}


def examples():
    text = (TOP / "spec/json.md").read_text()
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    return {document["schema"]: document for document in found}


def keys(value, path=""):
    """Every path in a document: a.b, a[].c; what lies in lists is put together."""
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            found |= {f"{path}{key}"} | keys(inner, f"{path}{key}.")
        return found
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return set().union(*(keys(inner, f"{path[:-1]}[].") for inner in value))
    return set()


def test_examples_have_the_keys_that_are_printed(heapsnap, any_pair, start, any_python, tmp_path):
    first, second = any_pair.first, any_pair.second
    documents = [heapsnap.json("top", second), heapsnap.json("top", second, "--refs"),
                 heapsnap.json("diff", first, second),
                 heapsnap.json("info", second), heapsnap.json("verify", second),
                 heapsnap.json("sql", second, "SELECT type, count(*) AS n FROM objects GROUP BY 1"),
                 heapsnap.json("show", second, hex(any_pair.facts["registry"])),
                 heapsnap.json("tree", second, "-n", 20),
                 heapsnap.json("paths", second, hex(any_pair.facts["registry"])),
                 heapsnap.json("paths", second, "__main__.Session"),
                 heapsnap.json("ps"), heapsnap.json("doctor"),
                 heapsnap.json("dump", start(any_python, "sample.py").pid, "-o", tmp_path / "a")]
    described = examples()
    assert set(described) == {document["schema"] for document in documents}
    for document in documents:
        name = document["schema"].removeprefix("heapsnap.")
        odd = keys(document) ^ keys(described[document["schema"]])
        assert {f"{name}:{key}" for key in odd} <= OPTIONAL

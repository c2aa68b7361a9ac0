# SPDX-License-Identifier: MIT
"""compare.py: the interpreter's truth against an export of a snapshot, object by object."""
import collections
import json

# What is compared, by the name that tables give it.
ASPECTS = ("object", "type", "size", "tracked", "referents")


class Agreement:
    """How far the two agree, in all and by type."""

    def __init__(self, title):
        self.title = title
        self.objects = 0
        self.remarks = []
        self.kinds = set()
        self.reordered = collections.Counter()  # the right referents, not in the collector's order
        # aspect -> type -> objects that differ
        self.differing = {aspect: collections.Counter() for aspect in ASPECTS}
        self.examples = {}

    def note(self, aspect, name, example):
        self.differing[aspect][name] += 1
        self.examples.setdefault((aspect, name), example)

    def share(self, aspect):
        """Percent of the objects that agree."""
        return 100 * (1 - sum(self.differing[aspect].values()) / max(self.objects, 1))

    def exceptions(self):
        """{(aspect, type): how many objects differ}"""
        return {(aspect, name): count for aspect, counter in self.differing.items()
                for name, count in counter.items()}

    def lines(self):
        """The exceptions by type, with an example each."""
        made = []
        for aspect, counter in self.differing.items():
            for name, count in counter.most_common():
                made.append(f"  {aspect:9} {count:6}  {name}  {self.examples[aspect, name]}")
        return made


def load_export(lines):
    """{address: (type, size, whether tracked, addresses of what the collector reports)}"""
    rows = [json.loads(line) for line in lines]
    address = [int(row["addr"], 16) for row in rows]
    return {address[row["id"]]: (row["type"], row["size"], "tracked" in row["flags"],
                                 [address[ref[0]] for ref in row["refs"][:row["gc_refs"]]])
            for row in rows}


def compare_referents(agreement, ours, name, address, read, said):
    if read == said:
        return
    more = collections.Counter(read) - collections.Counter(said)
    less = collections.Counter(said) - collections.Counter(read)
    if not more and not less:
        agreement.reordered[name] += 1
        return
    agreement.note("referents", name,
                   f"{hex(address)}: {sum(more.values())} too many "
                   f"{[ours.get(a, '?')[0] for a in list(more)[:6]]}, {sum(less.values())} too few "
                   f"{[ours.get(a, '?')[0] for a in list(less)[:6]]}")


def compare(title, truth_lines, export_lines):
    ours = load_export(export_lines)
    agreement = Agreement(title)
    agreement.remarks = json.loads(truth_lines[0])
    for line in truth_lines[1:]:
        address, name, size, tracked, refs = json.loads(line)
        agreement.objects += 1
        agreement.kinds.add(name)
        row = ours.get(address)
        if row is None:
            agreement.note("object", name, hex(address))
            continue
        if row[0] != name:
            agreement.note("type", name, f"{row[0]} was read")
        if row[1] != size:
            agreement.note("size", name, f"{size} is said, {row[1]} was read")
        if row[2] != tracked:
            agreement.note("tracked", name, f"{tracked} is said, {row[2]} was read")
        compare_referents(agreement, ours, name, address, row[3], refs)
    return agreement

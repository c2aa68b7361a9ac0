# SPDX-License-Identifier: MIT
"""compare.py: the interpreter's truth against an export of a snapshot, object by object."""
import collections
import json


class Agreement:
    """How far the two agree, in all and by type."""

    def __init__(self):
        self.objects = 0
        self.missing = collections.Counter()
        self.renamed = collections.Counter()
        self.sizes = collections.Counter()  # that differ
        self.refs = collections.Counter()
        self.examples = {}

    def share(self, counter):
        """Percent of the objects that agree."""
        return 100 * (1 - sum(counter.values()) / max(self.objects, 1))

    def table(self, title):
        lines = [f"{title}: {self.objects} objects, {sum(self.missing.values())} missing, "
                 f"{sum(self.renamed.values())} of another type; "
                 f"sizes equal {self.share(self.sizes):.3f} %, "
                 f"referents equal {self.share(self.refs):.3f} %"]
        for what, counter in (("missing", self.missing), ("type", self.renamed),
                              ("size", self.sizes), ("referents", self.refs)):
            for name, count in counter.most_common(40):
                lines.append(f"  {what:9} {count:6}  {name}  {self.examples.get((what, name), '')}")
        return "\n".join(lines)


def load_export(lines):
    """{address: (type, size, addresses of what the collector reports)}"""
    rows = [json.loads(line) for line in lines]
    address = [int(row["addr"], 16) for row in rows]
    return {address[row["id"]]: (row["type"], row["size"],
                                 [address[ref[0]] for ref in row["refs"][:row["gc_refs"]]])
            for row in rows}


def compare(truth_lines, export_lines):
    ours = load_export(export_lines)
    agreement = Agreement()
    for line in truth_lines:
        address, name, size, refs = json.loads(line)
        agreement.objects += 1
        row = ours.get(address)
        if row is None:
            agreement.missing[name] += 1
            agreement.examples.setdefault(("missing", name), hex(address))
            continue
        if row[0] != name:
            agreement.renamed[name] += 1
            agreement.examples.setdefault(("type", name), row[0])
        if row[1] != size:
            agreement.sizes[name] += 1
            agreement.examples.setdefault(("size", name), f"{size} is said, {row[1]} was read")
        if collections.Counter(row[2]) != collections.Counter(refs):
            agreement.refs[name] += 1
            more = collections.Counter(row[2]) - collections.Counter(refs)
            less = collections.Counter(refs) - collections.Counter(row[2])
            agreement.examples.setdefault(
                ("referents", name),
                f"{hex(address)}: {sum(more.values())} too many "
                f"{[ours.get(a, '?')[0] for a in list(more)[:6]]}, {sum(less.values())} too few "
                f"{[ours.get(a, '?')[0] for a in list(less)[:6]]}")
    return agreement

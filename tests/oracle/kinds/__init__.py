# SPDX-License-Identifier: MIT
"""kinds: objects of every kind that the standard library has, in every state, a file a family.

Everything here runs on CPython 3.8 and all later versions: what a version has not is left out.
Most kinds are lines of text, an expression each, so that a line that a version cannot evaluate
(or not even parse) costs that line alone.
"""
import textwrap

KEPT = []
ABSENT = []  # what this version could not make, with the reason


def keep(*objects):
    """Have the zoo hold on to @objects; the first of them."""
    KEPT.extend(objects)
    return objects[0]


def make(names, lines):
    """Keep the value of each of @lines, an expression in terms of @names."""
    for line in textwrap.dedent(lines).strip().splitlines():
        if not line or line.startswith("#"):
            continue
        try:
            KEPT.append(eval(line, names))
        except Exception as err:
            ABSENT.append("%s  # %s: %s" % (line, type(err).__name__, err))


def run(names, block):
    """Execute a block of statements in @names; what it binds can be used in lines made later."""
    try:
        exec(textwrap.dedent(block), names)
    except Exception as err:
        first = textwrap.dedent(block).strip().splitlines()[0]
        ABSENT.append("%s ...  # %s: %s" % (first, type(err).__name__, err))


def step(iterator, count=1):
    """@iterator, after @count steps, or fewer if it ends."""
    for _ in range(count):
        try:
            next(iterator)
        except Exception:
            break
    return iterator

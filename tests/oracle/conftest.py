# SPDX-License-Identifier: MIT
"""conftest.py: at the end of a run, how far every interpreter and its snapshot agree."""
import pytest

import compare

AGREEMENTS = pytest.StashKey()


@pytest.fixture
def agreements(request):
    """Where tests leave each compare.Agreement for the table at the end."""
    return request.config.stash.setdefault(AGREEMENTS, [])


def pytest_terminal_summary(terminalreporter, config):
    agreements = config.stash.get(AGREEMENTS, [])
    if not agreements:
        return
    terminalreporter.section("snapshots against what interpreters say of themselves")
    heads = "".join(f"{aspect + ' %':>13}" for aspect in compare.ASPECTS)
    terminalreporter.write_line(f"{'':32}{'objects':>9}{'kinds':>7}{heads}")
    for agreement in agreements:
        shares = "".join(f"{agreement.share(aspect):13.4f}" for aspect in compare.ASPECTS)
        terminalreporter.write_line(f"{agreement.title:32}{agreement.objects:9}"
                                    f"{len(agreement.kinds):7}{shares}")
    for agreement in agreements:
        if agreement.exceptions():
            terminalreporter.write_line(f"exceptions in {agreement.title}:")
        for line in agreement.lines():
            terminalreporter.write_line(line)

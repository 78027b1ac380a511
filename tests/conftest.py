"""What every test shares: the guard of the `constructs` folder, and the stacks, synthesized once."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from support.paths import ROOT

if (ROOT / "constructs" / "__init__.py").exists():
    pytest.exit("constructs/__init__.py would shadow PyPI's constructs: remove it (see constructs/README.md)", 1)

if "PYTEST_XDIST_WORKER" not in os.environ:
    # a shell starts what is in the background with Ctrl-C ignored, and all that it starts in turn (bash(1), SIGNALS)
    signal.signal(signal.SIGINT, signal.default_int_handler)

# the locked tools first: Node for jsii, shellcheck
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

pytest_plugins = ("support.synthesis_fixtures", "support.engine_fixtures", "support.browser_fixtures")


ENGINE_TESTS = re.compile(
    r"gateway/test_(api|clients|fairness|fuzz|leave|overload|sdk|tools)|api/test_contract|page/test_engine"
    r"|operate/test_(calibrate|evaluate|load|smoke)"
)
"""Files whose tests share the session's engine. Another one that asks for it works too, and boots it once more."""

ENDING = re.compile(r"gateway/test_leave")
"""Of these, what ends the engine, and so comes last."""

LONGEST = [
    re.compile(rf"/test_{name}\.") for name in ("recovery", "soak", "second_model", "demo", "engine_log", "chaos")
]
"""Files that take long, beside those of the engine: they begin early, so that none is left alone at the end.

Soak computes little: it stands where two engines boot already.
"""


class Scheduling(LoadScopeScheduling):
    """Runs files in parallel, but all tests of the engine in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "engine" if ENGINE_TESTS.search(file) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--req", metavar="ID", help="only the tests that prove this requirement, such as R5.3")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # what ends or restarts the engine comes after what shares it
    def order(item: pytest.Item) -> tuple[bool, int, bool]:
        first, last = (bool(each.search(item.nodeid)) for each in (ENGINE_TESTS, ENDING))
        turn = next((turn for turn, each in enumerate(LONGEST) if each.search(item.nodeid)), len(LONGEST))
        return (not first, turn, last)

    items.sort(key=order)
    wanted = config.getoption("--req")
    if wanted:
        proving = [item for item in items if any(wanted in mark.args for mark in item.iter_markers("req"))]
        config.hook.pytest_deselected(items=[item for item in items if item not in proving])
        items[:] = proving

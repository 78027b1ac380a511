"""What every test shares: the guard of the `constructs` folder, and the stacks, synthesized once."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

if (ROOT / "constructs" / "__init__.py").exists():
    pytest.exit("constructs/__init__.py would shadow PyPI's constructs: remove it (see constructs/README.md)", 1)

# the locked tools first: Node for jsii, shellcheck
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

pytest_plugins = ("synthesis_fixtures", "engine_fixtures", "browser_fixtures")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--req", metavar="ID", help="only the tests that prove this requirement, such as R5.3")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--req")
    if wanted:
        proving = [item for item in items if any(wanted in mark.args for mark in item.iter_markers("req"))]
        config.hook.pytest_deselected(items=[item for item in items if item not in proving])
        items[:] = proving

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

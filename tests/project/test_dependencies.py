"""The app needs only what it says that it needs: no tools of the tests, and Node only for a synthesis."""

import json
import subprocess
import sys

import pytest

from support.paths import ROOT

LOCKED = json.loads((ROOT / "Pipfile.lock").read_text())
COMMANDS = sorted(f"ops.{path.stem}" for path in (ROOT / "ops").glob("*.py") if path.stem != "__init__")

IMPORT_WITHOUT_DEV_PACKAGES = """
import importlib.metadata, json, re, sys
refused, modules = map(json.loads, sys.argv[1:])

class Refuse:
    def find_spec(self, name, path=None, target=None):
        packages = {re.sub("[-_.]+", "-", each).lower() for each in OWNERS.get(name.partition(".")[0], ())}
        if packages and packages <= set(refused):
            raise ModuleNotFoundError(f"{name} is of {packages}, which only the tests have")

OWNERS = importlib.metadata.packages_distributions()
sys.meta_path.insert(0, Refuse())
for module in modules:
    __import__(module)
"""


def test_main_and_every_command_run_without_the_tools_of_the_tests() -> None:
    refused = sorted(set(LOCKED["develop"]) - set(LOCKED["default"]))
    command = [sys.executable, "-c", IMPORT_WITHOUT_DEV_PACKAGES, json.dumps(refused), json.dumps(["main", *COMMANDS])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_command_starts_without_cdktf_and_node(command: str) -> None:
    code = f"import sys, {command}; sys.exit('jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0

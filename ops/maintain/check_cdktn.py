"""Synthesize the same app under CDK Terrain, the community's fork of cdktf, and compare what comes out.

The sources are copied with their imports rewritten, and run in an environment of their own (about 600 MB, made on the
first run). The exit code is 1 where a stack differs in anything but the versions of the providers.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from ops.shared.paths import ROOT

ENVIRONMENT = ROOT / ".venv-cdktn"
COPIES = ROOT / "build" / "fork"
SOURCES = ("main.py", "stacks", "constructs", "runtime", "demo")
PACKAGES = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1", "cdktn-provider-tls==14.1.1", "constructs==10.7.2")
APP_PACKAGES = ("simpleeval==1.0.8",)
"""What else the app imports at synthesis, in the versions of the Pipfile."""

RUN_COPY = "import sys; sys.path[:0] = ['.', 'constructs']; import main; main.main()"
"""Finds the constructs in the copy, where they are no installed package."""

FORK_NAMES = {"cdktf_cdktf_provider_": "cdktn_provider_", "cdktf": "cdktn"}
IMPORT = re.compile(r"(?<![\w./-])(cdktf_cdktf_provider_|cdktf\b)(?!\.out)")
"""The package's name in imports and in the register of the fast import; not the output folder's."""


def rewritten(source: str) -> str:
    """Return Python source that imports the fork instead of cdktf."""
    return IMPORT.sub(lambda found: FORK_NAMES[found[1]], source)


def install(console: Console) -> Path:
    """Return the interpreter of the fork's environment, made where it is missing."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".complete"
    packages = "\n".join([*PACKAGES, *APP_PACKAGES])
    if not stamp.exists() or stamp.read_text() != packages:
        with console.status("installing the fork (once, about 600 MB)"):
            venv.create(ENVIRONMENT, with_pip=True, clear=True)
            _run([python, "-m", "pip", "install", "--quiet", *PACKAGES, *APP_PACKAGES])
        stamp.write_text(packages)
    return python


def _run(command: list[str | Path], cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = (done.stderr or done.stdout).strip().splitlines()[-3:]
        sys.exit("error: " + "\n".join(problem))


def copied(name: str) -> Path:
    """Return a new copy of the app: both sides start from the same one, whatever is edited meanwhile."""
    copy = COPIES / name
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for source in SOURCES:
        if source.endswith(".py"):
            shutil.copy(ROOT / source, copy)
        else:
            shutil.copytree(ROOT / source, copy / source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return copy


def rewrite(copy: Path) -> None:
    """Let a copy of the app import the fork."""
    for module in [copy / "main.py", *copy.glob("stacks/*.py"), *copy.glob("constructs/**/*.py")]:
        module.write_text(rewritten(module.read_text()))


def synthesized(folder: Path) -> dict[str, Any]:
    """Return every stack's JSON by name."""
    stacks = sorted((folder / "cdktf.out" / "stacks").glob("*/cdk.tf.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in stacks}


def provider_versions(stacks: dict[str, Any]) -> str:
    """Return the providers of all stacks with their versions."""
    required = (stack["terraform"]["required_providers"] for stack in stacks.values())
    return ", ".join(sorted({f"{name} {each['version']}" for every in required for name, each in every.items()}))


def _plain(value: Any) -> Any:
    """Return a JSON value without comments, and without the versions of the providers."""
    if isinstance(value, dict):
        kept = cast("dict[str, Any]", value)
        return {name: _plain(item) for name, item in kept.items() if name not in ("//", "required_providers")}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ, as a path and both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        left, right = cast("dict[str, Any]", ours), cast("dict[str, Any]", theirs)
        for name in sorted(left.keys() | right.keys()):
            yield from differences(left.get(name), right.get(name), f"{path}/{name}")
    elif ours != theirs:
        yield f"{path}: {json.dumps(ours)[:200]} became {json.dumps(theirs)[:200]}"


def count(stack: dict[str, Any]) -> int:
    """Return the number of a stack's resources."""
    return sum(len(named) for named in stack.get("resource", {}).values())


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.maintain.check_cdktn", description=__doc__)
    parser.parse_args()
    console = Console()
    python = install(console)
    cdktf, fork = copied("cdktf"), copied("cdktn")
    rewrite(fork)
    with console.status("synthesizing with cdktf"):
        _run([sys.executable, "-c", RUN_COPY], cwd=cdktf)
    with console.status("synthesizing with the fork"):
        _run([python, "-c", RUN_COPY], cwd=fork)
    ours, theirs = synthesized(cdktf), synthesized(fork)
    table, different = Table("stack", "resources", "with the fork", "differences"), list[str]()
    for name in sorted(ours.keys() | theirs.keys()):
        found = [f"{name}{line}" for line in differences(_plain(ours.get(name)), _plain(theirs.get(name)))]
        different += found
        table.add_row(name, str(count(ours.get(name, {}))), str(count(theirs.get(name, {}))), str(len(found)))
    console.print(table)
    console.print(f"providers: {provider_versions(ours)}; with the fork {provider_versions(theirs)}")
    for line in different:
        console.print(line, markup=False, highlight=False)
    if different:
        sys.exit(f"error: {len(different)} differences")


if __name__ == "__main__":
    main()

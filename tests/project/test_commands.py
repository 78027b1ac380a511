"""Every command of the documents is run by a real shell; what needs AWS, a host or a network is a stand-in.

The stand-ins note how they were called. Then AWS CLI's arguments are held to botocore's models, OpenTofu's to the
binary and the stacks, and the project's own to `make` and to the parser of each command.
"""

import argparse
import importlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ops.deployment.tofu import tofu_path
from stacks.environments import ENVIRONMENTS, Environment
from support import aws_command
from support.documents import DOCUMENTS, fences, inline_code, name_of, shell_blocks
from support.paths import ROOT
from support.stack_json import Json, parse

NOT_RUN = {
    "apt": "installs into the machine",
    "apt-get": "installs into the machine",
    "cp": "copies what OpenTofu wrote",
    "curl": "run against the demo in operate/test_demo",
    "docker": "a host has it",
    "git": "would change the working tree",
    "nvidia-smi": "a host has it",
    "pip": "installs from a registry",
    "rm": "removes what OpenTofu or AWS CLI wrote",
    "source": "the virtual environment is the test's own",
    "sudo": "on a host only",
    "systemctl": "on a host only",
}
"""What only has to be there in name, and why."""

CHECKED = {"aws", "make", "python", "pytest", "tofu"}
REAL = ("grep", "head", "sort", "uniq")
COMMAND = re.compile(rf"(?:[A-Z]\w+=\S+ )*(?:{'|'.join(map(re.escape, CHECKED | NOT_RUN.keys()))}) ")
"""An inline text that is a command."""

STAND_INS = """
set -u
record() { printf '%s\\0' "${PWD#"$ROOT"}" "$@" '' >> "$CALLS"; }
command_not_found_handle() { record "$@"; }
aws() { record aws "$@"; [[ $1 != sts ]] || echo 123456789012; }
tofu() {
    record tofu "$@"
    case "$*" in
        *output*api_url) echo https://api.example/live ;;
        *output*) echo value ;;
        "state list") echo aws_autoscaling_group.Hosts ;;
    esac
}
source() { record source "$@"; }
"""


@dataclass(frozen=True)
class Call:
    """A call of a stand-in: in which folder below the root, and with which words."""

    folder: str
    words: list[str]


def calls_of(document: Path, folder: Path) -> list[Call]:
    """Run the commands of a document in a copy of the tree that holds nothing but the stacks' folders.

    Blocks come before inline commands, each from the root, all in one shell: what one exports the next has.
    """
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / "bin").mkdir()
    for stack in ("state", "image", *(environment.prefix for environment in ENVIRONMENTS)):
        (folder / "cdktf.out/stacks" / stack).mkdir(parents=True)
    python = folder / ".venv/bin/python"
    python.write_text("""#!/bin/bash\nprintf '%s\\0' "" python "$@" '' >> "$CALLS"\n""")
    python.chmod(0o755)
    for tool in REAL:
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    commands = [*shell_blocks(document), *(code for code in inline_code(document) if COMMAND.match(code))]
    script = "\n".join([STAND_INS, *(f'cd "$ROOT"\n{command}' for command in commands)])
    calls = folder / "calls"
    calls.touch()
    environ = {"ROOT": str(folder), "CALLS": str(calls), "PATH": str(folder / "bin")}
    done = subprocess.run(["/bin/bash", "-c", script], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.stderr == ""
    split = [call.split("\0") for call in calls.read_text().split("\0\0")[:-1]]
    return [Call(folder, words) for folder, *words in split]


@cache
def stack_json(name: str) -> Json:
    """A stack as it was last reviewed; test_snapshots.py holds it to the synthesis."""
    folder = ROOT / "tests/stacks/__snapshots__/test_snapshots"
    return parse((folder / f"test_stack_is_what_was_reviewed[{name}].json").read_text())


@cache
def help_of(*subcommand: str) -> str:
    command = [str(tofu_path()), *subcommand, "-help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # which takes those of plan too
    return text + help_of("plan") if subcommand in {("apply",), ("destroy",)} else text


def check_tofu(call: Call) -> None:
    """Variables and outputs are the stack's; the subcommand and its options are the binary's."""
    arguments, folder = call.words[1:], call.folder
    if arguments[0].startswith("-chdir="):
        folder = arguments.pop(0)
    stack = stack_json(folder.rpartition("/")[2] or ENVIRONMENTS[0].prefix)
    depth = 2 if arguments[0] in {"state", "providers"} else 1
    subcommand, rest = arguments[:depth], arguments[depth:]
    for option, value in itertools.zip_longest(rest, rest[1:], fillvalue=""):
        if option == "-var":
            variable = value.partition("=")[0]
            assert variable == "NAME" or variable in stack["variable"]
        if option == "-raw":
            # or of an environment with a domain of its own
            assert value in stack["output"] or f'"{value}": (' in (ROOT / "stacks/inference.py").read_text()
        if tofu_path() and option.startswith("-"):
            assert re.search(rf"^ +{option.partition('=')[0]}\b", help_of(*subcommand), re.MULTILINE), option


class ParsedError(Exception):
    """A command has accepted its arguments."""


@cache
def parse_arguments(module: str, *arguments: str) -> None:
    """Let a command parse its arguments, and do nothing else."""
    program = importlib.import_module(module)
    if program.__spec__ and program.__spec__.submodule_search_locations:
        program = importlib.import_module(f"{module}.__main__")
    assert "parse_args(" in Path(str(program.__file__)).read_text(), f"{module} takes no arguments"
    parse_args: Callable[..., argparse.Namespace] = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, args: list[str] | None = None) -> None:
        parse_args(parser, args)
        raise ParsedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
        patch.setattr(sys, "argv", [module, *arguments])
        with pytest.raises(ParsedError):
            program.main()


@cache
def recipe(*arguments: str) -> str:
    """Return the last command that make would run for a target, set-up left out."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--dry-run", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip().rpartition("\n")[2]


def check_make(call: Call) -> None:
    """The target is there, takes what it is given, and its program accepts it."""
    target, *given = call.words[1:]
    makefile = (ROOT / "Makefile").read_text()
    assert f"\n.PHONY: {target}\n" in makefile
    variables = {each.partition("=")[0] for each in given}
    assert all(re.search(rf"\$\({name}\)|^{name} \?=|export .*\b{name}\b", makefile, re.M) for name in variables)
    program = re.search(r"python -m (ops\..*)", recipe(target, *given))
    if given and program:
        parse_arguments(*shlex.split(program[1]))


def check_python(call: Call) -> None:
    module, *arguments = call.words[2:] if call.words[1] == "-m" else [""]
    if module.startswith("ops."):
        parse_arguments(module, *arguments)
    else:
        assert module == "runtime" or module.startswith("vllm.")


def check_pytest(call: Call) -> None:
    proved = (ROOT / "docs/requirements.md").read_text()
    for before, word in zip(call.words, call.words[1:], strict=False):
        if before == "--req":
            assert f"| {word} |" in proved
        elif not word.startswith("-"):
            assert (ROOT / word).exists()


CHECKS: dict[str, Callable[[Call], None]] = {
    "aws": lambda call: aws_command.check(call.words[1:]),
    "make": check_make,
    "python": check_python,
    "pytest": check_pytest,
    "tofu": check_tofu,
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_is_no_command_says_what_it_is(document: Path) -> None:
    assert fences(document) <= {"hcl", "js", "json", "mermaid", "python", "text"}


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environments, and the one that docs/operations.md adds."""
    (text,) = [code for code in inline_code(ROOT / "docs/operations.md") if code.startswith("Environment(")]
    added: Environment = eval(text, {"Environment": Environment})
    monkeypatch.setattr("ops.shared.arguments.ENVIRONMENTS", (*ENVIRONMENTS, added))


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_command_would_be_accepted(document: Path, tmp_path: Path) -> None:
    for call in calls_of(document, tmp_path):
        name = call.words[0]
        assert name in CHECKS.keys() | NOT_RUN.keys(), call
        if name in CHECKS:
            CHECKS[name](call)


TARGETS = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
PROGRAMS = {target: found[1] for target in TARGETS if (found := re.search(r"python -m (ops\.[\w.]+)", recipe(target)))}


@pytest.mark.parametrize("module", sorted(set(PROGRAMS.values())))
def test_program_behind_a_target_has_a_help(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse_arguments(module, "--help")
    assert left.value.code == 0
    assert "--help" in capsys.readouterr().out

"""Fill one of the project's environments, with uv, from where pip is set up to look.

make calls this before anything but uv and pipenv is there, so it needs the standard library alone.
"""

import argparse
import ast
import os
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ops.shared.paths import ROOT

TOOLS = ROOT / ".tools" / "bin"
TORCH = "torch==2.13.0"

UV_OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}
"""What uv calls pip's options. https://docs.astral.sh/uv/pip/compatibility/"""


def pip_configuration() -> dict[str, list[str]]:
    """Return what pip's options are set to, by files or by the environment, which has the last word."""
    done = subprocess.run([TOOLS / "pip", "config", "list"], capture_output=True, text=True, check=True)
    options: dict[str, list[str]] = {}
    for line in sorted(done.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        options[name.rpartition(".")[2]] = str(ast.literal_eval(value)).split()
    return options


ONE_PACKAGE = re.compile(rb" (?! )|Using ")
"""Beginning of uv's line about a package, and of the one about the interpreter; other lines are about all packages."""

QUIET_SECONDS = 2


def run_shown(command: Sequence[str | Path], environ: Mapping[str, str]) -> int:
    """Run uv and pass on what it says, but for a line about each package; returns its exit code.

    It shows its progress to a terminal only, so it gets one where there is one. While it says nothing, which it does
    while it compiles, the seconds are counted.
    """
    is_terminal = sys.stderr.isatty()
    ours, its = os.openpty() if is_terminal else os.pipe()
    if is_terminal:
        termios.tcsetwinsize(its, termios.tcgetwinsize(sys.stderr))
    began, rest, begins_line = time.monotonic(), b"", True
    with subprocess.Popen(command, env=environ, stderr=its) as process:
        os.close(its)
        while True:
            if is_terminal and not select.select([ours], [], [], QUIET_SECONDS)[0]:
                print(f"\rworking, {time.monotonic() - began:.0f} s", end="\r", file=sys.stderr, flush=True)
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: nobody has the terminal's other side any more, pty(7)
                break
            if not data:
                break
            parts, rest = re.findall(rb"[^\n]*\n|[^\n]+", rest + data), b""
            for part in parts:
                if not (begins_line and ONE_PACKAGE.match(part)):
                    os.write(sys.stderr.fileno(), part)
                    begins_line = part.endswith(b"\n")
                elif not part.endswith(b"\n"):
                    rest = part
    return process.returncode


class Environment:
    """A virtual environment of the project, made where it is missing, and filled from where pip is set up to look."""

    def __init__(self, folder: str, configured: dict[str, list[str]]) -> None:
        self._python = ROOT / folder / "bin" / "python"
        # as pip does: the best version of all places, not the first place that has any
        self._options = ["--index-strategy", "unsafe-best-match"]
        for name, option in UV_OPTIONS.items():
            self._options += [part for value in configured.get(name, []) for part in (option, value)]
        self._environ = dict(os.environ)
        if "cert" in configured:
            self._environ.setdefault("SSL_CERT_FILE", configured["cert"][0])
        if not self._python.exists():
            self._must(subprocess.call([TOOLS / "uv", "venv", "--quiet", "--python", sys.executable, ROOT / folder]))

    def plan(self, *what: str | Path, retries: int = 3) -> subprocess.CompletedProcess[str]:
        """Find out quietly what would be installed, and return how that went and what uv said."""
        environ = self._environ | {"UV_HTTP_RETRIES": str(retries)}
        return subprocess.run(self._command("--dry-run", *what), env=environ, stderr=subprocess.PIPE, text=True)

    def install(self, *what: str | Path) -> None:
        """Install, and show how it goes on.

        Raises:
            SystemExit: uv failed, and has said why.
        """
        self._must(run_shown(self._command(*what), self._environ))

    def _command(self, *what: str | Path) -> list[str | Path]:
        return [TOOLS / "uv", "pip", "install", "--python", self._python, *self._options, *what]

    def _must(self, exit_code: int) -> None:
        if exit_code:
            sys.exit("error: packages could not be installed, for the reason above; the same command tries again")


def install_app(environment: Environment) -> None:
    """Install what the app needs."""
    install_locked(environment)


def install_dev(environment: Environment) -> None:
    """Install what its tests need besides."""
    install_locked(environment, "--dev-only")


def install_locked(environment: Environment, *groups: str) -> None:
    """Install what Pipfile.lock says, held to its hashes."""
    locked = subprocess.run(
        [TOOLS / "pipenv", "requirements", "--hash", *groups],
        cwd=ROOT,
        env=os.environ | {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_VERBOSITY": "-1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    requirements = ROOT / ".tools" / "requirements.txt"
    requirements.write_bytes(locked.stdout)
    environment.install("--no-deps", "--requirement", requirements)


def install_torch(environment: Environment) -> str:
    """Install a build of torch for the CPU where there is one; returns which was taken, and from where."""
    planned = environment.plan(TORCH)
    if planned.returncode == 0 and "nvidia" not in planned.stderr:
        environment.install("--no-deps", TORCH)
        return "a build for the CPU, from where pip is set up to look"
    from_pytorch = ("--no-deps", "--torch-backend", "cpu", TORCH)
    if environment.plan(*from_pytorch, retries=1).returncode == 0:
        environment.install(*from_pytorch)
        return "a build for the CPU, from PyTorch's own index (download.pytorch.org/whl/cpu)"
    print("torch: PyTorch's own index cannot be reached; taking the CUDA build (about 3 GB more), which runs here too")
    environment.install(TORCH)
    return "the CUDA build, with all that it needs"


def install_engine(environment: Environment) -> None:
    """Install vLLM's CPU build, the exact set of what it needs, and torch."""
    source = install_torch(environment)
    # compiled now, on all processors, instead of in each process that starts where bytecode is not kept
    environment.install("--no-deps", "--compile-bytecode", "--requirement", ROOT / "runtime" / "requirements-cpu.txt")
    print(f"torch: {source}")


def install_checkov(environment: Environment) -> None:
    """Install the policy checker, whose dependencies contradict the app's."""
    environment.install("--no-deps", "--requirement", ROOT / "ops/maintain/requirements-checkov.txt")


INSTALLERS: dict[str, tuple[str, str, Callable[[Environment], None]]] = {
    "app": (".venv", "the application (0.9 GB)", install_app),
    "dev": (".venv", "the tools of the tests (0.6 GB more)", install_dev),
    "engine": (".venv-engine", "the local engine (3.5 GB)", install_engine),
    "checkov": (".venv-checkov", "checkov", install_checkov),
}


def main() -> None:
    """Install one of them."""
    parser = argparse.ArgumentParser(prog="python -m ops.maintain.install", description=__doc__)
    parser.add_argument("name", choices=INSTALLERS)
    folder, what, install = INSTALLERS[parser.parse_args().name]
    print(f"set-up: {what}", flush=True)
    began = time.monotonic()
    install(Environment(folder, pip_configuration()))
    print(f"set-up: {what}: done in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()

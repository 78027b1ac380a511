"""Where things are in this folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "cdktf.out" / "stacks"


def engine_python() -> Path:
    """Return the interpreter that the local engine is installed in.

    Raises:
        SystemExit: it is not there.
    """
    python = ROOT / ".venv-engine" / "bin" / "python"
    if not python.exists():
        sys.exit(f"error: {python} does not exist: run make setup")
    return python

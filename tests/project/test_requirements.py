"""Every requirement has a test, and docs/requirements.md says where."""

import re
from collections import defaultdict

from support.paths import ROOT

ROW = re.compile(r"^\| (R\d+\.\d+) \| .+ \| (.+) \|$", re.MULTILINE)


def proofs() -> dict[str, set[str]]:
    """Test files by the requirement that they name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for marker in re.findall(r"mark\.req\(([^)]*)\)", path.read_text()):
            for requirement in re.findall(r"R\d+\.\d+", marker):
                found[requirement].add(path.relative_to(ROOT / "tests").with_suffix("").as_posix())
    return found


def test_the_table_names_every_requirement_with_the_files_that_prove_it() -> None:
    rows = {
        requirement: set(re.findall(r"`(\w+/test_\w+)`", files))
        for requirement, files in ROW.findall((ROOT / "docs/requirements.md").read_text())
    }
    assert rows == proofs()

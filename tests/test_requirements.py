"""Every requirement has a test, and the README says where."""

import re
from collections import defaultdict

from conftest import ROOT

ROW = re.compile(r"^\| (R\d+\.\d+) \| .+ \| (.+) \|$", re.MULTILINE)


def proofs() -> dict[str, set[str]]:
    """Test files by the requirement that they name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").glob("test_*.py"):
        for marker in re.findall(r"mark\.req\(([^)]*)\)", path.read_text()):
            for requirement in re.findall(r"R\d+\.\d+", marker):
                found[requirement].add(path.stem)
    return found


def test_readme_names_every_requirement_with_the_files_that_prove_it() -> None:
    rows = {
        requirement: set(re.findall(r"`(test_\w+)`", files))
        for requirement, files in ROW.findall((ROOT / "README.md").read_text())
    }
    assert rows == proofs()

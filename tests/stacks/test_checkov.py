"""Security scan of every stack: what fails is exactly what .checkov.yaml gives reasons for."""

import json
import os
import re
import subprocess
from typing import Any

import pytest

from support.paths import ROOT
from support.stack_json import Json

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
SKIPS = re.findall(r"^  - (CKV2?_AWS_\d+) +# \S", (ROOT / ".checkov.yaml").read_text(), re.M)


@pytest.fixture(scope="module")
def failures(synthesized: dict[str, Json], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Resources that fail, by check."""
    folder = tmp_path_factory.mktemp("stacks")
    for name, stack in synthesized.items():
        (folder / name).mkdir()
        (folder / name / "cdk.tf.json").write_text(json.dumps(stack, indent=2))
    done = subprocess.run(
        [str(CHECKOV), "--directory", str(folder), "--framework", "terraform_json", "--skip-download", "-o", "json"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["passed"] > len(synthesized)
    assert report["summary"]["parsing_errors"] == 0
    found: dict[str, set[str]] = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(f"{check['check_id']} {check['check_name']}", set()).add(check["resource"])
    return found


@pytest.mark.req("R6.4")
def test_nothing_fails_without_a_reason(failures: dict[str, set[str]]) -> None:
    assert not {check: where for check, where in failures.items() if check.split()[0] not in SKIPS}


def test_no_reason_is_out_of_date(failures: dict[str, set[str]]) -> None:
    assert set(SKIPS) - {check.split()[0] for check in failures} == set()


def test_every_skip_has_a_reason() -> None:
    assert len(SKIPS) == (ROOT / ".checkov.yaml").read_text().count("  - CKV")

"""GitHub's workflows, and what Infracost is told. Infracost's service itself needs an API key, and is not called."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.cost import forecast_of
from ops.infracost import usage, write
from support.paths import ROOT
from support.stack_json import Json

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
INFRACOST = ROOT / ".github" / "workflows" / "infracost.yml"


def test_workflows_are_valid() -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_least(path: Path) -> None:
    text = path.read_text()
    assert "permissions:\n  contents: read\n" in text
    assert "pull_request_target" not in text
    assert set(re.findall(r"^ +([\w-]+): write\b", text, re.M)) <= {"pull-requests"}


def test_workflows_have_no_known_weakness() -> None:
    """Among others: actions are pinned by commit, no checkout leaves its token behind, no text is run as a script."""
    zizmor = str(Path(sys.executable).with_name("zizmor"))
    folder = ROOT / ".github"
    command = [zizmor, "--offline", "--persona=pedantic", f"--config={folder / 'zizmor.yml'}", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_only_steps_get_secrets() -> None:
    """A step's own settings are indented by ten spaces; a job's or a workflow's by fewer."""
    given = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "secrets." in line]
    assert given
    assert all(line.startswith(" " * 10) for line in given)


@pytest.mark.req("R8.2")
@pytest.mark.parametrize("key", ["", "ico-key"], ids=["missing", "given"])
def test_without_an_api_key_the_workflow_says_so_and_does_nothing_else(key: str, tmp_path: Path) -> None:
    (script,) = re.findall(r"id: key\n +env:\n.*\n +run: \|\n((?: {10}.*\n)+)", INFRACOST.read_text())
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.touch()
    environ = os.environ | {
        "INFRACOST_API_KEY": key,
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("given=true" in output.read_text()) == bool(key)
    assert ("INFRACOST_API_KEY is missing" in done.stdout) == (not key)
    steps = re.split(r"\n      - ", INFRACOST.read_text().partition("steps:")[2])[2:]
    assert len(steps) >= 5
    assert all("if: steps.key.outputs.given\n" in f"{step}\n" for step in steps)


@pytest.mark.req("R8.2")
def test_infracost_is_told_the_forecasts_assumptions(synthesized: dict[str, Json]) -> None:
    prod = synthesized["inference-prod"]
    assumed = forecast_of(prod).variables
    told = usage(prod)
    assert told["aws_autoscaling_group"]["instances"] == assumed["min_instances"] == 2
    assert told["aws_api_gateway_rest_api"]["monthly_requests"] == assumed["requests_per_month"] == 1_000_000
    # each token is an event of 250 bytes, beside 2,000 bytes of headers
    assert told["aws_lb"]["processed_bytes_gb"] == pytest.approx(1e6 * (200 * 250 + 2000) / 1e9)
    groups = len(prod["resource"]["aws_cloudwatch_log_group"])
    assert told["aws_cloudwatch_log_group"]["storage_gb"] * groups == pytest.approx(3.0)
    assert set(told) <= set(prod["resource"])


@pytest.mark.req("R8.2")
def test_configuration_names_a_usage_file_for_each_environment(synthesized: dict[str, Json], tmp_path: Path) -> None:
    for name, stack in synthesized.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "cdk.tf.json").write_text(json.dumps(stack))
    names = write(tmp_path)
    config: dict[str, Any] = json.loads((tmp_path / "infracost.yml").read_text())
    assert [project["path"] for project in config["projects"]] == names
    assert names == sorted(name for name in synthesized if name.startswith("inference-"))
    for project in config["projects"]:
        told = json.loads((tmp_path / project["usage_file"]).read_text())
        assert told["resource_type_default_usage"]["aws_lb"]

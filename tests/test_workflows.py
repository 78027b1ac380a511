"""GitHub's workflows, and what Infracost is told. Infracost's service itself needs an API key, and is not called."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from ops.forecast import forecast
from ops.infracost import usage, write
from stack_json import Json

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
INFRACOST = ROOT / ".github" / "workflows" / "infracost.yml"


def test_workflows_are_valid() -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_rights_are_least(path: Path) -> None:
    text = path.read_text()
    for reference in re.findall(r"uses: (\S+)", text):
        assert re.search(r"@(v\d+|[0-9a-f]{40})$", reference), reference
    assert "permissions:\n  contents: read\n" in text
    assert "pull_request_target" not in text
    assert set(re.findall(r"^  ([\w-]+): write$", text, re.M)) <= {"pull-requests"}


@pytest.mark.req("R8.2")
@pytest.mark.parametrize("key", ["", "ico-key"], ids=["missing", "given"])
def test_without_an_api_key_the_workflow_says_so_and_does_nothing_else(key: str, tmp_path: Path) -> None:
    (script,) = re.findall(r"id: key\n +run: \|\n((?: {10}.*\n)+)", INFRACOST.read_text())
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
    assumed = forecast(prod).variables
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

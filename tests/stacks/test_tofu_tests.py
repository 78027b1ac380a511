"""The `tofu test` files, run here by a real core on what of a stack needs no provider: variables and forecast.

CI runs them on whole stacks, with the provider's own schema and mocked values.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops.deployment.tofu import tofu_path
from support.paths import ROOT
from support.stack_json import Json

FILES = ROOT / "tests/stacks/tofu"
TESTS: Json = json.loads((FILES / "inference.tftest.json").read_text())


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    core = tofu_path()
    if core is None:
        pytest.skip("neither tofu nor terraform is installed")
    return subprocess.run([core, *arguments], cwd=folder, capture_output=True, text=True)


def report(stack: Json, tests: Json, folder: Path) -> dict[str, str]:
    """How each run block ended, by name."""
    forecast = {name: value for name, value in stack["output"].items() if "cost" in name or "usd" in name}
    only_forecast: dict[str, Any] = {
        "variable": stack["variable"],
        "locals": {name: value for name, value in stack["locals"].items() if name.startswith("monthly_cost")},
        "output": forecast,
    }
    (folder / "cdk.tf.json").write_text(json.dumps(only_forecast))
    without_provider = {name: value for name, value in tests.items() if name != "mock_provider"}
    (folder / "inference.tftest.json").write_text(json.dumps(without_provider))
    initialized = run(folder, "init", "-input=false")
    assert initialized.returncode == 0, initialized.stderr
    lines = [json.loads(line) for line in run(folder, "test", "-json").stdout.splitlines()]
    return {
        line["test_run"]["run"]: line["test_run"]["status"]
        for line in lines
        if line.get("type") == "test_run" and line["test_run"].get("status")
    }


@pytest.mark.req("R3.3", "R3.4", "R8.1", "R8.3", "R8.4")
def test_every_run_block_passes(inference: Json, tmp_path: Path) -> None:
    ended = report(inference, TESTS, tmp_path)
    assert ended == {name: "pass" for block in TESTS["run"] for name in block}


@pytest.mark.req("R3.4")
def test_a_refusal_that_is_gone_fails_its_run_block(synthesized: dict[str, Json], tmp_path: Path) -> None:
    lax = json.loads(json.dumps(synthesized["inference-dev"]))
    del lax["variable"]["max_instances"]["validation"]
    ended = report(lax, TESTS, tmp_path)
    first_not_passed = next(name for name, status in ended.items() if status != "pass")
    assert first_not_passed == "r3_4_maximum_not_below_minimum"


@pytest.mark.parametrize("email", [None, "", "nobody"])
def test_a_protected_environment_without_alarm_address_is_refused_in_words(
    synthesized: dict[str, Json], email: str | None, tmp_path: Path
) -> None:
    variables = {} if email is None else {"alarm_email": email}
    (tmp_path / "cdk.tf.json").write_text(json.dumps({"variable": synthesized["inference-prod"]["variable"]}))
    assert run(tmp_path, "init", "-input=false").returncode == 0
    planned = run(tmp_path, "plan", "-input=false", "-no-color", *(f"-var={k}={v}" for k, v in variables.items()))
    assert planned.returncode != 0
    assert "its alarms must reach somebody" in " ".join(planned.stderr.replace("│", "").split())


@pytest.mark.req("R5.5")
def test_keys_are_on_where_an_environment_is_protected(synthesized: dict[str, Json]) -> None:
    on = {name: stack["variable"]["require_api_key"]["default"] for name, stack in synthesized.items() if "-" in name}
    assert on == {"inference-dev": False, "inference-staging": False, "inference-prod": True}


def test_each_kind_of_stack_has_a_test_file(synthesized: dict[str, Json]) -> None:
    kinds = {name.split("-")[0] for name in synthesized}
    assert {path.name for path in FILES.iterdir()} == {f"{kind}.tftest.json" for kind in kinds}

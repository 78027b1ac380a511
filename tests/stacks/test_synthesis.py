"""Synthesis: what `python main.py` and `cdktf synth` write, and how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT
from support.stack_json import Json, declared, references, resources


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python main.py` writes."""
    out = tmp_path_factory.mktemp("synth")
    subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=os.environ | {"CDKTF_OUTDIR": str(out)}, check=True)
    return out / "stacks"


@pytest.mark.req("R2.1")
def test_cdktf_synth_writes_what_main_writes(written: Path, tmp_path: Path) -> None:
    cdktf = ROOT / "node_modules" / ".bin" / "cdktf"
    subprocess.run(
        [str(cdktf), "synth", "--output", str(tmp_path), "--hcl", "false"],
        cwd=ROOT,
        env=os.environ | {"CHECKPOINT_DISABLE": "1", "CI": "true"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    expected = {path.parent.name: json.loads(path.read_text()) for path in written.glob("*/cdk.tf.json")}
    actual = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("stacks/*/cdk.tf.json")}
    assert actual == expected


@pytest.mark.req("R2.3")
def test_every_reference_resolves_within_its_stack(synthesized: dict[str, Json]) -> None:
    dangling = {name: references(stack) - declared(stack) for name, stack in synthesized.items()}
    assert not any(dangling.values()), dangling


@pytest.mark.req("R2.2")
@pytest.mark.parametrize(
    ("construct", "kinds"),
    [
        ("Vpc", ["aws_vpc", "aws_subnet", "aws_route", "aws_vpc_endpoint"]),
        ("Fleet", ["aws_launch_template", "aws_autoscaling_group", "aws_lb"]),
        ("Observability", ["aws_cloudwatch_dashboard", "aws_sns_topic", "aws_budgets_budget"]),
    ],
)
def test_networking_compute_and_monitoring_are_separate(inference: Json, construct: str, kinds: list[str]) -> None:
    owners = {name.split("_")[0] for kind in kinds for name in resources(inference, kind)}
    assert owners == {construct}


def test_only_the_provider_modules_in_use_are_imported() -> None:
    count = (
        "import sys, cdktf, stacks.app;"
        "stacks.app.add_stacks(cdktf.Testing.app());"
        "print(len({name.split('.')[1] for name in sys.modules if name.startswith('cdktf_cdktf_provider_aws.')}))"
    )
    done = subprocess.run([sys.executable, "-c", count], cwd=ROOT, check=True, capture_output=True, text=True)
    assert 0 < int(done.stdout) < 100

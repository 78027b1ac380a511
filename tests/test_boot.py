"""What a host does from launch to ready: the script that it runs, the service that it starts, and the time it takes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from boot_files import INSTANCE_ID, evaluated_boot_script, run_boot_script
from env_file import read_env_file
from inference_constructs.boot_budget import (
    BOOT_DEADLINE_SECONDS,
    boot_budget,
    boot_seconds,
    table,
)
from inference_constructs.boot_script import MODEL_FOLDER
from runtime.gpu_profiles import INSTANCE_TYPES, engine_profile
from runtime.settings import Settings
from stack_json import Json
from stacks.environments import ENVIRONMENTS, Environment

ROOT = Path(__file__).parent.parent
MACHINE = ROOT / "runtime" / "machine"
UNIT = MACHINE / "inference.service"
LONGEST_TIMEOUT_SECONDS = 240
"""Upper bound of the variable request_timeout_seconds."""


@pytest.fixture
def booted(inference: Json, tmp_path: Path) -> Path:
    """The root of a host after its boot script has run."""
    return run_boot_script(evaluated_boot_script(inference), tmp_path)


def settings_of(root: Path) -> Settings:
    return read_env_file(root / "etc/inference/gateway.env")


@pytest.mark.req("R1.1")
def test_host_serves_the_weights_of_the_image_as_phi_3_mini(booted: Path) -> None:
    settings = settings_of(booted)
    assert settings.model == MODEL_FOLDER
    assert "phi-3-mini" in settings.served_model_name


@pytest.mark.req("R1.1")
def test_engine_runs_as_the_hosts_gpu_needs_it(synthesized: dict[str, Json], tmp_path: Path) -> None:
    for environment in ENVIRONMENTS:
        root = run_boot_script(evaluated_boot_script(synthesized[environment.prefix]), tmp_path / environment.name)
        profile, settings = engine_profile(environment.instance_type), settings_of(root)
        assert settings.engine_args == profile.engine_args
        assert settings.max_in_flight == profile.max_num_seqs


@pytest.mark.req("R1.2")
def test_gateway_gives_up_at_the_boot_deadline_that_counts_from_the_hosts_boot(booted: Path) -> None:
    settings = settings_of(booted)
    assert (settings.boot_deadline_seconds, settings.count_host_boot) == (BOOT_DEADLINE_SECONDS, True)
    assert 0 < settings.expected_boot_seconds <= BOOT_DEADLINE_SECONDS


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_metrics_carry_the_environments_name(
    environment: Environment, synthesized: dict[str, Json], tmp_path: Path
) -> None:
    root = run_boot_script(evaluated_boot_script(synthesized[environment.prefix]), tmp_path)
    assert settings_of(root).environment == environment.name


@pytest.mark.req("R4.6")
def test_output_goes_to_the_log_group_in_a_stream_named_after_the_instance(booted: Path) -> None:
    host = (booted / "etc/inference/host.env").read_text()
    assert "--log-driver=awslogs" in host
    assert "--log-opt=awslogs-group=/the/log/group " in host
    assert f"--log-opt=awslogs-stream={INSTANCE_ID} " in host


def test_boot_starts_the_service_before_anything_that_may_take_time(booted: Path) -> None:
    first, second = (booted / "calls").read_text().splitlines()
    assert first == "systemctl start --no-block inference.service"
    assert second.startswith("amazon-cloudwatch-agent-ctl -a fetch-config")


def test_boot_script_is_what_was_reviewed(synthesized: dict[str, Json], snapshot: SnapshotAssertion) -> None:
    assert evaluated_boot_script(synthesized["inference-prod"]) == snapshot


@pytest.mark.parametrize("script", [*sorted(MACHINE.glob("*.sh"))], ids=lambda path: path.name)
def test_scripts_of_the_image_have_no_known_mistake(script: Path) -> None:
    subprocess.run(["shellcheck", str(script)], check=True, timeout=60)


def test_boot_script_has_no_known_mistake(inference: Json) -> None:
    script = evaluated_boot_script(inference)
    subprocess.run(["shellcheck", "-"], input=script, text=True, check=True, timeout=60)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "inference.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/docker", "/usr/bin/true"))
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/usr/bin/true\n")
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_unit_waits_for_the_longest_drain(synthesized: dict[str, Json], tmp_path: Path) -> None:
    script = evaluated_boot_script(synthesized["inference-prod"], request_timeout_seconds=LONGEST_TIMEOUT_SECONDS)
    drain = settings_of(run_boot_script(script, tmp_path)).drain_timeout_seconds
    words = UNIT.read_text().split()
    docker_waits = int(words[words.index("--time") + 1])
    (systemd_waits,) = [int(word.partition("=")[2]) for word in words if word.startswith("TimeoutStopSec=")]
    assert drain < docker_waits < systemd_waits


def test_container_gets_only_what_it_needs() -> None:
    unit = UNIT.read_text()
    for option in ("--read-only", "--cap-drop ALL", "no-new-privileges", "/model:ro"):
        assert option in unit
    assert "--network host" not in unit
    assert "--privileged" not in unit


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("instance_type", [name for name, type_ in INSTANCE_TYPES.items() if type_.gpu_count == 1])
def test_every_instance_type_is_ready_within_the_deadline(instance_type: str) -> None:
    assert boot_seconds(instance_type) < BOOT_DEADLINE_SECONDS
    assert all(stage.source for stage in boot_budget(instance_type))


@pytest.mark.req("R1.2")
def test_a_boot_that_would_miss_the_deadline_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference_constructs.boot_budget.CONTAINER_GB", 60)
    with pytest.raises(ValueError, match=r"'g5.xlarge' would take 3\d\d s until it is ready, 300 s are allowed"):
        boot_seconds("g5.xlarge")


@pytest.mark.req("R1.3")
@pytest.mark.parametrize("instance_type", ["p4d.24xlarge", "g6.xlarge", "m7i.large", "g5g.xlarge", ""])
def test_other_instance_types_are_refused(instance_type: str) -> None:
    with pytest.raises(ValueError, match="not a GPU instance of the g4dn or g5 family"):
        boot_seconds(instance_type)


@pytest.mark.req("R1.2")
def test_several_gpus_are_refused_since_their_kernels_would_be_compiled_at_boot() -> None:
    with pytest.raises(ValueError, match=r"^g5\.12xlarge has 4 GPUs, .*; use one of g4dn\.xlarge"):
        boot_seconds("g5.12xlarge")


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_documented_budget_is_the_computed_one(instance_type: str) -> None:
    assert table(instance_type) in (ROOT / "docs" / "deploy.md").read_text()


@pytest.mark.req("R3.1")
def test_agent_publishes_without_asking_the_ec2_api(booted: Path) -> None:
    config = json.loads((booted / "etc/inference/cloudwatch-agent.json").read_text())
    assert "${aws:" not in json.dumps(config)

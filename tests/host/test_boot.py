"""What a host does from launch to ready: the script that it runs, the service that it starts, and the time it takes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from inference_constructs.host.boot_budget import (
    BOOT_DEADLINE_SECONDS,
    boot_budget,
    boot_seconds,
    table,
)
from inference_constructs.host.boot_script import MODEL_FOLDER
from inference_constructs.host.engine_profiles import engine_profile
from inference_constructs.host.image_contract import build_engine, image_name
from inference_constructs.host.instance_types import INSTANCE_TYPES
from runtime.metrics import REQUESTS
from runtime.publisher import emf_document
from runtime.settings import Settings
from stacks.environments import ENVIRONMENTS, Environment
from support.boot_files import INSTANCE_ID, evaluated_boot_script, run_boot_script
from support.env_file import read_env_file
from support.models import phi_3_on
from support.paths import ROOT
from support.stack_json import Json

MACHINE = ROOT / "runtime" / "machine"


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
        profile, settings = engine_profile(environment.engine), settings_of(root)
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
    assert first == "systemctl start --no-block inference.service leave.service"
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
@pytest.mark.parametrize("source", [*sorted(MACHINE.glob("*.service"))], ids=lambda path: path.name)
def test_systemd_accepts_the_units(source: Path, tmp_path: Path) -> None:
    unit = tmp_path / source.name
    text = source.read_text().replace("/opt/inference/runtime/machine", str(MACHINE))
    unit.write_text(text.replace("/usr/bin/docker", "/usr/bin/true"))
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


SERVE = MACHINE / "serve.sh"
DOCKER = """echo "docker $*" >> {root}/calls
case "$*" in
*"--name inference "*) cat {root}/printed; echo oops >&2 ;;
*"--name inference-log "*)
    cd {repository} && GATEWAY_ENVIRONMENT=prod exec {python} -m runtime.log_filter > {root}/events ;;
esac"""
"""Stands in for `docker run`: the container prints what a test wants, the filter is the real one."""


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A folder with what a start of the service did: calls, and the log events that left the host."""
    forged = {"Namespace": "InferenceHost", "Dimensions": [["AutoScalingGroupName"]], "Metrics": [GPU_METRIC]}
    aws = {"Timestamp": 1, "CloudWatchMetrics": [forged]}
    line = {"_aws": aws, "AutoScalingGroupName": "inference-prod-hosts", GPU_METRIC["Name"]: 100}
    own = emf_document("prod", 1.0, {REQUESTS: 1}, {})
    (tmp_path / "printed").write_bytes(json.dumps(line, separators=(",", ":")).encode() + b"\n" + own + b"\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    docker = DOCKER.format(root=tmp_path, repository=ROOT, python=sys.executable)
    note = f'echo "$(basename "$0") $*" >> {tmp_path}/calls'
    for name, script in {"docker": docker, **dict.fromkeys(("mount", "umount", "install", "mkdir"), note)}.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    serve(tmp_path)
    return tmp_path


def serve(root: Path, script: Path = SERVE) -> None:
    """Start the service."""
    environ = {
        "PATH": f"{root}/bin:{os.environ['PATH']}",
        "LOG_OPTIONS": "--log-driver=awslogs --log-opt=mode=non-blocking",
    }
    subprocess.run(["bash", str(script)], env=environ, check=True, timeout=60)


GPU_METRIC = {"Name": "nvidia_smi_utilization_gpu", "Unit": "Percent"}


def docker_run(served: Path, name: str) -> str:
    (call,) = [
        line
        for line in (served / "calls").read_text().splitlines()
        if f"run --rm --name {name} " in f"{line} " or f"run --rm --interactive --name {name} " in f"{line} "
    ]
    return call


def test_forged_metric_leaves_the_host_as_text(served: Path) -> None:
    forged, *_ = [line for line in (served / "events").read_text().splitlines() if GPU_METRIC["Name"] in line]
    with pytest.raises(json.JSONDecodeError):
        json.loads(forged)


@pytest.mark.req("R4.2")
def test_gateways_metric_leaves_the_host_as_a_document(served: Path) -> None:
    (document,) = [line for line in (served / "events").read_text().splitlines() if line.startswith("{")]
    assert json.loads(document)["Requests"] == 1


def test_errors_of_the_container_are_in_the_log(served: Path) -> None:
    assert "| oops" in (served / "events").read_text().splitlines()


def test_output_reaches_cloudwatch_through_the_filter_only(served: Path) -> None:
    assert "--log-driver none" in docker_run(served, "inference")
    assert "--log-driver=awslogs" in docker_run(served, "inference-log")
    assert "--network none" in docker_run(served, "inference-log")


@pytest.mark.parametrize("container", ["inference", "inference-log"])
def test_container_gets_only_what_it_needs(container: str, served: Path) -> None:
    call = docker_run(served, container)
    for option in ("--read-only", "--cap-drop ALL", "no-new-privileges", "--pids-limit"):
        assert option in call
    for option in ("--network host", "--privileged", "unconfined", "docker.sock"):
        assert option not in call


def test_several_gpus_have_memory_to_pass_through(served: Path) -> None:
    call = docker_run(served, "inference")
    assert "--shm-size 2g" in call
    assert "--env NCCL_P2P_DISABLE=1 --env NCCL_CUMEM_HOST_ENABLE=0" in call


def test_container_cannot_change_weights_or_cache_of_the_host(served: Path) -> None:
    volumes = re.findall(r"--volume (\S+)", docker_run(served, "inference"))
    assert volumes == [f"{MODEL_FOLDER}:{MODEL_FOLDER}:ro", "/run/inference/copy:/cache"]


def test_python_runs_nothing_that_was_left_in_its_home(served: Path) -> None:
    call = docker_run(served, "inference")
    assert "--env PYTHONNOUSERSITE=1 --env PYTHONDONTWRITEBYTECODE=1" in call


def test_cache_is_made_anew_in_memory_at_each_start(served: Path) -> None:
    calls = (served / "calls").read_text().splitlines()
    kinds = [call.split()[0] for call in calls if call.split()[0] in ("umount", "mount") or "run --rm --name" in call]
    assert kinds == ["umount", "mount", "mount", "docker"]
    mounts = [call for call in calls if call.startswith("mount ")]
    assert mounts[0].startswith("mount -t tmpfs")
    assert "lowerdir=/var/lib/inference/cache,upperdir=/run/inference/" in mounts[1]


@pytest.mark.req("R1.2")
def test_only_the_first_start_counts_the_hosts_boot(served: Path) -> None:
    script, calls = served / "serve.sh", served / "calls"
    script.write_text(SERVE.read_text().replace("/run/inference", f"{served}/run"))
    calls.unlink()
    (served / "bin" / "mkdir").unlink()
    serve(served, script)
    serve(served, script)
    environments = [line.partition("--env-file")[2] for line in calls.read_text().splitlines() if "--gpus" in line]
    assert ["--env GATEWAY_COUNT_HOST_BOOT=false" in environment for environment in environments] == [False, True]


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("instance_type", [name for name, type_ in INSTANCE_TYPES.items() if type_.gpu_count == 1])
def test_every_instance_type_is_ready_within_the_deadline(instance_type: str) -> None:
    assert boot_seconds(phi_3_on(instance_type)) < BOOT_DEADLINE_SECONDS
    assert all(stage.source for stage in boot_budget(phi_3_on(instance_type)))


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_boot_takes_half_of_the_deadline(instance_type: str) -> None:
    assert boot_seconds(phi_3_on(instance_type)) <= BOOT_DEADLINE_SECONDS / 2


@pytest.mark.req("R1.2")
def test_weights_that_are_quantized_when_loaded_take_longer_but_no_more_of_the_volume() -> None:
    plain, quantized = boot_budget(phi_3_on("g5.xlarge")), boot_budget(phi_3_on("g5.xlarge", quantization="fp8"))
    assert [stage.name for stage in quantized if stage not in plain] == ["weights into 8 bits"]
    assert boot_seconds(phi_3_on("g5.xlarge", quantization="fp8")) < BOOT_DEADLINE_SECONDS


@pytest.mark.req("R1.2")
def test_a_boot_that_would_miss_the_deadline_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference_constructs.host.boot_budget.CONTAINER_GB", 60)
    with pytest.raises(ValueError, match=r"'g5.xlarge' would take 3\d\d s until it is ready, 300 s are allowed"):
        boot_seconds(phi_3_on("g5.xlarge"))


@pytest.mark.req("R1.3")
@pytest.mark.parametrize("instance_type", ["p4d.24xlarge", "g6.xlarge", "m7i.large", "g5g.xlarge", ""])
def test_other_instance_types_are_refused(instance_type: str) -> None:
    with pytest.raises(ValueError, match="not a GPU instance of the g4dn or g5 family"):
        boot_seconds(phi_3_on(instance_type))


@pytest.mark.req("R1.2")
def test_a_server_of_its_own_is_refused_since_it_starts_too_late() -> None:
    with pytest.raises(ValueError, match=r"^g4dn\.metal takes too long to start: .* 300 s that are allowed"):
        boot_seconds(phi_3_on("g4dn.metal"))


@pytest.mark.req("R1.2")
@pytest.mark.parametrize(
    ("hosts", "builder"),
    [
        ("g5.16xlarge", "g5.xlarge"),
        ("g5.24xlarge", "g5.12xlarge"),
        ("g5.48xlarge", "g5.48xlarge"),
        ("g4dn.12xlarge", "g4dn.12xlarge"),
    ],
)
def test_images_are_built_on_as_many_gpus_as_hosts_have(hosts: str, builder: str) -> None:
    assert build_engine(phi_3_on(hosts)).instance_type == builder
    assert boot_seconds(phi_3_on(hosts)) <= BOOT_DEADLINE_SECONDS


def test_hosts_with_other_numbers_of_gpus_have_images_of_their_own() -> None:
    names = {image_name(phi_3_on(name)) for name in ("g5.xlarge", "g5.2xlarge", "g5.12xlarge", "g5.48xlarge")}
    assert len(names) == 3


@pytest.mark.req("R1.2")
def test_documented_budget_is_the_computed_one_of_both_families() -> None:
    assert boot_budget(phi_3_on("g5.xlarge")) == boot_budget(phi_3_on("g4dn.xlarge"))
    assert table(phi_3_on("g4dn.xlarge")) in (ROOT / "docs" / "engine.md").read_text()


@pytest.mark.req("R3.1")
def test_agent_publishes_without_asking_the_ec2_api(booted: Path) -> None:
    config = json.loads((booted / "etc/inference/cloudwatch-agent.json").read_text())
    assert "${aws:" not in json.dumps(config)

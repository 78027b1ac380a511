"""An environment names its model, and its whole stack follows: image, settings, page."""

import json
from pathlib import Path

import cdktf
import msgspec
import pytest

from inference_constructs.host.models import Model
from ops.model import main
from stacks import model_files
from stacks.environments import Environment
from stacks.image import ImageStack
from stacks.inference import InferenceStack
from support.boot_files import evaluated_boot_script, run_boot_script
from support.env_file import read_env_file
from support.hub import REPOSITORY, serving_hub
from support.models import PHI_3
from support.stack_json import Json, resources


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    """A second model, whose weights are in a bucket of the owner's."""
    model = msgspec.structs.replace(
        PHI_3,
        name="tuned-1.5",
        source="s3://weights/tuned",
        commit=None,
        files=tuple(file for file in PHI_3.files if file.sha256),
        tool_parser="hermes",
    )
    for each in (PHI_3, model):
        (tmp_path / f"{each.name}.json").write_bytes(msgspec.json.encode(each))
    monkeypatch.setattr(model_files, "MODELS", tmp_path)
    return model


@pytest.fixture
def environments(tuned: Model) -> list[Environment]:
    return [
        Environment(name="one", vpc_cidr="10.1.0.0/20", max_instances=1),
        Environment(name="two", vpc_cidr="10.2.0.0/20", max_instances=1, model=tuned.name),
    ]


def image_of(environments: list[Environment]) -> Json:
    stack = ImageStack(
        cdktf.Testing.app(),
        "image",
        region="us-east-1",
        target_regions=["us-east-1"],
        engines=[e.engine for e in environments],
    )
    stack.prepare_stack()
    return json.loads(cdktf.Testing.synth(stack))


def service_of(environment: Environment) -> Json:
    stack = InferenceStack(cdktf.Testing.app(), environment.prefix, environment=environment)
    stack.prepare_stack()
    return json.loads(cdktf.Testing.synth(stack))


def test_each_model_has_an_image_of_its_own(environments: list[Environment]) -> None:
    image = image_of(environments)
    built = [
        distribution["distribution"][0]["ami_distribution_configuration"]["ami_tags"]["Model"]
        for distribution in resources(image, "aws_imagebuilder_distribution_configuration").values()
    ]
    assert sorted(built) == sorted([PHI_3.name, "tuned-1.5"])
    versions = {component["version"] for component in resources(image, "aws_imagebuilder_component").values()}
    assert len(versions) == 2


def test_build_hosts_may_read_the_bucket_that_holds_a_models_weights(environments: list[Environment]) -> None:
    (policy,) = resources(image_of(environments), "aws_iam_role_policy").values()
    (read,) = [s for s in json.loads(policy["policy"])["Statement"] if s["Sid"] == "ReadWeights"]
    assert (read["Action"], read["Resource"]) == ("s3:GetObject", ["arn:aws:s3:::weights/tuned/*"])


def test_hosts_and_page_serve_what_the_environment_names(environments: list[Environment], tmp_path: Path) -> None:
    stack = service_of(environments[1])
    settings = read_env_file(run_boot_script(evaluated_boot_script(stack), tmp_path) / "etc/inference/gateway.env")
    assert (settings.served_model_name, settings.tool_parser) == ("tuned-1.5", "hermes")
    contents = [object_.get("content", "") for object_ in resources(stack, "aws_s3_object").values()]
    assert any("tuned-1.5" in content for content in contents)
    (parameter,) = stack["data"]["aws_ssm_parameter"].values()
    assert parameter["name"].startswith("/imagebuilder/inference/tuned-1.5/")


def test_weights_on_one_machine_are_refused_where_hosts_should_serve_them(tuned: Model) -> None:
    local = msgspec.structs.replace(tuned, source="file:///home/me/tuned")
    (model_files.MODELS / f"{tuned.name}.json").write_bytes(msgspec.json.encode(local))
    with pytest.raises(ValueError, match=r"environment 'x': the weights of tuned-1\.5 are in a folder of one machine"):
        Environment(name="x", vpc_cidr="10.0.0.0/20", max_instances=1, model=tuned.name)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="environment 'x': there is no model 'nothing'"):
        Environment(name="x", vpc_cidr="10.0.0.0/20", max_instances=1, model="nothing")


def test_a_quantized_model_of_the_hub_is_one_edit_away(
    tuned: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        main(["add", REPOSITORY, "--license", "apache-2.0", "--name", "quantized"])
    trial = Environment(
        name="x", vpc_cidr="10.0.0.0/20", max_instances=1, instance_type="g4dn.xlarge", model="quantized"
    )
    stack = service_of(trial)
    settings = read_env_file(run_boot_script(evaluated_boot_script(stack), tmp_path) / "etc/inference/gateway.env")
    assert "--max-model-len 32768" in settings.engine_args
    assert '--override-generation-config \'{"temperature":0.7,"top_p":0.8,"top_k":20}\'' in settings.engine_args
    assert "monthly_cost_usd" in stack["output"]
    (component,) = resources(image_of([trial]), "aws_imagebuilder_component").values()
    assert component["name"] == "inference-host-g4dn-quantized"

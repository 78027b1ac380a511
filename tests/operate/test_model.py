"""`ops.model`, with the real client library against a stand-in for the Hub, and moto for a bucket."""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from inference_constructs.host.engine import Engine
from inference_constructs.host.engine_profiles import engine_profile
from inference_constructs.host.instance_types import INSTANCE_TYPES
from inference_constructs.host.models import Model, Sampling
from ops.model import main
from ops.models import local_model
from ops.models.description import KNOWN
from stacks import model_files
from stacks.model_files import model_named
from support.hub import COMMIT, QWEN2_7B, REPOSITORY, Hub, head, serving_hub
from support.models import PHI_3
from support.paths import ROOT

NAME = "qwen2-7b-instruct-awq"
LICENSE = ("--license", "apache-2.0")


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of models of the test's own, with the first in it."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / f"{PHI_3.name}.json").write_bytes(msgspec.json.encode(PHI_3))
    monkeypatch.setattr(model_files, "MODELS", folder)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def added(*arguments: str, name: str = NAME) -> Model:
    main(["add", *arguments])
    return model_named(name)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that the command ends with; nothing is written."""
    before = sorted(model_files.MODELS.iterdir())
    with pytest.raises(SystemExit) as ended:
        main(["add", *arguments])
    assert sorted(model_files.MODELS.iterdir()) == before
    assert isinstance(ended.value.code, str)
    assert ended.value.code.startswith("error: ")
    assert "\n" not in ended.value.code
    return ended.value.code


def test_added_model_is_pinned_to_a_commit_and_to_digests(hub: Hub) -> None:
    model = added(REPOSITORY, *LICENSE)
    assert (model.source, model.commit) == (f"{hub.url}/{REPOSITORY}", COMMIT)
    digests = {file.name: file.sha256 for file in model.files}
    assert digests == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in hub.files.items()
        if name not in ("README.md", "onnx/model.onnx")
    }


@pytest.mark.usefixtures("hub")
def test_figures_are_those_of_config_and_weights() -> None:
    model = added(f"{REPOSITORY}@{COMMIT}", *LICENSE)
    assert (model.layers, model.kv_heads, model.head_size, model.context_tokens) == (28, 4, 128, 32_768)
    assert (model.sliding_window, model.quantization) == (None, "awq")
    assert (model.intermediate_size, model.group_size) == (18_944, 128)
    # 28 layers of 233 million, embeddings and output layer of 545 million each; scales and zero points are none
    assert model.parameters == 7_615_283_200
    assert model.weight_bytes == 5_570_000_000
    assert model.sampling == Sampling(temperature=0.7, top_p=0.8, top_k=20)


@pytest.mark.usefixtures("hub")
def test_added_model_fits_where_16_bits_would_not() -> None:
    model = added(REPOSITORY, *LICENSE, "--tool-parser", "hermes")
    assert engine_profile(Engine("g4dn.xlarge", model=model)).kv_cache_tokens > 32_768
    assert model.tool_parser == "hermes"


def test_a_licence_must_be_accepted_by_name(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is under apache-2.0: to accept this licence, say --license apache-2.0" in refusal(capsys, REPOSITORY)
    hub.license = "llama3.1"
    assert "llama3.1" in refusal(capsys, REPOSITORY, *LICENSE)


def test_a_repository_that_states_no_licence_is_taken_by_no_accident(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.license = ""
    assert "is under unknown: to accept this licence, say --license unknown" in refusal(capsys, REPOSITORY)


def test_several_licences_are_accepted_together(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.license = ["apache-2.0", "mit"]
    assert "--license 'apache-2.0 and mit'" in refusal(capsys, REPOSITORY, *LICENSE)
    assert added(REPOSITORY, "--license", "apache-2.0 and mit").license == "apache-2.0 and mit"


def test_what_the_engine_knows_is_that_of_the_hosts_release() -> None:
    pins = (ROOT / "runtime/machine/requirements-gpu.txt").read_text()
    assert f"\nvllm=={KNOWN['version']} " in pins


def test_a_gated_model_needs_a_token(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.gated = "manual"
    assert f"is gated: ask for access at {hub.url}/{REPOSITORY}, then set HF_TOKEN" in refusal(capsys, REPOSITORY)


def test_weights_in_other_formats_are_refused(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.files["pytorch_model.bin"] = hub.files.pop("model.safetensors")
    assert "has no safetensors" in refusal(capsys, REPOSITORY, *LICENSE)


def packed_to(type: str, bits: int, **values: Any) -> dict[str, Any]:
    """A config of compressed-tensors. https://github.com/vllm-project/compressed-tensors."""
    activations = values.pop("activations", None)
    group = {"weights": {"type": type, "num_bits": bits, **values}, "input_activations": activations}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


@pytest.mark.parametrize(
    ("config", "format", "group_size"),
    [
        ({"quant_method": "gptq", "bits": 4, "sym": True, "group_size": 64}, "gptq", 64),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, "fp8", 1),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", 128),
        ({"quant_method": "mxfp4"}, "mxfp4", 1),
        (packed_to("int", 4, group_size=32), "compressed-tensors-int4", 32),
        (packed_to("float", 8, activations={"num_bits": 8}), "compressed-tensors-fp8", 1),
    ],
)
def test_quantization_is_read_from_the_models_own_config(
    config: dict[str, Any], format: str, group_size: int, hub: Hub
) -> None:
    hub.config(quantization_config=config)
    model = added(REPOSITORY, *LICENSE)
    assert (model.quantization, model.group_size) == (format, group_size)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architectures": ["NewForCausalLM"]}, "has no text model of the architecture NewForCausalLM"),
        ({"model_type": "new", "auto_map": {"AutoConfig": "new.New"}}, "needs code of its own (auto_map)"),
        ({"quantization_config": {"quant_method": "awq", "bits": 3}}, "quantization awq (bits 3) is none"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4, "sym": False}}, "quantization gptq"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4, "zero_point": False}}, "quantization awq"),
        ({"quantization_config": packed_to("int", 4, activations={"num_bits": 8})}, "quantization compressed-tensors"),
        ({"quantization_config": {**packed_to("float", 8), "kv_cache_scheme": {"num_bits": 8}}}, "packs the cache too"),
        (
            {"quantization_config": {**QWEN2_7B["quantization_config"], "group_size": 77}},
            "quantization awq (bits 4, group_size 77) is none",
        ),
    ],
)
def test_what_the_engine_cannot_serve_is_refused(
    changes: dict[str, Any], words: str, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.config(**changes)
    assert words in refusal(capsys, REPOSITORY, *LICENSE)


@pytest.mark.parametrize("figure", ["max_position_embeddings", "num_attention_heads"])
def test_a_config_without_a_figure_is_refused(figure: str, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    config = json.loads(hub.files["config.json"])
    del config[figure]
    hub.files["config.json"] = json.dumps(config).encode()
    assert f"has no {figure}" in refusal(capsys, REPOSITORY, *LICENSE)


def test_a_model_can_be_added_that_an_environment_names_already() -> None:
    program = "import sys, ops.model; sys.exit('stacks.environments' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


@pytest.mark.usefixtures("hub")
def test_mistakes_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no model acme/nothing" in refusal(capsys, "acme/nothing")
    assert "no revision" in refusal(capsys, f"{REPOSITORY}@{'f' * 40}")
    assert "vLLM has no --tool-parser nothing" in refusal(capsys, REPOSITORY, *LICENSE, "--tool-parser", "nothing")
    assert "--name gives another name" in refusal(capsys, REPOSITORY, *LICENSE, "--name", "Not A Name")
    added(REPOSITORY, *LICENSE)
    assert "is there already" in refusal(capsys, REPOSITORY, *LICENSE)


def test_a_hub_that_does_not_answer_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 does not answer" in refusal(capsys, REPOSITORY)


OWN = {
    "config.json": json.dumps({**QWEN2_7B, "quantization_config": None}).encode(),
    "model.safetensors": head({"lm_head.weight": ("F16", [8, 8])}),
}


def own_folder(parent: Path) -> Path:
    """A folder of own weights, in one with a space."""
    folder = parent / "own weights" / "mine"
    folder.mkdir(parents=True)
    for name, content in OWN.items():
        (folder / name).write_bytes(content)
    return folder


def test_own_weights_in_a_folder_are_described_as_they_are(tmp_path: Path) -> None:
    folder = own_folder(tmp_path)
    model = added(str(folder), name="mine")
    assert (model.source, model.license, model.parameters) == (folder.as_uri(), "own", 64)


def test_a_chat_template_is_the_demos_as_well(tmp_path: Path) -> None:
    folder = own_folder(tmp_path)
    template = tmp_path / "template.jinja"
    template.write_text("{{ messages }}")
    assert added(str(folder), "--chat-template", str(template), name="mine").chat_template == "{{ messages }}"
    local = local_model("mine")
    assert (local.folder, local.engine_arguments) == (folder, ("--chat-template", "{{ messages }}"))


def test_a_model_without_a_chat_template_is_said_to_answer_no_chats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added(str(own_folder(tmp_path)), name="mine")
    assert "/v1/chat/completions answers 400" in capsys.readouterr().out


def test_own_weights_in_a_bucket_are_described_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3: Any = boto3.client("s3")
        s3.create_bucket(Bucket="weights")
        for name, content in OWN.items():
            s3.put_object(Bucket="weights", Key=f"mine/{name}", Body=content)
        model = added("s3://weights/mine/", name="mine")
    assert (model.source, model.commit, model.parameters) == ("s3://weights/mine", None, 64)
    assert {file.sha256 for file in model.files} == {hashlib.sha256(content).hexdigest() for content in OWN.values()}


def test_fit_has_a_row_for_every_type_and_says_what_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fit", PHI_3.name])
    shown = capsys.readouterr().out
    assert all(name in shown for name in INSTANCE_TYPES)
    assert "g4dn.metal: takes too long to start" in shown


def test_list_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list"])
    assert capsys.readouterr().out.startswith(f"{PHI_3.name}  7.1 GiB  16 bits  mit  https://huggingface.co/")

"""Another architecture, described by `ops.model`, passes the tests of the API that name no model: a tiny Llama.

It has no chat template of its own and a tool parser, unlike the Phi-3 of the other tests.
"""

import inspect
import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from gateway import test_api, test_tools
from inference_constructs.host import Model
from inference_constructs.image.model_description import model_description
from ops import smoke
from ops.engine import ENGINE_ARGS
from ops.model import main
from stacks import model_files
from stacks.model_files import model_named
from support.engine_fixtures import SETTINGS, Gateway, counting, tiny_phi3

TEMPLATE = """\
{% for tool in tools or [] %}<|system|>{{ tool | tojson }}<|end|>{% endfor %}
{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    folder = tmp_path_factory.mktemp("models")
    template = folder / "template.jinja"
    template.write_text(TEMPLATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_files, "MODELS", folder)
        options = ["--name", "tiny-llama", "--tool-parser", "hermes", "--chat-template", str(template)]
        main(["add", str(tiny_phi3("Llama")), *options, "--question", " 7", "--answer", " 8 9"])
        yield model_named("tiny-llama")


@pytest.fixture(scope="module")
def described(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an image's scripts know about the model."""
    folder = tmp_path_factory.mktemp("model")
    for name, text in model_description(model).items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def gateway(model: Model, described: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the model's settings, before weights that are laid out as on a host."""
    weights = tmp_path_factory.mktemp("host") / "model"
    shutil.copytree(tiny_phi3("Llama"), weights)
    shutil.copy(described / "chat_template.jinja", weights)
    gateway = Gateway(
        tmp_path_factory.mktemp("gateway"),
        model=weights,
        served_model_name=model.name,
        tool_parser=model.tool_parser,
        engine_args=shlex.join([*shlex.split(ENGINE_ARGS), *model.engine_arguments]),
        **SETTINGS,
    )
    try:
        gateway.wait_until("ready")
        yield gateway
    finally:
        gateway.stop()


def names_no_model(test: Callable[..., None]) -> bool:
    """Whether a test is one of every model's, and of a running gateway's."""
    return "MODEL" not in inspect.getsource(test) and not OTHERS & inspect.signature(test).parameters.keys()


OTHERS = {"loading_gateway", "mortal_gateway"}
"""Gateways that boot an engine of their own, or end this one."""

TOOL_PARSER = {"test_what_cannot_be_done_is_400_with_the_reason"}
"""What a model with a tool parser need not refuse."""

globals().update(
    {
        name: test
        for tests in (test_api, test_tools)
        for name, test in vars(tests).items()
        if name.startswith("test_") and name not in TOOL_PARSER and names_no_model(test)
    }
)


def test_architecture_is_another(model: Model) -> None:
    assert model.architecture == "LlamaForCausalLM"


def test_image_s_trial_is_passed(client: httpx.Client, described: Path) -> None:
    answer = client.post("/v1/completions", json=json.loads((described / "trial.json").read_text())).text
    assert (described / "answer.txt").read_text().rstrip("\n") in answer


def test_smoke_test_passes(gateway: Gateway) -> None:
    api = smoke.Api(gateway.url, None)
    with api.http, api.anonymous:
        results = smoke.smoke(api, smoke.CHECKS, Console(quiet=True))
    assert [result for result in results if result.passed is False] == []


def test_chat_goes_through_the_template_of_the_model_s_file(client: httpx.Client) -> None:
    asked = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3}
    answer = client.post("/v1/chat/completions", json=asked).json()
    assert answer["choices"][0]["message"]["content"] == counting(0, 3)
    # <|user|>, five bytes, <|end|>, <|assistant|>
    assert answer["usage"]["prompt_tokens"] == 8


def test_tools_are_left_to_the_model_where_it_has_a_parser(client: httpx.Client) -> None:
    asked = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3, "tools": test_tools.TOOLS}
    answer = client.post("/v1/chat/completions", json=asked).json()
    assert answer["choices"][0]["message"]["content"] == counting(0, 3)

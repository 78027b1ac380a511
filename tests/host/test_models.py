"""A model is a file of data: what is read from it, and what is refused in one line."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inference_constructs.host.models import Sampling, read_model
from stacks.model_files import MODELS, model_named, model_names
from support.models import PHI_3

DIGEST = "0" * 64


def written(folder: Path, **changes: Any) -> Path:
    """A copy of the first model's file with other values."""
    path = folder / f"{PHI_3.name}.json"
    path.write_text(json.dumps({**msgspec.to_builtins(PHI_3), **changes}))
    return path


@pytest.mark.req("R1.1")
def test_phi_3_minis_weights_are_the_size_that_its_figures_give() -> None:
    # the files' own heads are the rest
    assert PHI_3.weight_bytes == pytest.approx(2 * PHI_3.parameters, rel=1e-5)


def test_every_model_file_is_named_as_its_model() -> None:
    assert [model_named(name).name for name in model_names()] == sorted(path.stem for path in MODELS.glob("*.json"))


def test_a_name_without_a_file_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(ValueError, match=r"^there is no model 'phi-9'; choose from .*phi-3-mini-4k-instruct"):
        model_named("phi-9")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": "many"}, r"Expected `int`, got `str` - at `\$.layers`"),
        ({"colour": "blue"}, "Object contains unknown field `colour`"),
        ({"name": "other"}, "`name` is 'other', but a file is named as its model"),
        ({"source": "https://hub.example/it's"}, r"\$.source"),
        ({"commit": None}, "a repository of the Hub needs its commit"),
        ({"files": [{"name": "config.json", "sha256": DIGEST}]}, "no file is a .safetensors"),
        ({"files": [{"name": "a.safetensors", "sha256": DIGEST}]}, "a.safetensors needs its size and its sha256"),
        ({"files": [{"name": "../a.safetensors", "size": 1, "sha256": DIGEST}]}, r"\$.files\[0\].name"),
        ({"source": "s3://b/p", "commit": None, "files": [{"name": "config.json"}]}, "no commit covers it"),
        ({"trial": {"prompt": "x", "answer": "a\nb"}}, r"\$.trial.answer"),
        ({"trial": {"prompt": "x", "answer": "a\n"}}, r"\$.trial.answer"),
        ({"trial": {"prompt": "x", "answer": 'a"b'}}, r"\$.trial.answer"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ValueError, match=words) as refused:
        read_model(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_recommended_sampling_is_what_a_request_gets_that_asks_for_none() -> None:
    model = msgspec.structs.replace(PHI_3, sampling=Sampling(temperature=0.7, top_k=20), reasoning_parser="qwen3")
    option, values, *reasoning = model.engine_arguments
    assert (option, json.loads(values)) == ("--override-generation-config", {"temperature": 0.7, "top_k": 20})
    assert reasoning == ["--reasoning-parser", "qwen3"]

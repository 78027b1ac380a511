"""How vLLM is started, and how its log tells the stages of its boot."""

from pathlib import Path

import msgspec
import pytest

from runtime.engine import STAGE_OF_LOG_LINE, command, stage_of
from runtime.metrics import Stage
from runtime.settings import Settings
from runtime.validation import encode_for_engine, parse
from support.engine_fixtures import engine_python

ENGINE = "(EngineCore pid=75) INFO 11-24 02:19:01"
SERVER = "(APIServer pid=7) INFO:    "
GPU_LOG = f"""\
{ENGINE} [core.py:121] Initializing a V1 LLM engine (v0.33.0)
{ENGINE} [model_runner.py:399] Loading model from scratch...
{ENGINE} [default_loader.py:507] Loading weights took 17.21 seconds
{ENGINE} [model_runner.py:429] Model loading took 7.12 GiB memory and 18.000000 seconds
{ENGINE} [monitor.py:53] torch.compile took 4.20 s in total
{SERVER} Application startup complete.
"""
CPU_LOG = f"""\
{ENGINE} [core.py:121] Initializing a V1 LLM engine (v0.32.0)
{ENGINE} [cpu_model_runner.py:68] Starting to load model /models/tiny...
{ENGINE} [default_loader.py:507] Loading weights took 0.02 seconds
{SERVER} Application startup complete.
"""
SOURCES = {
    "vllm/v1/worker/gpu/model_runner.py": b"Loading model from scratch",
    "vllm/v1/worker/cpu_model_runner.py": b"Starting to load model",
    "vllm/model_executor/model_loader/default_loader.py": b"Loading weights took",
    "uvicorn/lifespan/on.py": b"Application startup complete",
}


@pytest.mark.req("R1.2")
@pytest.mark.parametrize("log", [GPU_LOG, CPU_LOG], ids=["gpu", "cpu"])
def test_stages_of_a_boot_are_read_from_the_log(log: str) -> None:
    stages = [stage for line in log.encode().splitlines() if (stage := stage_of(line))]
    assert stages == [Stage.WEIGHTS, Stage.COMPILE, Stage.FIRST_TOKEN]


@pytest.mark.parametrize("source", SOURCES)
def test_words_of_a_stage_are_those_of_vllms_source(source: str) -> None:
    (packages,) = Path(engine_python()).parents[1].glob("lib/python*/site-packages")
    assert SOURCES[source] in STAGE_OF_LOG_LINE
    assert SOURCES[source] in (packages / source).read_bytes()


def test_longest_answer_is_not_in_the_command_whose_hash_names_the_compile_cache() -> None:
    assert command(Settings(max_output_tokens=100)) == command(Settings(max_output_tokens=200))


def sent_to_the_engine(**parameters: object) -> dict[str, object]:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": "Hello"}], **parameters})
    request = parse("/v1/chat/completions", body, max_output_tokens=400)
    return msgspec.json.decode(encode_for_engine(request, max_output_tokens=400))


def test_chat_without_a_length_gets_the_longest_that_is_allowed() -> None:
    assert sent_to_the_engine()["max_tokens"] == 400


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_chat_keeps_the_length_that_it_asks_for(name: str) -> None:
    sent = sent_to_the_engine(**{name: 7})
    assert {"max_tokens": sent.get("max_tokens"), "max_completion_tokens": sent.get("max_completion_tokens")} == {
        "max_tokens": None,
        "max_completion_tokens": None,
        name: 7,
    }

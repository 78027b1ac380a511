"""What the engine logs when it dies, as vLLM's own code writes it, reaches the log without what clients sent."""

import re
import subprocess

import pytest

from runtime.engine_log import WITHHELD, EngineLog
from support.engine_fixtures import engine_python

SECRET = "Rumpelstilzchen"

DUMP = f"""
import dataclasses
from vllm import SamplingParams
from vllm.config import VllmConfig
from vllm.config.logging import LoggingConfig
from vllm.logger import configure_logging, init_logger
from vllm.logging_utils import dump_input
from vllm.v1.core.sched.output import NewRequestData, SchedulerOutput

configure_logging(LoggingConfig())
fields = {{field.name: None for field in dataclasses.fields(SchedulerOutput)}}
parameters = SamplingParams(stop=["{SECRET}"])
request = {{field.name: None for field in dataclasses.fields(NewRequestData)}}
new = NewRequestData(**(request | {{"req_id": "1", "prompt_token_ids": [1], "sampling_params": parameters}}))
dump_input.dump_engine_exception(None, SchedulerOutput(**(fields | {{"scheduled_new_reqs": [new]}})), None)
try:
    raise ValueError("{SECRET}\\n{SECRET}")
except ValueError:
    init_logger("vllm.v1.engine.core").exception("EngineCore failed on {SECRET}")
"""


@pytest.fixture(scope="module")
def dump() -> list[bytes]:
    """The lines that real vLLM writes when a step of its engine fails."""
    done = subprocess.run([engine_python(), "-c", DUMP], capture_output=True, check=True)
    return (done.stdout + done.stderr).splitlines(keepends=True)


def filtered(lines: list[bytes]) -> bytes:
    log = EngineLog()
    log.clients_come()
    return b"".join(log.without_content(line) for line in lines)


def test_vllm_logs_stop_strings_when_it_dies(dump: list[bytes]) -> None:
    assert any(b"Dumping scheduler output" in line and SECRET.encode() in line for line in dump)


def test_nothing_that_clients_sent_is_passed_on(dump: list[bytes]) -> None:
    assert SECRET.encode() not in filtered(dump)


def test_traceback_and_kind_of_exception_are_passed_on(dump: list[bytes]) -> None:
    passed = filtered(dump)
    assert b"Traceback (most recent call last):" in passed
    assert re.search(rb'File "<string>", line \d+, in <module>', passed)
    assert b"ValueError\n" in passed
    assert b"dump_input.py" in passed


def test_what_is_logged_while_the_engine_loads_is_passed_on_whole(dump: list[bytes]) -> None:
    log = EngineLog()
    assert [log.without_content(line) for line in dump] == dump


@pytest.mark.parametrize(
    ("line", "passed"),
    [
        (b"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20 MiB", None),
        (b"(EngineCore pid=7) RuntimeError: CUDA error: an illegal memory access was encountered", None),
        (b"(APIServer pid=7) INFO 11-24 02:19:01 [loggers.py:248] Engine 000: Running: 1 reqs", None),
        (b"engine ended with code -9", None),
        (b"ValueError: Rumpelstilzchen", b"ValueError"),
        (b"jinja2.exceptions.TemplateError: Rumpelstilzchen", b"jinja2.exceptions.TemplateError"),
        (b"Rumpelstilzchen", WITHHELD),
        (b"INFO 11-24 02:19:01 [api.py:1] a", b"INFO 11-24 02:19:01 [api.py:1] " + WITHHELD),
    ],
)
def test_line_of_a_serving_engine(line: bytes, passed: bytes | None) -> None:
    assert filtered([line + b"\n"]) == (passed or line) + b"\n"

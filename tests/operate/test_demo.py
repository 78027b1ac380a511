"""The local demo, as a new user runs it: a real small model, the page, and nothing left behind."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam
from playwright.sync_api import Browser, expect

from ops.demo import last_words
from ops.engine import MODEL
from support.documents import fenced, shell_blocks
from support.engine_fixtures import free_port
from support.paths import ROOT

API_PAGE = ROOT / "docs" / "api.md"
TOOL = """
model, messages = "{model}", question
tools = [{{"type": "function", "function": {{"name": "population", "parameters": {{
    "type": "object", "properties": {{"city": {{"enum": ["Paris", "Rome"]}}}}, "required": ["city"]}}}}}}]
def run(function):
    return "2 million"
"""


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    process: subprocess.Popen[str]
    output: str
    page: str
    api: str


@pytest.fixture(scope="module")
def demo() -> Generator[Demo]:
    """`make demo`, once its page is announced."""
    api, page, engine = free_port(), free_port(), free_port()
    ports = {"API_PORT": str(api), "PAGE_PORT": str(page), "ENGINE_PORT": str(engine)}
    with subprocess.Popen(
        [sys.executable, "-m", "ops.demo"], cwd=ROOT, env=os.environ | ports, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = list(itertools.takewhile(lambda line: not line.startswith("ready after"), process.stdout))
        yield Demo(process, "".join(lines), f"http://127.0.0.1:{page}", f"http://127.0.0.1:{api}")
        process.terminate()


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listing.splitlines()]
    return {int(pid): (int(parent), command) for pid, parent, command in rows}


def descendants(ancestor: int) -> dict[int, str]:
    """Command lines of the processes that descend from one."""
    living = processes()

    def descends(pid: int) -> bool:
        parent = living.get(pid, (0, ""))[0]
        return parent == ancestor or (parent > 1 and descends(parent))

    return {pid: command for pid, (_, command) in living.items() if descends(pid)}


def test_it_synthesizes_and_forecasts_before_it_serves(demo: Demo) -> None:
    assert "inference-prod" in demo.output
    assert "$" in demo.output


@pytest.mark.req("R9.1", "R9.2")
def test_page_is_at_the_root_and_knows_the_api(demo: Demo) -> None:
    page = httpx.get(f"{demo.page}/")
    assert "<textarea" in page.text
    assert httpx.get(f"{demo.page}/config.json").json()["apiUrl"] == demo.api


@pytest.mark.req("R5.1")
def test_a_real_model_answers_sensibly_plain_and_streamed(demo: Demo) -> None:
    client = openai.OpenAI(base_url=f"{demo.api}/v1", api_key="unused")
    question: ChatCompletionUserMessageParam = {"role": "user", "content": "What is the capital of France?"}
    model = client.models.list().data[0].id
    plain = client.chat.completions.create(model=model, messages=[question], temperature=0, max_tokens=20)
    assert "Paris" in (plain.choices[0].message.content or "")
    with client.chat.completions.create(
        model=model, messages=[question], temperature=0, max_tokens=20, stream=True
    ) as stream:
        parts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "Paris" in "".join(parts)
    assert len([part for part in parts if part]) > 3


def for_demo(code: str, demo: Demo) -> str:
    """Code of a document, for the model and the address that the demo has."""
    return code.replace("phi-3-mini-4k-instruct", MODEL).replace("http://127.0.0.1:8000", demo.api)


def output_of(demo: Demo, *command: str, stdin: str = "") -> str:
    """What a document's command prints, run in the root with the demo as its API."""
    environ = os.environ | {"API_URL": demo.api, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.req("R5.1")
def test_the_curl_of_the_readme_names_paris_each_time(demo: Demo) -> None:
    [command] = [for_demo(block, demo) for block in shell_blocks(ROOT / "README.md") if block.startswith("curl ")]
    for _ in range(10):
        answer = json.loads(output_of(demo, "bash", "-c", command))
        assert "Paris" in answer["choices"][0]["message"]["content"]


@pytest.mark.req("R5.1")
def test_the_python_of_the_readme_streams_an_answer(demo: Demo) -> None:
    [code] = fenced(ROOT / "README.md", "python")
    assert "Paris" in output_of(demo, sys.executable, "-c", for_demo(code, demo))


@pytest.mark.parametrize("streamed", [False, True])
def test_the_curls_of_the_api_page_work(demo: Demo, streamed: bool) -> None:
    calls = [block for block in shell_blocks(API_PAGE) if block.startswith("curl ")]
    assert "Paris" in output_of(demo, "bash", "-c", for_demo(calls[streamed], demo))


def test_the_python_of_the_api_page_works(demo: Demo) -> None:
    """Its three snippets as one program, in which a tool says what the last one leaves open."""
    calls, structured, tools = (for_demo(code, demo) for code in fenced(API_PAGE, "python"))
    program = "\n".join([calls, structured, TOOL.format(model=MODEL), tools, "print(answer.choices[0].message.role)"])
    first, rest = output_of(demo, sys.executable, "-c", program).split("\n", 1)
    assert "Paris" in first
    assert "city='Paris'" in rest
    assert rest.endswith("assistant\n")


def test_the_javascript_of_the_api_page_works(demo: Demo) -> None:
    [code] = fenced(API_PAGE, "js")
    printed = output_of(demo, "node", "--input-type=module", stdin=for_demo(code, demo))
    assert printed.count("Paris") >= 2


@pytest.mark.req("R9.3")
def test_the_pages_first_answer_is_sensible(demo: Demo, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(demo.page)
    page.get_by_label("Your prompt").fill("What is the capital of France?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Copy answer")).to_be_visible(timeout=60_000)
    expect(page.locator(".answer")).to_contain_text("Paris")


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "ops.demo", "--port", str(port)], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: port {port} cannot be used")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "INFO: booting\n(EngineCore pid=7) ImportError: libcudnn.so.9: cannot open shared object file\nINFO: bye\n",
            "ImportError: libcudnn.so.9: cannot open shared object file",
        ),
        ("Killed\n\n", "Killed"),
        ("", "it wrote nothing"),
    ],
)
def test_the_cause_of_a_failed_start_is_named(tmp_path: Path, log: str, cause: str) -> None:
    (tmp_path / "log").write_text(log)
    assert last_words(tmp_path / "log") == cause


STREAMS = 3


@contextlib.contextmanager
def story(demo: Demo) -> Generator[Iterator[str]]:
    """The lines of a streamed answer of several seconds."""
    messages = [{"role": "user", "content": "Tell me a long story."}]
    body = {"messages": messages, "max_tokens": 24, "stream": True}
    with httpx.stream("POST", f"{demo.api}/v1/chat/completions", json=body, timeout=120) as response:
        yield response.iter_lines()


def test_ctrl_c_lets_answers_end_and_stops_everything(demo: Demo) -> None:
    children = descendants(demo.process.pid)
    assert any("runtime" in command for command in children.values())
    assert any("vllm" in command.lower() for command in children.values())
    with contextlib.ExitStack() as stack:
        answers = [stack.enter_context(story(demo)) for _ in range(STREAMS)]
        first = [next(lines) for lines in answers]
        demo.process.send_signal(signal.SIGINT)
        ends = [list(filter(None, lines))[-1] for lines in answers]
    assert all(line.startswith("data: {") for line in first)
    assert ends == ["data: [DONE]"] * STREAMS
    assert demo.process.wait(timeout=60) == 128 + signal.SIGINT
    left = {pid: command for pid, (_, command) in processes().items() if children.get(pid) == command}
    assert left == {}

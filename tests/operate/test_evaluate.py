"""The questions have the answers that are said to be right, and the real engine's score is the one that is known."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import httpx
import pytest

from ops.evaluation import AskingError, Question, Run, ask_all, digest, judges, mcnemar, questions, wilson, write_run
from support.engine_fixtures import Gateway, counting
from support.paths import ROOT

ALL = questions()
COUNTED = 128
"""Numbers that the tiny Phi-3 writes, whatever it is asked: as many as an answer may have tokens."""


def evaluate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.evaluate", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLUMNS": "160"})


def saved(path: Path, asked: list[Question]) -> Path:
    """A run with every answer right."""
    answers = {question.id: right(question) for question in asked}
    write_run(Run(date="2026-11-01T00:00:00+00:00", model="phi-3", questions=digest(asked), answers=answers), path)
    return path


def right(question: Question) -> str:
    """A right answer to a question."""
    return ", ".join(question.accepted) if question.kind == "sorting" else question.accepted[0]


# the questions


@pytest.mark.parametrize("kind", sorted({question.kind for question in ALL}))
def test_what_is_accepted_is_right_as_a_model_would_write_it(kind: str) -> None:
    assert [question.id for question in ALL if question.kind == kind and not question.is_right(right(question))] == []


def test_no_question_is_asked_twice() -> None:
    assert [prompt for prompt, count in Counter(question.prompt for question in ALL).items() if count > 1] == []


def test_the_questions_are_the_same_in_every_process() -> None:
    program = "from ops.evaluation import digest, questions; print(digest(questions()))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"PYTHONHASHSEED": "7"}, check=True)
    assert done.stdout.strip() == digest(ALL)


def test_arithmetic_is_right() -> None:
    sums = {q.prompt.removeprefix("What is ").partition("?")[0]: q.accepted[0] for q in ALL if q.kind == "arithmetic"}
    assert [text for text, result in sums.items() if eval(text) != int(result)] == []


# the judges


@pytest.mark.parametrize(
    ("judge", "accepted", "answer", "right"),
    [
        (judges.last_number, ["1306"], "614 + 692 = 1,306.", True),
        (judges.last_number, ["1306"], "1306 is less than 1400", False),
        (judges.last_number, ["-4"], "It is -4", True),
        (judges.last_number, ["18"], "18.0", True),
        (judges.last_number, ["18"], "eighteen", False),
        (judges.mentions, ["Brasília"], "The capital is Brasilia.", True),
        (judges.mentions, ["6", "six"], "Six sides", True),
        (judges.mentions, ["6", "six"], "16", False),
        (judges.mentions, ["new"], "newest", False),
        (judges.letter, ["B"], "The answer is B) Riga", True),
        (judges.letter, ["B"], "Both C and B", False),
        (judges.letter, ["B"], "", False),
        (judges.listed, ["apple", "goat"], "apple, goat.", True),
        (judges.listed, ["apple", "goat"], "1. apple\n2. goat", True),
        (judges.listed, ["3", "10"], "3\n10", True),
        (judges.listed, ["apple", "goat"], "goat, apple", False),
        (judges.listed, ["apple", "goat"], "Here they are: apple, goat", False),
        (judges.exactly, ["PEACH"], " PEACH\n", True),
        (judges.exactly, ["PEACH"], "PEACH.", False),
        (judges.json_object, ['{"a": 1, "b": [2]}'], '```json\n{"b": [2], "a": 1}\n```', True),
        (judges.json_object, ['{"a": 1}'], '{"a": "1"}', False),
        (judges.json_object, ['{"a": 1}'], '{"a": 1', False),
    ],
)
def test_a_judge(judge: judges.Judge, accepted: list[str], answer: str, right: bool) -> None:
    assert judge(answer, accepted) is right


# the figures


@pytest.mark.parametrize(("count", "total"), [(0, 20), (45, 50), (50, 50)])
def test_a_bound_of_the_interval_is_as_far_from_the_share_as_95_of_100_samples_fall(count: int, total: int) -> None:
    # at the share itself the distance is 0, so a bound of 0 or 1 fits too
    for bound in wilson(count, total):
        distance = 1.959964 * sqrt(max(bound * (1 - bound), 0) / total)
        assert abs(count / total - bound) == pytest.approx(distance, abs=1e-6)


@pytest.mark.parametrize(("lost", "won", "p"), [(0, 0, 1), (1, 0, 1), (6, 0, 2 / 64), (0, 6, 2 / 64), (4, 10, 0.17957)])
def test_a_change_is_as_likely_as_that_many_heads_of_a_fair_coin(lost: int, won: int, p: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(p, abs=1e-5)


# asking


def ask(answer: Callable[[httpx.Request], httpx.Response], asked: list[Question]) -> tuple[dict[str, str], list[float]]:
    """The answers of an API, and how long was waited between its attempts."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def run() -> dict[str, str]:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(base_url="https://api.example", transport=transport) as http:
            return await ask_all(http, "phi-3", asked, per_minute=60, done=lambda: None, sleep=sleep)

    return asyncio.run(run()), waits


def answered(text: str) -> httpx.Response:
    return httpx.Response(200, json={"choices": [{"message": {"content": text}}]})


def test_a_question_over_the_rate_limit_is_asked_again_after_retry_after() -> None:
    replies = [httpx.Response(429, headers={"Retry-After": "37"}), answered("5")]
    answers, waits = ask(lambda _: replies.pop(0), ALL[:1])
    assert answers == {ALL[0].id: "5"}
    assert 37 in waits


def test_a_connection_that_breaks_is_tried_again() -> None:
    replies: list[httpx.Response | Exception] = [httpx.ReadError("broken"), answered("5")]

    def answer(_: httpx.Request) -> httpx.Response:
        if isinstance(reply := replies.pop(0), Exception):
            raise reply
        return reply

    assert ask(answer, ALL[:1])[0] == {ALL[0].id: "5"}


@pytest.mark.parametrize("status", [400, 503])
def test_a_question_that_is_never_answered_ends_the_run(status: int) -> None:
    with pytest.raises(AskingError, match=f"arithmetic-01 got {status}"):
        ask(lambda _: httpx.Response(status, headers={"Retry-After": "1"}), ALL[:1])


def test_every_question_is_asked_at_temperature_0() -> None:
    bodies: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return answered("")

    ask(answer, ALL)
    assert sorted(str(body["messages"]) for body in bodies) == sorted(
        str([{"role": "user", "content": question.prompt}]) for question in ALL
    )
    assert {body["temperature"] for body in bodies} == {0}


# the command


def test_an_api_that_is_not_there_is_one_line() -> None:
    done = evaluate("http://127.0.0.1:9")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "No such file"),
        ("[]", "holds no run"),
        ('{"date": "", "model": "m", "questions": "of yore", "answers": {}}', "other questions"),
    ],
)
def test_a_file_that_cannot_be_compared_with_is_one_line_before_anything_is_asked(
    text: str | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    done = evaluate("http://127.0.0.1:9", "--against", str(path))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert problem in done.stderr


def test_the_real_engine_s_score_is_the_known_one(gateway: Gateway, tmp_path: Path) -> None:
    asked = [question for question in ALL if question.kind == "extraction"]
    # the earlier run, made up, had every answer right
    earlier, later = saved(tmp_path / "earlier.json", asked), tmp_path / "later.json"
    done = evaluate(
        *(gateway.url, "--kind", "extraction", "--per-minute", "100000"),
        *("--save", str(later), "--against", str(earlier)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(later.read_text())["answers"] == {question.id: counting(0, COUNTED) for question in asked}
    # a text that counts mentions what is asked for where that is one of its numbers
    count = sum(question.accepted[0] in {f"{number}" for number in range(COUNTED)} for question in asked)
    assert re.search(rf"all\W+{len(asked)}\W+{count}\W+{count / len(asked):.1%}", done.stdout)
    assert f"{len(asked) - count} lost, 0 won, {len(asked)} of {len(asked)} answers worded otherwise" in done.stdout

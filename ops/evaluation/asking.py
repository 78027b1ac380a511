"""Asking a live API all questions: a bounded number at once, at a bounded pace."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

import httpx

from ops.evaluation.questions import Question

AT_ONCE = 8
"""The sequences that the gateway of every host lets one client have."""

MAX_TOKENS = 128
"""Enough for every right answer, with a calculation or a few words before it."""

ATTEMPTS = 10
TRY_AGAIN = (429, 503, 504)

Sleep = Callable[[float], Awaitable[object]]


class AskingError(Exception):
    """A question could not be asked; the text says why."""


async def _ask(http: httpx.AsyncClient, model: str, question: Question, sleep: Sleep) -> str:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": question.prompt}],
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
    }
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            response = await http.post("/v1/chat/completions", json=body)
        except httpx.TransportError as error:
            problem, wait = f"{type(error).__name__} {error}", 1
        else:
            if response.status_code == 200:
                return response.json()["choices"][0]["message"]["content"] or ""
            problem = f"{response.status_code}: {response.text[:200]}"
            if response.status_code not in TRY_AGAIN:
                break
            wait = int(response.headers.get("retry-after", 1))
        await sleep(wait)
    raise AskingError(f"{question.id} got {problem}")


async def ask_all(
    http: httpx.AsyncClient,
    model: str,
    asked: Sequence[Question],
    *,
    per_minute: float,
    done: Callable[[], object],
    sleep: Sleep = asyncio.sleep,
) -> dict[str, str]:
    """Return the answers by the questions' ids.

    What is refused for the moment (429, 503, 504) is asked again after Retry-After.

    Args:
        http: Client of the API.
        model: Its model.
        asked: The questions.
        per_minute: Requests a minute at most, while none is asked again.
        done: Called after each answer.
        sleep: Waits for some seconds.

    Raises:
        AskingError: a question got no answer in spite of all attempts.
    """
    answers: dict[str, str] = {}

    async def one_after_the_other(left: Iterator[Question]) -> None:
        for question in left:
            answers[question.id], _ = await asyncio.gather(
                _ask(http, model, question, sleep), sleep(60 / per_minute * AT_ONCE)
            )
            done()

    left = iter(asked)
    await asyncio.gather(*(one_after_the_other(left) for _ in range(AT_ONCE)))
    return {question.id: answers[question.id] for question in asked}

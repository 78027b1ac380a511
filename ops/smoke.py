"""Hold a live API against its contract: health, completions, streams, errors, and optionally keys and the rate limit.

The exit code is 0 where every check passes, and 1 otherwise. An API key is read from INFERENCE_API_KEY.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import EventSource
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ops.shared.api_url import KEY_VARIABLE, api_url
from ops.shared.served_model import key_header

TIMEOUT_SECONDS = 60
STREAM_TOKENS = 64
BURST = 150
"""Requests that are sent at once to meet the rate limit of 100 a minute."""

RATE_LIMIT_SECONDS = 120
"""How long the rate limit may take to show: WAF counts about every 10 s and acts up to half a minute later.

https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-request-limiting.html
"""


class ContractError(Exception):
    """The API did not do what its contract says; the text says what it did."""


class NotApplicable(Exception):  # noqa: N818  no error
    """There is nothing to check; the text says why."""


def expect(condition: bool, problem: str) -> None:
    """Raise ContractError with `problem` unless the condition holds."""
    if not condition:
        raise ContractError(problem)


class Api:
    """Clients of the API under test, with the API key and without.

    Args:
        url: Of the API, without a trailing slash.
        key: API key, or None where there is none.
        transport: What carries the requests; the network unless given.
    """

    def __init__(self, url: str, key: str | None, transport: httpx.BaseTransport | None = None) -> None:
        self.keyed = bool(key)
        self.http = httpx.Client(base_url=url, headers=key_header(key), timeout=TIMEOUT_SECONDS, transport=transport)
        self.anonymous = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, transport=transport)


def json_of(response: httpx.Response, status: int) -> Any:
    """Return the body of an answer that must have this status and hold JSON."""
    expect(response.status_code == status, f"expected {status}, got {response.status_code}: {response.text[:120]}")
    try:
        return response.json()
    except ValueError:
        raise ContractError(f"the body is no JSON: {response.text[:120]}") from None


def error_of(response: httpx.Response, status: int) -> str:
    """Return the message of an error that must have this status and OpenAI's shape."""
    body = json_of(response, status)
    error = body.get("error") if isinstance(body, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    expect(isinstance(error, dict) and {"message", "type", "param", "code"} <= error.keys(), f"no OpenAI error: {body}")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return str(error["message"])  # pyright: ignore[reportUnknownArgumentType, reportOptionalSubscript]


def check_health(api: Api) -> str:
    """GET /health answers 200 and `ready` (R5.2, R1.4)."""
    health = json_of(api.http.get("/health"), 200)
    expect(health.get("status") == "ready", f"status is {health.get('status')!r}")
    return f"ready, {health.get('model')}"


def check_models(api: Api) -> str:
    """GET /v1/models lists a model."""
    models = json_of(api.http.get("/v1/models"), 200)["data"]
    expect(len(models) > 0, "no model is listed")
    return str(models[0]["id"])


def check_completion(api: Api) -> str:
    """POST /v1/completions answers with text and its count of tokens (R5.1)."""
    began = time.monotonic()
    response = api.http.post("/v1/completions", json={"prompt": "The capital of France is", "max_tokens": 8})
    answer = json_of(response, 200)
    expect(bool(answer["choices"][0]["text"]), "the text is empty")
    expect(answer["usage"]["completion_tokens"] > 0, "usage counts no tokens")
    return f"{answer['usage']['completion_tokens']} tokens in {time.monotonic() - began:.2f} s"


def check_chat(api: Api) -> str:
    """POST /v1/chat/completions answers with a message."""
    message = {"role": "user", "content": "What is the capital of France?"}
    answer = json_of(api.http.post("/v1/chat/completions", json={"messages": [message], "max_tokens": 16}), 200)
    content = answer["choices"][0]["message"]["content"]
    expect(bool(content), "the message is empty")
    return " ".join(content.split())[:60]


def check_stream(api: Api) -> str:
    """A stream comes token by token and ends with [DONE]."""
    body = {"prompt": "Once upon a time", "max_tokens": STREAM_TOKENS, "stream": True}
    began, arrivals, last = time.monotonic(), list[float](), ""
    with api.http.stream("POST", "/v1/completions", json=body) as response:
        if response.status_code != 200:
            response.read()
            json_of(response, 200)
        kind = response.headers.get("content-type", "")
        expect(kind.startswith("text/event-stream"), f"the content type is {kind!r}")
        for last in (event.data for event in EventSource(response).iter_sse()):
            arrivals.append(time.monotonic() - began)
            expect('"error"' not in last, f"the stream ended with {last[:120]}")
    expect(last == "[DONE]", f"the stream ended with {last[:80]!r} instead of [DONE]")
    expect(len(arrivals) > 2, "the whole answer came as one event")
    first, whole = arrivals[0], arrivals[-1]
    expect(whole < 1 or whole - first > whole / 10, f"it was buffered: all of it came at once after {whole:.1f} s")
    return f"first token after {first:.2f} s, {len(arrivals) - 1} events in {whole:.2f} s"


def check_malformed(api: Api) -> str:
    """A body that is no JSON gets 400 (R7.3)."""
    return error_of(api.http.post("/v1/completions", content=b"{", headers={"Content-Type": "application/json"}), 400)


def check_empty_prompt(api: Api) -> str:
    """An empty prompt gets 400 with details (R7.3)."""
    return error_of(api.http.post("/v1/completions", json={"prompt": ""}), 400)


def check_unknown_path(api: Api) -> str:
    """An unknown path gets 404."""
    return error_of(api.http.get("/v1/nothing"), 404)


def check_keys(api: Api) -> str:
    """With keys on, no key and a wrong key get 401 (R5.6)."""
    body = {"prompt": "Hello", "max_tokens": 1}
    without = api.anonymous.post("/v1/completions", json=body)
    if without.status_code == 200 and not api.keyed:
        raise NotApplicable("keys are off")
    error_of(without, 401)
    wrong = {"Authorization": "Bearer no-such-key-00000000000000000000"}
    return error_of(api.anonymous.post("/v1/completions", json=body, headers=wrong), 401)


def check_cors(api: Api, origin: str) -> str:
    """A page of `origin` may call the API (R9.5)."""
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    answers = [
        api.anonymous.options("/v1/completions", headers=preflight),
        api.http.post("/v1/completions", json={"prompt": ""}, headers={"Origin": origin}),
    ]
    for answer in answers:
        allowed = answer.headers.get("access-control-allow-origin")
        expect(allowed in (origin, "*"), f"{answer.request.method}: allowed origin is {allowed!r}")
    return f"{origin} is allowed"


def check_rate_limit(api: Api) -> str:
    """Too many requests from one address get 429 with Retry-After (R5.3); says how many got through.

    The requests are empty, so the gateway counts them and answers 400 at once. It never limits /health.
    """
    began, sent, through = time.monotonic(), 0, 0
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("rate limit", total=RATE_LIMIT_SECONDS)
        while (seconds := time.monotonic() - began) < RATE_LIMIT_SECONDS:
            response = api.http.post("/v1/completions", json={})
            sent += 1
            if response.status_code == 429 and "address" not in error_of(response, 429):
                time.sleep(1)  # the throttle of the key or the route, which is another limit
            elif response.status_code == 429:
                expect("retry-after" in response.headers, "429 without Retry-After")
            else:
                through += 1
            if sent >= BURST and sent > through:
                after = response.headers.get("retry-after", "none")
                return f"{through} of {sent} requests got through in {seconds:.0f} s; Retry-After {after}"
            progress.update(task, completed=seconds)
    raise ContractError(f"no 429 in {sent} requests and {RATE_LIMIT_SECONDS} s")


@dataclass(frozen=True)
class Result:
    """What a check found; `passed` is None where it did not apply."""

    name: str
    passed: bool | None
    detail: str


CHECKS: dict[str, Callable[[Api], str]] = {
    "health": check_health,
    "models": check_models,
    "completion": check_completion,
    "chat completion": check_chat,
    "stream": check_stream,
    "400 malformed JSON": check_malformed,
    "400 empty prompt": check_empty_prompt,
    "404 unknown path": check_unknown_path,
    "401 without a valid key": check_keys,
}


def run_check(name: str, check: Callable[[Api], str], api: Api) -> Result:
    """Run one check; what it raises becomes its result."""
    try:
        return Result(name, True, check(api))
    except NotApplicable as reason:
        return Result(name, None, str(reason))
    except ContractError as problem:
        return Result(name, False, str(problem))
    except httpx.HTTPError as problem:
        return Result(name, False, f"{type(problem).__name__}: {problem}")
    except (KeyError, IndexError, TypeError, AttributeError) as problem:
        return Result(name, False, f"the JSON has another shape: {type(problem).__name__} {problem}")


def smoke(api: Api, checks: dict[str, Callable[[Api], str]], console: Console) -> list[Result]:
    """Run the checks in order, and return what they found."""
    results: list[Result] = []
    for name, check in checks.items():
        with console.status(name):
            results.append(run_check(name, check, api))
    return results


def print_table(results: list[Result], console: Console) -> None:
    """Print one line for each result."""
    table = Table("check", "result", "detail")
    words = {True: "[green]ok[/]", False: "[bold red]FAILED[/]", None: "[dim]skipped[/]"}
    for result in results:
        table.add_row(result.name, words[result.passed], escape(json.dumps(result.detail, ensure_ascii=False)[1:-1]))
    console.print(table)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.smoke", description=__doc__)
    parser.add_argument("url", type=api_url, help="URL of the API, such as https://host/live")
    parser.add_argument("--origin", help="also check that pages of this origin may call the API")
    parser.add_argument("--rate-limit", action="store_true", help="also exceed the rate limit; blocks you for a minute")
    arguments = parser.parse_args()
    checks, origin = dict(CHECKS), arguments.origin
    if origin:
        checks["CORS"] = lambda api: check_cors(api, origin)
    if arguments.rate_limit:
        checks["429 over the limit"] = check_rate_limit
    console = Console()
    results = smoke(Api(arguments.url, os.environ.get(KEY_VARIABLE)), checks, console)
    print_table(results, console)
    if failed := sum(result.passed is False for result in results):
        sys.exit(f"error: {failed} of {len(results)} checks failed against {arguments.url}")


if __name__ == "__main__":
    main()

"""Streams from a live host, and what their tokens' times say about its engine."""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import mean, median

import httpx
from httpx_sse import EventSource

from inference_constructs.host import MeasuredPrompt, MeasuredStep

PLACES = (1, 2, 4, 8, 12, 16, 24, 32)
"""Streams at once; those that a host does not run all at once are left out."""

CONTEXT_WORDS = (30, 400)
"""A short prompt and a long one, since a step's time grows with all tokens that are held."""

OUTPUT_TOKENS = 96
LEAST_STEPS = 16
"""Steps with all streams under way, below which there is too little to measure."""

PROMPT_WORDS = (50, 200, 400, 800, 1600)
REPEATS = 3

COUNTING = "Count on from here, one number after the other: 1, 2, 3, 4, 5, 6, 7, 8,"
"""The end of each prompt whose answer must be long."""

WORDS = ("river", "stone", "cloud", "market", "garden", "engine", "letter", "window", "harbour", "winter", "copper")


class CalibrationError(Exception):
    """Nothing can be measured; the text says why."""


class RefusedError(CalibrationError):
    """The host does not take so long a prompt, or so many streams at once."""


REFUSALS = (400, 413, 503, 504)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A streamed answer.

    Attributes:
        sent: When it was asked for, on the clock of `arrivals`.
        arrivals: When each piece of it came.
        prompt_tokens: Length of the prompt.
        tokens: Length of the answer.
    """

    sent: float
    arrivals: Sequence[float]
    prompt_tokens: int
    tokens: int


class Host:
    """A host behind an API, asked at a bounded pace.

    Args:
        http: Client of the API.
        model: Its model.
        per_minute: Requests in any minute at most.
    """

    def __init__(self, http: httpx.AsyncClient, model: str, per_minute: float) -> None:
        self._http, self._model, self._per_minute = http, model, per_minute
        self._sent: deque[float] = deque()

    async def streams(self, prompts: Sequence[str], max_tokens: int) -> list[Stream]:
        """Return the answers to all prompts, asked for at once.

        Raises:
            CalibrationError: one is not answered as it should be.
            RefusedError: the host does not take one of them.
        """
        while self._sent and len(self._sent) + len(prompts) > self._per_minute:
            await asyncio.sleep(self._sent.popleft() + 60 - time.monotonic())
        self._sent.extend([time.monotonic()] * len(prompts))
        found = await asyncio.gather(*(self._stream(prompt, max_tokens) for prompt in prompts), return_exceptions=True)
        streams: list[Stream] = []
        for one in found:
            # raised when all have ended, so that none disturbs the next measurement
            if isinstance(one, BaseException):
                raise one
            streams.append(one)
        return streams

    async def _stream(self, prompt: str, max_tokens: int) -> Stream:
        body = {
            "model": self._model,
            "prompt": prompt,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        arrivals: list[float] = []
        usage: dict[str, int] = {}
        sent = time.perf_counter()
        try:
            async with self._http.stream("POST", "/v1/completions", json=body) as response:
                if response.status_code != 200:
                    text = (await response.aread()).decode(errors="replace")
                    error = RefusedError if response.status_code in REFUSALS else CalibrationError
                    raise error(f"a request got {response.status_code}: {text[:200]}")
                async for event in EventSource(response).aiter_sse():
                    if event.data == "[DONE]":
                        break
                    piece = json.loads(event.data)
                    if "error" in piece:
                        raise CalibrationError(f"a stream ended with {piece['error']}")
                    if piece["choices"]:
                        arrivals.append(time.perf_counter())
                    usage = piece.get("usage") or usage
        except httpx.HTTPError as error:
            raise CalibrationError(f"a request failed: {type(error).__name__} {error}") from None
        if not arrivals or not usage:
            raise CalibrationError("a stream ended without an answer, or without its usage")
        return Stream(
            sent=sent, arrivals=arrivals, prompt_tokens=usage["prompt_tokens"], tokens=usage["completion_tokens"]
        )


def prompt_of(words: int) -> str:
    """Return a prompt that no earlier one begins like, so that no cached prefix makes it cheaper."""
    chance = random.SystemRandom()
    return f"{chance.randrange(10**9)} {' '.join(chance.choices(WORDS, k=words - 1))}"


def step_of(streams: Sequence[Stream]) -> MeasuredStep | None:
    """Return the time of a step while all streams ran; None where they did not run together for long enough.

    A piece may hold several tokens, where the engine was faster than the way to here.
    """
    begin = max(stream.arrivals[0] for stream in streams)
    end = min(stream.arrivals[-1] for stream in streams)
    seconds: list[float] = []
    held = 0.0
    for stream in streams:
        pieces = [index for index, arrival in enumerate(stream.arrivals) if begin <= arrival <= end]
        per_piece = stream.tokens / len(stream.arrivals)
        steps = (len(pieces) - 1) * per_piece
        if steps < LEAST_STEPS:
            return None
        seconds.append((stream.arrivals[pieces[-1]] - stream.arrivals[pieces[0]]) / steps)
        held += stream.prompt_tokens + mean(pieces) * per_piece
    return MeasuredStep(places=len(streams), tokens=held, seconds=mean(seconds))


async def measure_steps(host: Host, most: int) -> AsyncIterator[MeasuredStep]:
    """Yield the time of a step by places, each with short and with long contexts, as far as the host's places go.

    Args:
        host: What is measured.
        most: Streams at once at most.

    Raises:
        CalibrationError: the API does not answer as it should.
    """
    await host.streams([f"{prompt_of(CONTEXT_WORDS[0])} {COUNTING}"], OUTPUT_TOKENS)
    for places in (places for places in PLACES if places <= most):
        for words in CONTEXT_WORDS:
            prompts = [f"{prompt_of(words)} {COUNTING}" for _ in range(places)]
            try:
                step = step_of(await host.streams(prompts, OUTPUT_TOKENS))
            except RefusedError:
                return
            if step is None:
                return
            yield step


async def measure_prompts(host: Host) -> AsyncIterator[MeasuredPrompt]:
    """Yield the time to the first token by length of the prompt, as far as the model's context goes.

    Raises:
        CalibrationError: the API does not answer as it should.
    """
    for words in PROMPT_WORDS:
        try:
            found = [(await host.streams([prompt_of(words)], 1))[0] for _ in range(REPEATS)]
        except RefusedError:
            return
        yield MeasuredPrompt(
            tokens=round(mean(stream.prompt_tokens for stream in found)),
            seconds=median(stream.arrivals[0] - stream.sent for stream in found),
        )

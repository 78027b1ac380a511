"""What a request may say: names and types, and bounds on what multiplies the engine's work. The engine checks the rest.

A parameter that is not listed is refused, as OpenAI does; so no extension of vLLM can be reached from outside.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from runtime.errors import ApiError, bad_request

MAX_SEQUENCES = 8
"""Answers that one request may ask for: prompts, or `n`, at a time."""

Text = Annotated[str, Meta(min_length=1)]
Integer = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
Count = Annotated[int, Meta(ge=1, le=MAX_SEQUENCES)]


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a stream carries besides the answer."""

    include_usage: bool = False


class _Sampling(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    model: str | None = None
    max_tokens: Integer | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Integer | None = None
    min_p: float | None = None
    n: Count | None = None
    stop: str | Annotated[list[Text], Meta(max_length=4)] | None = None
    seed: Integer | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    ignore_eos: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None


class CompletionRequest(_Sampling):
    """Body of POST /v1/completions."""

    prompt: Text | Annotated[list[Text], Meta(min_length=1, max_length=MAX_SEQUENCES)]
    echo: bool | None = None
    logprobs: Integer | None = None


class TextPart(msgspec.Struct, forbid_unknown_fields=True):
    """A piece of a message."""

    type: Literal["text"]
    text: str


class Message(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str | Annotated[list[TextPart], Meta(min_length=1)]
    name: str | None = None


class ChatCompletionRequest(_Sampling):
    """Body of POST /v1/chat/completions."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    max_completion_tokens: Integer | None = None
    logprobs: bool | None = None
    top_logprobs: Integer | None = None


Request = CompletionRequest | ChatCompletionRequest

_DECODERS: dict[str, msgspec.json.Decoder[Request]] = {
    "/v1/completions": msgspec.json.Decoder(CompletionRequest),
    "/v1/chat/completions": msgspec.json.Decoder(ChatCompletionRequest),
}

COMPLETION_PATHS = frozenset(_DECODERS)

_encoder = msgspec.json.Encoder()


def parse(path: str, body: bytes, *, max_output_tokens: int) -> Request:
    """Return the request that `body` holds.

    Raises:
        ApiError: 400, with the parameter that is wrong.
    """
    try:
        request = _DECODERS[path].decode(body)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"The body is not valid JSON: {error}.") from None
    _refuse_over_cap(request, max_output_tokens)
    return request


def _explain(problem: str) -> ApiError:
    """Turn msgspec's words, such as "Expected `int`, got `str` - at `$.n`", into an error with the parameter's name."""
    message, _, path = problem.partition(" - at `$")
    parts = [path.rstrip("`").lstrip(".")]
    parts += re.findall(r"(?:required|unknown) field `(.*)`$", message)
    return bad_request(f"{message}.", ".".join(part for part in parts if part) or None)


def _refuse_over_cap(request: Request, cap: int) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = getattr(request, name, None)
        if value is not None and value > cap:
            raise bad_request(f"{name} is {value}, above this service's limit of {cap}.", name)


def encode_for_engine(request: Request) -> bytes:
    """Return the body for vLLM. A stream always reports its usage, because the metrics need it."""
    if request.stream:
        request = msgspec.structs.replace(request, stream_options=StreamOptions(include_usage=True))
    return _encoder.encode(request)


def wants_usage(request: Request) -> bool:
    """Whether the client of a stream asked for its usage."""
    return request.stream_options is not None and request.stream_options.include_usage

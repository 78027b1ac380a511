"""What a request may say: names and types, and bounds on what multiplies the engine's work. The engine checks the rest.

A parameter that is not listed is refused, as OpenAI does; so no further extension of vLLM can be reached from outside.
From these types and descriptions come openapi.json and the table of docs/api.md too (ops/maintain/api_reference.py).
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from runtime.errors import ApiError, bad_request

MAX_SEQUENCES = 8
"""Answers that one request may ask for: prompts, or `n`, at a time."""

MAX_TOOLS = 64

NO_EFFECT = {"no_effect": True}
"""Marks what is accepted because leaving it out changes nothing."""

Text = Annotated[str, Meta(min_length=1)]
Integer = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
Count = Annotated[int, Meta(ge=1, le=MAX_SEQUENCES)]
TokenId = Annotated[str, Meta(pattern="^[0-9]{1,7}$")]
Bias = Annotated[float, Meta(ge=-100, le=100)]
Note = Annotated[str, Meta(max_length=512)]
FunctionName = Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a stream carries besides the answer."""

    include_usage: bool = False


class _Sampling(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    model: Annotated[
        str | None, Meta(description="Name of the model, as GET /v1/models lists it; the only one when left out.")
    ] = None
    max_tokens: Annotated[
        Integer | None,
        Meta(description="Longest answer. Over the service's limit, or with the prompt over the context: 400."),
    ] = None
    temperature: Annotated[float | None, Meta(description="0 to 2.")] = None
    top_p: Annotated[float | None, Meta(description="Above 0, up to 1.")] = None
    top_k: Annotated[Integer | None, Meta(description="Not OpenAI's: only the likeliest so many tokens.")] = None
    min_p: Annotated[float | None, Meta(description="Not OpenAI's: least share of the likeliest's chance.")] = None
    n: Annotated[Count | None, Meta(description="Answers to each prompt, 8 in all at most.")] = None
    stop: Annotated[
        str | Annotated[list[Text], Meta(max_length=4)] | None, Meta(description="Up to 4 texts that end the answer.")
    ] = None
    seed: Annotated[Integer | None, Meta(description="The same seed and request draw the same tokens.")] = None
    presence_penalty: Annotated[float | None, Meta(description="-2 to 2.")] = None
    frequency_penalty: Annotated[float | None, Meta(description="-2 to 2.")] = None
    repetition_penalty: Annotated[float | None, Meta(description="Not OpenAI's: above 1 against repetition.")] = None
    logit_bias: Annotated[
        Annotated[dict[TokenId, Bias], Meta(max_length=300)] | None,
        Meta(description="Up to 300 token ids of the model, with what is added to their chance, -100 to 100."),
    ] = None
    ignore_eos: Annotated[
        bool | None, Meta(description="Not OpenAI's: for benchmarks, where the service allows it.")
    ] = None
    stream: Annotated[bool | None, Meta(description="Server-sent events, the last one [DONE].")] = None
    stream_options: Annotated[StreamOptions | None, Meta(description="`include_usage`: tokens, as the last event.")] = (
        None
    )
    user: Annotated[str | None, Meta(description="Kept nowhere.", extra=NO_EFFECT)] = None


class CompletionRequest(_Sampling):
    """Body of POST /v1/completions."""

    prompt: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1, max_length=MAX_SEQUENCES)],
        Meta(description="The text to continue, or up to 8."),
    ]
    echo: Annotated[bool | None, Meta(description="The prompt stands before the answer. Not with `logprobs`.")] = None
    logprobs: Annotated[Integer | None, Meta(description="Chances of so many of the likeliest tokens.")] = None
    best_of: Annotated[
        Literal[1] | None, Meta(description="1; the best of several cannot be chosen here.", extra=NO_EFFECT)
    ] = None


class TextPart(msgspec.Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    """A piece of a message."""

    text: str


class RefusalPart(msgspec.Struct, tag_field="type", tag="refusal", forbid_unknown_fields=True):
    """A piece of an earlier answer."""

    refusal: str


TextContent = str | Annotated[list[TextPart], Meta(min_length=1)]


def text_of(content: str | Sequence[TextPart | RefusalPart]) -> str:
    """Return the text of a message, joined."""
    if isinstance(content, str):
        return content
    return "".join(part.text if isinstance(part, TextPart) else part.refusal for part in content)


class _Message(msgspec.Struct, tag_field="role", forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    name: str | None = None


class SystemMessage(_Message, tag="system"):
    """What the model is told by whoever offers it."""

    content: TextContent


class DeveloperMessage(_Message, tag="developer"):
    """OpenAI's newer name for the same."""

    content: TextContent


class UserMessage(_Message, tag="user"):
    """What the user says."""

    content: TextContent


class CalledFunction(msgspec.Struct):
    """A function with the arguments that the model gave, as JSON text."""

    name: FunctionName
    arguments: str


class ToolCall(msgspec.Struct, tag_field="type", tag="function"):
    """A call that the model made."""

    id: str
    function: CalledFunction


class AssistantMessage(_Message, tag="assistant", forbid_unknown_fields=False):
    """An earlier answer, as clients send it back: with members that this service, or the client itself, added."""

    content: str | Annotated[list[TextPart | RefusalPart], Meta(min_length=1)] | None = None
    tool_calls: Annotated[list[ToolCall], Meta(max_length=MAX_TOOLS)] | None = None
    refusal: str | None = None


class ToolMessage(_Message, tag="tool"):
    """What a called tool answered."""

    content: TextContent
    tool_call_id: str


Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


class TextFormat(msgspec.Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    """Any text."""


class JsonObjectFormat(msgspec.Struct, tag_field="type", tag="json_object", forbid_unknown_fields=True):
    """Any JSON object."""


class JsonSchema(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename={"content": "schema"}):
    """A JSON schema, and what it is called."""

    name: FunctionName
    content: dict[str, Any]
    description: str | None = None
    strict: bool | None = None


class JsonSchemaFormat(msgspec.Struct, tag_field="type", tag="json_schema", forbid_unknown_fields=True):
    """JSON that fits a schema."""

    json_schema: JsonSchema


class Function(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A function that the model may call."""

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(msgspec.Struct, tag_field="type", tag="function", forbid_unknown_fields=True):
    """A tool, which is a function."""

    function: Function


class FunctionReference(msgspec.Struct, forbid_unknown_fields=True):
    """A function by its name."""

    name: FunctionName


class NamedTool(msgspec.Struct, tag_field="type", tag="function", forbid_unknown_fields=True):
    """One of the tools."""

    function: FunctionReference


class ToolSelection(msgspec.Struct, forbid_unknown_fields=True):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Meta(min_length=1)]


class AllowedTools(msgspec.Struct, tag_field="type", tag="allowed_tools", forbid_unknown_fields=True):
    """The choice among some of the tools."""

    allowed_tools: ToolSelection


class ChatCompletionRequest(_Sampling):
    """Body of POST /v1/chat/completions."""

    messages: Annotated[
        Annotated[list[Message], Meta(min_length=1)],
        Meta(description="Text only. Roles: `developer` or `system`, which are the same, `user`, `assistant`, `tool`."),
    ]
    max_completion_tokens: Annotated[Integer | None, Meta(description="The newer name of `max_tokens`.")] = None
    logprobs: Annotated[bool | None, Meta(description="Chances of the tokens.")] = None
    top_logprobs: Annotated[Integer | None, Meta(description="So many of the likeliest tokens too.")] = None
    response_format: Annotated[
        TextFormat | JsonObjectFormat | JsonSchemaFormat | None,
        Meta(description="`text`, `json_object`, or `json_schema`, which every complete answer fits."),
    ] = None
    tools: Annotated[
        Annotated[list[Tool], Meta(min_length=1, max_length=MAX_TOOLS)] | None,
        Meta(description=f"Functions, up to {MAX_TOOLS}."),
    ] = None
    tool_choice: Annotated[
        Literal["none", "auto", "required"] | NamedTool | AllowedTools | None,
        Meta(description="`none`, `required`, a named function; `auto` where the model has a tool parser."),
    ] = None
    parallel_tool_calls: Annotated[bool | None, Meta(description="Whether an answer may have several calls.")] = None
    metadata: Annotated[
        Annotated[dict[Annotated[str, Meta(max_length=64)], Note], Meta(max_length=16)] | None,
        Meta(description="Kept nowhere.", extra=NO_EFFECT),
    ] = None
    store: Annotated[
        bool | None, Meta(description="`false`. Nothing is stored, so `true` is refused.", extra=NO_EFFECT)
    ] = None
    service_tier: Annotated[
        Literal["auto", "default"] | None, Meta(description="`auto` or `default`; there is one.", extra=NO_EFFECT)
    ] = None
    modalities: Annotated[
        Annotated[list[Literal["text"]], Meta(max_length=1)] | None,
        Meta(description='`["text"]`; the model has no other.', extra=NO_EFFECT),
    ] = None
    reasoning_effort: Annotated[
        Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None,
        Meta(description="The model does not reason apart from its answer.", extra=NO_EFFECT),
    ] = None
    verbosity: Annotated[
        Literal["low", "medium", "high"] | None, Meta(description="Ask for it in words.", extra=NO_EFFECT)
    ] = None
    prediction: Annotated[
        dict[str, Any] | None, Meta(description="Would make the answer faster, no other.", extra=NO_EFFECT)
    ] = None
    safety_identifier: Annotated[str | None, Meta(description="Kept nowhere.", extra=NO_EFFECT)] = None
    prompt_cache_key: Annotated[
        str | None, Meta(description="Beginnings that requests share are cached anyway.", extra=NO_EFFECT)
    ] = None
    prompt_cache_options: Annotated[
        dict[str, Any] | None, Meta(description="As `prompt_cache_key`.", extra=NO_EFFECT)
    ] = None
    prompt_cache_retention: Annotated[
        Literal["in_memory", "24h"] | None, Meta(description="As `prompt_cache_key`.", extra=NO_EFFECT)
    ] = None


REFUSED = {
    "/v1/completions": {"suffix": "The model continues a text; it cannot fill a gap before `suffix`."},
    "/v1/chat/completions": {
        "audio": "The model writes text only.",
        "function_call": "Deprecated by OpenAI: send `tool_choice`.",
        "functions": "Deprecated by OpenAI: send `tools`.",
        "moderation": "No moderation is done here, and a request for it must not pass as if it were.",
        "web_search_options": "The model has no access to the internet.",
    },
}
"""What OpenAI documents and this service does not do, with the sentence that a client gets."""

Request = CompletionRequest | ChatCompletionRequest

_DECODERS: dict[str, msgspec.json.Decoder[Request]] = {
    "/v1/completions": msgspec.json.Decoder(CompletionRequest),
    "/v1/chat/completions": msgspec.json.Decoder(ChatCompletionRequest),
}

COMPLETION_PATHS = frozenset(_DECODERS)


def parse(path: str, body: bytes, *, max_output_tokens: int) -> Request:
    """Return the request that `body` holds.

    Raises:
        ApiError: 400, with the parameter that is wrong.
    """
    try:
        request = _DECODERS[path].decode(body)
    except msgspec.ValidationError as error:
        raise _explain(str(error), path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"The body is not valid JSON: {error}.") from None
    _refuse_over_cap(request, max_output_tokens)
    if isinstance(request, ChatCompletionRequest) and request.store:
        raise bad_request("Nothing is stored here: leave store out, or send false.", "store")
    return request


def _explain(problem: str, route: str) -> ApiError:
    """Turn msgspec's words, such as "Expected `int`, got `str` - at `$.n`", into an error of the parameter.

    It ends with what the parameter means, which says what would be right.
    """
    message, _, place = problem.partition(" - at `")
    parts = [place.rpartition("$")[2].rstrip("`").lstrip(".")]
    parts += re.findall(r"(?:required|unknown) field `(.*)`$", message)
    param = ".".join(part for part in parts if part)
    if param in REFUSED[route]:
        return bad_request(f"{param} is not supported. {REFUSED[route][param]}", param)
    name = re.split(r"[.[]", param)[0]
    meaning = _MEANINGS[route].get(name)
    return bad_request(f"{message}. {name}: {meaning}" if meaning else f"{message}.", param or None)


def _refuse_over_cap(request: Request, cap: int) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = getattr(request, name, None)
        if value is not None and value > cap:
            raise bad_request(f"{name} is {value}, above this service's limit of {cap}.", name)


def descriptions(kind: type[Request]) -> dict[str, str]:
    """Return what each parameter of a request means."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: next(meta.description for meta in hint.__metadata__ if meta.description) for name, hint in hints.items()
    }


def without_effect(kind: type[Request]) -> tuple[str, ...]:
    """Return the parameters that are accepted and change nothing."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name, hint in hints.items() if any(meta.extra == NO_EFFECT for meta in hint.__metadata__))


_MEANINGS = {
    "/v1/completions": descriptions(CompletionRequest),
    "/v1/chat/completions": descriptions(ChatCompletionRequest),
}

_DROPPED = {kind: without_effect(kind) for kind in (CompletionRequest, ChatCompletionRequest)}


def encode_for_engine(request: Request, *, max_output_tokens: int) -> bytes:
    """Return the body for vLLM. A stream always reports its usage, because the metrics need it.

    A chat without max_tokens would get all that is left of the context, which takes longer than the deadline. It gets
    `max_output_tokens` instead, or what is left where that is less. Said here and not on vLLM's command line, where it
    would be part of the compile cache's key.
    """
    changes: dict[str, Any] = {name: None for name in _DROPPED[type(request)] if getattr(request, name) is not None}
    if request.stream:
        changes["stream_options"] = StreamOptions(include_usage=True)
    if isinstance(request, ChatCompletionRequest) and request.max_tokens is request.max_completion_tokens is None:
        changes["max_tokens"] = max_output_tokens
    return msgspec.json.encode(msgspec.structs.replace(request, **changes) if changes else request)


def wants_usage(request: Request) -> bool:
    """Whether the client of a stream asked for its usage."""
    return request.stream_options is not None and request.stream_options.include_usage

"""Whether prompt and answer fit into the context: vLLM would cut the answer short, the API's contract is 400."""

import msgspec

from runtime.engine_client import EngineClient
from runtime.errors import bad_request
from runtime.validation import ChatCompletionRequest, Request

TEMPLATE_TOKENS = 16
"""More than a chat template adds to a message."""


class _Count(msgspec.Struct):
    count: int
    max_model_len: int


class Context:
    """Asks the engine for the length of a prompt, only where it could matter."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._max_model_len = 0
        """Of the engine that answered last; 0 until one did, which makes the first request ask."""

    async def refuse_overflow(self, request: Request) -> None:
        """Let a request pass whose prompt fits into the context, with `max_tokens` or else one token of an answer.

        Raises:
            ApiError: 400; they do not.
            EngineGoneError: the engine closed the connection.
        """
        wanted = _max_tokens(request)
        for prompt in _prompts(request):
            if _most_tokens(prompt) + (wanted or 1) > self._max_model_len:
                await self._refuse_long(prompt, wanted)

    async def _refuse_long(self, prompt: str | ChatCompletionRequest, wanted: int | None) -> None:
        name = "prompt" if isinstance(prompt, str) else "messages"
        body = msgspec.json.encode({name: prompt}) if isinstance(prompt, str) else _conversation(prompt)
        async with self._client.request("POST", "/tokenize", body) as answer:
            counted = await answer.body()
            if answer.status != 200:
                return  # the engine says what is wrong when it gets the request itself
        length = msgspec.json.decode(counted, type=_Count)
        self._max_model_len = length.max_model_len
        if length.count + (wanted or 1) > length.max_model_len:
            found = f"with max_tokens {wanted} that is more than" if wanted else "that leaves no room for an answer in"
            raise bad_request(
                f"The prompt has {length.count} tokens; {found} the model's context of {length.max_model_len}.",
                "max_tokens" if length.count < length.max_model_len else name,
                code="context_length_exceeded",
            )


def _max_tokens(request: Request) -> int | None:
    if isinstance(request, ChatCompletionRequest) and request.max_completion_tokens is not None:
        return request.max_completion_tokens
    return request.max_tokens


def _prompts(request: Request) -> list[str] | list[ChatCompletionRequest]:
    if isinstance(request, ChatCompletionRequest):
        return [request]
    return [request.prompt] if isinstance(request.prompt, str) else request.prompt


def _most_tokens(prompt: str | ChatCompletionRequest) -> int:
    """Return an upper bound: a token stands for at least one byte."""
    if isinstance(prompt, str):
        return len(prompt.encode()) + 1
    return len(_conversation(prompt)) + (len(prompt.messages) + 1) * TEMPLATE_TOKENS


def _conversation(request: ChatCompletionRequest) -> bytes:
    """Return what the chat template makes a prompt of."""
    return msgspec.json.encode({"messages": request.messages, **({"tools": request.tools} if request.tools else {})})

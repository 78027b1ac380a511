"""What a user of LiteLLM's client does: URL, key and model are its arguments."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import sys
from typing import Any, Literal

import litellm
import pydantic

URL, KEY, MODEL = sys.argv[1:]
QUESTION: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


class Weather(pydantic.BaseModel):
    """What the weather is."""

    city: Literal["Paris", "Rome"]
    degrees: Literal[20, 21] | None


FUNCTION = {"name": "get_weather", "description": "Get the weather.", "parameters": Weather.model_json_schema()}
TOOLS = [{"type": "function", "function": FUNCTION}]


def ask(messages: list[Any], **parameters: Any) -> Any:
    connection = {"model": f"openai/{MODEL}", "api_base": f"{URL}/v1", "api_key": KEY}
    return litellm.completion(**connection, messages=messages, max_retries=0, **parameters)


def main() -> None:
    called = ask(QUESTION, max_tokens=500, tools=TOOLS, tool_choice="required", parallel_tool_calls=False)
    [call] = called.choices[0].message.tool_calls
    chunks = list(
        ask(QUESTION, max_tokens=500, tools=TOOLS, tool_choice="required", parallel_tool_calls=False, stream=True)
    )
    streamed: Any = litellm.stream_chunk_builder(chunks)
    result = {"role": "tool", "tool_call_id": call.id, "content": "Rain."}
    conversation = [*QUESTION, called.choices[0].message, result]
    pieces = ask(QUESTION, max_tokens=4, stream=True)
    structured = ask(QUESTION, max_tokens=500, response_format=Weather).choices[0].message.content
    report = {
        "chat": ask(QUESTION, max_tokens=4).choices[0].message.content,
        "stream": "".join(piece.choices[0].delta.content or "" for piece in pieces),
        "structured": json.loads(structured),
        "call": {"name": call.function.name, "arguments": json.loads(call.function.arguments)},
        "streamed_call": json.loads(streamed.choices[0].message.tool_calls[0].function.arguments),
        "final": ask(conversation, max_tokens=4, tools=TOOLS, tool_choice="none").choices[0].message.content,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()

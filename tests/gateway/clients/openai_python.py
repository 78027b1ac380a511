"""What a user of OpenAI's SDK for Python does: URL, key and model are its arguments."""

import json
import sys
from typing import Any, Literal

import openai
import pydantic

URL, KEY, MODEL = sys.argv[1:]
QUESTION: list[Any] = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


class Weather(pydantic.BaseModel):
    """What the weather is."""

    city: Literal["Paris", "Rome"]
    degrees: Literal[20, 21] | None


def main() -> None:
    with openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0) as client:
        completions = client.chat.completions
        chat = completions.create(model=MODEL, messages=QUESTION, max_tokens=4)
        pieces = completions.create(model=MODEL, messages=QUESTION, max_tokens=4, stream=True)
        stream = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        parsed = completions.parse(model=MODEL, messages=QUESTION, max_tokens=500, response_format=Weather)
        tools = [openai.pydantic_function_tool(Weather, name="get_weather")]
        called = completions.create(
            model=MODEL,
            messages=QUESTION,
            max_tokens=500,
            tools=tools,
            tool_choice="required",
            parallel_tool_calls=False,
        )
        [call] = called.choices[0].message.tool_calls or []
        assert call.type == "function"
        with completions.stream(
            model=MODEL,
            messages=QUESTION,
            max_tokens=500,
            tools=tools,
            tool_choice="required",
            parallel_tool_calls=False,
        ) as streamed:
            streamed_calls = streamed.get_final_completion().choices[0].message.tool_calls or []
        result = {"role": "tool", "tool_call_id": call.id, "content": "Rain."}
        conversation: Any = [*QUESTION, called.choices[0].message, result]
        final = completions.create(model=MODEL, messages=conversation, max_tokens=4, tools=tools, tool_choice="none")
    structured = parsed.choices[0].message.parsed
    report = {
        "chat": chat.choices[0].message.content,
        "stream": stream,
        "structured": structured and structured.model_dump(),
        "call": {"name": call.function.name, "arguments": json.loads(call.function.arguments)},
        "streamed_call": json.loads(streamed_calls[0].function.arguments),
        "final": final.choices[0].message.content,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""What a user of LangChain does: URL, key and model are its arguments."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import sys
from typing import Any, Literal

import pydantic
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI

URL, KEY, MODEL = sys.argv[1:]
QUESTION: list[Any] = [SystemMessage(content="Be brief."), HumanMessage(content="Hello")]


class Weather(pydantic.BaseModel):
    """What the weather is."""

    city: Literal["Paris", "Rome"]
    degrees: Literal[20, 21] | None


def get_weather(city: Literal["Paris", "Rome"], degrees: Literal[20, 21] | None) -> str:
    """Get the weather."""
    return f"{city}: {degrees}"


def main() -> None:
    connection: dict[str, Any] = {
        "base_url": f"{URL}/v1",
        "api_key": KEY,
        "model": MODEL,
        "max_retries": 0,
        "max_tokens": 500,
    }
    brief_settings: dict[str, Any] = {**connection, "max_tokens": 4}
    brief, model = ChatOpenAI(**brief_settings), ChatOpenAI(**connection)
    structured = model.with_structured_output(Weather).invoke(QUESTION)
    caller = model.bind_tools([get_weather], tool_choice="any", parallel_tool_calls=False)
    called = caller.invoke(QUESTION)
    assert isinstance(called, AIMessage)
    assert isinstance(structured, Weather)
    [call] = called.tool_calls
    whole: Any = AIMessageChunk(content="")
    for chunk in caller.stream(QUESTION):
        whole += chunk
    result = ToolMessage(content=get_weather(**call["args"]), tool_call_id=call["id"])
    report = {
        "chat": brief.invoke(QUESTION).content,
        "stream": "".join(str(chunk.content) for chunk in brief.stream(QUESTION)),
        "structured": structured.model_dump(),
        "call": {"name": call["name"], "arguments": call["args"]},
        "streamed_call": whole.tool_calls[0]["args"],
        "final": brief.invoke([*QUESTION, called, result]).content,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""Tools with any model: a call that must be made is asked for as JSON of a schema, and the answer shaped as a call.

vLLM 0.32 has a way of its own, which does not hold the arguments to the schema with every model. Only the model's free
choice (`auto`) is left to it, where it has a parser for what the model writes then.
"""

from typing import Any, Literal, NamedTuple

import msgspec

from runtime.errors import bad_request
from runtime.structured_output import Checker, Schema
from runtime.tool_calls import ToolCalls
from runtime.validation import (
    AllowedTools,
    AssistantMessage,
    ChatCompletionRequest,
    CompletionRequest,
    DeveloperMessage,
    Function,
    JsonObjectFormat,
    JsonSchema,
    JsonSchemaFormat,
    Message,
    NamedTool,
    Request,
    SystemMessage,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
    text_of,
)

MAX_CALLS = 8
"""Calls in one answer."""

NO_PARAMETERS: Schema = {"type": "object", "properties": {}, "additionalProperties": False}

NO_PARSER = (
    "This model cannot choose by itself whether to call a tool: "
    "send tool_choice as required, as a named function, or as none."
)

INSTRUCTION = "You call functions. Write nothing but the JSON of the calls. The functions:"


class Choice(NamedTuple):
    """Among which tools the model chooses, and how."""

    mode: Literal["none", "auto", "required", "named"]
    tools: list[Tool]


def for_engine(request: Request, tool_parser: str) -> tuple[Request, ToolCalls | None]:
    """Return the request as the engine gets it, and what makes tool calls of its answer where one must be made.

    Args:
        request: What the client sent.
        tool_parser: vLLM's parser for the tool calls of this model. Empty where it has none; then its chat template is
            taken not to know tools either, and they are told in words.

    Raises:
        ApiError: 400; a schema cannot be held, or the tools cannot be chosen among.
    """
    if isinstance(request, CompletionRequest):
        return request, None
    choice = _choice(request)
    must_call = choice.mode in ("required", "named")
    changes: dict[str, Any] = {"tools": None, "tool_choice": None, "parallel_tool_calls": None}
    if choice.mode == "auto":
        if not tool_parser:
            raise bad_request(NO_PARSER, "tool_choice")
        _parameters(choice.tools)
        changes = {}
    elif must_call:
        if isinstance(request.response_format, JsonObjectFormat | JsonSchemaFormat):
            raise bad_request("A tool must be called, so response_format can only be text.", "response_format")
        changes["response_format"] = _format(_schema_of(choice, one=request.parallel_tool_calls is False))
    if tool_parser and choice.tools:
        changes |= {"tools": choice.tools, "tool_choice": "auto" if choice.mode == "auto" else "none"}
    if not must_call and isinstance(request.response_format, JsonSchemaFormat):
        schema = Checker().check(request.response_format.json_schema.content, "response_format.json_schema.schema")
        changes["response_format"] = _format(schema)
    messages = [_in_known_role(message) for message in request.messages]
    if not tool_parser:
        messages = _in_words(messages, choice.tools if must_call else [])
    changed = msgspec.structs.replace(request, messages=messages, **changes)
    if not must_call:
        return changed, None
    return changed, ToolCalls(choice.tools[0].function.name if choice.mode == "named" else None)


def _choice(request: ChatCompletionRequest) -> Choice:
    """Return how the model chooses among which tools.

    Raises:
        ApiError: 400; a tool is not there, or two have one name.
    """
    tools = {tool.function.name: tool for tool in request.tools or []}
    if len(tools) < len(request.tools or []):
        raise bad_request("Two tools have the same name.", "tools")
    match request.tool_choice:
        case NamedTool(function=function):
            mode, wanted = "named", [function.name]
        case AllowedTools(allowed_tools=allowed):
            mode, wanted = allowed.mode, [tool.function.name for tool in allowed.tools]
        case None:
            mode, wanted = "auto" if tools else "none", list(tools)
        case mode:
            wanted = list(tools)
    missing = [name for name in wanted if name not in tools]
    if missing or (mode != "none" and not wanted):
        what = f"names {missing[0]}, which is none of the tools" if missing else f"is {mode}, which needs tools"
        raise bad_request(f"tool_choice {what}.", "tool_choice")
    return Choice(mode, [tools[name] for name in wanted])


def _checked(function: Function, checker: Checker, param: str, root: str) -> Schema:
    """Return the schema of a function's arguments, as it may stand at `root`."""
    schema = checker.check(function.parameters or NO_PARAMETERS, param, root)
    if schema.setdefault("type", "object") != "object":
        raise bad_request("The parameters of a function must be an object.", f"{param}.type")
    return schema


def _parameters(tools: list[Tool], root: str = "#") -> list[Schema]:
    """Return the schemas of the tools' arguments; `root` with a place for the tool's number."""
    checker = Checker()
    return [
        _checked(tool.function, checker, f"tools[{i}].function.parameters", root.format(i))
        for i, tool in enumerate(tools)
    ]


def _schema_of(choice: Choice, *, one: bool) -> Schema:
    """Return the schema of the named tool's arguments, or of a list of calls.

    There the name comes first, since the arguments follow from it.
    """
    if choice.mode == "named":
        return _parameters(choice.tools)[0]
    parameters = _parameters(choice.tools, "#/$defs/{}")
    calls: list[Schema] = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.function.name}, "arguments": {"$ref": f"#/$defs/{i}"}},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for i, tool in enumerate(choice.tools)
    ]
    return {
        "type": "array",
        "items": {"anyOf": calls},
        "minItems": 1,
        "maxItems": 1 if one else MAX_CALLS,
        "$defs": {str(i): schema for i, schema in enumerate(parameters)},
    }


def _format(schema: Schema) -> JsonSchemaFormat:
    return JsonSchemaFormat(JsonSchema(name="answer", content=schema))


def _in_known_role(message: Message) -> Message:
    """Return the message in a role that chat templates know, without what clients only send back."""
    if isinstance(message, DeveloperMessage):
        return SystemMessage(content=message.content, name=message.name)
    if isinstance(message, AssistantMessage):
        content = message.refusal if message.content is None else text_of(message.content)
        if content is None and not message.tool_calls:
            content = ""
        return AssistantMessage(content=content, tool_calls=message.tool_calls, name=message.name)
    return message


def _in_words(messages: list[Message], tools: list[Tool]) -> list[Message]:
    """Return the conversation for a chat template that knows neither tools nor calls.

    What tools returned is the user's next turn, since templates may insist on turns.
    """
    said: list[Message] = []
    names: dict[str, str] = {}
    for message in messages:
        previous = said[-1] if said else None
        match message:
            case AssistantMessage(tool_calls=[_, *_] as calls):
                names |= {call.id: call.function.name for call in calls}
                said.append(AssistantMessage(content=f"{message.content or ''}{_written(calls)}"))
            case ToolMessage():
                result = f"{names.get(message.tool_call_id, 'The function')} returned: {text_of(message.content)}"
                if isinstance(previous, UserMessage):
                    said[-1] = UserMessage(content=f"{text_of(previous.content)}\n{result}")
                else:
                    said.append(UserMessage(content=result))
            case UserMessage() if isinstance(previous, UserMessage) and names:
                said[-1] = UserMessage(content=f"{text_of(previous.content)}\n{text_of(message.content)}")
            case _:
                said.append(message)
    if not tools:
        return said
    told = "\n".join([INSTRUCTION, *(msgspec.json.encode(tool.function).decode() for tool in tools)])
    if isinstance(said[0], SystemMessage):
        return [SystemMessage(content=f"{text_of(said[0].content)}\n{told}"), *said[1:]]
    return [SystemMessage(content=told), *said]


def _written(calls: list[ToolCall]) -> str:
    """Return calls as the model writes them when it must call (`_schema_of`)."""
    written = (f'{{"name":"{call.function.name}","arguments":{call.function.arguments}}}' for call in calls)
    return f"[{','.join(written)}]"

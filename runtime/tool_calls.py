"""Tool calls out of the JSON that the engine was held to: of a whole answer, and piece by piece of a stream."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

Delta = dict[str, Any]

BEGINNING = re.compile(r'[\s\[,}]*\{\s*"name"\s*:\s*"([\w-]+)"\s*,\s*"arguments"\s*:\s*(?=\{)')
"""Of a call in a list, up to its arguments. Names need no escapes (validation.py)."""


class Calls:
    """The calls in one answer, as its text comes: one of a named tool, or a list."""

    def __init__(self, name: str | None) -> None:
        self._named = name
        self._rest = ""
        self._count = 0
        self._depth = 0
        self._is_text = self._is_escaped = self._is_open = False

    def feed(self, text: str) -> list[Delta]:
        """Return what `text` adds to the calls, as `delta.tool_calls` of a stream."""
        return list(self._deltas(text))

    def _deltas(self, text: str) -> Iterator[Delta]:
        self._rest += text
        while self._rest:
            delta: Delta = {"index": self._count - 1, "function": {}}
            if not self._is_open:
                name = self._begin()
                if name is None:
                    return
                identity = {"id": f"call_{secrets.token_hex(12)}", "type": "function"}
                delta = {"index": self._count - 1, **identity, "function": {"name": name}}
            end = self._end_of_arguments()
            delta["function"]["arguments"], self._rest = self._rest[:end], self._rest[end:]
            yield delta

    def _begin(self) -> str | None:
        """Return the name of the next call, once its arguments begin."""
        if self._named is None:
            beginning = BEGINNING.match(self._rest)
            if beginning is None:
                return None
            name, self._rest = beginning[1], self._rest[beginning.end() :]
        elif self._count:
            return None
        else:
            name = self._named
        self._count += 1
        self._is_open = True
        return name

    def _end_of_arguments(self) -> int:
        """Return how much of the rest belongs to the arguments, an object."""
        for position, character in enumerate(self._rest):
            if self._is_escaped:
                self._is_escaped = False
            elif character == "\\":
                self._is_escaped = True
            elif character == '"':
                self._is_text = not self._is_text
            elif not self._is_text and character in "{}":
                self._depth += 1 if character == "{" else -1
                if self._depth == 0:
                    self._is_open = False
                    return position + 1
        return len(self._rest)


class ToolCalls:
    """Makes tool calls of one request's answer.

    Args:
        name: The function that is called; without it, the answer is a list of calls.
    """

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._choices: dict[int, Calls] = {}

    def whole(self, body: bytes) -> bytes:
        """Return a complete answer with its text as calls."""
        answer = msgspec.json.decode(body)
        for choice in answer["choices"]:
            message = choice["message"]
            message["tool_calls"] = _joined(Calls(self._name).feed(message["content"] or ""))
            message["content"] = None
            _finish(choice)
        return msgspec.json.encode(answer)

    def events(self, events: bytes) -> bytes:
        """Return events of a stream with their text as calls; some may wait for what comes next."""
        return b"\n\n".join(shaped for event in events.split(b"\n\n") if (shaped := self._event(event)) is not None)

    def _event(self, event: bytes) -> bytes | None:
        data = event.removeprefix(b"data: ")
        if not data.startswith(b"{"):
            return event
        chunk = msgspec.json.decode(data)
        choices = chunk.get("choices")
        if not choices:
            return event
        chunk["choices"] = [choice for choice in choices if self._shape(choice)]
        return b"data: " + msgspec.json.encode(chunk) if chunk["choices"] else None

    def _shape(self, choice: Delta) -> bool:
        """Make calls of a choice's text; return whether anything is left to send."""
        calls = self._choices.setdefault(choice["index"], Calls(self._name))
        delta: Delta = choice["delta"]
        added = calls.feed(delta.pop("content", None) or "")
        if added:
            delta["tool_calls"] = added
        if delta.get("role"):
            delta["content"] = None
        _finish(choice)
        return bool(added or delta.get("role") or choice.get("finish_reason"))


def _finish(choice: Delta) -> None:
    if choice.get("finish_reason") == "stop":
        choice["finish_reason"] = "tool_calls"


def _joined(deltas: list[Delta]) -> list[Delta]:
    return [{key: value for key, value in delta.items() if key != "index"} for delta in deltas]

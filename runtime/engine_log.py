"""The engine's log without what clients sent.

vLLM logs requests' parameters when its engine dies (`vllm/logging_utils/dump_input.py`: stop strings, schemas), and
Python's tracebacks end with messages that may quote a value. So once clients may have sent anything, only what is
known to hold none of it is passed on: where a line comes from, the frames of a traceback, the kinds of exceptions, what
CUDA says, and vLLM's own counts.
"""

import re

WITHHELD = b"(not logged: it may hold what clients sent)"

_HEADER = re.compile(rb"(\(\w+ pid=\d+\) ?)?((?:DEBUG|INFO|WARNING|ERROR|CRITICAL):? [\d: -]*(\[[\w./<>-]+:\d+\] ?)?)?")
"""Process, level, time and place in the source, in front of each line of a message."""

_COUNTS = re.compile(rb"\[(?:v1/metrics/)?loggers\.py:\d+\]")

_HARMLESS = re.compile(
    rb"""
    \s*File\ "[^"]+",\ line\ \d+,\ in\ [\w<>.]+
    | \s*\^+ | \s*[~^]+
    | Traceback\ \(most\ recent\ call\ last\):
    | The\ above\ exception\ was\ the\ direct\ cause\ of\ the\ following\ exception:
    | During\ handling\ of\ the\ above\ exception,\ another\ exception\ occurred:
    | engine\ ended\ with\ code\ -?\d+
    """,
    re.VERBOSE,
)

_EXCEPTION = re.compile(rb"([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))(?:: (CUDA [ -~]*))?")


class EngineLog:
    """Passes lines of one engine's log on: whole while it loads, less content afterwards."""

    def __init__(self) -> None:
        self._clients = False

    def clients_come(self) -> None:
        """From now on, lines may hold what clients sent."""
        self._clients = True

    def without_content(self, line: bytes) -> bytes:
        """Return what of a line is written to the log."""
        return _without_content(line.rstrip()) + b"\n" if self._clients else line


def _without_content(line: bytes) -> bytes:
    header = _HEADER.match(line)
    begin = header[0] if header else b""
    message = line[len(begin) :]
    if not message or _HARMLESS.fullmatch(message) or _COUNTS.search(begin):
        return line
    if exception := _EXCEPTION.match(message):
        return begin + b": ".join(part for part in exception.groups() if part)
    return begin + WITHHELD

"""The log and the metrics of a process whose output is read late, or never."""

import os
import threading
from pathlib import Path

import pytest

from runtime import output
from runtime.output import Output

LINE = b"x" * 99 + b"\n"


def lines_of(reader: int) -> list[bytes]:
    """What comes until the other end is closed."""
    with os.fdopen(reader, "rb") as pipe:
        return pipe.readlines()


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def test_lines_come_in_their_order_and_all_before_the_end(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    written = Output()
    for number in range(100):
        written.write(writer, b"%d\n" % number)
    written.close()
    os.close(writer)
    assert lines_of(reader) == [b"%d\n" % number for number in range(100)]


def test_what_is_more_than_may_wait_is_dropped_and_counted(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    monkeypatch.setattr(output, "WAITING_BYTES", 200 * 1024)
    monkeypatch.setattr(output, "STDERR", writer)
    written = Output()
    for _ in range(5000):
        written.write(writer, LINE)
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.extend(lines_of(reader)))
    reading.start()
    written.close()
    os.close(writer)
    reading.join()
    (note,) = [line for line in read if line != LINE]
    assert note == b"%d lines of the log could not be written\n" % (5000 - (len(read) - 1))


def test_line_that_cannot_be_written_stops_nothing() -> None:
    reader, writer = os.pipe()
    with Path("/dev/full").open("wb", buffering=0) as full:
        written = Output()
        written.write(full.fileno(), LINE)
        written.write(writer, LINE)
        written.close()
    os.close(writer)
    assert LINE in lines_of(reader)

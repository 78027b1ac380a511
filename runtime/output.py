"""Standard output and standard error, written by a thread, so that no request waits for whoever reads them.

A pipe that nobody empties blocks whoever writes to it (pipe(7)), and a full disk fails each write. Neither is a reason
to serve nobody: what cannot be written is dropped, and counted.
"""

import logging
import os
import threading

STDOUT, STDERR = 1, 2

WAITING_BYTES = 8 * 1024 * 1024
"""What may wait to be written; with more, new lines are dropped."""

CLOSE_SECONDS = 3.0
"""How long the end of the process waits for the last lines."""


class Output:
    """Writes lines in their order, in a thread that starts with the first."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, bytes]] = []
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, descriptor: int, line: bytes) -> None:
        """Have a line written, with its end, to a file descriptor. Never waits."""
        with self._changed:
            if self._bytes + len(line) > WAITING_BYTES:
                self._dropped += 1
                return
            self._lines.append((descriptor, line))
            self._bytes += len(line)
            self._changed.notify()
            if self._thread is None:
                # a daemon: the process can end while a write blocks
                self._thread = threading.Thread(target=self._run, name="output", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Wait until all is written, for CLOSE_SECONDS at most."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                lines, self._lines = self._lines, []
            failed = sum(not _write(*line) for line in lines)
            with self._changed:
                self._bytes -= sum(len(line) for _, line in lines)
                self._dropped += failed
                dropped = self._dropped
            if dropped and _write(STDERR, b"%d lines of the log could not be written\n" % dropped):
                with self._changed:
                    self._dropped -= dropped


def _write(descriptor: int, line: bytes) -> bool:
    """Write a line, and return whether that succeeded; a full disk or a closed pipe fails."""
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        return False
    return True


class LogHandler(logging.Handler):
    """Passes the log on to standard error."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written."""
        self._output.write(STDERR, f"{self.format(record)}\n".encode())

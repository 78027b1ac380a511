"""Metrics documents on standard output, where the host's log driver takes them to CloudWatch."""

import asyncio
import sys
import time
from collections.abc import Mapping

from runtime.metrics import Metric, emf_document

GATHER_SECONDS = 0.05
"""How long documents are gathered, so that a busy gateway calls the kernel once for hundreds of them."""


class Publisher:
    """Writes documents of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._lines: list[str] = []

    def publish(self, values: Mapping[Metric, float], **properties: object) -> None:
        """Write one document soon."""
        if not self._lines:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)
        self._lines.append(emf_document(self._environment, time.time(), values, properties))

    def flush(self) -> None:
        """Write what was gathered."""
        if self._lines:
            sys.stdout.write("\n".join([*self._lines, ""]))
            sys.stdout.flush()
            self._lines.clear()

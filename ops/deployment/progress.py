"""How something goes on that one waits for."""

import time

from rich.console import Console


class Progress:
    """Prints each state of it once, with the seconds since the beginning.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._began, self._last = console, time.monotonic(), ""

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def show(self, state: str) -> None:
        """Print a state, unless it is the last one still."""
        if state != self._last:
            self._console.print(f"{self.seconds:5.0f} s  {state}", highlight=False, markup=False)
            self._last = state

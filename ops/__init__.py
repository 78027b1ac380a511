"""What an operator runs: each module is a command, each package what several of them share."""

import sys
from types import TracebackType


def _say_what_ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C is the user's wish, and no fault to look into."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_what_ended

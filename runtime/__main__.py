"""`python -m runtime`: read the settings, take the port, serve."""

import logging
import os
import sys

import uvloop

from runtime.output import LogHandler, Output
from runtime.server import listen, serve
from runtime.settings import SettingsError, read_settings


def main() -> int:
    """Serve until told to stop. Returns the exit code: 0 after a drain, 2 when it cannot start."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        listener = listen(settings)
    except OSError as error:
        print(f"error: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 2
    output = Output()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[LogHandler(output)]
    )
    try:
        uvloop.run(serve(settings, listener, output))
    finally:
        output.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

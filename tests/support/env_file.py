"""Environment files as `docker run --env-file` reads them."""

from pathlib import Path

from runtime.settings import Settings, read_settings


def read_env_file(path: Path) -> Settings:
    """Return the settings that `render_env_file` wrote."""
    lines = path.read_text().splitlines()
    return read_settings(dict(line.split("=", 1) for line in lines if not line.startswith("#")))

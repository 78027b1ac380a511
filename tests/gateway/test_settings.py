"""The gateway's settings: what is read, what is refused, and the file that the boot script writes."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from runtime.settings import Settings, SettingsError, read_settings, render_env_file, render_value
from support.engine_fixtures import engine_python
from support.env_file import read_env_file
from support.paths import ROOT


def test_each_type_is_read_from_the_environment() -> None:
    settings = read_settings(
        {
            "GATEWAY_PORT": "9000",
            "GATEWAY_REQUEST_TIMEOUT_SECONDS": "12.5",
            "GATEWAY_COUNT_HOST_BOOT": "true",
            "GATEWAY_CORS_ORIGINS": "https://a.example, https://b.example",
            "PATH": "/bin",
        }
    )
    assert settings == Settings(
        port=9000,
        request_timeout_seconds=12.5,
        count_host_boot=True,
        cors_origins=("https://a.example", "https://b.example"),
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PROT", "1", "unknown setting GATEWAY_PROT"),
        ("PORT", "http", "GATEWAY_PORT is 'http': Expected `int`"),
        ("PORT", "70000", "GATEWAY_PORT is '70000': Expected `int` <= 65535"),
        ("MAX_IN_FLIGHT", "0", "GATEWAY_MAX_IN_FLIGHT is '0': Expected `int` >= 1"),
        ("REQUEST_TIMEOUT_SECONDS", "nan", "GATEWAY_REQUEST_TIMEOUT_SECONDS is 'nan': Expected `float` > 0"),
        ("COUNT_HOST_BOOT", "yes", "GATEWAY_COUNT_HOST_BOOT is 'yes': Expected `bool`"),
        ("ROOT_PATH", "live", "GATEWAY_ROOT_PATH is 'live': Expected `str` matching regex"),
        ("MODEL", "", "GATEWAY_MODEL is '': Expected `str` of length >= 1"),
        ("ENGINE_ARGS", "--a '", 'GATEWAY_ENGINE_ARGS is "--a \'": No closing quotation'),
    ],
)
def test_unknown_or_invalid_setting_is_refused_in_words(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings({f"GATEWAY_{name}": value})


def test_env_file_keeps_every_value(tmp_path: Path) -> None:
    settings = Settings(
        host="0.0.0.0",
        engine_args="--dtype float16 --override '{\"a\": 1}'",
        root_path="/live",
        cors_origins=("https://a.example", "https://b.example"),
        count_host_boot=True,
        request_timeout_seconds=29.5,
    )
    file = tmp_path / "gateway.env"
    file.write_text(render_env_file(settings))
    assert read_env_file(file) == settings


def test_env_file_refuses_a_line_break() -> None:
    with pytest.raises(SettingsError, match="GATEWAY_MODEL holds a line break"):
        render_env_file(Settings(model="a\nGATEWAY_PORT=1"))


def run_gateway(**environ: str) -> subprocess.CompletedProcess[str]:
    command = [engine_python(), "-m", "runtime"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_gateway_with_an_invalid_setting_ends_with_one_line_and_code_2() -> None:
    ended = run_gateway(GATEWAY_PORT="http")
    assert ended.returncode == 2
    assert ended.stderr == "error: GATEWAY_PORT is 'http': Expected `int`\n"


def test_gateway_on_an_address_that_is_not_there_ends_with_one_line_and_code_2() -> None:
    ended = run_gateway(GATEWAY_HOST="192.0.2.1")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: cannot listen on 192.0.2.1:8000: ")
    assert ended.stderr.count("\n") == 1


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/gateway.md").read_text()
    for field in dataclasses.fields(Settings):
        default = render_value(field.default)
        row = f"| `GATEWAY_{field.name.upper()}` | {f'`{default}`' if default else 'none'} | "
        assert row in page

"""The gateway's settings: one frozen value, read from environment variables, GATEWAY_ and the field in capitals."""

import dataclasses
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "GATEWAY_"

MAY_BE_0 = ("max_queued", "max_in_flight_per_client", "rate_limit_per_minute")


class SettingsError(ValueError):
    """A setting is unknown or has no valid value; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the gateway and its engine run. A tuple is comma-separated in the environment.

    Attributes:
        host: Address to listen on.
        port: TCP port to listen on.
        engine_port: TCP port of vLLM, on the loopback interface only.
        engine_command: Start of vLLM's command line, split as a shell would; `python` is this very interpreter.
        engine_args: Further arguments for vLLM, split as a shell would.
        model: Folder of the weights, or a Hugging Face id.
        served_model_name: The name that clients send as `model`.
        tool_parser: vLLM's parser for the tool calls of this model; empty where it has none.
        environment: Value of the metrics' only dimension, `Environment`.
        root_path: Prefix that is taken off a path, such as /live; paths without it work too.
        cors_origins: Origins that browsers may call from; `*` for all.
        client_address_header: Header in which an edge passes the client's address; none for the peer's address.
        api_key_id_header: Header in which an edge passes the id of the client's API key, for the log; none for no id.
        rate_limit_per_minute: Requests in any minute that one client address may send; 0 for no limit (R5.3).
        max_in_flight: Sequences that the engine works on at once; a request has `n` for each prompt.
        max_in_flight_per_client: Those of one client address at most; 0 for all of them.
        max_queued: Sequences that wait for one of these places; beyond them the answer is 503.
        allow_ignore_eos: Whether a request may ask for answers that do not end by themselves, for benchmarks.
        max_output_tokens: Upper bound of `max_tokens`, and what a chat without it may use.
        request_timeout_seconds: Deadline of a request, its wait included (R7.2).
        client_timeout_seconds: How long a client may take to send a whole request.
        keep_alive_seconds: How long an idle connection stays open; above the load balancer's idle timeout.
        drain_timeout_seconds: How long requests may still run after SIGTERM.
        boot_deadline_seconds: Longest time from the start until the first token (R1.2).
        expected_boot_seconds: What Retry-After counts on while the first boot is under way.
        count_host_boot: Whether the host's own boot counts as part of this boot.
        check_interval_seconds: Time between two checks of a ready engine.
        check_timeout_seconds: How long an engine may be silent before it counts as hung.
        max_body_bytes: Largest request body.
        max_header_bytes: Largest request head.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    engine_port: int = 8001
    engine_command: str = "python -m vllm.entrypoints.launchers.api_server.entry"
    engine_args: str = ""
    model: str = "microsoft/Phi-3-mini-4k-instruct"
    served_model_name: str = "phi-3-mini-4k-instruct"
    tool_parser: str = ""
    environment: str = "local"
    root_path: str = ""
    cors_origins: tuple[str, ...] = ()
    client_address_header: str = ""
    api_key_id_header: str = ""
    rate_limit_per_minute: int = 0
    max_in_flight: int = 16
    max_in_flight_per_client: int = 0
    max_queued: int = 32
    allow_ignore_eos: bool = False
    max_output_tokens: int = 1024
    request_timeout_seconds: float = 30.0
    client_timeout_seconds: float = 10.0
    keep_alive_seconds: float = 75.0
    drain_timeout_seconds: float = 35.0
    boot_deadline_seconds: float = 300.0
    expected_boot_seconds: float = 180.0
    count_host_boot: bool = False
    check_interval_seconds: float = 10.0
    check_timeout_seconds: float = 20.0
    max_body_bytes: int = 1_048_576
    max_header_bytes: int = 32_768

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _refuse_impossible(field.name, getattr(self, field.name))


def _refuse_impossible(name: str, value: object) -> None:
    if isinstance(value, float) and not 0 < value < float("inf"):
        raise SettingsError(f"{PREFIX}{name.upper()} must be a number of seconds above 0, got {value}")
    if name.endswith("port") and isinstance(value, int) and not 0 <= value <= 65_535:
        raise SettingsError(f"{PREFIX}{name.upper()} must be a port from 0 to 65535, got {value}")
    if name.startswith(("max_", "rate_")) and isinstance(value, int) and value < (0 if name in MAY_BE_0 else 1):
        raise SettingsError(f"{PREFIX}{name.upper()} is too small: {value}")
    if name.endswith("_header") and value and not re.fullmatch(r"[a-z0-9-]+", str(value)):
        raise SettingsError(f"{PREFIX}{name.upper()} must be a header's name in small letters, got {value!r}")
    if name == "root_path" and value and not re.fullmatch(r"(/[\w.~-]+)+", str(value)):
        raise SettingsError(f"{PREFIX}ROOT_PATH must look like /live, got {value!r}")
    if name in ("model", "served_model_name", "environment", "host") and not value:
        raise SettingsError(f"{PREFIX}{name.upper()} must not be empty")
    if name == "engine_args":
        _split(name, str(value))
    if name == "engine_command" and not _split(name, str(value)):
        raise SettingsError(f"{PREFIX}ENGINE_COMMAND must not be empty")


def _split(name: str, value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()} cannot be split as a shell would: {error}") from None


def _parse(name: str, default: object, text: str) -> object:
    """Return `text` as the type of `default`."""
    try:
        match default:
            case bool():
                return {"true": True, "false": False}[text.lower()]
            case int():
                return int(text)
            case float():
                return float(text)
            case tuple():
                return tuple(part.strip() for part in text.split(",") if part.strip())
            case _:
                return text
    except (KeyError, ValueError):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]  # type: ignore[index]
        raise SettingsError(f"{PREFIX}{name.upper()} must be {kind}, got {text!r}") from None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that `environ` holds.

    Raises:
        SettingsError: a GATEWAY_ variable is unknown or invalid.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    given = {key[len(PREFIX) :].lower(): text for key, text in environ.items() if key.startswith(PREFIX)}
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        raise SettingsError(f"unknown setting {PREFIX}{unknown[0].upper()}; docs/gateway.md lists all")
    return Settings(**{name: _parse(name, defaults[name], text) for name, text in given.items()})  # type: ignore[arg-type]


def render_value(value: object) -> str:
    """Return a value as an environment variable holds it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(str(part) for part in value)  # type: ignore[misc]
        case _:
            return str(value)


def render_env_file(settings: Settings) -> str:
    """Return what differs from the defaults as lines `GATEWAY_NAME=value`.

    That is the format of `docker run --env-file`, which takes a value as it stands, without quoting.

    Raises:
        SettingsError: a value holds a line break, which that format has no way to write.
    """
    lines: list[str] = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value != field.default:
            text = render_value(value)
            if "\n" in text or "\r" in text:
                raise SettingsError(f"{PREFIX}{field.name.upper()} holds a line break")
            lines.append(f"{PREFIX}{field.name.upper()}={text}\n")
    return "".join(lines)

"""The gateway's settings: one frozen value, read from environment variables, GATEWAY_ and the field in capitals."""

import dataclasses
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

PREFIX = "GATEWAY_"

Port = Annotated[int, Meta(ge=0, le=65_535)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Text = Annotated[str, Meta(min_length=1)]
HeaderName = Annotated[str, Meta(pattern=r"^[a-z0-9-]*$")]
"""A header's name as ASGI has it, in small letters; empty for none."""
RootPath = Annotated[str, Meta(pattern=r"^(/[\w.~-]+)*$")]
"""Such as /live; empty for none."""


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
        check_timeout_seconds: How long an engine may be silent before it counts as hung; above a request's deadline.
        max_body_bytes: Largest request body.
        max_header_bytes: Largest request head.
    """

    host: Text = "127.0.0.1"
    port: Port = 8000
    engine_port: Port = 8001
    engine_command: Text = "python -m vllm.entrypoints.launchers.api_server.entry"
    engine_args: str = ""
    model: Text = "model"
    served_model_name: Text = "model"
    tool_parser: str = ""
    environment: Text = "local"
    root_path: RootPath = ""
    cors_origins: tuple[str, ...] = ()
    client_address_header: HeaderName = ""
    api_key_id_header: HeaderName = ""
    rate_limit_per_minute: Natural = 0
    max_in_flight: Positive = 16
    max_in_flight_per_client: Natural = 0
    max_queued: Natural = 32
    allow_ignore_eos: bool = False
    max_output_tokens: Positive = 1024
    request_timeout_seconds: Seconds = 30.0
    client_timeout_seconds: Seconds = 10.0
    keep_alive_seconds: Seconds = 75.0
    drain_timeout_seconds: Seconds = 35.0
    boot_deadline_seconds: Seconds = 300.0
    expected_boot_seconds: Seconds = 180.0
    count_host_boot: bool = False
    check_interval_seconds: Seconds = 10.0
    check_timeout_seconds: Seconds = 35.0
    max_body_bytes: Positive = 1_048_576
    max_header_bytes: Positive = 32_768


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that `environ` holds.

    Raises:
        SettingsError: a GATEWAY_ variable is unknown or invalid.
    """
    texts = {key.removeprefix(PREFIX).lower(): text for key, text in environ.items() if key.startswith(PREFIX)}
    unknown = sorted(texts.keys() - {field.name for field in dataclasses.fields(Settings)})
    if unknown:
        raise SettingsError(f"unknown setting {PREFIX}{unknown[0].upper()}; docs/gateway.md lists all")
    origins = [origin.strip() for origin in texts.get("cors_origins", "").split(",") if origin.strip()]
    try:
        settings = msgspec.convert({**texts, "cors_origins": origins}, Settings, strict=False)
    except msgspec.ValidationError as error:
        problem, _, name = str(error).rstrip("`").rpartition(" - at `$.")
        raise _invalid(name, texts[name], problem.removesuffix(", got `str`")) from None
    for name in ("engine_command", "engine_args"):
        text = getattr(settings, name)
        try:
            shlex.split(text)
        except ValueError as error:
            raise _invalid(name, text, str(error)) from None
    return settings


def _invalid(name: str, text: str, problem: str) -> SettingsError:
    return SettingsError(f"{PREFIX}{name.upper()} is {text!r}: {problem}")


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

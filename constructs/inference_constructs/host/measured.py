"""What a live host really did, as `make load ARGS="--calibrate FILE"` wrote it: figures in place of estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True, kw_only=True)
class MeasuredStep:
    """Steps of the engine while so many requests ran.

    Attributes:
        places: Requests that ran at once.
        tokens: Tokens that they held together, prompts included, on average.
        seconds: Time of a step, which writes one token for each.
    """

    places: Count
    tokens: Positive
    seconds: Positive


@dataclass(frozen=True, kw_only=True)
class MeasuredPrompt:
    """A prompt that was read alone.

    Attributes:
        tokens: Its length.
        seconds: From sending it to the first token of the answer.
    """

    tokens: Count
    seconds: Positive


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured, and the least squares' fit to it.

    Attributes:
        date: When, in ISO 8601.
        instance_type: EC2 type of the host, or `local`.
        model: Name of the model.
        quantization: How its weights were made smaller when they were loaded, if they were.
        steps: By places, fewest first.
        prompts: By length, shortest first.
        weights_seconds: A step's time whatever runs.
        token_seconds: A step's time for each token that the running requests hold.
        prompt_token_seconds: Time to read one token of a prompt.
        attention_seconds: Time for each token of a prompt to attend to one before it.
        first_token_seconds: Time to the first token whatever the prompt: the way there and back, and a step.
        boot: Seconds of each stage of a boot; empty where its metrics were not at hand.
    """

    date: str
    instance_type: str
    model: str
    quantization: str | None = None
    steps: Annotated[Sequence[MeasuredStep], msgspec.Meta(min_length=2)]
    prompts: Annotated[Sequence[MeasuredPrompt], msgspec.Meta(min_length=2)]
    weights_seconds: Positive
    token_seconds: NotNegative
    prompt_token_seconds: NotNegative
    attention_seconds: NotNegative
    first_token_seconds: NotNegative
    boot: Mapping[str, NotNegative] = field(default_factory=dict[str, float])

    @property
    def source(self) -> str:
        """What a table says of figures that are from here."""
        return f"measured on {self.date[:10]}"


def write_measured(measured: Measured, path: Path) -> None:
    """Write what was measured as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")


def read_measured(path: Path) -> Measured:
    """Return what `write_measured` wrote.

    Raises:
        ValueError: the file cannot be read, or holds something else; the text says what.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Measured)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is not what make load --calibrate writes: {error}; measure anew") from None

"""A run of all questions, kept in a file so that a later one can be compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec


class RunError(Exception):
    """A file is not what was expected; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run.

    Attributes:
        date: When it ended, in ISO 8601.
        model: Name of the model, as the API lists it.
        questions: Their digest.
        answers: Texts by the questions' ids.
    """

    date: str
    model: str
    questions: str
    answers: Mapping[str, str]


def write_run(run: Run, path: Path) -> None:
    """Write a run as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")


def read_run(path: Path, questions: str) -> Run:
    """Return a run.

    Args:
        path: What `write_run` wrote.
        questions: Digest of the questions that it must have been asked.

    Raises:
        RunError: there is no such file, it holds no run, or one of other questions.
    """
    try:
        run = msgspec.json.decode(path.read_bytes(), type=Run)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise RunError(f"{path} holds no run of make evaluate: {error}") from None
    if run.questions != questions:
        raise RunError(f"{path} is of other questions: make both runs with one version, and of the same kinds")
    return run

"""Ask a live API a fixed set of questions with known answers, and print how many it answers rightly.

Made for comparing two ways of running a model, such as 16 bits and FP8: save one run, and hold the other against it.
Temperature is 0. An API key is read from INFERENCE_API_KEY.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ops.evaluation import (
    KINDS,
    AskingError,
    Question,
    Run,
    RunError,
    ask_all,
    digest,
    mcnemar,
    questions,
    read_run,
    wilson,
    write_run,
)
from ops.shared.api_url import KEY_VARIABLE, api_url
from ops.shared.served_model import key_header, served_model

TIMEOUT_SECONDS = 60

PER_MINUTE = 90
"""A little below the 100 that an address may send unless the environment's variable says otherwise (R5.3)."""

CHANCE = 0.05
"""A difference that chance alone makes more often than this is not called one."""

SHOWN = 60
"""Characters of an answer in the list of changes."""


def ask(url: str, key: str | None, model: str, asked: Sequence[Question], per_minute: float) -> dict[str, str]:
    """Return the answers of an API by the questions' ids.

    Raises:
        AskingError: a question got no answer.
    """

    async def run() -> dict[str, str]:
        async with httpx.AsyncClient(base_url=url, headers=key_header(key), timeout=TIMEOUT_SECONDS) as http:
            return await ask_all(http, model, asked, per_minute=per_minute, done=lambda: progress.advance(task))

    with Progress(transient=True) as progress:
        task = progress.add_task("asking", total=len(asked))
        return asyncio.run(run())


def right_answers(asked: Sequence[Question], answers: Mapping[str, str]) -> set[str]:
    """Return the ids of the questions that were answered rightly."""
    return {question.id for question in asked if question.is_right(answers[question.id])}


def print_score(asked: Sequence[Question], right: set[str], earlier: set[str] | None, console: Console) -> None:
    """Print the share of right answers of each kind and of all, the earlier run's beside it."""
    table = Table("kind", "questions", "right", "share", "95 % interval", *(["earlier"] if earlier is not None else []))
    for column in table.columns[1:]:
        column.justify = "right"
    kinds = Counter(question.kind for question in asked)
    for kind in [*kinds, "all"]:
        ids = {question.id for question in asked if kind in (question.kind, "all")}
        count = len(ids & right)
        low, high = wilson(count, len(ids))
        before = [f"{len(ids & earlier) / len(ids):.1%}"] if earlier is not None else []
        if kind == "all":
            table.add_section()
        table.add_row(kind, f"{len(ids)}", f"{count}", f"{count / len(ids):.1%}", f"{low:.1%} to {high:.1%}", *before)
    console.print(table)


def print_changes(
    asked: Sequence[Question], earlier: Run, answers: Mapping[str, str], right: set[str], console: Console
) -> None:
    """Print which questions only one of two runs answered rightly, and what chance has to say about that."""
    before = right_answers(asked, earlier.answers)
    table = Table("question", "now", "expected", "earlier answer", "answer now", title="changed", title_justify="left")
    for question in asked:
        if (question.id in before) == (question.id in right):
            continue
        texts = [", ".join(question.accepted), earlier.answers[question.id], answers[question.id]]
        table.add_row(
            question.id,
            "[green]right[/]" if question.id in right else "[bold red]wrong[/]",
            *(escape(" ".join(text.split())[:SHOWN]) for text in texts),
        )
    if table.row_count:
        console.print(table)
    lost, won = len(before - right), len(right - before)
    p = mcnemar(lost, won)
    worded = sum(answers[question.id] != earlier.answers[question.id] for question in asked)
    console.print(
        f"against {earlier.model} of {earlier.date}: {lost} lost, {won} won, "
        f"{worded} of {len(asked)} answers worded otherwise; "
        f"p = {p:.2g} (McNemar): {'a difference' if p < CHANCE else 'chance alone may explain it'}",
        soft_wrap=True,
        highlight=False,
    )


def positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        ValueError: it is none.
    """
    if (number := float(text)) <= 0:
        raise ValueError
    return number


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.evaluate", description=__doc__)
    parser.add_argument("url", type=api_url, help="URL of the API, such as https://host/live")
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="ask these only; may be given several times (default: all)"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the answers as JSON")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with a run that was saved")
    parser.add_argument(
        "--per-minute", type=positive, default=PER_MINUTE, help="requests a minute at most (default: %(default)s)"
    )
    arguments = parser.parse_args()
    asked = [question for question in questions() if question.kind in (arguments.kind or KINDS)]
    key = os.environ.get(KEY_VARIABLE)
    try:
        earlier: Run | None = read_run(arguments.against, digest(asked)) if arguments.against else None
        if arguments.save:
            arguments.save.parent.mkdir(parents=True, exist_ok=True)
        model = served_model(arguments.url, key)
        answers = ask(arguments.url, key, model, asked, arguments.per_minute)
        if arguments.save:
            date = datetime.now(UTC).isoformat(timespec="seconds")
            write_run(Run(date=date, model=model, questions=digest(asked), answers=answers), arguments.save)
    except (AskingError, RunError, OSError) as error:
        sys.exit(f"error: {error}")
    console, right = Console(), right_answers(asked, answers)
    print_score(asked, right, right_answers(asked, earlier.answers) if earlier else None, console)
    if earlier:
        print_changes(asked, earlier, answers, right, console)


if __name__ == "__main__":
    main()

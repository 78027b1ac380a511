"""Models that environments can name: add, list, and see where they fit.

`add` writes `stacks/models/NAME.json`, with everything pinned; `make demo MODEL=NAME` and `Environment(model=...)` take
it from there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]
from rich.console import Console

from inference_constructs.host import Model, Trial
from ops.models import SourceError, describe, has_chat_template, open_source, print_fit
from stacks import model_files
from stacks.model_files import model_named, model_names


def add(arguments: argparse.Namespace, console: Console) -> None:
    """Write the file of a model.

    Raises:
        SourceError: it cannot be served, or there is a file of its name.
    """
    template = arguments.chat_template
    with console.status("reading config, heads of the weights and digests"):
        source = open_source(arguments.source)
        model = describe(
            source,
            name=arguments.name,
            license=arguments.license,
            trial=Trial(prompt=arguments.question, answer=arguments.answer),
            chat_template=template.read_text() if template else None,
            tool_parser=arguments.tool_parser,
            reasoning_parser=arguments.reasoning_parser,
        )
    text = msgspec.json.format(msgspec.json.encode(model), indent=2)
    try:
        msgspec.json.decode(text, type=Model)
    except msgspec.ValidationError as error:
        hint = "; --name gives another name" if error.args[0].endswith("`$.name`") else ""
        raise SourceError(f"{arguments.source}: {error}{hint}") from None
    path = model_files.MODELS / f"{model.name}.json"
    if path.exists():
        raise SourceError(f"{path} is there already: remove it first, or give another --name")
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(text + b"\n")
    unfinished.rename(path)
    console.print(f"{path}: {model.weight_bytes / 2**30:.1f} GiB of weights, {model.quantization or '16 bits'}")
    if template is None and not has_chat_template(source):
        console.print("It has no chat template: /v1/chat/completions answers 400, unless --chat-template gives one.")


def list_models(console: Console) -> None:
    """Print a line for each model."""
    for name in model_names():
        model = model_named(name)
        console.print(
            f"{name}  {model.weight_bytes / 2**30:.1f} GiB  {model.quantization or '16 bits'}  {model.license}  "
            f"{model.source}",
            soft_wrap=True,
        )


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(prog="make model", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="describe a model in a file")
    adding.add_argument("source", help="OWNER/REPOSITORY[@COMMIT] of the Hub, s3://BUCKET/PREFIX, or ./FOLDER")
    adding.add_argument("--name", help="name that clients send; the repository's in small letters unless given")
    adding.add_argument("--license", help="the licence that you accept, by its name on the Hub")
    adding.add_argument("--chat-template", type=Path, metavar="FILE", help="Jinja template, in place of the model's")
    adding.add_argument("--tool-parser", help="vLLM's parser of the model's tool calls, such as hermes")
    adding.add_argument("--reasoning-parser", help="vLLM's parser of what the model thinks aloud, such as qwen3")
    adding.add_argument("--question", default="The capital of France is", help="what an image is tried with")
    adding.add_argument("--answer", default="Paris", help="what must be in its first 8 tokens")
    commands.add_parser("list", help="list the models")
    fitting = commands.add_parser("fit", help="hold a model against every g4dn and g5 size")
    fitting.add_argument("name")
    fitting.add_argument("--region", help="region of the prices, that of the environments unless given")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; what is impossible is one line on stderr and exit code 1."""
    parsed, console = parser().parse_args(arguments), Console()
    try:
        if parsed.command == "add":
            add(parsed, console)
        elif parsed.command == "list":
            list_models(console)
        else:
            # here alone: an environment may name a model that is yet to be added
            from stacks.environments import REGION

            print_fit(model_named(parsed.name), parsed.region or REGION, console)
    except (SourceError, ValueError, OSError, BotoCoreError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

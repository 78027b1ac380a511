"""Put a bounded load on an API, and report latency, time to first token and tokens a second.

The load generator is that of `vllm bench serve`: requests arrive at random (Poisson) at a mean rate, whatever the
API does, and stream their answers. Every prompt is different. With --ignore-eos, which the gateway must allow, every
answer is as long as asked for. An API key is read from INFERENCE_API_KEY. The exit code is 1 where a request failed.

With --calibrate, it measures instead what the one host behind the API does, while nothing else runs on it.
"""

# boto3 and matplotlib lack types
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference_constructs.host import Measured, MeasuredPrompt, MeasuredStep, write_measured
from ops.calibration import CalibrationError, boot_stages, calibrate
from ops.shared.api_url import KEY_VARIABLE, api_url
from ops.shared.arguments import environment_of
from ops.shared.charts import chart
from ops.shared.paths import ROOT, engine_python
from ops.shared.percentiles import percentile
from ops.shared.served_model import key_header, served_model
from stacks.environments import Environment
from stacks.measurements import measured_path

MAX_REQUESTS = 5_000
MAX_CONCURRENCY = 256
TIMEOUT_SECONDS = 60
RATE_LIMIT_PER_MINUTE = 100
"""What one address may send unless the environment's variable says otherwise (R5.3)."""

WORDS = ("river", "stone", "cloud", "market", "garden", "engine", "letter", "window", "harbour", "winter", "copper")


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much load.

    Attributes:
        rate: Requests a second.
        seconds: How long requests are sent.
        prompt_words: Length of a prompt, in words.
        output_tokens: Length of an answer at most.
        ignore_eos: Whether every answer has that length.
    """

    rate: float
    seconds: float
    prompt_words: int
    output_tokens: int
    ignore_eos: bool = False

    @property
    def requests(self) -> int:
        """Number of requests in all."""
        return max(1, round(self.rate * self.seconds))


class Answer(NamedTuple):
    """What vLLM's load generator measured of one request.

    Attributes:
        error: Traceback or status, empty where there was none.
        tokens: Length of the answer.
        latency: Seconds from sending to the last token.
        first_token: Seconds from sending to the first token.
        gaps: Seconds between tokens.
        started: When it was sent, on the generator's clock; 0 where it was not.
    """

    error: str
    tokens: int
    latency: float
    first_token: float
    gaps: list[float]
    started: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured.

    Attributes:
        latencies: Seconds from sending to the last token, of each complete answer.
        first_tokens: Seconds from sending to the first token, of the same answers.
        gaps: Seconds between tokens, of all of them.
        started: When each of them was sent, in seconds from the first.
        failures: What else happened, and how often.
        tokens_per_second: Tokens of complete answers, over the whole time.
        requests_per_second: Complete answers, over the whole time.
    """

    latencies: list[float]
    first_tokens: list[float]
    gaps: list[float]
    started: list[float]
    failures: Counter[str]
    tokens_per_second: float
    requests_per_second: float


def prompts(load: Load) -> list[str]:
    """Return prompts that differ from their first word on, so that no cached prefix makes one cheaper."""
    words = random.Random(0)  # noqa: S311  no secret
    return [f"{n} {' '.join(words.choices(WORDS, k=load.prompt_words - 1))}" for n in range(load.requests)]


def run_bench(url: str, model: str, key: str | None, load: Load) -> dict[str, Any]:
    """Put the load on the API, and return what vLLM's load generator measured.

    Raises:
        SystemExit: it could not run.
    """
    parameters = {
        "url": url,
        "model": model,
        "rate": load.rate,
        "output_tokens": load.output_tokens,
        "ignore_eos": load.ignore_eos,
        "max_concurrency": MAX_CONCURRENCY,
        "prompts": prompts(load),
    }
    environ = os.environ | {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    environ.pop("OPENAI_API_KEY", None)
    environ |= {"OPENAI_API_KEY": key} if key else {}
    with tempfile.TemporaryDirectory() as folder:
        measured = Path(folder, "measured.json")
        done = subprocess.run(
            [engine_python(), "-m", "ops.engine.load", measured],
            cwd=ROOT,
            env=environ,
            input=json.dumps(parameters),
            # its progress bar is on stderr; its own table would lack the times to the first token
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit("error: the load generator failed; its messages are above")
        return json.loads(measured.read_text())


def report_of(result: dict[str, Any], load: Load) -> Report:
    """Return the figures of the complete answers.

    Where every answer has the same length, one with fewer tokens was cut short, and is a failure.
    """
    columns = (result[name] for name in ("errors", "output_lens", "latencies", "ttfts", "itls", "start_times"))
    answers = [Answer(*row) for row in zip(*columns, strict=True)]
    least = load.output_tokens if load.ignore_eos else 1
    complete = [answer for answer in answers if not answer.error and answer.tokens >= least]
    failures = Counter(answer.error.strip().splitlines()[-1] for answer in answers if answer.error)
    if cut := len(answers) - len(complete) - failures.total():
        failures["answer cut short"] = cut
    first = min((answer.started for answer in answers if answer.started), default=0.0)
    return Report(
        latencies=[answer.latency for answer in complete],
        first_tokens=[answer.first_token for answer in complete],
        gaps=[gap for answer in complete for gap in answer.gaps],
        started=[answer.started - first for answer in complete],
        failures=failures,
        tokens_per_second=sum(answer.tokens for answer in complete) / result["duration"],
        requests_per_second=len(complete) / result["duration"],
    )


def percentiles(seconds: Sequence[float]) -> list[str]:
    """Return p50, p90, p95 and p99 in milliseconds."""
    return [f"{1000 * percentile(seconds, percent):,.0f}" if seconds else "-" for percent in (50, 90, 95, 99)]


def print_report(report: Report, load: Load, console: Console) -> None:
    """Print the percentiles, then the rates and the failures."""
    table = Table("milliseconds", *(f"p{percent}" for percent in (50, 90, 95, 99)))
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("latency", *percentiles(report.latencies))
    table.add_row("time to first token", *percentiles(report.first_tokens))
    table.add_row("between tokens", *percentiles(report.gaps))
    console.print(table)
    console.print(
        f"{len(report.latencies)} of {load.requests} answers complete, {report.requests_per_second:.2f} a second, "
        f"{report.tokens_per_second:.1f} tokens a second"
    )
    for failure, count in report.failures.most_common():
        console.print(f"[red]{count} failed[/]: {escape(failure)}", markup=True, highlight=False)


def draw(report: Report, target: Path) -> None:
    """Write latency and time to first token over time as a PNG file."""
    with chart(target, 9, 4) as figure:
        axes = figure.subplots()
        axes.scatter(report.started, report.latencies, s=12, label="latency")
        axes.scatter(report.started, report.first_tokens, s=12, label="time to first token")
        axes.set(xlabel="seconds since the start", ylabel="seconds", ylim=(0, None))
        axes.legend()


def refuse_unbounded(load: Load) -> None:
    """Exit where the load is none, or so high that it would be an attack rather than a measurement."""
    if min(load.rate, load.seconds, load.prompt_words, load.output_tokens) <= 0:
        sys.exit("error: rate, seconds, prompt words and output tokens must be above 0")
    if load.requests > MAX_REQUESTS:
        sys.exit(f"error: {load.requests} requests are more than {MAX_REQUESTS}; lower --rate or --seconds")


def print_measurement(one: MeasuredStep | MeasuredPrompt, console: Console) -> None:
    """Print a measurement as it comes."""
    if isinstance(one, MeasuredStep):
        text = f"{one.places:3} streams that hold {one.tokens:6,.0f} tokens: {one.seconds * 1000:7.1f} ms a step, "
        console.print(f"{text}{one.places / one.seconds:,.0f} tokens a second", highlight=False)
    else:
        text = f"a prompt of {one.tokens:6,} tokens: first token after {one.seconds * 1000:,.0f} ms"
        console.print(text, highlight=False)


def boot_of(environment: Environment) -> dict[str, float]:
    """Return the seconds of the boot's stages; empty, with a note, where AWS does not tell."""
    try:
        return boot_stages(boto3.client("cloudwatch", region_name=environment.region), environment.name)
    except (BotoCoreError, ClientError) as error:
        print(f"note: without the boot's stages: {error}", file=sys.stderr)
        return {}


def run_calibration(url: str, environment: Environment | None, per_minute: float, streams: int, target: Path) -> None:
    """Measure what the host behind an API does, and write it.

    Raises:
        SystemExit: it cannot be measured, or not be written.
    """
    key, console = os.environ.get(KEY_VARIABLE), Console()

    async def run() -> Measured:
        async with httpx.AsyncClient(base_url=url, headers=key_header(key), timeout=TIMEOUT_SECONDS) as http:
            return await calibrate(
                http,
                served_model(url, key),
                per_minute=per_minute,
                streams=streams,
                instance_type=environment.instance_type if environment else "local",
                quantization=environment.quantization if environment else None,
                boot=boot_of(environment) if environment else {},
                done=lambda one: print_measurement(one, console),
            )

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_measured(asyncio.run(run()), target)
    except (CalibrationError, OSError) as error:
        sys.exit(f"error: {error}")
    console.print(f"measured: {target}")
    if environment:
        console.print(f"synthesis, forecast and replay use it as {measured_path(environment.engine)}", soft_wrap=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.load", description=__doc__)
    parser.add_argument("url", type=api_url, help="URL of the API, such as https://host/live")
    parser.add_argument("--rate", type=float, default=1.0, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="how long to send (default: %(default)s)")
    parser.add_argument("--prompt-words", type=int, default=100, help="words of a prompt (default: %(default)s)")
    parser.add_argument("--output-tokens", type=int, default=64, help="tokens of an answer (default: %(default)s)")
    parser.add_argument("--ignore-eos", action="store_true", help="make every answer as long as --output-tokens")
    parser.add_argument("--chart", type=Path, default=Path("build/load.png"), help="PNG to write (%(default)s)")
    parser.add_argument("--calibrate", type=Path, metavar="FILE", help="measure the host, and write that as JSON")
    parser.add_argument(
        "--environment", type=environment_of, help="whose host is measured; local unless given (with --calibrate)"
    )
    parser.add_argument(
        "--per-minute", type=float, default=90, help="requests a minute (with --calibrate; default: %(default)s)"
    )
    parser.add_argument(
        "--streams", type=int, default=32, help="streams at once at most (with --calibrate; default: %(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.calibrate:
        run_calibration(
            arguments.url, arguments.environment, arguments.per_minute, arguments.streams, arguments.calibrate
        )
        return
    load = Load(
        rate=arguments.rate,
        seconds=arguments.seconds,
        prompt_words=arguments.prompt_words,
        output_tokens=arguments.output_tokens,
        ignore_eos=arguments.ignore_eos,
    )
    refuse_unbounded(load)
    console = Console()
    if load.rate * 60 > RATE_LIMIT_PER_MINUTE:
        console.print(f"note: more than {RATE_LIMIT_PER_MINUTE} requests a minute: the rate limit answers some (429)")
    key = os.environ.get(KEY_VARIABLE)
    report = report_of(run_bench(arguments.url, served_model(arguments.url, key), key, load), load)
    print_report(report, load, console)
    if report.latencies:
        draw(report, arguments.chart)
        console.print(f"chart: {arguments.chart}")
    if report.failures:
        sys.exit(f"error: {report.failures.total()} of {load.requests} requests failed")


if __name__ == "__main__":
    main()

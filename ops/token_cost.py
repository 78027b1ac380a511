"""What a million tokens cost on g4dn and g5, by load: the table and the chart of docs/token-cost.md.

    make token-cost

GPU hours alone, on demand: as few hosts as write the load, at least one. How much a host writes is the model of the
engine's steps, with all places taken by requests of the size that the forecast assumes.
"""

# matplotlib's keyword arguments have no types
# pyright: reportUnknownMemberType=false
import argparse
from dataclasses import replace
from itertools import count
from math import ceil
from pathlib import Path

from inference_constructs.cost import prices_of
from inference_constructs.host import USUAL_ANSWER_TOKENS, USUAL_PROMPT_TOKENS, Engine, engine_profile
from ops.shared.charts import COLOURS, chart
from stacks.environments import DEV, REGION

T4, A10G = (Engine(name, model=DEV.engine.model) for name in ("g4dn.xlarge", "g5.xlarge"))
ENGINES = {
    "g4dn.xlarge": T4,
    "g5.xlarge": A10G,
    "g4dn.xlarge, fp8": replace(T4, quantization="fp8"),
    "g5.xlarge, fp8": replace(A10G, quantization="fp8"),
}
"""By name; the smallest host of each family, whose larger ones have the same GPU."""

LOADS = (10, 40, 80, 100, 250, 500, 1000)
"""Answers a minute that are in the table."""


def answers_per_minute(engine: Engine) -> float:
    """Return how many answers a host writes a minute while all its places are taken."""
    profile = engine_profile(engine)
    tokens = profile.step_time.tokens_per_second(
        profile.max_num_seqs, input_tokens=USUAL_PROMPT_TOKENS, output_tokens=USUAL_ANSWER_TOKENS
    )
    return tokens * 60 / USUAL_ANSWER_TOKENS


def hosts(engine: Engine, load: float) -> int:
    """Return how many hosts a load of so many answers a minute takes."""
    return max(1, ceil(load / answers_per_minute(engine)))


def dollars_per_million_tokens(engine: Engine, load: float, region: str) -> float:
    """Return the GPU hours' price of a million generated tokens, at so many answers a minute."""
    hour = prices_of(region).instance_hour(engine.instance_type)
    return hosts(engine, load) * hour / (load * 60 * USUAL_ANSWER_TOKENS) * 1e6


def g5_pays_from(region: str) -> int:
    """Return the least load, in answers a minute, at which a token is cheaper on g5 than on g4dn."""
    return next(
        load
        for load in count(1)
        if dollars_per_million_tokens(A10G, load, region) < dollars_per_million_tokens(T4, load, region)
    )


def table(region: str) -> list[str]:
    """Return the rows of the table in docs/token-cost.md."""
    rows = [f"| answers a minute | {' | '.join(ENGINES)} |", "|---|" + "---|" * len(ENGINES)]
    for load in LOADS:
        cells = [
            f"${dollars_per_million_tokens(engine, load, region):.2f} ({hosts(engine, load)})"
            for engine in ENGINES.values()
        ]
        rows.append(f"| {load:,} | {' | '.join(cells)} |")
    return rows


def draw(region: str, target: Path) -> None:
    """Write the dollars for a million tokens by load as a PNG file."""
    loads = range(10, 601)
    with chart(target, 9, 4.5) as figure:
        axes = figure.subplots()
        for (name, engine), colour in zip(ENGINES.items(), COLOURS, strict=False):
            dollars = [dollars_per_million_tokens(engine, load, region) for load in loads]
            axes.plot(loads, dollars, label=name, color=colour, linestyle="--" if engine.quantization else "-")
        axes.set(xlabel="answers a minute", ylabel="dollars for a million tokens", yscale="log")
        axes.set_yticks([0.2, 0.5, 1, 2, 5, 10], minor=False)
        axes.set_yticks([], minor=True)
        axes.yaxis.set_major_formatter("${x:,.2f}")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="make token-cost", description=__doc__)
    parser.add_argument("--region", default=REGION, help="AWS region of the prices (default: %(default)s)")
    parser.add_argument(
        "--chart", type=Path, default=Path("build/token-cost.png"), help="PNG to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    try:
        rows = table(arguments.region)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None
    print("\n".join(rows))
    print(f"g5 is cheaper from {g5_pays_from(arguments.region)} answers a minute on")
    draw(arguments.region, arguments.chart)
    print(f"chart: {arguments.chart}")


if __name__ == "__main__":
    main()

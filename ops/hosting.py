"""What a million tokens costs on hosts of one's own, beside what others ask for it: the tables of docs/token-cost.md.

    make hosting

A type's figure is its on-demand hour alone, divided by what the model of the engine's steps says that it writes with
all places taken, for part of the time. The break-even is an environment's month against a price by the token.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from inference_constructs.cost import prices_of
from inference_constructs.host import INSTANCE_TYPES, USUAL_ANSWER_TOKENS, USUAL_PROMPT_TOKENS, Engine, engine_profile
from ops.cost import Forecast, forecasts
from stacks.environments import DEV, ENVIRONMENTS, REGION

UTILIZATIONS = (0.05, 0.2, 0.5, 0.8)
"""Parts of the time in which all places of a host are taken."""

DAYS_PER_MONTH = 365 / 12

IDLE = {"requests_per_month": 0}
"""The variables of an environment that nobody asks."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model that somebody else hosts.

    Attributes:
        name: Model and host.
        input_usd: Dollars for a million tokens of prompts.
        output_usd: Dollars for a million tokens of answers.
        seen: When, and where.
    """

    name: str
    input_usd: float
    output_usd: float
    seen: str

    @property
    def request_usd(self) -> float:
        """Dollars for a usual request."""
        return (USUAL_PROMPT_TOKENS * self.input_usd + USUAL_ANSWER_TOKENS * self.output_usd) / 1e6


LITELLM = (
    "2026, [LiteLLM's price list](https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json)"
)

OFFERS = (
    Offer(name="Phi-3-mini-4k-instruct, Azure", input_usd=0.13, output_usd=0.52, seen=f"{LITELLM}; Azure retires it"),
    Offer(name="Phi-4-mini-instruct, Azure", input_usd=0.075, output_usd=0.3, seen=LITELLM),
    Offer(
        name="Llama 3.1 8B Instruct, OpenRouter",
        input_usd=0.02,
        output_usd=0.03,
        seen="mid-2026, [A. Morgado](https://dev.to/andrew_morgado_dev/cheapest-llm-apis-for-startups-in-2026-45jm)",
    ),
)
"""Small open models."""


def answers_per_day(instance_type: str) -> float:
    """Return how many usual answers a host writes a day with all places taken."""
    profile = engine_profile(Engine(instance_type, model=DEV.engine.model))
    tokens = profile.step_time.tokens_per_second(
        profile.max_num_seqs, input_tokens=USUAL_PROMPT_TOKENS, output_tokens=USUAL_ANSWER_TOKENS
    )
    return tokens * 24 * 3600 / USUAL_ANSWER_TOKENS


def dollars_per_million_tokens(instance_type: str, utilization: float, region: str) -> float:
    """Return the price of a million generated tokens, prompts included, by a host's hour."""
    millions = answers_per_day(instance_type) * utilization * USUAL_ANSWER_TOKENS / 1e6
    return prices_of(region).instance_hour(instance_type) * 24 / millions


def tokens_table(region: str) -> list[str]:
    """Return the dollars for a million tokens by type and utilisation."""
    head = " | ".join(f"{utilization:.0%}" for utilization in UTILIZATIONS)
    rows = [f"| | {head} |", "|---|" + "---|" * len(UTILIZATIONS)]
    for name, instance in INSTANCE_TYPES.items():
        if instance.gpu_count == 1:
            cells = (f"${dollars_per_million_tokens(name, part, region):,.2f}" for part in UTILIZATIONS)
            rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def offers_table() -> list[str]:
    """Return the dollars for a million generated tokens, with the prompts before them, where others host."""
    rows = ["| | prompts | answers | an answer's million, prompts included | seen |", "|---|---|---|---|---|"]
    for offer in OFFERS:
        whole = offer.request_usd / USUAL_ANSWER_TOKENS * 1e6
        prices = f"${offer.input_usd:.3g} | ${offer.output_usd:.3g} | ${whole:.3g}"
        rows.append(f"| {offer.name} | {prices} | {offer.seen} |")
    return rows


def break_even(idle_usd: float, request_usd: float, offer: Offer) -> float:
    """Return the requests a day above which an environment costs less than an offer.

    Args:
        idle_usd: Its month without requests.
        request_usd: What each request adds.
        offer: The offer; where it asks less for a request than one adds here, the answer is infinite.
    """
    saved = offer.request_usd - request_usd
    return idle_usd / DAYS_PER_MONTH / saved if saved > 0 else inf


def break_even_table(found: Mapping[str, Forecast], idle: Mapping[str, Forecast]) -> list[str]:
    """Return each environment's break-even at its fewest hosts, and what part of their capacity it takes.

    Args:
        found: Each environment's forecast.
        idle: The same without requests.
    """
    rows = ["| | a month | " + " | ".join(offer.name for offer in OFFERS) + " |", "|---|---|" + "---|" * len(OFFERS)]
    types = {environment.name: environment.instance_type for environment in ENVIRONMENTS}
    for name, forecast in found.items():
        month, hosts = sum(forecast.at_minimum.values()), forecast.variables["min_instances"]
        most = hosts * answers_per_day(types[name])
        idle_month = sum(idle[name].at_minimum.values())
        request = (month - idle_month) / forecast.variables["requests_per_month"]
        evens = [break_even(idle_month, request, offer) for offer in OFFERS]
        cells = ("never" if even == inf else f"{round(even, -3):,.0f} ({even / most:.0%})" for even in evens)
        rows.append(f"| {name}, {hosts} of {types[name]} | ${month:,.0f} | {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="make hosting", description=__doc__)
    parser.add_argument("--region", default=REGION, help="AWS region of the prices (default: %(default)s)")
    region: str = parser.parse_args().region
    try:
        tables = [tokens_table(region), offers_table(), break_even_table(forecasts(), forecasts(IDLE))]
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None
    print("\n\n".join("\n".join(table) for table in tables))


if __name__ == "__main__":
    main()

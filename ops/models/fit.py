"""Which host a model fits on, and what it would do there: estimates from data sheets."""

from rich.console import Console
from rich.table import Table

from inference_constructs.cost import prices_of
from inference_constructs.host import (
    INSTANCE_TYPES,
    USUAL_ANSWER_TOKENS,
    USUAL_PROMPT_TOKENS,
    Engine,
    Model,
    boot_seconds,
    engine_profile,
)


def print_fit(model: Model, region: str, console: Console) -> None:
    """Print a row for each instance type: what fits, how fast it writes and for how much, or why it does not fit."""
    prices = prices_of(region)
    kind = model.quantization or "16 bits"
    table = Table(title=f"{model.name}: {model.weight_bytes / 2**30:.1f} GiB of weights, {kind}")
    table.add_column("instance type", no_wrap=True)
    for column in ("context", "cache", "requests", "one", "all", "$"):
        table.add_column(column, justify="right", no_wrap=True)
    refused: dict[str, str] = {}
    for name in INSTANCE_TYPES:
        engine = Engine(name, model=model)
        try:
            boot_seconds(engine)
            profile = engine_profile(engine)
            hour = prices.instance_hour(name)
        except ValueError as error:
            refused[name] = str(error).removeprefix(f"{name} ")
            continue
        one, every = (
            profile.step_time.tokens_per_second(
                streams, input_tokens=USUAL_PROMPT_TOKENS, output_tokens=USUAL_ANSWER_TOKENS
            )
            for streams in (1, profile.max_num_seqs)
        )
        table.add_row(
            name,
            f"{profile.max_model_len:,}",
            f"{profile.kv_cache_tokens:,}",
            str(profile.max_num_seqs),
            f"{one:.0f}",
            f"{every:,.0f}",
            f"{hour / (every * 3600) * 1e6:.2f}",
        )
    console.print(table)
    for name, reason in refused.items():
        console.print(f"{name}: {reason}", soft_wrap=True, highlight=False)
    console.print(
        "Context and cache in tokens; requests that run at once; tokens a second of one, and of all of them; dollars a "
        f"million tokens, for hosts alone, in {region}. Estimates from data sheets, for prompts and answers of "
        f"{USUAL_PROMPT_TOKENS} tokens, and hosts that are always busy."
    )

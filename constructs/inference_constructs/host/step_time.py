"""How long one step of the engine takes, and a prompt: one model for the engine's limits, the forecast and the replay.

Every step writes one token for each request that runs. It reads all weights once, and each request's keys and values,
bounded by the memory's bandwidth; with many requests and small weights, by what the GPU computes for each token. A
prompt is read at once, bounded by that, too: the weights' part grows with the prompt, attention's with its square.
https://arxiv.org/abs/2402.16363
"""

from dataclasses import dataclass
from math import sqrt

from inference_constructs.host.engine import Engine

BANDWIDTH_SHARE = 0.7
"""Share of the data sheet's bandwidth that is reached: an estimate, no such GPU was measured.

What is reported of well-tuned engines is 70 to 85 %:
https://www.open-source-ai.tech/glossary/model-bandwidth-utilization
"""

COMPUTE_SHARE = 0.4
"""Share of the data sheet's arithmetic that is reached (estimate)."""

EXCHANGE_GB_PER_SECOND = 6
"""Rate at which a GPU passes on what several share, through the host's memory, in 10^9 bytes a second (estimate)."""

EXCHANGE_SECONDS = 50e-6
"""What an exchange takes, however little is passed on (estimate)."""


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """Times of one host.

    Attributes:
        weights_seconds: A step's time for reading the weights.
        token_seconds: A step's time for each token that the running requests hold.
        prompt_token_seconds: Time to compute one token, of a prompt or of a step.
        attention_seconds: Time for each token of a prompt to attend to one before it.
        source: Where the figures are from.
    """

    weights_seconds: float
    token_seconds: float
    prompt_token_seconds: float
    attention_seconds: float
    source: str = "estimated from data sheets"

    def step_seconds(self, *, streams: float, tokens: float) -> float:
        """Return the time of one step while so many requests run, which hold this many tokens."""
        return max(self.weights_seconds, self.prompt_token_seconds * streams) + self.token_seconds * tokens

    def seconds_of(self, steps: float, *, streams: int, tokens: float) -> float:
        """Return the time of so many steps, each of which adds a token to every stream.

        Args:
            steps: Number of steps.
            streams: Requests that run.
            tokens: What they hold before the first step.
        """
        return steps * self.step_seconds(streams=streams, tokens=tokens + streams * steps / 2)

    def steps_in(self, seconds: float, *, streams: int, tokens: float) -> float:
        """Return how many steps so much time is enough for: the inverse of `seconds_of`."""
        first, growth = self.step_seconds(streams=streams, tokens=tokens), 2 * self.token_seconds * streams
        return 2 * seconds / (first + sqrt(first**2 + growth * seconds))

    def prompt_seconds(self, tokens: float) -> float:
        """Return the time that a prompt of this many tokens takes; nothing is written meanwhile."""
        return self.prompt_token_seconds * tokens + self.attention_seconds * tokens**2 / 2

    def tokens_per_second(self, streams: float, *, input_tokens: float, output_tokens: float) -> float:
        """Return the tokens that a host writes, reading prompts included, while so many requests run all the time.

        Args:
            streams: Requests that run at once.
            input_tokens: Tokens of a prompt.
            output_tokens: Tokens of an answer; half of them are there on average.
        """
        step = self.step_seconds(streams=streams, tokens=streams * (input_tokens + output_tokens / 2))
        return streams / (step + streams * self.prompt_seconds(input_tokens) / output_tokens)


def step_time(engine: Engine) -> StepTime:
    """Return the times of a host, as measured, or else estimated from data sheets.

    Raises:
        ValueError: its instance type is not of the g4dn or g5 family.
    """
    if measured := engine.measured:
        return StepTime(
            weights_seconds=measured.weights_seconds,
            token_seconds=measured.token_seconds,
            prompt_token_seconds=measured.prompt_token_seconds,
            attention_seconds=measured.attention_seconds,
            source=measured.source,
        )
    instance, model = engine.instance, engine.model
    gpus = instance.gpu_count
    bandwidth = instance.gpu.bandwidth_gb_per_second * 1e9 * gpus * BANDWIDTH_SHARE
    operations = 1e12 * gpus * COMPUTE_SHARE
    width = model.heads * model.head_size
    # GPUs add up their parts of a token's state, in 16 bits, twice a layer: each passes on 2 (n - 1) / n of it
    # https://docs.vllm.ai/en/latest/serving/parallelism_scaling/
    exchanges = 2 * model.layers if gpus > 1 else 0
    exchanged = exchanges * 2 * width * 2 * (gpus - 1) / gpus / (EXCHANGE_GB_PER_SECOND * 1e9)
    return StepTime(
        weights_seconds=engine.weight_bytes / bandwidth + exchanges * EXCHANGE_SECONDS,
        token_seconds=model.kv_bytes_per_token / bandwidth,
        # a multiplication and an addition for each weight
        prompt_token_seconds=2 * model.parameters / (instance.gpu.tensor_teraflops * operations) + exchanged,
        # and for each element of the head's key and of its value, of every head in every layer
        attention_seconds=4 * model.layers * width / (instance.gpu.attention_teraflops * operations),
    )

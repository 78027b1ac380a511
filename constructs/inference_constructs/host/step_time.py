"""How long one step of the engine takes, and a prompt: one model for the engine's limits, the forecast and the replay.

Every step writes one token for each request that runs. It reads all weights once, and each request's keys and values;
the memory's bandwidth bounds it. A prompt is read at once, bounded by what the GPU computes: the weights' part grows
with the prompt, attention's with its square. https://arxiv.org/abs/2402.16363
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


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """Times of one host.

    Attributes:
        weights_seconds: A step's time for the weights.
        token_seconds: A step's time for each token that the running requests hold.
        prompt_token_seconds: Time to read one token of a prompt.
        attention_seconds: Time for each token of a prompt to attend to one before it.
        source: Where the figures are from.
    """

    weights_seconds: float
    token_seconds: float
    prompt_token_seconds: float
    attention_seconds: float
    source: str = "estimated from data sheets"

    def step_seconds(self, tokens: float) -> float:
        """Return the time of one step while the running requests hold this many tokens."""
        return self.weights_seconds + self.token_seconds * tokens

    def seconds_of(self, steps: float, *, streams: int, tokens: float) -> float:
        """Return the time of so many steps, each of which adds a token to every stream.

        Args:
            steps: Number of steps.
            streams: Requests that run.
            tokens: What they hold before the first step.
        """
        return steps * self.step_seconds(tokens + streams * steps / 2)

    def steps_in(self, seconds: float, *, streams: int, tokens: float) -> float:
        """Return how many steps so much time is enough for: the inverse of `seconds_of`."""
        first, growth = self.step_seconds(tokens), 2 * self.token_seconds * streams
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
        step = self.step_seconds(streams * (input_tokens + output_tokens / 2))
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
    bandwidth = instance.gpu.bandwidth_gb_per_second * 1e9 * instance.gpu_count * BANDWIDTH_SHARE
    operations = 1e12 * instance.gpu_count * COMPUTE_SHARE
    return StepTime(
        weights_seconds=engine.weight_bytes / bandwidth,
        token_seconds=model.kv_bytes_per_token / bandwidth,
        # a multiplication and an addition for each weight
        prompt_token_seconds=2 * model.parameters / (instance.gpu.tensor_teraflops * operations),
        # and for each element of the head's key and of its value, of every head in every layer
        attention_seconds=4
        * model.layers
        * model.heads
        * model.head_size
        / (instance.gpu.attention_teraflops * operations),
    )

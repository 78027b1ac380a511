"""How long one step of the engine takes, and a prompt: one model for the engine's limits, the forecast and the replay.

Every step writes one token for each request that runs. It reads all weights once, and each request's keys and values;
the memory's bandwidth bounds it. A prompt is read at once, bounded by what the GPU computes: the weights' part grows
with the prompt, attention's with its square. https://arxiv.org/abs/2402.16363
"""

from dataclasses import dataclass

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
    """

    weights_seconds: float
    token_seconds: float
    prompt_token_seconds: float
    attention_seconds: float

    def step_seconds(self, tokens: float) -> float:
        """Return the time of one step while the running requests hold this many tokens."""
        return self.weights_seconds + self.token_seconds * tokens

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
    """Return the times of a host, estimated from data sheets.

    Figures that were measured on a host belong here, in place of these: all else is computed from what this returns.

    Raises:
        ValueError: its instance type is not of the g4dn or g5 family.
    """
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

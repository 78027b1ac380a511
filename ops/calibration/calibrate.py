"""From a live API to what its host really does."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx

from inference_constructs.host import Measured, MeasuredPrompt, MeasuredStep
from ops.calibration.fit import non_negative_fit
from ops.calibration.measure import CalibrationError, Host, measure_prompts, measure_steps


async def calibrate(
    http: httpx.AsyncClient,
    model: str,
    *,
    per_minute: float,
    streams: int,
    instance_type: str,
    quantization: str | None,
    boot: Mapping[str, float],
    done: Callable[[MeasuredStep | MeasuredPrompt], object],
) -> Measured:
    """Return what the one host behind an API does while nothing else runs on it.

    Args:
        http: Client of the API.
        model: Its model.
        per_minute: Requests in any minute at most.
        streams: Streams at once at most.
        instance_type: EC2 type of the host, or `local`.
        quantization: How the model's weights were made smaller when they were loaded, if they were.
        boot: Seconds of each stage of a boot.
        done: Called with each measurement.

    Raises:
        CalibrationError: the API does not answer as it should, or there is too little to measure.
    """
    host = Host(http, model, per_minute)
    steps: list[MeasuredStep] = []
    async for step in measure_steps(host, streams):
        done(step)
        steps.append(step)
    prompts: list[MeasuredPrompt] = []
    async for prompt in measure_prompts(host):
        done(prompt)
        prompts.append(prompt)
    if len({step.places for step in steps}) < 2 or len(prompts) < 2:
        raise CalibrationError("the host runs no two streams at once, or takes no long prompt: is other work on it?")
    weights, token = non_negative_fit([(1, step.tokens) for step in steps], [step.seconds for step in steps])
    if not weights:
        raise CalibrationError("the times of steps are too uneven to be of use: is other work on the host?")
    first, prompt_token, attention = non_negative_fit(
        [(1, prompt.tokens, prompt.tokens**2 / 2) for prompt in prompts], [prompt.seconds for prompt in prompts]
    )
    return Measured(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        instance_type=instance_type,
        model=model,
        quantization=quantization,
        steps=steps,
        prompts=prompts,
        weights_seconds=weights,
        token_seconds=token,
        prompt_token_seconds=prompt_token,
        attention_seconds=attention,
        first_token_seconds=first,
        boot=boot,
    )

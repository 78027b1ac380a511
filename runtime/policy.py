"""What this host refuses although the API has it: another model, more sequences than one request may have."""

from runtime.errors import ApiError, bad_request
from runtime.settings import Settings
from runtime.validation import MAX_SEQUENCES, ChatCompletionRequest, CompletionRequest, Request


def sequences_of(request: Request) -> int:
    """Return how many sequences the engine works on for this request: `n` for each prompt."""
    prompts = (
        1 if isinstance(request, ChatCompletionRequest) or isinstance(request.prompt, str) else len(request.prompt)
    )
    return prompts * (request.n or 1)


def refuse_by_policy(request: Request, settings: Settings) -> None:
    """Let a request pass that this host may work on.

    The engine would answer another model with 404 too, but writes its name, which is a client's text, to the log. For
    `echo` with `logprobs` its server decodes every token of the prompts, and 20 others for each, while all other
    answers wait; it can also take more memory than the GPU has: https://github.com/vllm-project/vllm/issues/38830

    Raises:
        ApiError: 404 for another model, 400 for `ignore_eos`, for `echo` with `logprobs` and for too many sequences.
    """
    if request.model is not None and request.model != settings.served_model_name:
        message = f"The model `{request.model}` does not exist; this service has `{settings.served_model_name}`."
        raise ApiError(404, message, param="model", code="model_not_found")
    if request.ignore_eos and not settings.allow_ignore_eos:
        raise bad_request("ignore_eos is for benchmarks; this service does not allow it.", "ignore_eos")
    if isinstance(request, CompletionRequest) and request.echo and request.logprobs is not None:
        raise bad_request("echo with logprobs is not supported.", "logprobs")
    sequences = sequences_of(request)
    if sequences > MAX_SEQUENCES:
        raise bad_request(f"n for each prompt makes {sequences} answers, more than {MAX_SEQUENCES} at a time.", "n")

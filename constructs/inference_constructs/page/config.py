"""What the page reads as `config.json` when it is opened."""

from collections.abc import Mapping


def page_config(
    *,
    api_url: str,
    model: str,
    max_tokens: int,
    temperature: float,
    api_key_required: object = False,
) -> Mapping[str, object]:
    """Return the settings under the names that the page knows.

    Args:
        api_url: URL of the API, without a trailing slash.
        model: Name of the model that the API serves.
        max_tokens: Length of an answer at most.
        temperature: Of an answer, unless the visitor chooses.
        api_key_required: Whether the API wants a key; a boolean or an expression.
    """
    return {
        "apiUrl": api_url,
        "model": model,
        "maxTokens": max_tokens,
        "temperature": temperature,
        "apiKeyRequired": api_key_required,
    }

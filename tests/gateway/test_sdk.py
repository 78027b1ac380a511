"""The real OpenAI client: what its users get from the gateway, and which exception each error becomes."""

from collections.abc import Iterator

import openai
import pytest

from support.engine_fixtures import MODEL, Gateway, wait_for
from support.scripted_api import error_reply, scripted_api


@pytest.fixture
def sdk(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.mark.req("R5.1")
def test_completion(sdk: openai.OpenAI) -> None:
    answer = sdk.completions.create(model=MODEL, prompt="Hello", max_tokens=4)
    assert answer.choices[0].text == " 0 1 2 3"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4


def test_chat(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        max_tokens=4,
    )
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == " 0 1 2 3"
    assert answer.choices[0].finish_reason == "length"


def test_streamed_chat_with_usage(sdk: openai.OpenAI) -> None:
    chunks = list(
        sdk.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hello"}],
            max_tokens=4,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.choices for chunk in chunks[:-1])


def test_models(sdk: openai.OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == [MODEL]


@pytest.mark.req("R7.3")
def test_invalid_input_is_a_bad_request_error(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.completions.create(model=MODEL, prompt="Hello", max_tokens=-1)
    assert refused.value.param == "max_tokens"
    assert refused.value.type


def test_unknown_model_is_a_not_found_error(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        sdk.completions.create(model="gpt-9", prompt="Hello")


@pytest.mark.req("R7.2")
def test_deadline_in_a_stream_is_an_api_error(sdk: openai.OpenAI) -> None:
    stream = sdk.completions.create(model=MODEL, prompt="Hello", max_tokens=30_000, stream=True)
    with pytest.raises(openai.APIError, match="No complete answer within"):
        list(stream)


def test_the_users_own_timeout_is_an_api_timeout_error_and_cancels_the_work(
    sdk: openai.OpenAI, gateway: Gateway
) -> None:
    with pytest.raises(openai.APITimeoutError):
        sdk.with_options(timeout=1).completions.create(model=MODEL, prompt="Hello", max_tokens=30_000)
    wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") == 0, "the work cancelled", 10)


@pytest.mark.req("R7.1")
def test_loading_is_an_internal_server_error_that_says_when_to_retry(loading_gateway: Gateway) -> None:
    with (
        openai.OpenAI(base_url=f"{loading_gateway.url}/v1", api_key="none", max_retries=0) as sdk,
        pytest.raises(openai.InternalServerError) as refused,
    ):
        sdk.completions.create(model=MODEL, prompt="Hello")
    assert refused.value.status_code == 503
    assert int(refused.value.response.headers["retry-after"]) > 0


@pytest.mark.req("R5.3")
def test_rate_limit_of_the_edge_is_a_rate_limit_error() -> None:
    """The firewall makes this answer on AWS; a scripted API stands in for it."""
    with scripted_api() as api, openai.OpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as sdk:
        api.will_reply(error_reply(429, "Too many requests from this address.", retry_after=60))
        with pytest.raises(openai.RateLimitError) as refused:
            sdk.completions.create(model=MODEL, prompt="Hello")
    assert refused.value.response.headers["retry-after"] == "60"

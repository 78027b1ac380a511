"""The reference of the API says what OpenAI documents, and what becomes of it here."""

import pytest
from openai.types import completion_create_params
from openai.types.chat import completion_create_params as chat_create_params

from ops.maintain.api_reference import DOCUMENT, OPENAPI, ROUTES, markdown, openapi, rows

DOCUMENTED = {
    "/v1/completions": completion_create_params.CompletionCreateParamsBase,
    "/v1/chat/completions": chat_create_params.CompletionCreateParamsBase,
}


@pytest.mark.parametrize("route", ROUTES)
def test_every_parameter_that_openai_documents_is_in_the_table(route: str) -> None:
    ours = {name for name, routes, _, _ in rows() if routes in ("both", route.removeprefix("/v1/"))}
    assert {*DOCUMENTED[route].__annotations__, "stream"} <= ours


def test_openapi_document_is_what_the_requests_are_checked_by() -> None:
    assert OPENAPI.read_text() == openapi(OPENAPI.read_text())


def test_table_is_what_the_requests_are_checked_by() -> None:
    assert DOCUMENT.read_text() == markdown(DOCUMENT.read_text())

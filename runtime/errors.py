"""Errors in OpenAI's shape, and the statuses that the gateway itself answers with."""

from dataclasses import dataclass


@dataclass(eq=False)
class ApiError(Exception):
    """What a client is told instead of an answer.

    Attributes:
        status: HTTP status.
        message: What is wrong, and what to do where that is known.
        param: Name of the parameter that is wrong.
        retry_after: Seconds after which another try makes sense.
        allow: The methods that are allowed instead.
        code: The body's `code`; the status, as vLLM has it, unless given.
        closes: Whether the connection is of no use afterwards, because part of the request was not read.
    """

    status: int
    message: str
    param: str | None = None
    retry_after: int | None = None
    allow: str | None = None
    code: str | None = None
    closes: bool = False

    def body(self) -> dict[str, object]:
        """Return the JSON that OpenAI's API answers with.

        https://platform.openai.com/docs/guides/error-codes
        """
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code or self.status}}


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Return the error for a request that can never succeed as it is."""
    return ApiError(400, message, param=param, code=code)


def unavailable(message: str, retry_after: int) -> ApiError:
    """Return the error for a request that may succeed in `retry_after` seconds."""
    return ApiError(503, message, retry_after=max(1, retry_after))

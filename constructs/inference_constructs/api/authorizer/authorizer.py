"""Finds the API key of a request, in the form that API Gateway's own key check wants it.

The OpenAI SDKs send `Authorization: Bearer KEY`, other clients `x-api-key: KEY`. This function only reads the key;
whether the key exists, is enabled and has quota left is API Gateway's decision. It stores and logs nothing.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html
"""

import re
from collections.abc import Mapping
from typing import Any

API_KEY = re.compile(r"[!-~]{20,128}")
"""What API Gateway takes as the value of a key: 20 to 128 characters; anything else would make its answer a 500."""

BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


def api_key(headers: Mapping[str, str]) -> str | None:
    """Return the request's key, or None where there is none that could be valid."""
    by_name = {name.lower(): value for name, value in headers.items()}
    bearer = BEARER.fullmatch(by_name.get("authorization", ""))
    key = bearer.group(1) if bearer else by_name.get("x-api-key", "").strip(" ")
    return key if API_KEY.fullmatch(key) else None


def handler(event: Mapping[str, Any], _context: object) -> dict[str, object]:
    """Answer API Gateway's REQUEST authorizer event.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    key = api_key(event["headers"] or {})
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if key else "Deny",
        "Resource": event["methodArn"],
    }
    answer: dict[str, object] = {
        "principalId": "client",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    return {**answer, "usageIdentifierKey": key} if key else answer

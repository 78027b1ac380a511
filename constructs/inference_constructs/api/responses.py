"""What API Gateway answers by itself when it does not forward a request: the API's one shape of errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi
from constructs import Construct

from inference_constructs.api.cors import response_headers
from inference_constructs.api.routes import OPERATIONS
from runtime.errors import ApiError


@dataclass(frozen=True, kw_only=True)
class EdgeError:
    """An error that is made before a request reaches a host.

    Attributes:
        status: HTTP status.
        message: What is wrong and what to do, for the client's developer.
        headers: HTTP headers, beside those of CORS; what begins with `context.` is API Gateway's value of that name.
    """

    status: int
    message: str
    headers: Mapping[str, str]

    @property
    def body(self) -> str:
        """The JSON that the client gets, in the same shape as the gateway's and the engine's errors."""
        return json.dumps(ApiError(self.status, self.message).body())


def edge_error(status: int, message: str, **headers: str) -> EdgeError:
    """Return an error whose headers are given with underscores for hyphens."""
    return EdgeError(
        status=status, message=message, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


UNAUTHORIZED = edge_error(
    401,
    "The API key is missing or not valid. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.",
    WWW_Authenticate="Bearer",
)
NO_ROUTE = edge_error(
    404,
    f"There is no such route. The routes are {', '.join(f'{o.method} {o.path}' for o in OPERATIONS)}.",
)
TOO_LARGE = edge_error(413, "The request is too large.")
CLOSED = edge_error(503, "$context.authorizer.message", Retry_After="context.authorizer.retry_after")
"""While no host answers: the authorizer of an API with office hours says when one will.

For a body AWS documents `$context`; for a header only parameters of the request and fixed texts, though others publish
stacks with `context.`. Should an apply refuse it, a fixed `Retry_After` remains.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

INTERNAL = edge_error(500, "The API has a fault. Try again later.")

GATEWAY_RESPONSES: Mapping[str, EdgeError] = {
    "UNAUTHORIZED": UNAUTHORIZED,
    "ACCESS_DENIED": UNAUTHORIZED,
    "INVALID_API_KEY": UNAUTHORIZED,
    "EXPIRED_TOKEN": UNAUTHORIZED,
    "INVALID_SIGNATURE": UNAUTHORIZED,
    "MISSING_AUTHENTICATION_TOKEN": NO_ROUTE,
    "RESOURCE_NOT_FOUND": NO_ROUTE,
    "REQUEST_TOO_LARGE": TOO_LARGE,
    "BAD_REQUEST_BODY": edge_error(400, "The body of the request is not valid."),
    "BAD_REQUEST_PARAMETERS": edge_error(400, "The parameters of the request are not valid."),
    "UNSUPPORTED_MEDIA_TYPE": edge_error(415, "The header Content-Type must be application/json."),
    "WAF_FILTERED": edge_error(403, "The firewall refused this request because of the address that it came from."),
    "THROTTLED": edge_error(429, "Too many requests at once. Wait a second, then try again.", Retry_After="1"),
    "QUOTA_EXCEEDED": edge_error(429, "The API key has used up its requests of today.", Retry_After="3600"),
    "AUTHORIZER_FAILURE": edge_error(503, "The API key cannot be checked now. Try again soon.", Retry_After="5"),
    "AUTHORIZER_CONFIGURATION_ERROR": INTERNAL,
    "API_CONFIGURATION_ERROR": INTERNAL,
    "INTEGRATION_FAILURE": edge_error(503, "The model cannot be reached now. Try again soon.", Retry_After="10"),
    "INTEGRATION_TIMEOUT": edge_error(504, "The model did not answer in time. Ask for fewer tokens."),
    "DEFAULT_4XX": edge_error(400, "The request is not valid."),
    "DEFAULT_5XX": INTERNAL,
}
"""API Gateway's errors by its own name for them.

An unknown route appears as MISSING_AUTHENTICATION_TOKEN, and an integration that is unreachable as 504 unless told
otherwise. https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""


class GatewayResponses(Construct):
    """One gateway response for each entry of `GATEWAY_RESPONSES`, readable by pages of the allowed origin.

    With office hours, ACCESS_DENIED is the authorizer's word for closed.
    """

    def __init__(
        self, scope: Construct, id: str, *, rest_api: ApiGatewayRestApi, origin: str, office_hours: bool
    ) -> None:
        super().__init__(scope, id)
        errors = {**GATEWAY_RESPONSES, "ACCESS_DENIED": CLOSED} if office_hours else GATEWAY_RESPONSES
        for name, error in errors.items():
            headers = {**response_headers(origin), **error.headers}
            ApiGatewayGatewayResponse(
                self,
                name,
                rest_api_id=rest_api.id,
                response_type=name,
                status_code=str(error.status),
                response_parameters={
                    f"gatewayresponse.header.{header}": value if value.startswith("context.") else f"'{value}'"
                    for header, value in headers.items()
                },
                response_templates={"application/json": error.body},
            )

"""A stand-in for WAF and API Gateway that does what a synthesized stack tells them to, in front of a local gateway.

It follows AWS's documentation: order of rules, choice of the route, authorizer, key check, MOCK integrations and
gateway responses. What AWS does beyond the stack's JSON, such as the lag of its rate limit, it cannot show.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx

from inference_constructs.api.authorizer.authorizer import api_key
from inference_constructs.api.authorizer.authorizer import handler as authorizer
from support.api_stack import path_of
from support.expressions import evaluate
from support.scripted_api import serving
from support.stack_json import Json, only, resources

STAGE = "/live"
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    id: str


@dataclass(frozen=True)
class Answer:
    """What it gets; the body in pieces."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))


class Edge:
    """The stack's edge before `backend`.

    Args:
        stack: Synthesized JSON.
        backend: URL of the gateway.
        variables: Values of OpenTofu variables.
        keys: API keys of the stack's usage plan.
    """

    def __init__(self, stack: Json, backend: str, variables: Mapping[str, object], keys: frozenset[str]) -> None:
        self._stack, self._backend, self._keys = stack, backend, keys
        self._variables = {**{name: v.get("default") for name, v in stack["variable"].items()}, **variables}
        self._count = 0

    def answer(self, request: Request) -> Answer:
        """Do what AWS would."""
        return self._firewall(request) or self._route(request)

    def _value(self, expression: Any) -> Any:
        return evaluate(expression, self._variables)

    def _firewall(self, request: Request) -> Answer | None:
        acl = only(self._stack, "aws_wafv2_web_acl")
        bodies = {body["key"]: body["content"] for body in acl["custom_response_body"]}
        for rule in sorted(acl["rule"], key=lambda rule: rule["priority"]):
            match rule["statement"]:
                case {"rate_based_statement": {"limit": limit, "scope_down_statement": {"not_statement": exempt}}}:
                    counted = request.method != exempt["statement"][0]["byte_match_statement"]["search_string"]
                    self._count += counted
                    blocked = counted and self._count > self._value(limit)
                case {"size_constraint_statement": {"size": size}}:
                    blocked = len(request.body) > size
                case _:
                    blocked = False
            if blocked:
                custom = rule["action"]["block"]["custom_response"]
                headers = {header["name"]: header["value"] for header in custom["response_header"]}
                return _whole(custom["response_code"], headers, bodies[custom["custom_response_body_key"]])
        return None

    def _route(self, request: Request) -> Answer:
        path = request.path.removeprefix(STAGE)
        methods = {
            (path_of(self._stack, method["resource_id"]), method["http_method"]): method
            for method in resources(self._stack, "aws_api_gateway_method").values()
        }
        known = path if any(path == each for each, _ in methods) else "/{proxy+}"
        if (known, request.method) not in methods:
            return self._mock(known, request)
        return self._check_key(methods[known, request.method], request) or self._forward(path, request)

    def _check_key(self, method: Json, request: Request) -> Answer | None:
        if self._value(method["authorization"]) != "CUSTOM":
            return None
        found: dict[str, Any] = authorizer({"headers": request.headers, "methodArn": "arn"}, None)
        if found["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            return self._gateway_response("ACCESS_DENIED")
        if self._value(method["api_key_required"]) and found["usageIdentifierKey"] not in self._keys:
            return self._gateway_response("INVALID_API_KEY")
        return None

    def _integration(self, kind: str, path: str) -> Json:
        (found,) = [
            integration
            for integration in resources(self._stack, "aws_api_gateway_integration").values()
            if integration["type"] == kind and path_of(self._stack, integration["resource_id"]) == path
        ]
        return found

    def _mock(self, path: str, request: Request) -> Answer:
        content_type = request.headers.get("content-type", "application/json")
        if content_type not in self._integration("MOCK", path)["request_templates"]:
            return self._gateway_response("UNSUPPORTED_MEDIA_TYPE")
        (response,) = [
            response
            for response in resources(self._stack, "aws_api_gateway_integration_response").values()
            if path_of(self._stack, response["resource_id"]) == path
        ]
        headers = _static(response["response_parameters"])
        if request.method == "OPTIONS":
            return Answer(204, headers)
        body = re.split(r"#else\n|\n#end", response["response_templates"]["application/json"])[1]
        return _whole(json.loads(body)["error"]["code"], headers, body)

    def _forward(self, path: str, request: Request) -> Answer:
        integration = self._integration("HTTP_PROXY", path)
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        context = {
            "context.identity.sourceIp": request.address,
            "context.identity.apiKeyId": key_id(api_key(request.headers) or ""),
            "context.requestId": request.id,
        }
        mapped = _static({name: self._value(value) for name, value in integration["request_parameters"].items()})
        headers |= {name.lower(): context.get(value, value) for name, value in mapped.items()}
        timeout = self._value(integration["timeout_milliseconds"]) / 1000
        with ExitStack() as opened:
            client = opened.enter_context(httpx.Client(timeout=timeout))
            forwarded = client.stream(
                request.method, f"{self._backend}{STAGE}{path}", headers=headers, content=request.body
            )
            try:
                response = opened.enter_context(forwarded)
            except httpx.ConnectError:
                return self._gateway_response("INTEGRATION_FAILURE")
            except httpx.TimeoutException:
                return self._gateway_response("INTEGRATION_TIMEOUT")
            kept = {name: value for name, value in response.headers.items() if name not in HOP_BY_HOP}
            return Answer(response.status_code, kept, _pieces(response, opened.pop_all()))

    def _gateway_response(self, kind: str) -> Answer:
        responses = resources(self._stack, "aws_api_gateway_gateway_response").values()
        (response,) = [response for response in responses if response["response_type"] == kind]
        headers = _static(response["response_parameters"])
        return _whole(int(response["status_code"]), headers, response["response_templates"]["application/json"])


def key_id(key: str) -> str:
    """Return the id of an API key, in the form that AWS's have."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def _static(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name.split(".header.")[1]: value.strip("'") for name, value in parameters.items()}


def _whole(status: int, headers: Mapping[str, str], body: str) -> Answer:
    return Answer(status, {**headers, "Content-Type": "application/json"}, iter([body.encode()]))


def _pieces(response: httpx.Response, opened: ExitStack) -> Iterator[bytes]:
    with opened:
        yield from response.iter_raw()


def _handler(answer: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answered = answer(
                Request(self.command, self.path, headers, body, self.client_address[0], str(uuid.uuid4()))
            )
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, value)
            if answered.status == 204:
                self.end_headers()
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in answered.pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    return Handler


@contextmanager
def edge(
    stack: Json, backend: str, variables: Mapping[str, object] | None = None, keys: frozenset[str] = frozenset()
) -> Generator[str]:
    """Serve an Edge; yields the API's base URL."""
    with serving(_handler(Edge(stack, backend, variables or {}, keys).answer)) as url:
        yield url + STAGE

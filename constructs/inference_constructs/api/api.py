"""The public API: rate limit, API keys, and a private way to the hosts."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.api_gateway_base_path_mapping import ApiGatewayBasePathMapping
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from constructs import Construct

from inference_constructs.api.cors import static_origin
from inference_constructs.api.deployment import deployment
from inference_constructs.api.endpoint import STAGE, ApiEndpoint
from inference_constructs.api.firewall import ApiFirewall
from inference_constructs.api.forwarding import Backend, Fallback, ForwardedRoute, KeyCheck
from inference_constructs.api.key_authorizer import KeyAuthorizer, Schedule
from inference_constructs.api.metrics import ApiMetrics
from inference_constructs.api.responses import GatewayResponses
from inference_constructs.api.routes import OPERATIONS
from inference_constructs.api.throttles import (
    INFERENCE_THROTTLE,
    KEY_REQUESTS_PER_DAY,
    KEY_THROTTLE,
    OTHER_THROTTLE,
    method_path,
)
from inference_constructs.api.vpc_link import VpcLink
from inference_constructs.fleet import GpuFleet, group_name
from inference_constructs.foundation import EncryptedHome, log_group
from inference_constructs.network import VpcConstruct

ACCESS_LOG_FORMAT: Mapping[str, str] = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "time": "$context.requestTimeEpoch",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "errorType": "$context.error.responseType",
    "apiKeyId": "$context.identity.apiKeyId",
    "wafStatus": "$context.waf.status",
    "integrationStatus": "$context.integration.status",
    "latencyMs": "$context.responseLatency",
    "headersMs": "$context.integration.timeToAllHeaders",
    "firstContentMs": "$context.integration.timeToFirstContent",
    "integrationMs": "$context.integration.latency",
    "responseBytes": "$context.responseLength",
}
"""Who called what, how it ended and how long it took: no keys (only their ids), no bodies, no path but our routes.

`requestId` is a client's own where it sends a UUID as `x-amzn-RequestId`; nobody but API Gateway makes
`extendedRequestId`, by which AWS finds a request.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-access-logging.html
"""


class ApiVariables(Protocol):
    """What an operator decides about an API at apply.

    Attributes:
        require_api_key: Whether inference requests need an API key.
        authorizer_concurrency: Key checks at once; -1 for the account's shared concurrency.
        request_timeout_seconds: Deadline of a request.
        rate_limit_per_minute: Requests a minute and client address.
    """

    require_api_key: TerraformVariable
    authorizer_concurrency: TerraformVariable
    request_timeout_seconds: TerraformVariable
    rate_limit_per_minute: TerraformVariable


class RateLimitedApi(Construct):
    """The routes of an `ApiEndpoint`, live, behind a limit of requests for each client address.

    Attributes:
        rest_api: The REST API.
        stage: Its one stage.
        url: Base URL without a trailing slash.
        access_log_group: One line of JSON for each request, kept for 30 days.
        metrics: What API and firewall publish.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        vpc: VpcConstruct,
        fleet: GpuFleet,
        endpoint: ApiEndpoint,
        variables: ApiVariables,
        allowed_origins: Sequence[str],
        office_hours: bool = False,
    ) -> None:
        """Create routes, stage and firewall.

        Args:
            home: Where it is; its key is that of the logs.
            endpoint: The API that gets the routes.
            allowed_origins: Origins whose pages may call the API; `*` for all.
            office_hours: Whether there are hosts in office hours only.
        """
        super().__init__(scope, id)
        self.rest_api, self.url = endpoint.rest_api, endpoint.url
        self._home = home
        self._origin = static_origin(allowed_origins)
        link = VpcLink(self, "VpcLink", home=home, vpc=vpc, fleet=fleet)
        authorizer = KeyAuthorizer(
            self,
            "KeyAuthorizer",
            home=home,
            endpoint=endpoint,
            concurrency=variables.authorizer_concurrency,
            schedule=Schedule(
                group=group_name(home.prefix),
                target_group=fleet.target_group.arn,
                require_api_key=variables.require_api_key,
            )
            if office_hours
            else None,
        )
        self._routes(
            Backend(link=link, fleet=fleet, request_timeout_seconds=variables.request_timeout_seconds),
            KeyCheck(required=variables.require_api_key, authorizer=authorizer.authorizer, always=office_hours),
        )
        GatewayResponses(self, "Responses", rest_api=self.rest_api, origin=self._origin, office_hours=office_hours)
        live = deployment(
            self,
            "Deployment",
            rest_api=self.rest_api,
            values={
                "require_api_key": variables.require_api_key.string_value,
                "request_timeout_seconds": variables.request_timeout_seconds.string_value,
                "allowed_origin": self._origin,
                "vpc_link": link.id,
                "load_balancer": fleet.load_balancer.arn,
                "authorizer": authorizer.invoke_arn,
            },
        )
        self.access_log_group = log_group(self, "AccessLog", name=home.log_group_name("api-access"), home=home)
        self.stage = ApiGatewayStage(
            self,
            "Stage",
            rest_api_id=self.rest_api.id,
            stage_name=STAGE,
            deployment_id=live.id,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=self.access_log_group.arn, format=json.dumps(ACCESS_LOG_FORMAT)
            ),
            # the group is there once its first hosts are healthy: before, the load balancer would answer for itself
            depends_on=[fleet.group],
        )
        self._method_settings()
        self._usage_plan()
        ApiFirewall(
            self,
            "Firewall",
            home=home,
            stage=self.stage,
            rate_limit_per_minute=variables.rate_limit_per_minute,
            require_api_key=variables.require_api_key,
            origin=self._origin,
        )
        self.metrics = ApiMetrics(
            region=home.region, api=endpoint.name, stage=self.stage.stage_name, web_acl=home.prefix
        )
        if endpoint.domain:
            ApiGatewayBasePathMapping(
                self,
                "DomainMapping",
                api_id=self.rest_api.id,
                stage_name=self.stage.stage_name,
                domain_name=endpoint.domain.domain_name,
            )

    def _routes(self, backend: Backend, key_check: KeyCheck) -> None:
        """Forward every operation; on every path, answer all other methods."""
        operations = {operation.path: operation for operation in OPERATIONS}
        if len(operations) != len(OPERATIONS):
            raise ValueError("two operations share a path: a route has one method, and a fallback for all others")
        for path, resource_id in self._resources(operations):
            operation = operations.get(path)
            if operation:
                ForwardedRoute(
                    self,
                    f"{_id(path)}Route",
                    rest_api=self.rest_api,
                    resource_id=resource_id,
                    method=operation.method,
                    path=path,
                    backend=backend,
                    key_check=key_check,
                    needs_key=operation.needs_key,
                )
            Fallback(
                self,
                f"{_id(path)}Fallback",
                rest_api=self.rest_api,
                resource_id=resource_id,
                path=path,
                method=operation.method if operation else None,
                origin=self._origin,
            )

    def _resources(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Create the tree of resources; yield every path in it and its resource's id, `/{proxy+}` (the rest) last."""
        ids = {"": self.rest_api.root_resource_id}
        yield "/", ids[""]
        for path in [*paths, "/{proxy+}"]:
            parent = ""
            for part in path.split("/")[1:]:
                child = f"{parent}/{part}"
                if child not in ids:
                    resource = ApiGatewayResource(
                        self,
                        f"{_id(child)}Resource",
                        rest_api_id=self.rest_api.id,
                        parent_id=ids[parent],
                        path_part=part,
                    )
                    ids[child] = resource.id
                    yield child, resource.id
                parent = child

    def _method_settings(self) -> None:
        """Throttle, publish metrics by method, and log why API Gateway failed, without requests' content."""
        # API Gateway writes to a group of this name, and would make one that keeps everything for ever.
        name = f"API-Gateway-Execution-Logs_{self.rest_api.id}/{STAGE}"
        log = log_group(self, "ExecutionLog", name=name, home=self._home)
        throttles = {"MethodSettings": ("*/*", OTHER_THROTTLE)} | {
            f"{_id(operation.path)}Settings": (method_path(operation), INFERENCE_THROTTLE)
            for operation in OPERATIONS
            if operation.is_inference
        }
        previous: list[ApiGatewayMethodSettings] = []
        for settings_id, (path, throttle) in throttles.items():
            settings = ApiGatewayMethodSettings(
                self,
                settings_id,
                rest_api_id=self.rest_api.id,
                stage_name=self.stage.stage_name,
                method_path=path,
                settings=ApiGatewayMethodSettingsSettings(
                    metrics_enabled=True,
                    logging_level="ERROR",
                    data_trace_enabled=False,
                    throttling_rate_limit=throttle.requests_per_second,
                    throttling_burst_limit=throttle.burst,
                ),
                # one after the other: they change the same stage
                depends_on=[log, *previous],
            )
            previous = [settings]

    def _usage_plan(self) -> None:
        """The plan that `ops.keys` attaches keys to. Keys are not made here: their values would be in the state."""
        ApiGatewayUsagePlan(
            self,
            "UsagePlan",
            name=self._home.prefix,
            description=f"API keys of {self._home.prefix}",
            api_stages=[ApiGatewayUsagePlanApiStages(api_id=self.rest_api.id, stage=self.stage.stage_name)],
            quota_settings=ApiGatewayUsagePlanQuotaSettings(limit=KEY_REQUESTS_PER_DAY, period="DAY"),
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(
                rate_limit=KEY_THROTTLE.requests_per_second, burst_limit=KEY_THROTTLE.burst
            ),
        )


def _id(path: str) -> str:
    """Return a construct id for a path: V1Models for /v1/models."""
    return "".join(re.findall(r"\w+", path.title())) or "Root"

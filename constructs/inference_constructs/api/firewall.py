"""The web application firewall in front of the API: requests for each client address, and the size of their bodies."""

from typing import Any

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage
from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclAssociationConfig,
    Wafv2WebAclAssociationConfigRequestBody,
    Wafv2WebAclAssociationConfigRequestBodyApiGateway,
    Wafv2WebAclCustomResponseBody,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleActionBlockCustomResponse,
    Wafv2WebAclRuleActionBlockCustomResponseResponseHeader,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationLoggingFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionActionCondition,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionLabelNameCondition,
    Wafv2WebAclLoggingConfigurationRedactedFields,
    Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader,
)
from constructs import Construct

from inference_constructs.api.cors import response_headers
from inference_constructs.api.responses import TOO_LARGE, UNAUTHORIZED, EdgeError, edge_error
from inference_constructs.api.routes import OPERATIONS
from inference_constructs.foundation import EncryptedHome, log_group

WINDOW_SECONDS = 60
"""Over which requests are counted: the shortest window that WAF has, and the one that "a minute" means (R5.3)."""

LONGEST_BODY_BYTES = 65_536
"""The most that WAF can read of a body. A prompt that fills the model's 4,096 tokens is well below it."""

RATE_EXCEEDED = edge_error(
    429, "Too many requests from this address. Wait a minute, then try again.", Retry_After=str(WINDOW_SECONDS)
)

CONDITIONAL_RULES = 1
"""Rules that are there only where keys are required."""

KEY_HEADERS = ("authorization", "x-api-key")

SECRET_HEADERS = (*KEY_HEADERS, "cookie")

LOGGED_LABELS = tuple(
    f"awswaf:managed:aws:amazon-ip-list:{rule}"
    for rule in ("AWSManagedIPReputationList", "AWSManagedReconnaissanceList")
)
"""What Amazon's list of addresses labels the requests with that it blocks.

https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
"""

_AS_IT_IS: dict[str, object] = {"text_transformation": [{"priority": 0, "type": "NONE"}]}

_PREFLIGHT: dict[str, object] = {
    "byte_match_statement": {
        "field_to_match": {"method": {}},
        "positional_constraint": "EXACTLY",
        "search_string": "OPTIONS",
        **_AS_IT_IS,
    }
}
"""A browser's question whether a page may call the API."""


class ApiFirewall(Construct):
    """Counts requests by client address (R5.3, R5.4), `/health` included, and refuses what cannot be a prompt.

    None of its rules looks at what a body says: prompts may speak of anything, program code included.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        stage: ApiGatewayStage,
        rate_limit_per_minute: TerraformVariable,
        require_api_key: TerraformVariable,
        origin: str,
    ) -> None:
        """Protect a stage.

        Args:
            home: Where it is; its prefix is the web ACL's name.
            rate_limit_per_minute: Requests a minute and client address, at least 10.
            require_api_key: Whether inference requests need an API key.
            origin: Value of Access-Control-Allow-Origin.
        """
        super().__init__(scope, id)
        self._home, self._origin = home, origin
        self._web_acl = Wafv2WebAcl(
            self,
            "WebAcl",
            name=home.prefix,
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            custom_response_body=[_body(RATE_EXCEEDED), _body(TOO_LARGE), _body(UNAUTHORIZED)],
            association_config=Wafv2WebAclAssociationConfig(
                request_body=[
                    Wafv2WebAclAssociationConfigRequestBody(
                        api_gateway=Wafv2WebAclAssociationConfigRequestBodyApiGateway(
                            default_size_inspection_limit="KB_64"
                        )
                    )
                ]
            ),
            rule=[
                self._rate("rate-limit", 0, rate_limit_per_minute, {"not_statement": {"statement": [_PREFLIGHT]}}),
                self._rate("rate-limit-preflights", 1, rate_limit_per_minute, _PREFLIGHT),
                self._body_size(),
                self._reputation(),
            ],
            visibility_config=Wafv2WebAclVisibilityConfig(
                metric_name=home.prefix, cloudwatch_metrics_enabled=True, sampled_requests_enabled=False
            ),
        )
        self._keyless(require_api_key)
        Wafv2WebAclAssociation(self, "Association", resource_arn=stage.arn, web_acl_arn=self._web_acl.arn)
        self._log()

    def _rate(
        self, name: str, priority: int, rate_limit_per_minute: TerraformVariable, counted: dict[str, object]
    ) -> Wafv2WebAclRule:
        """Block an address that sent more than the limit within the window, until it is below it again.

        Preflights are counted by themselves: behind one that is blocked, a page sees a network error, not the 429. Not
        counted at all, those of one address would use up the throttle that all browsers share.
        https://fetch.spec.whatwg.org/#cors-preflight-fetch
        https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
        """
        statement: dict[str, object] = {
            "rate_based_statement": {
                "limit": rate_limit_per_minute.string_value,
                "evaluation_window_sec": WINDOW_SECONDS,
                "aggregate_key_type": "IP",
                "scope_down_statement": counted,
            }
        }
        return Wafv2WebAclRule(
            name=name,
            priority=priority,
            statement=statement,
            action=self._block(RATE_EXCEEDED),
            visibility_config=self._visibility(name),
        )

    def _body_size(self) -> Wafv2WebAclRule:
        statement = {
            "size_constraint_statement": {
                "comparison_operator": "GT",
                "size": LONGEST_BODY_BYTES,
                # What WAF cannot read whole is longer than that.
                "field_to_match": {"body": {"oversize_handling": "MATCH"}},
                **_AS_IT_IS,
            }
        }
        return Wafv2WebAclRule(
            name="body-size",
            priority=2,
            statement=statement,
            action=self._block(TOO_LARGE),
            visibility_config=self._visibility("body-size"),
        )

    def _reputation(self) -> Wafv2WebAclRule:
        """Amazon's list of addresses that are known for attacks; it looks at nothing but the address."""
        statement = {
            "managed_rule_group_statement": {"vendor_name": "AWS", "name": "AWSManagedRulesAmazonIpReputationList"}
        }
        return Wafv2WebAclRule(
            name="ip-reputation",
            priority=3,
            statement=statement,
            override_action=Wafv2WebAclRuleOverrideAction(none=Wafv2WebAclRuleOverrideActionNone()),
            visibility_config=self._visibility("ip-reputation"),
        )

    def _keyless(self, require_api_key: TerraformVariable) -> None:
        """Where keys are required, answer 401 to what has none at all, before the authorizer is called and paid for.

        Whether a key is valid stays API Gateway's decision, and so does what slips by in another spelling of the path.
        """
        name = "no-key"
        has_key: list[dict[str, Any]] = [
            {
                "size_constraint_statement": {
                    "field_to_match": {"single_header": {"name": header}},
                    "comparison_operator": "GT",
                    "size": 0,
                    **_AS_IT_IS,
                }
            }
            for header in KEY_HEADERS
        ]
        for_inference: list[dict[str, Any]] = [
            {
                "byte_match_statement": {
                    "field_to_match": {"uri_path": {}},
                    "positional_constraint": "ENDS_WITH",
                    "search_string": operation.path,
                    **_AS_IT_IS,
                }
            }
            for operation in OPERATIONS
            if operation.needs_key
        ]
        # no deeper: the provider knows three levels of statements
        anonymous: list[dict[str, Any]] = [{"not_statement": {"statement": each}} for each in (_PREFLIGHT, *has_key)]
        statement = {"and_statement": {"statement": [*anonymous, {"or_statement": {"statement": for_inference}}]}}
        rule = {
            "name": name,
            "priority": 4,
            "statement": statement,
            "action": {
                "block": {
                    "custom_response": {
                        "response_code": UNAUTHORIZED.status,
                        "custom_response_body_key": str(UNAUTHORIZED.status),
                        "response_header": [
                            {"name": header, "value": value} for header, value in self._headers(UNAUTHORIZED).items()
                        ],
                    }
                }
            },
            "visibility_config": {
                "metric_name": self._home.name(name),
                "cloudwatch_metrics_enabled": True,
                "sampled_requests_enabled": False,
            },
        }
        # typed rules are fixed at synthesis, and this is the operator's decision at apply
        self._web_acl.add_override(
            "dynamic.rule", {"for_each": f"${{{require_api_key.fqn} ? [1] : []}}", "content": rule}
        )

    def _headers(self, error: EdgeError) -> dict[str, str]:
        return {**response_headers(self._origin), **error.headers}

    def _block(self, error: EdgeError) -> Wafv2WebAclRuleAction:
        return Wafv2WebAclRuleAction(
            block=Wafv2WebAclRuleActionBlock(
                custom_response=Wafv2WebAclRuleActionBlockCustomResponse(
                    response_code=error.status,
                    custom_response_body_key=str(error.status),
                    response_header=[
                        Wafv2WebAclRuleActionBlockCustomResponseResponseHeader(name=name, value=value)
                        for name, value in self._headers(error).items()
                    ],
                )
            )
        )

    def _visibility(self, rule: str) -> Wafv2WebAclRuleVisibilityConfig:
        """Metrics, but no sampled requests: samples show headers, and with them API keys."""
        return Wafv2WebAclRuleVisibilityConfig(
            metric_name=self._home.name(rule), cloudwatch_metrics_enabled=True, sampled_requests_enabled=False
        )

    def _log(self) -> None:
        """Log whom Amazon's list blocks, without secrets; the stage's access log has the rest, with WAF's status.

        A flood is counted in the rules' metrics: a log line of each blocked request costs more than the block itself.
        """
        # WAF writes only to groups whose name begins like this.
        group = log_group(self, "LogGroup", name=f"aws-waf-logs-{self._home.prefix}", home=self._home)
        blocked = Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition(
            action_condition=Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionActionCondition(action="BLOCK")
        )
        by_list = [
            Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition(
                label_name_condition=Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionLabelNameCondition(
                    label_name=label
                )
            )
            for label in LOGGED_LABELS
        ]
        Wafv2WebAclLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self._web_acl.arn,
            log_destination_configs=[group.arn],
            logging_filter=Wafv2WebAclLoggingConfigurationLoggingFilter(
                default_behavior="DROP",
                filter=[
                    Wafv2WebAclLoggingConfigurationLoggingFilterFilter(
                        behavior="KEEP", requirement="MEETS_ALL", condition=[blocked, label]
                    )
                    for label in by_list
                ],
            ),
            redacted_fields=[
                Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=name)
                )
                for name in SECRET_HEADERS
            ],
        )


def _body(error: EdgeError) -> Wafv2WebAclCustomResponseBody:
    return Wafv2WebAclCustomResponseBody(key=str(error.status), content_type="APPLICATION_JSON", content=error.body)

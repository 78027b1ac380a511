"""A limit of requests for each address in front of the demo page."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleActionBlockCustomResponse,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from constructs import Construct

from inference_constructs.foundation import CLOUDFRONT_REGION, Home
from inference_constructs.page.limits import PAGE_REQUESTS_PER_MINUTE


class SiteFirewall(Construct):
    """Blocks an address above the limit. CloudFront does not charge for what WAF blocks.

    https://aws.amazon.com/about-aws/whats-new/2024/11/amazon-cloudfront-charges-requests-blocked-aws-waf/

    Attributes:
        web_acl: The web ACL.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home) -> None:
        super().__init__(scope, id)
        name = home.name("site")
        self.web_acl = Wafv2WebAcl(
            self,
            "WebAcl",
            name=name,
            region=CLOUDFRONT_REGION,
            scope="CLOUDFRONT",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            # where it is switched off, the distribution lets go of it first; AWS refuses to delete one in use
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            rule=[
                Wafv2WebAclRule(
                    name="rate-limit",
                    priority=0,
                    # Preflights count too, but the page's files are of one origin: no browser sends any here.
                    statement={
                        "rate_based_statement": {
                            "limit": PAGE_REQUESTS_PER_MINUTE,
                            "evaluation_window_sec": 60,
                            "aggregate_key_type": "IP",
                        }
                    },
                    action=Wafv2WebAclRuleAction(
                        block=Wafv2WebAclRuleActionBlock(
                            custom_response=Wafv2WebAclRuleActionBlockCustomResponse(response_code=429)
                        )
                    ),
                    visibility_config=Wafv2WebAclRuleVisibilityConfig(
                        metric_name=f"{name}-rate-limit",
                        cloudwatch_metrics_enabled=True,
                        sampled_requests_enabled=False,
                    ),
                )
            ],
            visibility_config=Wafv2WebAclVisibilityConfig(
                metric_name=name, cloudwatch_metrics_enabled=True, sampled_requests_enabled=False
            ),
        )

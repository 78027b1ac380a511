"""Names and descriptions of every resource are ones that AWS takes: it says so at apply only, and no schema knows."""

import re
from collections.abc import Callable

import pytest

from inference_constructs.foundation.aws_text import ec2_text, load_balancing_prefix
from support.stack_json import Json, resources

EC2 = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}"
LOAD_BALANCING = r"(?!internal-)[a-zA-Z0-9][a-zA-Z0-9-]{0,5}"
DOCS = "https://docs.aws.amazon.com"

RULES = [
    ("aws_security_group", "name", EC2, "AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"),
    ("aws_security_group", "description", EC2, "AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"),
    ("aws_vpc_security_group_ingress_rule", "description", EC2, "AWSEC2/latest/APIReference/API_IpRange.html"),
    ("aws_vpc_security_group_egress_rule", "description", EC2, "AWSEC2/latest/APIReference/API_IpRange.html"),
    (
        "aws_launch_template",
        "name",
        r"[a-zA-Z0-9().\-/_]{3,128}",
        "AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
    ),
    (
        "aws_launch_template",
        "description",
        r".{0,255}",
        "AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
    ),
    (
        "aws_lb",
        "name_prefix",
        LOAD_BALANCING,
        "elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
    ),
    (
        "aws_lb_target_group",
        "name_prefix",
        LOAD_BALANCING,
        "elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
    ),
    (
        "aws_s3_bucket",
        "bucket",
        r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)",
        "AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    ("aws_sns_topic", "name", r"[a-zA-Z0-9_-]{1,256}", "sns/latest/api/API_CreateTopic.html"),
    ("aws_kms_alias", "name", r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}", "kms/latest/APIReference/API_CreateAlias.html"),
    ("aws_wafv2_web_acl", "name", r"[\w-]{1,128}", "waf/latest/APIReference/API_CreateWebACL.html"),
    (
        "aws_cloudwatch_dashboard",
        "dashboard_name",
        r"[A-Za-z0-9_-]{1,255}",
        "AmazonCloudWatch/latest/APIReference/API_PutDashboard.html",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "alarm_name",
        r"[^\x00-\x1f]{1,255}",
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "alarm_description",
        r".{0,1024}",
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    (
        "aws_cloudwatch_log_group",
        "name",
        r"[.\-_/#A-Za-z0-9]{1,512}",
        "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    (
        "aws_cloudwatch_log_metric_filter",
        "name",
        r"[^:*]{1,512}",
        "AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html",
    ),
    (
        "aws_imagebuilder_component",
        "name",
        r"[-_A-Za-z0-9][-_A-Za-z0-9 ]{1,126}[-_A-Za-z0-9]",
        "imagebuilder/latest/APIReference/API_CreateComponent.html",
    ),
    (
        "aws_imagebuilder_component",
        "data",
        r".{1,16000}",
        "imagebuilder/latest/APIReference/API_CreateComponent.html",
    ),
    ("aws_lambda_function", "function_name", r"[a-zA-Z0-9-_]{1,64}", "lambda/latest/api/API_CreateFunction.html"),
    ("aws_lambda_function", "description", r".{0,256}", "lambda/latest/api/API_CreateFunction.html"),
    ("aws_iam_role", "name", r"[\w+=,.@-]{1,64}", "IAM/latest/APIReference/API_CreateRole.html"),
    ("aws_iam_role", "description", r"[\t\n\r -~\xa1-\xff]{0,1000}", "IAM/latest/APIReference/API_CreateRole.html"),
    (
        "aws_budgets_budget",
        "name",
        r"(?!.*/action/)[^:\\]{1,100}",
        "aws-cost-management/latest/APIReference/API_budgets_Budget.html",
    ),
]
"""Resource type, attribute, what it may be as a whole, and the page of AWS's documentation that says so."""


def evaluated(text: str) -> str:
    """A text whose expressions are, as most of them, an account's id."""
    return re.sub(r"\$\{[^}]*\}", "123456789012", text)


@pytest.mark.req("R2.3")
@pytest.mark.parametrize(("kind", "attribute", "allowed", "page"), RULES)
def test_texts_are_ones_that_aws_takes(
    kind: str, attribute: str, allowed: str, page: str, synthesized: dict[str, Json]
) -> None:
    found = [
        resource[attribute]
        for stack in synthesized.values()
        for resource in resources(stack, kind).values()
        if attribute in resource
    ]
    assert found
    refused = [text for text in found if not re.fullmatch(allowed, evaluated(text), re.DOTALL)]
    assert refused == [], f"{DOCS}/{page}"


@pytest.mark.req("R2.3")
def test_tags_are_ones_that_aws_takes(synthesized: dict[str, Json]) -> None:
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
    tags = [
        part
        for stack in synthesized.values()
        for kind in stack["resource"].values()
        for resource in kind.values()
        if isinstance(resource.get("tags"), dict)
        for pair in resource["tags"].items()
        for part in pair
    ]
    assert [tag for tag in tags if not re.fullmatch(r"[\w .:/=+@-]{0,256}", evaluated(tag))] == []


@pytest.mark.parametrize(
    ("kind", "refused", "service"),
    [
        (ec2_text, ["API Gateway's VPC link", "", "a" * 256, "Übergang"], "(EC2)"),
        (load_balancing_prefix, ["stage_", "", "staging-", "-dev"], "Elastic Load Balancing"),
    ],
)
def test_what_aws_refuses_is_refused_at_synthesis(kind: Callable[[str], str], refused: list[str], service: str) -> None:
    for text in refused:
        with pytest.raises(ValueError, match=re.escape(service)):
            kind(text)

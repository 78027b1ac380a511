"""The IAM policy of whoever deploys, such as a CI: what the stacks' resource types need, and no administrator's rights.

    python -m ops.deploy_policy ACCOUNT_ID > deploy-policy.json

It is bounded by service, by region where the service has one, and by name where its ARNs have names. Its owner can
still give the stacks' own roles more than they have: see docs/security.md.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inference_constructs.foundation import CLOUDFRONT_REGION
from stacks.environments import ENVIRONMENTS, PROJECT, REGION
from stacks.state_names import LOCK_TABLE, state_bucket_name

API_LOGS_ROLE = "api-gateway-logs-*"
"""The account's role for API Gateway's logs; one for all APIs of a region."""

TRUSTED = ("apigateway", "ec2", "lambda", "vpc-flow-logs")
"""AWS services to which the stacks' roles are passed."""

LINKED = ("autoscaling", "elasticloadbalancing", "imagebuilder", "ops.apigateway", "route53resolver", "wafv2")
"""AWS services whose own roles come into being with the first resource of theirs."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What resource types of the stacks need.

    Attributes:
        types: Beginnings of the types' names, `data.` for data sources.
        actions: IAM actions.
        resources: ARNs, with REGION, ACCOUNT and NAME to be filled in.
    """

    types: Sequence[str]
    actions: Sequence[str]
    resources: Sequence[str] = ("*",)


NEEDS: Mapping[str, Need] = {
    "Identity": Need(types=["data.aws_caller_identity", "data.aws_partition"], actions=["sts:GetCallerIdentity"]),
    "Certificates": Need(
        types=["aws_acm_certificate"],
        actions=["acm:*Certificate*"],
        resources=["arn:aws:acm:REGION:ACCOUNT:certificate/*"],
    ),
    "Api": Need(
        types=["aws_api_gateway_", "aws_apigatewayv2_"],
        actions=["apigateway:*"],
        resources=[
            f"arn:aws:apigateway:REGION::{path}"
            for path in (
                "/account",
                "/restapis*",
                "/usageplans*",
                "/apikeys*",
                "/vpclinks*",
                "/domainnames*",
                "/tags/*",
            )
        ],
    ),
    "Scaling": Need(types=["aws_autoscaling_"], actions=["autoscaling:*"]),
    "Budgets": Need(
        types=["aws_budgets_"], actions=["budgets:*"], resources=["arn:aws:budgets::ACCOUNT:budget/NAME-*"]
    ),
    "Site": Need(types=["aws_cloudfront_"], actions=["cloudfront:*"]),
    "Alarms": Need(types=["aws_cloudwatch_dashboard", "aws_cloudwatch_metric_alarm"], actions=["cloudwatch:*"]),
    "Logs": Need(types=["aws_cloudwatch_log_"], actions=["logs:*"]),
    "LockTable": Need(
        types=["aws_dynamodb_table"],
        actions=["dynamodb:*"],
        resources=[f"arn:aws:dynamodb:REGION:ACCOUNT:table/{LOCK_TABLE}"],
    ),
    "NetworkAndHosts": Need(
        types=[
            "aws_default_security_group",
            "aws_flow_log",
            "aws_internet_gateway",
            "aws_launch_template",
            "aws_route",
            "aws_route_table",
            "aws_security_group",
            "aws_subnet",
            "aws_vpc",
            "data.aws_ami",
            "data.aws_availability_zones",
            "data.aws_ec2_",
        ],
        actions=["ec2:*"],
    ),
    "EndpointNames": Need(types=["aws_vpc_endpoint"], actions=["route53:AssociateVPCWithHostedZone"]),
    "Balancer": Need(types=["aws_lb"], actions=["elasticloadbalancing:*"]),
    "Roles": Need(
        types=["aws_iam_instance_profile", "aws_iam_role"],
        # not iam:*Role, which would be PassRole too
        actions=[
            *(f"iam:{verb}Role" for verb in ("Create", "Delete", "Get", "Tag", "Untag", "Update")),
            "iam:UpdateRoleDescription",
            "iam:*RolePolicy",
            "iam:*RolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:*InstanceProfile",
        ],
        resources=[
            "arn:aws:iam::ACCOUNT:role/NAME-*",
            f"arn:aws:iam::ACCOUNT:role/{API_LOGS_ROLE}",
            "arn:aws:iam::ACCOUNT:instance-profile/NAME-*",
        ],
    ),
    "Images": Need(types=["aws_imagebuilder_"], actions=["imagebuilder:*"]),
    "Keys": Need(types=["aws_kms_"], actions=["kms:*"]),
    "Functions": Need(
        types=["aws_lambda_"],
        actions=["lambda:*"],
        resources=["arn:aws:lambda:REGION:ACCOUNT:function:NAME-*"],
    ),
    "Buckets": Need(
        types=["aws_s3_"],
        actions=["s3:*"],
        resources=[f"arn:aws:s3:::{name}{end}" for name in ("NAME-*", "STATE") for end in ("", "/*")],
    ),
    "Topics": Need(types=["aws_sns_"], actions=["sns:*"], resources=["arn:aws:sns:REGION:ACCOUNT:NAME-*"]),
    "ImageIds": Need(
        types=["data.aws_ssm_parameter"],
        actions=["ssm:GetParameter*"],
        # the second is the base image, which Image Builder may look up with the caller's permissions
        resources=[
            "arn:aws:ssm:REGION:ACCOUNT:parameter/imagebuilder/NAME/*",
            "arn:aws:ssm:REGION::parameter/aws/service/deeplearning/*",
        ],
    ),
    "Sessions": Need(
        types=["aws_ssm_document"],
        actions=["ssm:*Document*", "ssm:*TagsFor*", "ssm:*TagsFrom*", "ssm:*TagsTo*"],
        resources=["arn:aws:ssm:REGION:ACCOUNT:document/NAME-*"],
    ),
    "Dns": Need(types=["aws_route53_resolver_"], actions=["route53resolver:*"]),
    "Firewall": Need(types=["aws_wafv2_"], actions=["wafv2:*"]),
}
"""Statements by id. A test holds them to the stacks' resource types."""

GLOBAL = ("Budgets", "Buckets", "EndpointNames", "Identity", "Roles", "Site")
"""Statements about services without a region in their requests."""


def _statements(account_id: str) -> Iterator[dict[str, object]]:
    regions = sorted({REGION, CLOUDFRONT_REGION, *(environment.region for environment in ENVIRONMENTS)})
    in_regions = {"StringEquals": {"aws:RequestedRegion": regions}}
    for sid, need in NEEDS.items():
        condition = {} if sid in GLOBAL else {"Condition": in_regions}
        resources = [_filled(resource, account_id) for resource in need.resources]
        yield {"Sid": sid, "Effect": "Allow", "Action": list(need.actions), "Resource": resources, **condition}
    yield {
        "Sid": "PassOwnRoles",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": [f"arn:aws:iam::{account_id}:role/{name}" for name in (f"{PROJECT}-*", API_LOGS_ROLE)],
        "Condition": {"StringEquals": {"iam:PassedToService": [f"{name}.amazonaws.com" for name in TRUSTED]}},
    }
    yield {
        "Sid": "LinkedRoles",
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": f"arn:aws:iam::{account_id}:role/aws-service-role/*",
        "Condition": {"StringEquals": {"iam:AWSServiceName": [f"{name}.amazonaws.com" for name in LINKED]}},
    }
    yield {
        "Sid": "Preflight",
        "Effect": "Allow",
        "Action": ["servicequotas:GetServiceQuota", "servicequotas:ListServiceQuotas", "lambda:GetAccountSettings"],
        "Resource": "*",
    }


def _filled(resource: str, account_id: str) -> str:
    values = {"REGION": "*", "ACCOUNT": account_id, "NAME": PROJECT, "STATE": state_bucket_name(account_id, REGION)}
    for name, value in values.items():
        resource = resource.replace(name, value)
    return resource


def deploy_policy(account_id: str) -> dict[str, object]:
    """Return the policy for an account."""
    return {"Version": "2012-10-17", "Statement": list(_statements(account_id))}


def main() -> None:
    """Print the policy."""
    parser = argparse.ArgumentParser(prog="python -m ops.deploy_policy", description=__doc__)
    parser.add_argument("account_id", help="AWS account, twelve digits")
    print(json.dumps(deploy_policy(parser.parse_args().account_id), separators=(",", ":")))


if __name__ == "__main__":
    main()

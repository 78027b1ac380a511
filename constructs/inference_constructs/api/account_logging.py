"""Lets API Gateway write logs, once for an account and region."""

from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from inference_constructs.foundation import Home, service_trust

POLICY = "AmazonAPIGatewayPushToCloudWatchLogs"


class ApiLogging(Construct):
    """The role through which every API of an account and region logs.

    It is one setting for all, so it belongs to the stack that is applied once: an environment that is destroyed would
    take it from the others. https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, region: str) -> None:
        super().__init__(scope, id)
        role = IamRole(
            self,
            "Role",
            name=f"api-gateway-logs-{region}",
            description="Lets API Gateway write to CloudWatch Logs",
            assume_role_policy=service_trust("apigateway.amazonaws.com"),
        )
        attachment = IamRolePolicyAttachment(
            self,
            "Policy",
            role=role.name,
            # API Gateway accepts a role only with the rights of this policy.
            policy_arn=home.arn("iam", f"policy/service-role/{POLICY}", region="", account="aws"),
        )
        ApiGatewayAccount(self, "Account", region=region, cloudwatch_role_arn=role.arn, depends_on=[attachment])

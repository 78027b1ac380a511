"""Flow logs of a VPC: who tried to talk to whom, kept for 30 days."""

from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from inference_constructs.foundation import Account, EncryptionKey, Statement, log_group, policy_document, service_trust


class FlowLogs(Construct):
    """Accepted and rejected traffic of a VPC, aggregated by the minute, in a log group of its own."""

    def __init__(
        self, scope: Construct, id: str, *, prefix: str, account: Account, key: EncryptionKey, vpc: Vpc
    ) -> None:
        super().__init__(scope, id)
        group = log_group(self, "LogGroup", name=f"/{prefix}/vpc-flow-logs", key=key)
        role = IamRole(
            self,
            "Role",
            name=f"{prefix}-{account.region}-flow-logs",
            description=f"Lets VPC flow logs of {prefix} write to their log group",
            assume_role_policy=service_trust("vpc-flow-logs.amazonaws.com", account),
        )
        write: Statement = {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": f"{group.arn}:*",
        }
        policy = IamRolePolicy(self, "Policy", role=role.id, policy=policy_document(write))
        FlowLog(
            self,
            "FlowLog",
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            depends_on=[policy],
        )

"""Flow logs of a VPC: who tried to talk to whom, kept for 30 days."""

from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from inference_constructs.foundation import EncryptedHome, Statement, log_group, policy_document, service_trust


class FlowLogs(Construct):
    """Accepted and rejected traffic of a VPC, aggregated by the minute, in a log group of its own."""

    def __init__(self, scope: Construct, id: str, *, home: EncryptedHome, vpc: Vpc) -> None:
        super().__init__(scope, id)
        group = log_group(self, "LogGroup", name=home.log_group_name("vpc-flow-logs"), home=home)
        role = IamRole(
            self,
            "Role",
            name=home.role_name("flow-logs"),
            description=f"Lets VPC flow logs of {home.prefix} write to their log group",
            assume_role_policy=service_trust("vpc-flow-logs.amazonaws.com", home),
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

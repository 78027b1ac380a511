"""What a host may do in the account: write its own log, publish its own metrics, be reached by Session Manager."""

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from inference_constructs.foundation import Home, Statement, policy_document, service_trust
from inference_constructs.host.gpu_metrics import NAMESPACE


def session_manager(home: Home) -> list[Statement]:
    """Statements that let an administrator open a shell on an instance without SSH; every session is in CloudTrail.

    The channel actions have no resource types, hence the `*`.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    channel = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return [
        {
            "Sid": "RegisterWithSessionManager",
            "Effect": "Allow",
            "Action": "ssm:UpdateInstanceInformation",
            "Resource": home.arn("ec2", "instance/*"),
        },
        {
            "Sid": "TalkToSessionManager",
            "Effect": "Allow",
            "Action": [f"ssmmessages:{action}" for action in channel],
            "Resource": "*",
        },
    ]


class HostRole(Construct):
    """The hosts' role.

    Attributes:
        role: The role.
        instance_profile: The profile that carries the role.
        policy: What the role allows.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, log_group: CloudwatchLogGroup) -> None:
        super().__init__(scope, id)
        self.role = role = IamRole(
            self,
            "Role",
            name=home.role_name("host"),
            description=f"GPU hosts of {home.prefix}",
            assume_role_policy=service_trust("ec2.amazonaws.com"),
        )
        write_log: Statement = {
            "Sid": "WriteOwnLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group.arn}:*",
        }
        # PutMetricData has no resource types; the condition is what AWS offers instead
        publish: Statement = {
            "Sid": "PublishOwnMetrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        }
        self.policy = IamRolePolicy(
            self,
            "Policy",
            role=role.id,
            policy=policy_document(write_log, publish, *session_manager(home)),
        )
        self.instance_profile = IamInstanceProfile(self, "InstanceProfile", name=home.role_name("host"), role=role.name)

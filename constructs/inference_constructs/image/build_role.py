"""What a build host of machine images may do."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from inference_constructs.foundation import Home, PrivateBucket, Statement, policy_document, service_trust
from inference_constructs.host import session_manager


def run_command_and_inventory(home: Home) -> list[Statement]:
    """Statements that let Image Builder run its steps on a host, and list the software of an image.

    Its own role sends commands, and associates the document AWS-GatherSoftwareInventory; what an agent calls for these
    is in AmazonSSMManagedInstanceCore, of which this is the part without parameters, patches and compliance.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSServiceRoleForImageBuilder.html
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
    """
    messages = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"]
    return [
        {
            "Sid": "TakeCommandsAndReportSoftware",
            "Effect": "Allow",
            "Action": [*(f"ec2messages:{action}" for action in messages), "ssm:PutInventory"],
            "Resource": "*",  # these have no resource types
        },
        {
            "Sid": "ReadAmazonsDocuments",
            "Effect": "Allow",
            "Action": ["ssm:DescribeDocument", "ssm:GetDocument"],
            "Resource": home.arn("ssm", "document/AWS-*", account="*"),
        },
        {
            "Sid": "FollowAssociations",
            "Effect": "Allow",
            "Action": ["ssm:ListInstanceAssociations", "ssm:UpdateInstanceAssociationStatus"],
            "Resource": [home.arn("ec2", "instance/*"), home.arn("ssm", "association/*")],
        },
    ]


class BuildRole(Construct):
    """The build hosts' role: what Image Builder asks for, run commands and inventory over Systems Manager, this bucket.

    Image Builder's guide attaches AmazonSSMManagedInstanceCore, too, which reads every parameter of the account.
    https://docs.aws.amazon.com/imagebuilder/latest/userguide/image-builder-setting-up.html

    Attributes:
        instance_profile: The profile that carries the role.
        ready: What must exist before a build host starts.
    """

    def __init__(
        self, scope: Construct, id: str, *, home: Home, bucket: PrivateBucket, sources: Sequence[str] = ()
    ) -> None:
        """Create the role.

        Args:
            bucket: Holds the bundles, and takes the builds' logs.
            sources: Where the models' weights are; buckets among these (`s3://`) can be read.
        """
        super().__init__(scope, id)
        role = IamRole(
            self,
            "Role",
            name=home.role_name("build"),
            description="Build hosts of machine images",
            assume_role_policy=service_trust("ec2.amazonaws.com"),
        )
        read_bundle: Statement = {
            "Sid": "ReadBundle",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"{bucket.bucket.arn}/bundles/*",
        }
        write_logs: Statement = {
            "Sid": "WriteBuildLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{bucket.bucket.arn}/logs/*",
        }
        prefixes = sorted({source.removeprefix("s3://") for source in sources if source.startswith("s3://")})
        weights: list[Statement] = [
            {
                "Sid": "ReadWeights",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [f"arn:aws:s3:::{prefix}/*" for prefix in prefixes],
            }
        ] * bool(prefixes)
        policy = IamRolePolicy(
            self,
            "Policy",
            role=role.id,
            policy=policy_document(
                read_bundle, write_logs, *weights, *session_manager(home), *run_command_and_inventory(home)
            ),
        )
        name = "EC2InstanceProfileForImageBuilder"
        managed = IamRolePolicyAttachment(
            self, name, role=role.name, policy_arn=home.arn("iam", f"policy/{name}", region="", account="aws")
        )
        self.instance_profile = IamInstanceProfile(
            self, "InstanceProfile", name=home.role_name("build"), role=role.name
        )
        self.ready = [policy, managed]

"""A way to open a shell on a host that leaves a transcript."""

import json

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.ssm_document import SsmDocument
from constructs import Construct

from inference_constructs.foundation import EncryptedHome, Statement, log_group, policy_document
from inference_constructs.host.role import HostRole


class SessionTranscript(Construct):
    """A Session Manager document whose sessions are written to a log group, as they go on.

    It is a document of its own, since the account's default one is shared by all environments. Who may start sessions
    with other documents too leaves no transcript there: restrict `ssm:StartSession` to this one.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-logging.html
    """

    def __init__(self, scope: Construct, id: str, *, home: EncryptedHome, role: HostRole) -> None:
        super().__init__(scope, id)
        group = log_group(self, "LogGroup", name=home.log_group_name("sessions"), home=home)
        find: Statement = {
            "Sid": "FindTranscriptGroup",
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": "*",
        }
        write: Statement = {
            "Sid": "WriteTranscript",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": f"{group.arn}:*",
        }
        IamRolePolicy(self, "Policy", role=role.role.id, policy=policy_document(find, write))
        document = SsmDocument(
            self,
            "Document",
            name=home.name("shell"),
            document_type="Session",
            document_format="JSON",
            content=json.dumps(
                {
                    "schemaVersion": "1.0",
                    "description": f"A shell on a host of {home.prefix}, with a transcript",
                    "sessionType": "Standard_Stream",
                    "inputs": {
                        "cloudWatchLogGroupName": group.name,
                        "cloudWatchEncryptionEnabled": True,
                        "cloudWatchStreamingEnabled": True,
                        "runAsEnabled": False,
                        "idleSessionTimeout": "20",
                    },
                }
            ),
        )
        TerraformOutput(
            self,
            "session_document",
            value=document.name,
            description="Session Manager document for shells with a transcript.",
        ).override_logical_id("session_document")

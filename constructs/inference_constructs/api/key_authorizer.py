"""Lets API Gateway check an API key that comes as `Authorization: Bearer`, as the OpenAI SDKs send it."""

import atexit
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cdktf import AssetType, Fn, TerraformAsset, TerraformVariable
from cdktf_cdktf_provider_aws.api_gateway_authorizer import ApiGatewayAuthorizer
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction, LambdaFunctionLoggingConfig
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from inference_constructs.api.authorizer_memory import AUTHORIZER_MIB
from inference_constructs.api.endpoint import ApiEndpoint
from inference_constructs.api.routes import OPERATIONS
from inference_constructs.foundation import (
    EncryptedHome,
    Statement,
    log_group,
    policy_document,
    service_trust,
    zipped,
)

SOURCE = Path(__file__).parent / "authorizer" / "authorizer.py"

WITH_HOURS = SOURCE.with_name("office_hours.py")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What the authorizer of an API with office hours knows.

    Attributes:
        group: Name of the Auto Scaling group whose hosts come and go.
        target_group: ARN of the target group that they are in.
        require_api_key: Whether inference requests need an API key.
    """

    group: str
    target_group: str
    require_api_key: TerraformVariable

    @property
    def settings(self) -> dict[str, str]:
        """The function's environment variables; only where this function decides about a missing key."""
        paths = " ".join(operation.path for operation in OPERATIONS if operation.needs_key)
        return {
            "GROUP": self.group,
            "TARGET_GROUP": self.target_group,
            "NEED_KEY": f'${{{self.require_api_key.fqn} ? "{paths}" : ""}}',
        }


class KeyAuthorizer(Construct):
    """A Lambda REQUEST authorizer that hands the request's key to API Gateway, which alone decides about it.

    Attributes:
        authorizer: The authorizer.
        invoke_arn: What it calls.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        endpoint: ApiEndpoint,
        concurrency: TerraformVariable,
        schedule: Schedule | None = None,
    ) -> None:
        super().__init__(scope, id)
        function = self._function(home, concurrency, schedule)
        self.invoke_arn = function.invoke_arn
        self.authorizer = ApiGatewayAuthorizer(
            self,
            "Authorizer",
            name=home.name("api-key"),
            rest_api_id=endpoint.rest_api.id,
            type="REQUEST",
            authorizer_uri=function.invoke_arn,
            # Never cached. A cache needs one header that every client sends, and there are two to choose from; so the
            # identity source is something that no request lacks. Without one, the provider would set Authorization,
            # and a request with x-api-key alone would be refused unseen.
            authorizer_result_ttl_in_seconds=0,
            identity_source="context.identity.sourceIp",
        )
        LambdaPermission(
            self,
            "Permission",
            function_name=function.function_name,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=f"{endpoint.rest_api.execution_arn}/authorizers/{self.authorizer.id}",
        )

    def _function(
        self, home: EncryptedHome, concurrency: TerraformVariable, schedule: Schedule | None
    ) -> LambdaFunction:
        group = log_group(self, "LogGroup", name=home.log_group_name("authorizer"), home=home)
        role = IamRole(
            self,
            "Role",
            name=home.role_name("authorizer"),
            description=f"Lets the API's authorizer of {home.prefix} write to its log group",
            assume_role_policy=service_trust("lambda.amazonaws.com"),
        )
        write_log: Statement = {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{group.arn}:*",
        }
        # IAM knows no resources for these
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
        look: Statement = {
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScheduledActions",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            "Resource": "*",
        }
        policy = IamRolePolicy(
            self,
            "Policy",
            role=role.id,
            policy=policy_document(*([write_log, look] if schedule else [write_log])),
        )
        sources = (SOURCE, WITH_HOURS) if schedule else (SOURCE,)
        package = TerraformAsset(self, "Package", path=str(authorizer_package(*sources)), type=AssetType.FILE)
        return LambdaFunction(
            self,
            "Function",
            function_name=home.name("authorizer"),
            description="Finds the API key of a request",
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler=f"{sources[-1].stem}.handler",
            environment={"variables": schedule.settings} if schedule else None,
            filename=package.path,
            source_code_hash=Fn.filebase64sha256(package.path),
            memory_size=AUTHORIZER_MIB,
            timeout=3,
            # Above it, API Gateway answers 503. AWS keeps 100 of an account's concurrency unreserved, so that a new
            # account cannot give any: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
            reserved_concurrent_executions=concurrency.number_value,
            logging_config=LambdaFunctionLoggingConfig(
                log_format="JSON", log_group=group.name, application_log_level="WARN", system_log_level="WARN"
            ),
            depends_on=[policy],
        )


@functools.cache
def authorizer_package(*sources: Path) -> Path:
    """Zip the function's files."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    package = folder / "authorizer.zip"
    package.write_bytes(zipped([(source.name, source.read_bytes()) for source in sources]))
    return package

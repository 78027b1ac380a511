"""An `inference-*` stack: the whole service of one environment. One apply gives a working API."""

from cdktf import TerraformStack
from constructs import Construct

from inference_constructs.account import Account
from inference_constructs.encryption import EncryptionKey
from inference_constructs.gpu_fleet import GpuFleet
from inference_constructs.vpc import VpcConstruct
from stacks.backend import remote_state
from stacks.environments import PROJECT, Environment
from stacks.hosts import host_settings
from stacks.variables import ServiceVariables


class InferenceStack(TerraformStack):
    """Network, GPU hosts, API, monitoring, forecast and demo page of one environment."""

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        prefix, region = environment.prefix, environment.region
        remote_state(self, key=f"{id}.tfstate", region=region)
        tags = {"Project": PROJECT, "Environment": environment.name}
        account = Account(self, "Account", region=region, tags=tags)
        variables = ServiceVariables(self, environment)
        key = EncryptionKey(self, "Key", prefix=prefix, account=account)
        vpc = VpcConstruct(
            self,
            "Vpc",
            prefix=prefix,
            account=account,
            key=key,
            cidr=environment.vpc_cidr,
            zone_count=environment.zone_count,
            instance_type=environment.instance_type,
            interface_endpoints=["logs", "monitoring", "ssm", "ssmmessages"],
        )
        GpuFleet(
            self,
            "Fleet",
            prefix=prefix,
            environment=environment.name,
            account=account,
            key=key,
            vpc=vpc,
            hosts=host_settings(environment),
            min_instances=variables.min_instances,
            max_instances=variables.max_instances,
            request_timeout_seconds=variables.request_timeout_seconds,
        )

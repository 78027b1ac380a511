"""The GPU hosts behind their load balancer: what turns the network and the machine image into an inference service."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cdktf import TerraformLocal, TerraformResource, TerraformResourceLifecycle, TerraformVariable
from cdktf_cdktf_provider_aws.autoscaling_group import AutoscalingGroup, AutoscalingGroupTag
from cdktf_cdktf_provider_aws.data_aws_ami import DataAwsAmi, DataAwsAmiFilter
from cdktf_cdktf_provider_aws.data_aws_ssm_parameter import DataAwsSsmParameter
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateTagSpecifications,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from inference_constructs.fleet.autoscaling import Autoscaling
from inference_constructs.fleet.certificate import Certificate, PrivateCertificate
from inference_constructs.fleet.load_balancer import HEALTHY_SECONDS, UNHEALTHY_SECONDS, LoadBalancer
from inference_constructs.fleet.metrics import FleetMetrics
from inference_constructs.fleet.names import ROLLOUT_ALARMS, alarm_name, group_name
from inference_constructs.fleet.schedule import OfficeSchedule
from inference_constructs.fleet.spot import spot_above
from inference_constructs.fleet.thresholds import ScaleOn
from inference_constructs.foundation import EncryptedHome, OfficeHours, log_group, timeouts
from inference_constructs.host import (
    BOOT_DEADLINE_SECONDS,
    DATA_DEVICE,
    GATEWAY_PORT,
    INITIALIZATION_MIB_PER_SECOND,
    ROOT_DEVICE,
    ROOT_GIB,
    VOLUME_MIB_PER_SECOND,
    Engine,
    HostRole,
    agent_config,
    ami_parameter,
    boot_script,
    boot_seconds,
    data_gib,
    engine_profile,
    host_gateway,
    image_tags,
)
from inference_constructs.network import VpcConstruct, allow, security_group
from runtime.settings import render_env_file

GRACE_SECONDS = BOOT_DEADLINE_SECONDS + 2 * HEALTHY_SECONDS
"""How long after its launch a host may be unhealthy before it is replaced: longer than the longest boot."""

WARMUP_SECONDS = GRACE_SECONDS
"""How long after its launch a host counts as new: a rollout passes none whose health is not judged yet."""

GROUP_METRICS = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupTotalInstances"]


@dataclass(frozen=True, kw_only=True)
class HostSettings:
    """What an environment decides about its hosts.

    Attributes:
        environment: Name of the environment, the dimension of the gateway's metrics.
        engine: What they run, on a type with one GPU.
        image_version: Version of the machine image.
        deletion_protection: Whether group and load balancer refuse to be destroyed.
        scale_on: What their number follows: GPU utilisation, or the demand for places.
        spot_above_minimum: Whether hosts above `min_instances` are spot hosts.
        office_hours: When there are hosts; always unless given.
        certificate: The owner's certificate; a private authority's is made unless given.
        root_path: Path before every route, which the API's stage adds.
        allowed_origins: Origins whose pages may call the gateway (CORS).
    """

    environment: str
    engine: Engine
    image_version: str
    deletion_protection: bool
    root_path: str
    scale_on: ScaleOn = "gpu"
    spot_above_minimum: bool = False
    office_hours: OfficeHours | None = None
    certificate: Certificate | None = None
    allowed_origins: Sequence[str] = ()


class FleetVariables(Protocol):
    """What an operator decides about a fleet at apply.

    Attributes:
        min_instances: Hosts that always run.
        max_instances: Hosts that are never exceeded.
        request_timeout_seconds: Deadline of a request.
        rate_limit_per_minute: Requests a minute and client address, exact on each host.
    """

    min_instances: TerraformVariable
    max_instances: TerraformVariable
    request_timeout_seconds: TerraformVariable
    rate_limit_per_minute: TerraformVariable


class GpuFleet(Construct):
    """GPU hosts in the private subnets, scaled by what they have to do, behind an internal load balancer.

    A host runs exactly one version of the machine image. Another version, type or setting is a new version of the
    launch template, which rolls out by instance refresh: new hosts first, half of them, a pause, the rest. Where the
    new ones do not become healthy, the old ones stay; an alarm of `ROLLOUT_ALARMS` stops it.

    Attributes:
        load_balancer: The load balancer.
        listener: Its listener, on 443.
        target_group: The hosts, as the load balancer sees them.
        group: The Auto Scaling group.
        host_role: What a host may do in the account.
        log_group: What gateway and engine print, and the gateway's metrics.
        security_group: Of the hosts.
        load_balancer_security_group: Of the load balancer; admits nobody yet.
        certificate: The listener's certificate.
        host_name: DNS name on the certificate.
        metrics: What hosts, group and load balancer publish.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        vpc: VpcConstruct,
        hosts: HostSettings,
        variables: FleetVariables,
    ) -> None:
        """Create the fleet.

        Args:
            home: Where it is; its key is that of the log.

        Raises:
            ValueError: the instance type is not supported or cannot be ready in time, or the environment's name
                cannot begin a name in Elastic Load Balancing.
        """
        super().__init__(scope, id)
        self._home, self._vpc, self._hosts, self._variables = home, vpc, hosts, variables
        self._group_name = group_name(home.prefix)
        expected_boot_seconds = boot_seconds(hosts.engine)
        self.log_group = log_group(self, "Log", name=home.log_group_name("gateway"), home=home)
        self.certificate = hosts.certificate or self._private_certificate()
        self.host_name = self.certificate.host_name
        balancer = LoadBalancer(
            self,
            "LoadBalancer",
            home=home,
            environment=hosts.environment,
            vpc=vpc,
            certificate=self.certificate,
            request_timeout_seconds=variables.request_timeout_seconds,
            deletion_protection=hosts.deletion_protection,
        )
        self.load_balancer, self.listener = balancer.load_balancer, balancer.listener
        self.target_group = balancer.target_group
        self.load_balancer_security_group = balancer.security_group
        self.security_group = self._security_group()
        role = HostRole(self, "Role", home=home, log_group=self.log_group)
        self.host_role = role
        template = self._launch_template(role, self._boot_script(expected_boot_seconds))
        # an agent that cannot or may not reach Systems Manager at its start tries again after minutes, up to an hour
        self.group = self._group(template, after=[self.listener, role.policy, *vpc.interface_endpoints])
        self.metrics = FleetMetrics(
            environment=hosts.environment,
            group=self.group.name,
            load_balancer=self.load_balancer.arn_suffix,
            target_group=self.target_group.arn_suffix,
        )
        if hosts.office_hours:
            OfficeSchedule(
                self, "OfficeHours", group=self.group, hours=hosts.office_hours, minimum=variables.min_instances
            )
        Autoscaling(
            self,
            "Scaling",
            home=home,
            group=self.group,
            metrics=self.metrics,
            scale_on=hosts.scale_on,
            places=engine_profile(hosts.engine).max_num_seqs,
        )

    def _private_certificate(self) -> Certificate:
        # No DNS has this name: it is the request's Host. API Gateway refuses a host below no public top-level domain as
        # an invalid endpoint, `.internal` too: https://github.com/aws/aws-cdk/issues/24017
        host_name = f"gateway.{self._home.prefix}.example.com"
        return PrivateCertificate(self, "Certificate", home=self._home, host_name=host_name).certificate

    def _security_group(self) -> SecurityGroup:
        """The hosts' security group, and every rule between it, the load balancer, the endpoints and S3 (R6.4)."""
        group = security_group(self, "SecurityGroup", name=self._group_name, description="GPU hosts", vpc=self._vpc.vpc)
        allow(
            self,
            "Gateway",
            source=self.load_balancer_security_group,
            target=group,
            port=GATEWAY_PORT,
            description="Load balancer to gateway",
        )
        allow(
            self,
            "Endpoints",
            source=group,
            target=self._vpc.endpoint_security_group,
            port=443,
            description="GPU hosts to AWS services",
        )
        VpcSecurityGroupEgressRule(
            self,
            "S3Egress",
            security_group_id=group.id,
            description="GPU hosts to S3",
            prefix_list_id=self._vpc.s3_prefix_list_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
        )
        return group

    def _boot_script(self, expected_boot_seconds: float) -> str:
        settings = replace(
            host_gateway(self._hosts.engine),
            environment=self._hosts.environment,
            root_path=self._hosts.root_path,
            cors_origins=tuple(self._hosts.allowed_origins),
            boot_deadline_seconds=BOOT_DEADLINE_SECONDS,
            expected_boot_seconds=round(expected_boot_seconds),
            count_host_boot=True,
        )
        deadline = self._variables.request_timeout_seconds
        known_at_apply = {
            "REQUEST_TIMEOUT_SECONDS": f"${{{deadline.fqn}}}",
            "KEEP_ALIVE_SECONDS": f"${{{timeouts.KEEP_ALIVE.after(deadline)}}}",
            "DRAIN_TIMEOUT_SECONDS": f"${{{timeouts.DRAIN.after(deadline)}}}",
            "CHECK_TIMEOUT_SECONDS": f"${{{timeouts.CHECK.after(deadline)}}}",
            "RATE_LIMIT_PER_MINUTE": f"${{{self._variables.rate_limit_per_minute.fqn}}}",
        }
        return boot_script(
            gateway_settings=render_env_file(settings)
            + "".join(f"GATEWAY_{name}={value}\n" for name, value in known_at_apply.items()),
            region=self._home.region,
            log_group=self.log_group.name,
            leave_seconds=UNHEALTHY_SECONDS,
            agent=agent_config(group_name=self._group_name, region=self._home.region),
        )

    def _launch_template(self, role: HostRole, script: str) -> LaunchTemplate:
        # the provider's default tags do not reach what Auto Scaling launches
        tags = {"Name": self._group_name, "Environment": self._hosts.environment}
        return LaunchTemplate(
            self,
            "LaunchTemplate",
            name=self._group_name,
            description=f"GPU hosts of {self._home.prefix}",
            update_default_version=True,
            image_id=self._image().id,
            instance_type=self._hosts.engine.instance_type,
            iam_instance_profile={"arn": role.instance_profile.arn},
            vpc_security_group_ids=[self.security_group.id],
            user_data=f"${{base64encode({TerraformLocal(self, 'BootScript', script).fqn})}}",
            ebs_optimized="true",
            monitoring={"enabled": True},
            # the container runs behind a bridge, one hop away: it cannot get at the host's credentials
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[
                # a boot reads little of the root volume: only the data volume's blocks are fetched ahead
                self._volume(ROOT_DEVICE, ROOT_GIB),
                self._volume(
                    DATA_DEVICE,
                    data_gib(self._hosts.engine.model),
                    VOLUME_MIB_PER_SECOND,
                    INITIALIZATION_MIB_PER_SECOND,
                ),
            ],
            tag_specifications=[
                LaunchTemplateTagSpecifications(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
        )

    def _image(self) -> DataAwsAmi:
        """The image that the parameter names, if it is this account's own and tagged with this version and family.

        Who may write the parameter, but not tag images, cannot decide what the hosts run.
        """
        version, engine = self._hosts.image_version, self._hosts.engine
        parameter = DataAwsSsmParameter(self, "Image", name=ami_parameter(version, engine))
        tags = image_tags(version, engine)
        return DataAwsAmi(
            self,
            "OwnImage",
            owners=["self"],
            filter=[
                DataAwsAmiFilter(name="image-id", values=[parameter.insecure_value]),
                *(DataAwsAmiFilter(name=f"tag:{name}", values=[value]) for name, value in tags.items()),
            ],
        )

    @staticmethod
    def _volume(
        device: str, gibibytes: int, throughput: int | None = None, initialization_rate: int | None = None
    ) -> LaunchTemplateBlockDeviceMappings:
        return LaunchTemplateBlockDeviceMappings(
            device_name=device,
            ebs=LaunchTemplateBlockDeviceMappingsEbs(
                volume_type="gp3",
                volume_size=gibibytes,
                throughput=throughput,
                encrypted="true",
                delete_on_termination="true",
                volume_initialization_rate=initialization_rate,
            ),
        )

    def _group(
        self,
        template: LaunchTemplate,
        *,
        after: Sequence[TerraformResource],
    ) -> AutoscalingGroup:
        spot = self._hosts.spot_above_minimum
        return AutoscalingGroup(
            self,
            "Group",
            name=self._group_name,
            launch_template=None if spot else {"id": template.id, "version": f"${{{template.fqn}.latest_version}}"},
            mixed_instances_policy=spot_above(
                self._variables.min_instances, template=template, instance_type=self._hosts.engine.instance_type
            )
            if spot
            else None,
            # a new spot host as soon as EC2 expects to take one back, not when it is gone
            capacity_rebalance=True if spot else None,
            vpc_zone_identifier=[subnet.id for subnet in self._vpc.private_subnets],
            target_group_arns=[self.target_group.arn],
            min_size=self._variables.min_instances.number_value,
            max_size=self._variables.max_instances.number_value,
            health_check_type="ELB",
            health_check_grace_period=GRACE_SECONDS,
            default_instance_warmup=WARMUP_SECONDS,
            instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": 100,
                    "max_healthy_percentage": 200,
                    "checkpoint_percentages": [50, 100],
                    "checkpoint_delay": "300",
                    # the provider saves the new version in the group first: what Auto Scaling would go back to
                    # https://github.com/hashicorp/terraform-provider-aws/issues/34189
                    "auto_rollback": False,
                    "alarm_specification": {
                        "alarms": [alarm_name(self._home.prefix, alarm) for alarm in ROLLOUT_ALARMS],
                    },
                    "skip_matching": True,
                },
            },
            enabled_metrics=GROUP_METRICS,
            metrics_granularity="1Minute",
            # the first apply ends when the service answers, not when the hosts were ordered
            min_elb_capacity=self._variables.min_instances.number_value,
            wait_for_capacity_timeout="20m",
            # a zone without a free GPU is a failed activity, after which Auto Scaling tries the next zone
            ignore_failed_scaling_activities=True,
            tag=[AutoscalingGroupTag(key="Name", value=self._group_name, propagate_at_launch=False)],
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=self._hosts.deletion_protection,
                # hosts of two networks in one group would hold up the removal of the old one
                replace_triggered_by=[self._vpc.identity],
                # the schedule's; an apply outside the hours would start hosts
                ignore_changes=["min_size"] if self._hosts.office_hours else None,
            ),
            depends_on=after,
        )

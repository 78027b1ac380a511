"""The load balancer between API Gateway and the hosts."""

from collections.abc import Sequence

from cdktf import Precondition, TerraformResourceLifecycle, TerraformVariable, Token
from cdktf_cdktf_provider_aws.lb import Lb
from cdktf_cdktf_provider_aws.lb_listener import LbListener, LbListenerDefaultAction
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from constructs import Construct

from inference_constructs.fleet.certificate import Certificate
from inference_constructs.foundation import (
    RETENTION_DAYS,
    Home,
    PrivateBucket,
    Statement,
    load_balancing_prefix,
    timeouts,
)
from inference_constructs.host import GATEWAY_PORT
from inference_constructs.network import VpcConstruct, security_group

CHECK_SECONDS = 30
"""Between two health checks (R7.4)."""

CHECKS_UNTIL_HEALTHY = 2

HEALTHY_SECONDS = CHECK_SECONDS * CHECKS_UNTIL_HEALTHY
"""Until a ready host gets requests."""

CHECK_TIMEOUT_SECONDS = 5
CHECKS_UNTIL_UNHEALTHY = 2

UNHEALTHY_SECONDS = CHECK_SECONDS * CHECKS_UNTIL_UNHEALTHY + CHECK_TIMEOUT_SECONDS
"""Until a host that says 503 gets no more requests, at most."""


class LoadBalancer(Construct):
    """An internal load balancer with one HTTPS listener, whose targets are checked on `/health` every 30 seconds.

    It stands in the public subnets but has no public address: API Gateway alone reaches it, through a VPC link.

    Attributes:
        load_balancer: The load balancer.
        listener: Its only listener, on 443.
        target_group: The hosts.
        security_group: Without rules: who may call it, and whom it calls, add theirs.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: Home,
        environment: str,
        vpc: VpcConstruct,
        certificate: Certificate,
        request_timeout_seconds: TerraformVariable,
        deletion_protection: bool,
    ) -> None:
        """Create the load balancer.

        Args:
            environment: Name of the environment: its first 5 characters begin the names in Elastic Load Balancing.
            request_timeout_seconds: Deadline of a request.
            deletion_protection: Whether it refuses to be deleted, and its logs too.

        Raises:
            ValueError: `environment` cannot begin a name in Elastic Load Balancing.
        """
        super().__init__(scope, id)
        # A replacement is there before the old one goes, as the API's deployment that depends on it: a fixed name would
        # be taken. https://opentofu.org/docs/language/meta-arguments/lifecycle/
        name_prefix = load_balancing_prefix(f"{environment[:5]}-")
        self.security_group = security_group(
            self, "SecurityGroup", name=home.name("load-balancer"), description="Load balancer", vpc=vpc.vpc
        )
        logs = self._log_bucket(home, force_destroy=not deletion_protection)
        self.load_balancer = Lb(
            self,
            "LoadBalancer",
            name_prefix=name_prefix,
            tags={"Name": home.prefix},
            internal=True,
            load_balancer_type="application",
            subnets=[subnet.id for subnet in vpc.public_subnets],
            security_groups=[self.security_group.id],
            idle_timeout=Token.as_number(f"${{{timeouts.IDLE.after(request_timeout_seconds)}}}"),
            drop_invalid_header_fields=True,
            enable_deletion_protection=deletion_protection,
            access_logs={"bucket": logs.bucket.id, "enabled": True},
            depends_on=[logs.policy],
            # it cannot move to another VPC, and the provider would try
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[vpc.identity], precondition=[_each_in_a_zone_of_its_own(vpc.public_subnets)]
            ),
        )
        self.target_group = LbTargetGroup(
            self,
            "TargetGroup",
            name_prefix=name_prefix,
            tags={"Name": home.name("gateway")},
            vpc_id=vpc.vpc.id,
            port=GATEWAY_PORT,
            protocol="HTTP",
            target_type="instance",
            load_balancing_algorithm_type="least_outstanding_requests",
            deregistration_delay=f"${{{timeouts.DEREGISTRATION.after(request_timeout_seconds)}}}",
            health_check={
                "path": "/health",
                "matcher": "200",
                "interval": CHECK_SECONDS,
                "timeout": CHECK_TIMEOUT_SECONDS,
                "healthy_threshold": CHECKS_UNTIL_HEALTHY,
                "unhealthy_threshold": CHECKS_UNTIL_UNHEALTHY,
            },
        )
        self.listener = LbListener(
            self,
            "Listener",
            load_balancer_arn=self.load_balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            certificate_arn=certificate.arn,
            default_action=[LbListenerDefaultAction(type="forward", target_group_arn=self.target_group.arn)],
        )

    def _log_bucket(self, home: Home, *, force_destroy: bool) -> PrivateBucket:
        name = home.bucket_name("access-logs")
        # AWS's own policy has no condition either: the account in the path is whose load balancers may write.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        deliver: Statement = {
            "Sid": "LoadBalancerDeliversLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": home.arn("s3", f"{name}/AWSLogs/{home.account_id}/*", region="", account=""),
        }
        return PrivateBucket(
            self,
            "AccessLogs",
            name=name,
            force_destroy=force_destroy,
            statements=[deliver],
            expire_after_days=RETENTION_DAYS,
            keep_old_versions_days=1,
        )


def _each_in_a_zone_of_its_own(subnets: Sequence[Subnet]) -> Precondition:
    """Refuse a plan that AWS would refuse half-way, with the new subnet made.

    A subnet stays in its zone, and one that is added later takes the next zone of today's list, which may be another
    list than that of the first ones.
    """
    zones = ", ".join(subnet.availability_zone for subnet in subnets)
    return Precondition(
        condition=f"${{length(distinct([{zones}])) == {len(subnets)}}}",
        error_message="Two subnets would be in one zone, since other zones offer the instance type than when the first "
        "ones were made. Keep zone_count, or make a new environment.",
    )

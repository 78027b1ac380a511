"""An `inference-*` stack: the whole service of one environment. One apply gives a working API."""

from pathlib import Path

from cdktf import TerraformOutput, TerraformStack
from constructs import Construct

from inference_constructs.api import ApiEndpoint, RateLimitedApi
from inference_constructs.cost import AT_MINIMUM, CostForecast, ForecastScope
from inference_constructs.fleet import GpuFleet
from inference_constructs.foundation import Account, EncryptionKey
from inference_constructs.host import PHI_3_MINI_4K, SessionTranscript, host_gateway
from inference_constructs.monitoring import MonitoredService, Observability
from inference_constructs.network import DnsFirewall, VpcConstruct
from inference_constructs.page import DemoSite, SiteFirewall
from runtime.settings import Settings
from stacks.backend import remote_state
from stacks.environments import PROJECT, Environment
from stacks.hosts import host_settings
from stacks.variables import ServiceVariables

DEMO = Path(__file__).parent.parent / "demo"


class InferenceStack(TerraformStack):
    """Network, GPU hosts, API, monitoring, forecast and demo page of one environment."""

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        prefix, region = environment.prefix, environment.region
        remote_state(self)
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
        endpoint = ApiEndpoint(self, "ApiEndpoint", prefix=prefix, account=account, domain=environment.api_domain)
        site_firewall = SiteFirewall(self, "SiteFirewall", prefix=prefix) if environment.site_firewall else None
        site = DemoSite(
            self,
            "DemoSite",
            prefix=prefix,
            account=account,
            directory=DEMO,
            api=endpoint,
            model=Settings.served_model_name,
            max_tokens=host_gateway(environment.instance_type).max_output_tokens,
            temperature=PHI_3_MINI_4K.temperature,
            require_api_key=variables.require_api_key,
            rate_limit_per_minute=variables.rate_limit_per_minute,
            force_destroy=not environment.deletion_protection,
            domain=environment.site_domain,
            web_acl=site_firewall and site_firewall.web_acl,
        )
        allowed_origins = [site.url, *environment.allowed_origins]
        fleet = GpuFleet(
            self,
            "Fleet",
            prefix=prefix,
            environment=environment.name,
            account=account,
            key=key,
            vpc=vpc,
            hosts=host_settings(environment, allowed_origins),
            min_instances=variables.min_instances,
            max_instances=variables.max_instances,
            request_timeout_seconds=variables.request_timeout_seconds,
            rate_limit_per_minute=variables.rate_limit_per_minute,
        )
        if environment.dns_firewall:
            DnsFirewall(self, "DnsFirewall", prefix=prefix, account=account, key=key, vpc=vpc)
        if environment.session_transcripts:
            SessionTranscript(self, "SessionTranscript", prefix=prefix, key=key, role=fleet.host_role)
        api = RateLimitedApi(
            self,
            "Api",
            prefix=prefix,
            account=account,
            key=key,
            vpc=vpc,
            fleet=fleet,
            endpoint=endpoint,
            require_api_key=variables.require_api_key,
            authorizer_concurrency=variables.authorizer_concurrency,
            request_timeout_seconds=variables.request_timeout_seconds,
            rate_limit_per_minute=variables.rate_limit_per_minute,
            allowed_origins=allowed_origins,
        )
        observability = Observability(
            self,
            "Observability",
            prefix=prefix,
            account=account,
            key=key,
            service=MonitoredService(
                environment=environment.name,
                instance_type=environment.instance_type,
                fleet=fleet,
                api=api,
                min_instances=variables.min_instances,
                max_instances=variables.max_instances,
                monthly_forecast_usd=AT_MINIMUM,
                links={"Demo page": site.url, "Health": f"{api.url}/health"},
            ),
            alarm_email=variables.alarm_email,
        )
        TerraformOutput(
            self,
            "api_url",
            value=api.url,
            description="Base URL of the API; an OpenAI client's base_url is this and /v1.",
        )
        if endpoint.domain_target:
            TerraformOutput(
                self,
                "api_domain_target",
                value=endpoint.domain_target,
                description="Host name that the DNS record of the API's own domain points to.",
            )
        TerraformOutput(self, "site_url", value=site.url, description="URL of the demo page.")
        if environment.site_domain:
            TerraformOutput(
                self,
                "site_domain_target",
                value=site.domain_name,
                description="Host name that the DNS record of the page's own domain points to.",
            )
        TerraformOutput(
            self, "dashboard_url", value=observability.dashboard_url, description="Dashboard in AWS's console."
        )
        CostForecast(
            self,
            "CostForecast",
            of=ForecastScope(
                region=region,
                instance_type=environment.instance_type,
                zone_count=environment.zone_count,
                web_acl=api.web_acl,
                site_web_acl=site_firewall and site_firewall.web_acl,
            ),
        )

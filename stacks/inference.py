"""An `inference-*` stack: the whole service of one environment. One apply gives a working API."""

from cdktf import TerraformOutput, TerraformStack
from constructs import Construct

from inference_constructs.api import ApiEndpoint, RateLimitedApi
from inference_constructs.cost import AT_MINIMUM, CostForecast
from inference_constructs.fleet import GpuFleet
from inference_constructs.foundation import create_encrypted_home
from inference_constructs.host import SessionTranscript
from inference_constructs.monitoring import MonitoredService, Observability
from inference_constructs.network import DnsFirewall, VpcConstruct
from inference_constructs.page import DemoSite, SiteFirewall
from stacks.backend import remote_state
from stacks.environments import PROJECT, Environment
from stacks.settings import host_settings, network_settings, site_settings
from stacks.variables import ServiceVariables


class InferenceStack(TerraformStack):
    """Network, GPU hosts, API, monitoring, forecast and demo page of one environment."""

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        remote_state(self)
        tags = {"Project": PROJECT, "Environment": environment.name}
        home = create_encrypted_home(self, prefix=environment.prefix, region=environment.region, tags=tags)
        variables = ServiceVariables(self, environment)
        vpc = VpcConstruct(self, "Vpc", home=home, network=network_settings(environment))
        endpoint = ApiEndpoint(self, "ApiEndpoint", home=home, domain=environment.api_domain)
        firewall = SiteFirewall(self, "SiteFirewall", home=home) if environment.site_firewall else None
        page = site_settings(environment)
        site = DemoSite(self, "DemoSite", home=home, api=endpoint, site=page, variables=variables, firewall=firewall)
        origins = [site.url, *environment.allowed_origins]
        hosts = host_settings(environment, origins)
        fleet = GpuFleet(self, "Fleet", home=home, vpc=vpc, hosts=hosts, variables=variables)
        if environment.dns_firewall:
            DnsFirewall(self, "DnsFirewall", home=home, vpc=vpc)
        if environment.session_transcripts:
            SessionTranscript(self, "SessionTranscript", home=home, role=fleet.host_role)
        api = RateLimitedApi(
            self,
            "Api",
            home=home,
            vpc=vpc,
            fleet=fleet,
            endpoint=endpoint,
            variables=variables,
            allowed_origins=origins,
            office_hours=environment.office_hours is not None,
        )
        service = MonitoredService(
            instance_type=environment.instance_type,
            model=environment.model,
            fleet=fleet.metrics,
            api=api.metrics,
            access_log_group=api.access_log_group,
            monthly_forecast_usd=AT_MINIMUM,
            spot_above_minimum=environment.spot_above_minimum,
            office_hours=environment.office_hours is not None,
            links={"Demo page": site.url, "Health": f"{api.url}/health"},
        )
        observability = Observability(self, "Observability", home=home, service=service, variables=variables)
        CostForecast(self, "CostForecast", region=home.region, engine=environment.engine)
        self._outputs(endpoint, site, observability)

    def _outputs(self, endpoint: ApiEndpoint, site: DemoSite, observability: Observability) -> None:
        record = "Host name that the DNS record of the {}'s own domain points to."
        outputs = {
            "api_url": (endpoint.url, "Base URL of the API; an OpenAI client's base_url is this and /v1."),
            "api_domain_target": (endpoint.domain_target, record.format("API")),
            "site_url": (site.url, "URL of the demo page."),
            "site_domain_target": (site.domain_target, record.format("page")),
            "dashboard_url": (observability.dashboard_url, "Dashboard in AWS's console."),
        }
        for name, (value, description) in outputs.items():
            if value:
                TerraformOutput(self, name, value=value, description=description)

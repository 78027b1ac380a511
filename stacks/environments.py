"""The environments, as data. What an operator may change without a new synthesis is an OpenTofu variable instead."""

import re
import sys
from dataclasses import dataclass, replace
from typing import Literal

from inference_constructs.fleet import ScaleOn
from inference_constructs.foundation import Domain, OfficeHours
from inference_constructs.host import Engine, Quantization
from inference_constructs.network import plan_subnets
from stacks.measurements import measured_of
from stacks.model_files import model_named

PROJECT = "inference"
"""Prefix of every name that this project gives to a resource."""

REGION = "us-east-1"
"""AWS region of the state, of the machine image's build and, unless an environment says otherwise, of the service."""

MODEL = "phi-3-mini-4k-instruct"
"""What an environment serves that names no other."""

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,11}[a-z0-9])?")
"""What fits into every name that an environment's is part of.

The longest is a bucket's, `inference-NAME-access-logs-ACCOUNT-REGION`, with 63 characters where the region has 14. A
load balancer's has 32 at most, and takes the first 5.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

ORIGIN = re.compile(r"\*|https?://[^/\s]+")
"""What a browser sends as `Origin`: no path, no slash at the end. https://developer.mozilla.org/docs/Glossary/Origin"""

MOST_INSTANCES = 100
"""Hosts that no environment may have more of: a slip of the hand, not a size of this service."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One deployment of the service.

    Attributes:
        name: Part of resource names and of the state's key.
        region: AWS region, one whose prices are known.
        vpc_cidr: IPv4 range of the VPC, /16 to /24.
        zone_count: Number of availability zones.
        instance_type: EC2 type of the GPU hosts, of the g4dn or g5 family.
        model: Name of the model, one of `models/`.
        quantization: How weights are made smaller when they are loaded, `fp8`; not at all unless given.
        max_num_seqs: Requests that run at once on a host: with more, each answer may be less long; as many of a usual
            length as fit into the GPU's memory unless given, and no more than make all of them together faster.
        min_instances: Default of the variable `min_instances`; at least 1.
        max_instances: Default of the variable `max_instances`; at most 100.
        scale_on: What the number of hosts follows: `gpu`, GPU utilisation, or `demand`, how many of their places are
            taken; docs/scale.md says for whom which is right.
        spot_above_minimum: Whether hosts above `min_instances` are spot hosts: cheaper, and EC2 may take one back at a
            notice of two minutes. The first `min_instances` are on demand in any case.
        require_api_key: Default of the variable `require_api_key`; on where `deletion_protection` is, unless given.
        authorizer_concurrency: Default of the variable `authorizer_concurrency`: how many API keys are looked for at
            once, taken out of the account's concurrency; -1 for no share of its own, which a new account cannot give.
        office_hours: When there are hosts, for an environment without `deletion_protection`; always unless given. It
            switches R3.3 off, at least one host at all times: outside these hours the API answers 503.
        requests_per_month: Default of the variable `requests_per_month`, an assumption of the cost forecast.
        deletion_protection: Whether the load balancer, the group and the buckets refuse to be destroyed with content.
            Such an environment needs an `alarm_email` too.
        image_version: Version of the machine image, to hold an environment back; this source tree's unless given.
        load_balancer_domain: The owner's host name and certificate for the load balancer, in the environment's region;
            a private authority's is made unless given.
        api_domain: The owner's host name for the API, with a certificate in the environment's region; AWS's unless
            given.
        site_domain: The owner's host name for the demo page, with a certificate in us-east-1; CloudFront's unless
            given.
        allowed_origins: Origins whose pages may call the API, beside the demo page; `*` for all.
        site_firewall: Whether the demo page has a limit of requests for each address; 6 dollars a month.
        dns_firewall: Whether names that hosts look up are logged, and all but AWS's are refused.
        session_transcripts: Whether shells on hosts can be opened with a transcript.
    """

    name: str
    region: str = REGION
    vpc_cidr: str
    zone_count: Literal[2, 3] = 2
    instance_type: str = "g5.xlarge"
    model: str = MODEL
    quantization: Quantization | None = None
    max_num_seqs: int | None = None
    min_instances: int = 1
    max_instances: int
    scale_on: ScaleOn = "gpu"
    spot_above_minimum: bool = False
    office_hours: OfficeHours | None = None
    require_api_key: bool | None = None
    authorizer_concurrency: int = -1
    requests_per_month: int = 10_000
    deletion_protection: bool = False
    image_version: str | None = None
    load_balancer_domain: Domain | None = None
    api_domain: Domain | None = None
    site_domain: Domain | None = None
    allowed_origins: tuple[str, ...] = ()
    site_firewall: bool = False
    dns_firewall: bool = False
    session_transcripts: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: one line that says which environment, what and why.
        """
        try:
            self._refuse_impossible()
        except ValueError as error:
            raise ValueError(f"environment {self.name!r}: {error}") from None

    def _refuse_impossible(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError("the name must be 1 to 13 small letters, digits and hyphens, no hyphen at an end")
        if self.min_instances < 1:
            raise ValueError(f"min_instances must be at least 1, got {self.min_instances}")
        if self.min_instances > self.max_instances:
            raise ValueError(f"min_instances {self.min_instances} is above max_instances {self.max_instances}")
        if self.max_instances > MOST_INSTANCES:
            raise ValueError(f"max_instances must be at most {MOST_INSTANCES}, got {self.max_instances}")
        if self.authorizer_concurrency < 1 and self.authorizer_concurrency != -1:
            raise ValueError(f"authorizer_concurrency must be at least 1, or -1, got {self.authorizer_concurrency}")
        for origin in self.allowed_origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"allowed_origins: {origin!r} is not an origin; one looks like https://www.example.com, or *"
                )
        if self.load_balancer_domain:
            self.load_balancer_domain.require_region(self.region)
        if self.office_hours and self.deletion_protection:
            raise ValueError("office_hours leave no host at night, which deletion_protection rules out; remove one")
        plan_subnets(self.vpc_cidr, self.zone_count)
        model = model_named(self.model)
        if model.gated:
            raise ValueError(
                f"the weights of {self.model} are gated, and build hosts have no token; copy them into a bucket, and "
                'call make model ARGS="add s3://BUCKET/PREFIX"'
            )
        if model.source.startswith("file:"):
            raise ValueError(
                f"the weights of {self.model} are in a folder of one machine; copy them into a bucket, and call "
                'make model ARGS="add s3://BUCKET/PREFIX"'
            )
        measured_of(self._estimated)

    @property
    def _estimated(self) -> Engine:
        return Engine(
            self.instance_type,
            model=model_named(self.model),
            quantization=self.quantization,
            max_num_seqs=self.max_num_seqs,
        )

    @property
    def engine(self) -> Engine:
        """What its hosts run, with what was measured of such a host."""
        return replace(self._estimated, measured=measured_of(self._estimated))

    @property
    def prefix(self) -> str:
        """First part of the names of this environment's resources."""
        return f"{PROJECT}-{self.name}"


# one line instead of a traceback, for every command that reads the environments
try:
    DEV = Environment(name="dev", vpc_cidr="10.10.0.0/20", instance_type="g4dn.xlarge", max_instances=2)
    STAGING = Environment(name="staging", vpc_cidr="10.20.0.0/20", max_instances=2, requests_per_month=50_000)
    PROD = Environment(
        name="prod",
        vpc_cidr="10.30.0.0/20",
        zone_count=3,
        min_instances=2,
        max_instances=6,
        requests_per_month=1_000_000,
        require_api_key=True,
        authorizer_concurrency=20,
        deletion_protection=True,
        site_firewall=True,
    )

    ENVIRONMENTS = (DEV, STAGING, PROD)
except ValueError as error:
    sys.exit(f"error: {error}")

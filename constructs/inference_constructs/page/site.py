"""The public demo page: a private bucket behind CloudFront."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cdktf import AssetType, Fn, TerraformAsset, TerraformLocal, TerraformVariable
from cdktf_cdktf_provider_aws.cloudfront_distribution import (
    CloudfrontDistribution,
    CloudfrontDistributionCustomErrorResponse,
    CloudfrontDistributionDefaultCacheBehavior,
    CloudfrontDistributionOrigin,
    CloudfrontDistributionRestrictions,
    CloudfrontDistributionRestrictionsGeoRestriction,
    CloudfrontDistributionViewerCertificate,
)
from cdktf_cdktf_provider_aws.cloudfront_origin_access_control import CloudfrontOriginAccessControl
from cdktf_cdktf_provider_aws.cloudfront_response_headers_policy import CloudfrontResponseHeadersPolicy
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from inference_constructs.api import ApiEndpoint
from inference_constructs.foundation import CLOUDFRONT_REGION, Domain, Home, PrivateBucket, Statement
from inference_constructs.page.access_logs import SiteAccessLogs
from inference_constructs.page.config import page_config
from inference_constructs.page.files import CACHE_CONTROL, SiteFile, site_files
from inference_constructs.page.firewall import SiteFirewall
from inference_constructs.page.headers import HSTS_SECONDS, ISOLATION_HEADERS, content_security_policy

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""AWS's own cache policy: follows Cache-Control, compresses with gzip and Brotli, and ignores queries and cookies.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
"""

_ORIGIN = "bucket"


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """What an environment decides about its page.

    Attributes:
        directory: The page's files.
        model: Name of the model, as requests give it.
        max_tokens: Most tokens that one request may ask for.
        temperature: The model's own, which the page shows until a visitor moves it.
        force_destroy: Whether a destroy deletes the buckets with their content.
        domain: Own domain name of the page, with a certificate in us-east-1; CloudFront's unless given.
    """

    directory: Path
    model: str
    max_tokens: int
    temperature: float
    force_destroy: bool
    domain: Domain | None = None


class PageVariables(Protocol):
    """What an operator decides at apply, and the page tells its visitors.

    Attributes:
        require_api_key: Whether the page asks for an API key.
    """

    require_api_key: TerraformVariable


class DemoSite(Construct):
    """The demo page over HTTPS at the root of a CloudFront domain name, or of the owner's.

    CloudFront accepts TLS 1.2 and newer at the owner's domain; at its own domain name AWS fixes the minimum at TLS 1.0.

    Attributes:
        url: URL of the page without a trailing slash: the origin that the API's CORS headers allow.
        domain_target: Host name to which a DNS record of the owner's domain points; None without one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: Home,
        api: ApiEndpoint,
        site: SiteSettings,
        variables: PageVariables,
        firewall: SiteFirewall | None = None,
    ) -> None:
        """Publish the page.

        Args:
            api: The API that the page calls. Its CORS headers come later, since they name the page.
            firewall: Limit of requests; none unless given.

        Raises:
            ValueError: a file of the page has no known content type, or the certificate is in another region.
        """
        super().__init__(scope, id)
        domain = site.domain
        if domain:
            domain.require_region(CLOUDFRONT_REGION)
        name = home.bucket_name("site")
        distribution = self._distribution(home, api, domain, firewall)
        bucket = PrivateBucket(
            self,
            "Bucket",
            name=name,
            force_destroy=site.force_destroy,
            statements=[_read_by(distribution, name, home)],
        )
        access = CloudfrontOriginAccessControl(
            self,
            "OriginAccess",
            name=home.name("site"),
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
        )
        # Given afterwards, since the bucket's policy names the distribution and the distribution its bucket.
        distribution.put_origin(
            [
                CloudfrontDistributionOrigin(
                    origin_id=_ORIGIN,
                    domain_name=bucket.bucket.bucket_regional_domain_name,
                    origin_access_control_id=access.id,
                )
            ]
        )
        for file in site_files(site.directory):
            self._upload(bucket, file)
        self._upload_config(
            bucket,
            page_config(
                # A local, since cdktf warns of a composed string inside jsonencode.
                api_url=TerraformLocal(self, "ApiUrl", api.url).as_string,
                model=site.model,
                max_tokens=site.max_tokens,
                temperature=site.temperature,
                api_key_required=variables.require_api_key.boolean_value,
            ),
        )
        SiteAccessLogs(self, "AccessLogs", home=home, distribution=distribution, force_destroy=site.force_destroy)
        self.domain_target = distribution.domain_name if domain else None
        self.url = f"https://{domain.name if domain else distribution.domain_name}"

    def _distribution(
        self, home: Home, api: ApiEndpoint, domain: Domain | None, firewall: SiteFirewall | None
    ) -> CloudfrontDistribution:
        return CloudfrontDistribution(
            self,
            "Distribution",
            comment=f"Demo page of {home.prefix}",
            enabled=True,
            web_acl_id=firewall.web_acl.arn if firewall else None,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class="PriceClass_100",
            aliases=[domain.name] if domain else None,
            default_root_object="index.html",
            origin=[],
            default_cache_behavior=CloudfrontDistributionDefaultCacheBehavior(
                target_origin_id=_ORIGIN,
                viewer_protocol_policy="redirect-to-https",
                allowed_methods=["GET", "HEAD"],
                cached_methods=["GET", "HEAD"],
                compress=True,
                cache_policy_id=CACHING_OPTIMIZED,
                response_headers_policy_id=self._headers_policy(home, api).id,
            ),
            # S3 answers 403, not 404, to a reader that may not list the bucket.
            custom_error_response=[
                CloudfrontDistributionCustomErrorResponse(
                    error_code=403, response_code=404, response_page_path="/404.html", error_caching_min_ttl=60
                )
            ],
            restrictions=CloudfrontDistributionRestrictions(
                geo_restriction=CloudfrontDistributionRestrictionsGeoRestriction(restriction_type="none")
            ),
            viewer_certificate=_viewer_certificate(domain),
        )

    def _headers_policy(self, home: Home, api: ApiEndpoint) -> CloudfrontResponseHeadersPolicy:
        """`security_headers`, in CloudFront's terms."""
        return CloudfrontResponseHeadersPolicy(
            self,
            "Headers",
            name=home.name("site"),
            security_headers_config={
                "content_security_policy": {
                    "content_security_policy": content_security_policy(api.url),
                    "override": True,
                },
                "strict_transport_security": {"access_control_max_age_sec": HSTS_SECONDS, "override": True},
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "no-referrer", "override": True},
            },
            custom_headers_config={
                "items": [
                    {"header": header, "value": value, "override": True} for header, value in ISOLATION_HEADERS.items()
                ]
            },
        )

    def _upload(self, bucket: PrivateBucket, file: SiteFile) -> None:
        asset = TerraformAsset(self, f"File {file.key}", path=str(file.path), type=AssetType.FILE)
        S3Object(
            self,
            f"Object {file.key}",
            bucket=bucket.bucket.id,
            key=file.key,
            source=asset.path,
            etag=Fn.filemd5(asset.path),
            content_type=file.content_type,
            cache_control=CACHE_CONTROL,
        )

    def _upload_config(self, bucket: PrivateBucket, config: Mapping[str, object]) -> None:
        content = Fn.jsonencode(config)
        S3Object(
            self,
            "Object config.json",
            bucket=bucket.bucket.id,
            key="config.json",
            content=content,
            etag=Fn.md5(content),
            content_type="application/json",
            cache_control=CACHE_CONTROL,
        )


def _viewer_certificate(domain: Domain | None) -> CloudfrontDistributionViewerCertificate:
    if domain is None:
        return CloudfrontDistributionViewerCertificate(cloudfront_default_certificate=True)
    return CloudfrontDistributionViewerCertificate(
        acm_certificate_arn=domain.certificate_arn,
        minimum_protocol_version="TLSv1.2_2021",
        ssl_support_method="sni-only",
    )


def _read_by(distribution: CloudfrontDistribution, bucket_name: str, home: Home) -> Statement:
    return {
        "Sid": "CloudFrontReads",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": home.arn("s3", f"{bucket_name}/*", region="", account=""),
        "Condition": {"StringEquals": {"aws:SourceArn": distribution.arn}},
    }

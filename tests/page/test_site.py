"""The demo page's bucket and distribution, as AWS gets them."""

import json
import shutil
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path

import cdktf
import pytest

from inference_constructs.api.endpoint import ApiEndpoint
from inference_constructs.foundation.domain import Domain
from inference_constructs.foundation.provider import create_home
from inference_constructs.page.headers import security_headers
from inference_constructs.page.site import DemoSite
from stacks.environments import DEV
from stacks.settings import site_settings
from stacks.variables import ServiceVariables
from support.paths import DEMO
from support.stack_json import Json, only, parse, references, resources

DOMAIN = Domain(name="demo.example.com", certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/1")


def synthesize(*, domain: Domain | None = None, directory: Path = DEMO) -> Json:
    """A stack that holds one site."""
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "site")
    home = create_home(stack, prefix="inference-test", region="eu-west-1", tags={})
    DemoSite(
        stack,
        "Site",
        home=home,
        api=ApiEndpoint(stack, "Api", home=home),
        site=replace(site_settings(DEV), directory=directory, domain=domain),
        variables=ServiceVariables(stack, DEV),
    )
    return parse(cdktf.Testing.synth(stack))


@pytest.fixture(scope="module")
def site() -> Json:
    return synthesize()


@pytest.fixture(scope="module")
def own_domain() -> Json:
    return synthesize(domain=DOMAIN)


def api_url(site: Json) -> str:
    (name,) = resources(site, "aws_api_gateway_rest_api")
    return f"https://${{aws_api_gateway_rest_api.{name}.id}}.execute-api.eu-west-1.amazonaws.com/live"


def site_bucket(site: Json) -> str:
    """Address of the bucket that holds the page."""
    (name,) = [name for name, bucket in resources(site, "aws_s3_bucket").items() if "-logs-" not in bucket["bucket"]]
    return f"aws_s3_bucket.{name}"


def of_bucket(site: Json, kind: str) -> Json:
    """The resource of a type that belongs to the page's bucket."""
    (found,) = [r for r in resources(site, kind).values() if references(r["bucket"]) == {site_bucket(site)}]
    return found


def statement(policy: Json, sid: str) -> Json:
    (found,) = [s for s in json.loads(policy["policy"])["Statement"] if s["Sid"] == sid]
    return found


@pytest.mark.req("R9.1")
def test_root_url_answers_with_the_page(site: Json) -> None:
    assert only(site, "aws_cloudfront_distribution")["default_root_object"] == "index.html"
    assert "index.html" in {file["key"] for file in resources(site, "aws_s3_object").values()}


@pytest.mark.req("R9.4")
def test_distribution_reads_the_bucket_as_itself(site: Json) -> None:
    (origin,) = only(site, "aws_cloudfront_distribution")["origin"]
    access = only(site, "aws_cloudfront_origin_access_control")
    assert references(origin["domain_name"]) == {site_bucket(site)}
    assert (
        origin["origin_id"] == only(site, "aws_cloudfront_distribution")["default_cache_behavior"]["target_origin_id"]
    )
    assert "aws_cloudfront_origin_access_control" in origin["origin_access_control_id"]
    assert (access["signing_behavior"], access["signing_protocol"]) == ("always", "sigv4")


@pytest.mark.req("R9.4")
def test_bucket_is_read_by_this_distribution_alone(site: Json) -> None:
    policy = of_bucket(site, "aws_s3_bucket_policy")
    allowed = [s for s in json.loads(policy["policy"])["Statement"] if s["Effect"] == "Allow"]
    (read,) = allowed
    (distribution,) = resources(site, "aws_cloudfront_distribution")
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Action"] == "s3:GetObject"
    assert read["Condition"] == {
        "StringEquals": {"aws:SourceArn": f"${{aws_cloudfront_distribution.{distribution}.arn}}"}
    }
    assert all(
        of_bucket(site, "aws_s3_bucket_public_access_block")[key]
        for key in ("block_public_policy", "block_public_acls", "ignore_public_acls", "restrict_public_buckets")
    )


@pytest.mark.req("R9.4")
def test_bucket_is_encrypted_and_versioned(site: Json) -> None:
    rule = of_bucket(site, "aws_s3_bucket_server_side_encryption_configuration")["rule"][0]
    assert rule["apply_server_side_encryption_by_default"]["sse_algorithm"] == "AES256"
    assert of_bucket(site, "aws_s3_bucket_versioning")["versioning_configuration"]["status"] == "Enabled"


@pytest.mark.req("R9.4")
def test_plain_http_is_redirected_and_only_reading_is_possible(site: Json) -> None:
    behavior = only(site, "aws_cloudfront_distribution")["default_cache_behavior"]
    assert behavior["viewer_protocol_policy"] == "redirect-to-https"
    assert set(behavior["allowed_methods"]) == {"GET", "HEAD"}
    assert behavior["compress"]


@pytest.mark.req("R9.4")
def test_responses_carry_the_headers_that_the_browser_tests_serve(site: Json) -> None:
    distribution = only(site, "aws_cloudfront_distribution")
    policy = only(site, "aws_cloudfront_response_headers_policy")
    assert (
        "aws_cloudfront_response_headers_policy" in distribution["default_cache_behavior"]["response_headers_policy_id"]
    )
    assert headers_sent(policy) == security_headers(api_url(site))


def headers_sent(policy: Json) -> dict[str, str]:
    """What CloudFront sends for a response headers policy."""
    security = policy["security_headers_config"]
    assert all(setting["override"] for setting in security.values())
    return {
        "Content-Security-Policy": security["content_security_policy"]["content_security_policy"],
        "Strict-Transport-Security": f"max-age={security['strict_transport_security']['access_control_max_age_sec']}",
        "X-Content-Type-Options": "nosniff" if "content_type_options" in security else "",
        "X-Frame-Options": security["frame_options"]["frame_option"],
        "Referrer-Policy": security["referrer_policy"]["referrer_policy"],
    } | {item["header"]: item["value"] for item in policy["custom_headers_config"]["items"]}


@pytest.mark.req("R9.4")
def test_own_domain_is_served_with_its_certificate_over_new_tls_only(own_domain: Json) -> None:
    distribution = only(own_domain, "aws_cloudfront_distribution")
    assert distribution["aliases"] == ["demo.example.com"]
    assert distribution["viewer_certificate"] == {
        "acm_certificate_arn": DOMAIN.certificate_arn,
        "minimum_protocol_version": "TLSv1.2_2021",
        "ssl_support_method": "sni-only",
    }


def test_cloudfronts_own_domain_sets_no_minimum_that_aws_would_overrule(site: Json) -> None:
    certificate = only(site, "aws_cloudfront_distribution")["viewer_certificate"]
    assert certificate == {"cloudfront_default_certificate": True}


def test_certificate_outside_cloudfronts_region_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"the certificate of demo.example.com must be an ACM certificate in us-east-1"
    ):
        synthesize(domain=replace(DOMAIN, certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/1"))


@pytest.mark.req("R9.4")
def test_every_file_is_an_object_with_its_type(site: Json) -> None:
    types = {file["key"]: file["content_type"] for file in resources(site, "aws_s3_object").values()}
    assert set(types) == {path.name for path in DEMO.iterdir()} | {"config.json"}
    assert types["app.js"].startswith("text/javascript")
    assert types["index.html"].startswith("text/html")
    assert types["config.json"] == "application/json"


def test_changed_file_changes_its_own_object_only(site: Json, tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    shutil.copytree(DEMO, directory)
    with (directory / "app.js").open("a") as script:
        script.write("// changed\n")
    changed = synthesize(directory=directory)
    before, after = (
        {file["key"]: file for file in resources(stack, "aws_s3_object").values()} for stack in (site, changed)
    )
    assert {key for key in before if before[key] != after[key]} == {"app.js"}
    assert all("md5" in file["etag"] for file in after.values())


def test_nothing_is_cached_for_long(site: Json) -> None:
    assert {file["cache_control"] for file in resources(site, "aws_s3_object").values()} == {"public, max-age=60"}


@pytest.mark.req("R9.1")
def test_unknown_path_gets_the_404_page(site: Json) -> None:
    (error,) = only(site, "aws_cloudfront_distribution")["custom_error_response"]
    assert (error["error_code"], error["response_code"]) == (403, 404)
    assert (DEMO / error["response_page_path"].removeprefix("/")).exists()


def test_config_follows_the_variables(site: Json) -> None:
    (config,) = [file for file in resources(site, "aws_s3_object").values() if file["key"] == "config.json"]
    (url,) = site["locals"]
    assert references(config["content"]) == {f"local.{url}", "var.require_api_key"}
    assert site["locals"][url] == api_url(site)


def test_access_logs_are_delivered_and_forgotten_after_30_days(site: Json) -> None:
    source = only(site, "aws_cloudwatch_log_delivery_source")
    (lifecycle,) = [
        rule["rule"][0]
        for rule in resources(site, "aws_s3_bucket_lifecycle_configuration").values()
        if references(rule["bucket"]) != {site_bucket(site)}
    ]
    assert source["log_type"] == "ACCESS_LOGS"
    assert "aws_cloudfront_distribution" in source["resource_arn"]
    assert lifecycle["expiration"][0]["days"] == 30
    assert all(
        only(site, f"aws_cloudwatch_log_delivery{part}")["region"] == "us-east-1"
        for part in ("", "_source", "_destination")
    )


@pytest.mark.req("R2.3")
def test_page_and_api_depend_on_each_other_in_no_circle(inference: Json) -> None:
    blocks = {
        f"{kind}.{name}": block for kind in inference["resource"] for name, block in resources(inference, kind).items()
    }
    blocks |= {f"local.{name}": {"value": value} for name, value in inference.get("locals", {}).items()}
    graph = {address: references(block) | set(block.get("depends_on", [])) for address, block in blocks.items()}
    assert list(TopologicalSorter(graph).static_order())

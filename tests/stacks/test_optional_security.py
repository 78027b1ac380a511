"""What fields of an environment switch on: there with the field, gone without."""

import json
from dataclasses import replace

import cdktf
import pytest

from stacks.environments import DEV, Environment
from stacks.inference import InferenceStack
from support.stack_json import Json, only, parse, resources


def synthesize(environment: Environment) -> Json:
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), environment.prefix, environment=environment)))


@pytest.fixture(scope="module")
def everything() -> Json:
    return synthesize(replace(DEV, dns_firewall=True, session_transcripts=True, site_firewall=True))


def test_without_the_fields_nothing_of_them_is_there(synthesized: dict[str, Json]) -> None:
    dev = synthesized[DEV.prefix]
    assert not [kind for kind in dev["resource"] if kind.startswith(("aws_route53_resolver_", "aws_ssm_document"))]
    assert len(resources(dev, "aws_wafv2_web_acl")) == 1


@pytest.mark.req("R6.2")
def test_hosts_look_up_aws_names_only_and_every_look_up_is_logged(everything: Json) -> None:
    rules = sorted(
        resources(everything, "aws_route53_resolver_firewall_rule").values(), key=lambda rule: rule["priority"]
    )
    lists = {
        each["name"]: each["domains"]
        for each in resources(everything, "aws_route53_resolver_firewall_domain_list").values()
    }
    assert [(rule["action"], rule.get("block_response")) for rule in rules] == [("ALLOW", None), ("BLOCK", "NXDOMAIN")]
    assert lists["inference-dev-allowed"] == ["*.us-east-1.amazonaws.com.", "*.ec2.internal."]
    assert lists["inference-dev-others"] == ["*."]
    associations = (
        "aws_route53_resolver_query_log_config_association",
        "aws_route53_resolver_firewall_rule_group_association",
    )
    vpc = next(iter(resources(everything, "aws_vpc")))
    where = [only(everything, kind) for kind in associations]
    assert [each.get("resource_id") or each["vpc_id"] for each in where] == [f"${{aws_vpc.{vpc}.id}}"] * 2


def test_sessions_with_a_transcript_go_to_an_encrypted_log(everything: Json) -> None:
    document = only(everything, "aws_ssm_document")
    inputs = json.loads(document["content"])["inputs"]
    assert document["document_type"] == "Session"
    assert inputs["cloudWatchEncryptionEnabled"] is True
    assert "aws_cloudwatch_log_group.SessionTranscript_LogGroup" in inputs["cloudWatchLogGroupName"]


def test_the_page_has_a_limit_of_its_own_at_cloudfront(everything: Json) -> None:
    ((name, acl),) = [
        each for each in resources(everything, "aws_wafv2_web_acl").items() if each[1]["scope"] == "CLOUDFRONT"
    ]
    assert acl["region"] == "us-east-1"
    assert only(everything, "aws_cloudfront_distribution")["web_acl_id"] == f"${{aws_wafv2_web_acl.{name}.arn}}"

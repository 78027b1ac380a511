"""What the firewall before the API counts, blocks and lets through."""

import pytest

from support.api_json import NEEDS_KEY, blocked_headers, check_error, rules
from support.stack_json import Json, api_acl, only, resources


def keyless_rule(stack: Json) -> Json:
    """The rule that is there where keys are required."""
    return api_acl(stack)["dynamic"]["rule"]


@pytest.mark.req("R5.3", "R5.4")
def test_requests_are_counted_by_client_address_within_a_minute(inference: Json) -> None:
    rule = rules(inference)["rate-limit"]
    assert rule["statement"] == {
        "rate_based_statement": {
            "limit": "${var.rate_limit_per_minute}",
            "evaluation_window_sec": 60,
            "aggregate_key_type": "IP",
            "scope_down_statement": rule["statement"]["rate_based_statement"]["scope_down_statement"],
        }
    }
    assert inference["variable"]["rate_limit_per_minute"]["default"] == 100
    # the first rule, so that no other ends the evaluation before a request is counted
    assert rule["priority"] == min(each["priority"] for each in rules(inference).values())


@pytest.mark.req("R5.3", "R9.5")
def test_preflights_have_a_count_of_their_own(inference: Json) -> None:
    requests, preflights = (
        rules(inference)[name]["statement"]["rate_based_statement"] for name in ("rate-limit", "rate-limit-preflights")
    )
    (exempt,) = requests["scope_down_statement"]["not_statement"]["statement"]
    assert preflights == requests | {"scope_down_statement": exempt}
    assert exempt["byte_match_statement"] == {
        "field_to_match": {"method": {}},
        "positional_constraint": "EXACTLY",
        "search_string": "OPTIONS",
        "text_transformation": [{"priority": 0, "type": "NONE"}],
    }


@pytest.mark.req("R5.3")
@pytest.mark.parametrize(("name", "status"), [("rate-limit", 429), ("body-size", 413)])
def test_what_the_firewall_blocks_gets_an_error_of_the_published_shape(inference: Json, name: str, status: int) -> None:
    rule = rules(inference)[name]
    response = rule["action"]["block"]["custom_response"]
    bodies = {body["key"]: body for body in api_acl(inference)["custom_response_body"]}
    body = bodies[response["custom_response_body_key"]]
    assert response["response_code"] == status
    assert body["content_type"] == "APPLICATION_JSON"
    check_error(body["content"], status)
    assert "cloudfront" in blocked_headers(rule)["Access-Control-Allow-Origin"]


@pytest.mark.req("R5.3")
def test_blocked_address_learns_when_to_try_again(inference: Json) -> None:
    sent = blocked_headers(rules(inference)["rate-limit"])
    assert sent["Retry-After"] == "60"
    assert sent["Access-Control-Expose-Headers"] == "Retry-After"


def test_only_bodies_that_are_longer_than_any_prompt_are_refused(inference: Json) -> None:
    acl = api_acl(inference)
    (body,) = acl["association_config"]["request_body"]
    size = rules(inference)["body-size"]["statement"]["size_constraint_statement"]
    assert body["api_gateway"]["default_size_inspection_limit"] == "KB_64"
    assert (size["comparison_operator"], size["size"]) == ("GT", 64 * 1024)
    assert size["field_to_match"] == {"body": {"oversize_handling": "MATCH"}}
    managed = [rule["statement"] for rule in rules(inference).values() if "override_action" in rule]
    names = [statement["managed_rule_group_statement"]["name"] for statement in managed]
    # looks at addresses only; the other groups read bodies, and prompts may say anything
    assert names == ["AWSManagedRulesAmazonIpReputationList"]


@pytest.mark.req("R5.3")
def test_firewall_stands_before_the_stage(inference: Json) -> None:
    association = only(inference, "aws_wafv2_web_acl_association")
    (stage,) = resources(inference, "aws_api_gateway_stage")
    (acl,) = [name for name, each in resources(inference, "aws_wafv2_web_acl").items() if each["scope"] == "REGIONAL"]
    assert association["resource_arn"] == f"${{aws_api_gateway_stage.{stage}.arn}}"
    assert association["web_acl_arn"] == f"${{aws_wafv2_web_acl.{acl}.arn}}"
    assert api_acl(inference)["scope"] == "REGIONAL"


def test_flood_is_counted_and_not_logged(inference: Json) -> None:
    filters = only(inference, "aws_wafv2_web_acl_logging_configuration")["logging_filter"]
    assert filters["default_behavior"] == "DROP"
    for kept in filters["filter"]:
        labels = [each["label_name_condition"] for each in kept["condition"] if "label_name_condition" in each]
        assert (kept["behavior"], kept["requirement"]) == ("KEEP", "MEETS_ALL")
        # of a rule that none of the own rules' blocks reaches
        assert [label["label_name"].split(":")[3] for label in labels] == ["amazon-ip-list"]


@pytest.mark.req("R5.6")
def test_request_without_any_key_is_401_before_the_authorizer_where_keys_are_on(inference: Json) -> None:
    rule = keyless_rule(inference)
    answer = rule["content"]["action"]["block"]["custom_response"]
    (body,) = [each for each in api_acl(inference)["custom_response_body"] if each["key"] == "401"]
    assert rule["for_each"] == "${var.require_api_key ? [1] : []}"
    assert answer["response_code"] == 401
    assert {"name": "WWW-Authenticate", "value": "Bearer"} in answer["response_header"]
    check_error(body["content"], 401)


@pytest.mark.req("R5.6")
def test_preflights_and_requests_with_either_header_pass_the_firewall(inference: Json) -> None:
    *passing, paths = keyless_rule(inference)["content"]["statement"]["and_statement"]["statement"]
    fields = [next(iter(each["not_statement"]["statement"].values()))["field_to_match"] for each in passing]
    ends = [each["byte_match_statement"]["search_string"] for each in paths["or_statement"]["statement"]]
    assert fields == [
        {"method": {}},
        {"single_header": {"name": "authorization"}},
        {"single_header": {"name": "x-api-key"}},
    ]
    assert set(ends) == {route.split()[1] for route in NEEDS_KEY}

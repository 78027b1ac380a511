"""The API at a domain of the owner's own."""

import pytest

from inference_constructs.foundation.domain import Domain
from support.api_stack import synthesize_api
from support.stack_json import only


def test_own_domain_replaces_aws_url_and_hides_the_stage() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    stack = synthesize_api(domain=Domain(name="api.example.com", certificate_arn=arn))
    domain, mapping = only(stack, "aws_api_gateway_domain_name"), only(stack, "aws_api_gateway_base_path_mapping")
    assert (domain["domain_name"], domain["regional_certificate_arn"]) == ("api.example.com", arn)
    assert domain["security_policy"] == "TLS_1_2"
    assert "base_path" not in mapping
    assert only(stack, "aws_api_gateway_rest_api")["disable_execute_api_endpoint"] is True


def test_certificate_of_another_region_is_refused() -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    with pytest.raises(ValueError, match="must be an ACM certificate in us-east-1"):
        synthesize_api(domain=Domain(name="api.example.com", certificate_arn=arn))

"""What a change of a running service does, as docs/operations.md says, and that a replacement can be made."""

import pytest

from support.stack_json import Json, only, references, resources

NAMED_ONCE = ("aws_lb", "aws_lb_target_group")
"""What a second one with the same name cannot stand beside, in the same account and region."""


def reached(stack: Json, value: object) -> set[str]:
    """Addresses that a JSON value depends on, directly or through locals."""
    found: set[str] = set()
    todo = references(value)
    while todo:
        address = todo.pop()
        if address.startswith("local."):
            todo |= references(stack["locals"][address.removeprefix("local.")]) - found
        found.add(address)
    return found


def variables(stack: Json, value: object) -> set[str]:
    return {address.removeprefix("var.") for address in reached(stack, value) if address.startswith("var.")}


def created_before_destroyed(stack: Json) -> set[str]:
    """Addresses of the resources whose replacement is there before the old one goes.

    It spreads from those that say so to all that they depend on.
    https://opentofu.org/docs/language/meta-arguments/lifecycle/
    """
    every = {f"{kind}.{name}": body for kind, named in stack["resource"].items() for name, body in named.items()}
    todo = [
        address for address, body in every.items() if body.get("lifecycle", {}).get("create_before_destroy") is True
    ]
    found = set(todo)
    while todo:
        body = every[todo.pop()]
        for address in (reached(stack, body) | set(body.get("depends_on", []))) & every.keys() - found:
            found.add(address)
            todo.append(address)
    return found


@pytest.mark.req("R2.3")
def test_what_is_replaced_before_it_is_destroyed_has_no_name_that_is_taken(inference: Json) -> None:
    kinds = {address.split(".")[0] for address in created_before_destroyed(inference)}
    assert set(NAMED_ONCE) <= kinds
    for kind in NAMED_ONCE:
        assert "name" not in only(inference, kind)


@pytest.mark.req("R2.3")
def test_other_words_for_a_security_group_do_not_replace_it(inference: Json) -> None:
    groups = resources(inference, "aws_security_group").values()
    assert [group["lifecycle"]["ignore_changes"] for group in groups] == [["name", "description"]] * 4


def test_hosts_are_replaced_by_the_deadline_and_the_rate_limit_alone(inference: Json) -> None:
    changing = {"request_timeout_seconds", "rate_limit_per_minute"}
    assert variables(inference, only(inference, "aws_launch_template")) == changing


@pytest.mark.req("R5.5")
def test_keys_and_deadline_deploy_the_api_anew(inference: Json) -> None:
    triggers = only(inference, "aws_api_gateway_deployment")["triggers"]
    assert variables(inference, triggers) == {"require_api_key", "request_timeout_seconds"}


@pytest.mark.req("R5.5")
def test_every_variable_that_the_api_has_a_copy_of_deploys_it_anew(inference: Json) -> None:
    copied = {
        variable
        for kind, named in inference["resource"].items()
        if kind.startswith(
            ("aws_api_gateway_method", "aws_api_gateway_integration", "aws_api_gateway_gateway_response")
        )
        and kind != "aws_api_gateway_method_settings"
        for body in named.values()
        for variable in variables(inference, body)
    }
    assert copied <= variables(inference, only(inference, "aws_api_gateway_deployment")["triggers"])


@pytest.mark.req("R5.3")
def test_the_rate_limit_changes_firewall_and_hosts_only(inference: Json) -> None:
    changed = {
        kind
        for kind, named in inference["resource"].items()
        for body in named.values()
        if "rate_limit_per_minute" in variables(inference, body)
    }
    assert changed == {"aws_wafv2_web_acl", "aws_launch_template"}


def test_the_first_zone_builds_the_image_unless_another_is_asked_for(synthesized: dict[str, Json]) -> None:
    image = synthesized["image"]
    (offerings,) = [name for name in image["locals"] if "Zones" in name]
    zone = only(image, "aws_subnet")["availability_zone"]
    assert zone == f'${{var.build_zone == "" ? local.{offerings}[0] : var.build_zone}}'
    assert image["variable"]["build_zone"]["default"] == ""

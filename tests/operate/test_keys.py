"""`ops.keys`, against moto's API Gateway: a stand-in for AWS."""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ops.keys import ApiKeys, main
from stacks.environments import DEV

pytestmark = pytest.mark.req("R5.5")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """API Gateway with the usage plans of two environments; moto gives the credentials."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client: Any = boto3.client("apigateway", region_name=DEV.region)
        for name in ("inference-prod", DEV.prefix):
            client.create_usage_plan(name=name)
        yield client


def run(*arguments: str) -> None:
    main(["--environment", DEV.name, *arguments])


def test_created_key_works_with_its_own_environments_plan_only(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run("create", "alice")
    value = capsys.readouterr().out.strip()
    (key,) = aws.get_api_keys(includeValues=True)["items"]
    plans = {plan["name"]: aws.get_usage_plan_keys(usagePlanId=plan["id"])["items"] for plan in _plans(aws)}
    assert (key["name"], key["value"], key["enabled"]) == ("alice", value, True)
    assert [attached["id"] for attached in plans[DEV.prefix]] == [key["id"]]
    assert plans["inference-prod"] == []


def test_revoked_key_is_gone(aws: Any) -> None:
    run("create", "alice")
    run("create", "bob")
    run("revoke", "alice")
    assert [key["name"] for key in aws.get_api_keys()["items"]] == ["bob"]


@pytest.mark.usefixtures("aws")
def test_list_shows_names_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    run("create", "alice")
    value = capsys.readouterr().out.strip()
    run("list")
    listed = capsys.readouterr().out
    assert listed.startswith("alice\t")
    assert value not in listed


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "alice"], "there is a key alice already"),
        (["revoke", "bob"], "there is no key bob"),
        (["--environment", "staging", "list"], "apply the stack inference-staging first"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], message: str) -> None:
    run("create", "alice")
    with pytest.raises(SystemExit) as exit_info:
        run(*arguments)
    assert message in str(exit_info.value)
    assert "\n" not in str(exit_info.value)


class Unattachable:
    """A client whose keys cannot be attached to a plan."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_usage_plan_key(self, **arguments: str) -> None:
        raise ClientError({"Error": {"Code": "LimitExceededException", "Message": "too many"}}, "CreateUsagePlanKey")


def test_no_key_is_left_over_when_it_cannot_be_attached(aws: Any) -> None:
    with pytest.raises(ClientError):
        ApiKeys(Unattachable(aws), DEV).create("alice")
    assert aws.get_api_keys()["items"] == []


def _plans(aws: Any) -> list[dict[str, Any]]:
    return aws.get_usage_plans()["items"]

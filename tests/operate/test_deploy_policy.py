"""The policy of whoever deploys: IAM's syntax, and exactly what the stacks' resources need."""

# parliament has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import json
import subprocess
import sys
from dataclasses import replace
from datetime import time
from fnmatch import fnmatchcase
from typing import Any

import pytest

from inference_constructs.foundation import OfficeHours
from ops.deploy_policy import NEEDS, deploy_policy
from stacks.environments import DEV
from support.iam_linter import parliament
from support.stack_json import Json

ACCOUNT = "123456789012"
MADE_LOCALLY = ("terraform_data", "tls_")
ANY_ARN = {"RESOURCE_STAR", "RESOURCE_MISMATCH"}
"""Findings about what a statement with several actions cannot say: parliament wants one for each resource type."""


def resource_types(stacks: dict[str, Json]) -> set[str]:
    managed = {kind for stack in stacks.values() for kind in stack["resource"]}
    read = {f"data.{kind}" for stack in stacks.values() for kind in stack.get("data", {})}
    return {kind for kind in managed | read if not kind.startswith(MADE_LOCALLY)}


def optional_types() -> set[str]:
    """Types that fields of an environment bring, which are off in every one."""
    import cdktf

    from stacks.inference import InferenceStack
    from support.stack_json import parse

    hours = OfficeHours(time_zone="UTC", opening=time(8), closing=time(18))
    environment = replace(DEV, dns_firewall=True, session_transcripts=True, office_hours=hours)
    stack = InferenceStack(cdktf.Testing.app(), "everything", environment=environment)
    return resource_types({"everything": parse(cdktf.Testing.synth(stack))})


def needs_of(resource_type: str) -> list[str]:
    """Ids of the statements that cover a resource type; `data.` stands before a data source's."""
    return [sid for sid, need in NEEDS.items() if any(resource_type.startswith(kind) for kind in need.types)]


@pytest.fixture(scope="module")
def needed(synthesized: dict[str, Json]) -> set[str]:
    return resource_types(synthesized) | optional_types()


def test_every_resource_type_is_covered(needed: set[str]) -> None:
    assert {kind for kind in needed if not needs_of(kind)} == set()


def test_nothing_is_allowed_that_no_resource_needs(needed: set[str]) -> None:
    assert set(NEEDS) - {sid for kind in needed for sid in needs_of(kind)} == set()


# parliament leaves its own data file to the garbage collector
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_is_valid_for_iam() -> None:
    findings: list[Any] = parliament.analyze_policy_string(json.dumps(deploy_policy(ACCOUNT))).findings
    assert [str(finding) for finding in findings if finding.issue not in ANY_ARN] == []


def test_it_fits_into_a_managed_policy() -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert len(json.dumps(deploy_policy(ACCOUNT), separators=(",", ":"))) <= 6_144


def test_every_named_resource_is_within_its_statement(synthesized: dict[str, Json]) -> None:
    named = ("aws_iam_role", "aws_iam_instance_profile", "aws_lambda_function", "aws_sns_topic", "aws_budgets_budget")
    attributes = ("name", "function_name", "bucket")
    found = {
        next(resource[each] for each in attributes if each in resource)
        for stack in synthesized.values()
        for kind in (*named, "aws_s3_bucket")
        for resource in stack["resource"].get(kind, {}).values()
    }
    assert {name for name in found if not name.startswith(("inference-", "tofu-state-", "api-gateway-logs-"))} == set()


def test_a_role_is_passed_to_the_stacks_own_services_only() -> None:
    statements: Any = deploy_policy(ACCOUNT)["Statement"]
    passing = [each for each in statements if "iam:PassRole" in each["Action"] or "iam:*" in each["Action"]]
    (only,) = passing
    assert only["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/{name}-*" for name in ("inference", "api-gateway-logs")]
    assert "iam:PassedToService" in only["Condition"]["StringEquals"]


@pytest.mark.parametrize(
    "change", ["UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "PutRolePolicy", "TagRole"]
)
def test_a_role_can_be_changed_by_every_call_of_the_provider(change: str) -> None:
    # https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/iam/role.go
    assert any(fnmatchcase(f"iam:{change}", action) for action in NEEDS["Roles"].actions)


def test_the_command_prints_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops.deploy_policy", ACCOUNT], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == deploy_policy(ACCOUNT)

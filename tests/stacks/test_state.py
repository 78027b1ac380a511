"""Remote state."""

import json
from dataclasses import replace

import cdktf
import pytest

from stacks.environments import DEV, REGION
from stacks.inference import InferenceStack
from stacks.state import StateStack
from support.stack_json import Json, only, parse, resources

pytestmark = pytest.mark.req("R2.5")


def test_state_is_in_s3_locked_by_dynamodb_under_a_key_of_its_own(synthesized: dict[str, Json]) -> None:
    table = only(synthesized["state"], "aws_dynamodb_table")["name"]
    backends = {name: stack["terraform"]["backend"]["s3"] for name, stack in synthesized.items()}
    assert all(backend["dynamodb_table"] == table and backend["encrypt"] for backend in backends.values())
    assert len({backend["key"] for backend in backends.values()}) == len(backends)


def test_bucket_name_is_nobodys_account_but_the_one_in_use(synthesized: dict[str, Json]) -> None:
    bucket = only(synthesized["state"], "aws_s3_bucket")["bucket"]
    assert "data.aws_caller_identity" in bucket
    assert "us-east-1" in bucket
    assert not any("bucket" in stack["terraform"]["backend"]["s3"] for stack in synthesized.values())


def test_state_bucket_is_versioned_encrypted_private_and_tls_only(synthesized: dict[str, Json]) -> None:
    state = synthesized["state"]
    (refusal,) = json.loads(only(state, "aws_s3_bucket_policy")["policy"])["Statement"]
    block = only(state, "aws_s3_bucket_public_access_block")
    rule = only(state, "aws_s3_bucket_server_side_encryption_configuration")["rule"][0]
    assert only(state, "aws_s3_bucket_versioning")["versioning_configuration"]["status"] == "Enabled"
    assert rule["apply_server_side_encryption_by_default"]["sse_algorithm"] == "AES256"
    assert (refusal["Effect"], refusal["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert [v for k, v in block.items() if k.startswith(("block", "ignore", "restrict"))] == [True] * 4


def test_lock_table_has_the_key_that_the_backend_writes(synthesized: dict[str, Json]) -> None:
    table = only(synthesized["state"], "aws_dynamodb_table")
    assert (table["hash_key"], table["attribute"]) == ("LockID", [{"name": "LockID", "type": "S"}])


def test_state_and_locks_survive_a_destroy(synthesized: dict[str, Json]) -> None:
    kept = [only(synthesized["state"], kind) for kind in ("aws_s3_bucket", "aws_dynamodb_table")]
    assert all(resource["lifecycle"]["prevent_destroy"] for resource in kept)


@pytest.mark.req("R2.4")
def test_an_environment_elsewhere_keeps_its_state_at_home_and_has_its_apis_logs_there() -> None:
    elsewhere = replace(DEV, region="eu-west-1")
    service = parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), elsewhere.prefix, environment=elsewhere)))
    state = parse(
        cdktf.Testing.synth(StateStack(cdktf.Testing.app(), "state", region=REGION, api_regions=[REGION, "eu-west-1"]))
    )
    (provider,) = service["provider"]["aws"]
    assert (service["terraform"]["backend"]["s3"]["region"], provider["region"]) == (REGION, "eu-west-1")
    assert {account["region"] for account in resources(state, "aws_api_gateway_account").values()} == {
        REGION,
        "eu-west-1",
    }

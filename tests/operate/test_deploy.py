"""Deploy and destroy with a real OpenTofu, S3 backend and lock table included; moto stands in for AWS.

The stacks here are of the tests: what they make needs no provider, so that no registry has to be asked.
"""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.stub import Stubber
from rich.console import Console

from ops import destroy
from ops.deployment.deployment import Deployment, refuse_silence
from ops.deployment.tofu import Stack, tofu_path
from ops.deployment.wait_until_ready import closed, wait_until_ready
from stacks.environments import DEV, PROD, REGION
from stacks.state_names import LOCK_TABLE, state_bucket_name
from support.documents import shell_blocks
from support.paths import ROOT
from support.scripted_api import error_reply, health_reply, scripted_api

ACCOUNT = "123456789012"
BUCKET = state_bucket_name(ACCOUNT, REGION)
MAKE_BUCKET = f"""
import boto3
boto3.client("s3", region_name="{REGION}").create_bucket(Bucket="{BUCKET}")
boto3.client("dynamodb", region_name="{REGION}").create_table(
    TableName="{LOCK_TABLE}", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{{"AttributeName": "LockID", "KeyType": "HASH"}}],
    AttributeDefinitions=[{{"AttributeName": "LockID", "AttributeType": "S"}}])
"""

pytestmark = pytest.mark.skipif(tofu_path() is None, reason="neither tofu nor terraform is installed")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account, for this process and those that it starts."""
    from moto.server import ThreadedMotoServer

    # Head and body of an answer in one segment. OpenTofu's and Terraform's S3 backend drops an answer of DynamoDB whose
    # body comes after its head, and asks again: a lock that it took already is then another one's.
    monkeypatch.setattr("moto.server.MotoRequestHandler.wbufsize", -1)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for service in ("", "_S3", "_DYNAMODB", "_STS", "_IAM"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL{service}", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    httpx.post(f"http://{host}:{port}/moto-api/reset")
    yield
    server.stop()


def stack(folder: Path, name: str, body: dict[str, Any]) -> Stack:
    """A stack with its state in S3, as `stacks.backend.remote_state` writes it."""
    backend = {"key": f"{name}.tfstate", "region": REGION, "dynamodb_table": LOCK_TABLE, "encrypt": True}
    backend |= {"use_path_style": True}
    (folder / name).mkdir()
    terraform = {"terraform": {"backend": {"s3": backend}}}
    (folder / name / "cdk.tf.json").write_text(json.dumps(terraform | body))
    return Stack(folder / name)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The state stack: its one resource makes bucket and table."""
    monkeypatch.setattr(
        "ops.deployment.deployment.local_state_path", lambda account, region: tmp_path / "bootstrap.tfstate"
    )
    script = tmp_path / "make_bucket.py"
    script.write_text(MAKE_BUCKET)
    provisioner = {"local-exec": {"command": f"{sys.executable} {script}"}}
    return stack(tmp_path, "state", {"resource": {"terraform_data": {"bucket": {"provisioner": [provisioner]}}}})


@pytest.fixture
def service(tmp_path: Path) -> Stack:
    """The service's stack."""
    size = {"variable": {"size": {"type": "number", "default": 1}}}
    outputs = {
        "size": {"value": "${terraform_data.hosts.output}"},
        "monthly_cost_breakdown_usd": {"value": {"GPU hosts": "${var.size * 10.5}"}},
        "monthly_cost_breakdown_at_maximum_usd": {"value": {"GPU hosts": "${var.size * 100}"}},
    }
    resource = {"terraform_data": {"hosts": {"input": "${var.size}"}}}
    return stack(tmp_path, "inference-dev", size | {"output": outputs, "resource": resource})


def deployment(*, dry_run: bool = False, assume_yes: bool = True, variables: tuple[str, ...] = ()) -> Deployment:
    return Deployment(variables=variables, dry_run=dry_run, assume_yes=assume_yes, account_id=ACCOUNT)


def stored() -> dict[str, Any]:
    """Every state in the bucket, by its key."""
    s3: Any = boto3.client("s3", region_name=REGION)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys}


def ids(key: str) -> list[str]:
    return [instance["attributes"]["id"] for found in stored()[key]["resources"] for instance in found["instances"]]


@pytest.mark.req("R2.5")
def test_the_state_of_the_bucket_ends_up_in_the_bucket(state: Stack, tmp_path: Path) -> None:
    deployment().state(state)
    assert list(stored()) == ["state.tfstate"]
    assert not list(tmp_path.glob("bootstrap*"))
    before = ids("state.tfstate")
    deployment().state(state)
    assert ids("state.tfstate") == before


@pytest.mark.req("R2.5")
def test_the_page_s_own_commands_end_in_the_bucket_too(state: Stack, tmp_path: Path) -> None:
    [commands] = [block for block in shell_blocks(ROOT / "docs" / "deploy.md") if "backend_override" in block]
    folder = tmp_path / "cdktf.out" / "stacks" / "state"
    shutil.copytree(state.folder, folder)
    output = {"output": {"backend_config": {"value": f"bucket={BUCKET}"}}}
    (folder / "cdk.tf.json").write_text(json.dumps(json.loads((folder / "cdk.tf.json").read_text()) | output))
    command = tmp_path / "bin" / "tofu"
    command.parent.mkdir()
    command.symlink_to(str(tofu_path()))
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"},
        input="yes\n" * 10_000,  # each command reads more than its line
        text=True,
        check=True,
    )
    assert list(stored()) == ["state.tfstate"]


@pytest.mark.req("R2.5")
def test_a_bootstrap_that_was_interrupted_is_finished(
    state: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init = Stack.init

    def interrupted(self: Stack, *options: str) -> None:
        if "-migrate-state" in options:
            raise KeyboardInterrupt
        init(self, *options)

    monkeypatch.setattr(Stack, "init", interrupted)
    with pytest.raises(KeyboardInterrupt):
        deployment().state(state)
    (instance,) = json.loads((tmp_path / "bootstrap.tfstate").read_text())["resources"][0]["instances"]
    # as `make clean` and another synthesis leave it
    shutil.rmtree(state.folder / ".terraform")
    monkeypatch.setattr(Stack, "init", init)
    deployment().state(state)
    assert ids("state.tfstate") == [instance["attributes"]["id"]]
    assert not list(tmp_path.glob("bootstrap*"))


@pytest.mark.req("R2.3", "R2.4", "R8.1")
def test_a_stack_is_applied_with_its_variables_and_again_without_changes(
    state: Stack, service: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    deployment().state(state)
    deployment().apply(service, ["-var=size=3"])
    assert service.outputs()["size"] == 3
    forecast = next(line for line in capfd.readouterr().out.splitlines() if "Total" in line)
    assert [cell.strip() for cell in forecast.split("│")[1:4]] == ["Total", "31.50", "300.00"]
    deployment().apply(service, ["-var=size=3"])
    assert "nothing to change" in capfd.readouterr().out
    assert not service.plan_file.exists()


@pytest.mark.req("R2.3")
@pytest.mark.parametrize(("left", "again"), [(["live"], True), (["live", "route"], False)])
def test_an_api_that_lost_a_route_is_deployed_once_more(
    left: list[str], again: bool, state: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.deployment.tofu.DEPLOYMENT", "terraform_data")
    monkeypatch.setattr("ops.deployment.tofu.COPIED", {"terraform_data"})
    deployment().state(state)
    api = stack(tmp_path, "api", {"resource": {"terraform_data": {name: {"input": 1} for name in ("live", "route")}}})
    deployment().apply(api)
    before = ids("api.tfstate")
    body = json.loads((api.folder / "cdk.tf.json").read_text())
    body["resource"]["terraform_data"] = {name: {"input": 2} for name in left}
    (api.folder / "cdk.tf.json").write_text(json.dumps(body))
    deployment().apply(api)
    assert len(ids("api.tfstate")) == len(left)
    assert (ids("api.tfstate")[0] != before[0]) is again


def test_a_dry_run_changes_nothing(state: Stack, service: Stack) -> None:
    deployment(dry_run=True).state(state)
    s3: Any = boto3.client("s3", region_name=REGION)
    assert s3.list_buckets()["Buckets"] == []
    deployment().state(state)
    deployment(dry_run=True).apply(service)
    assert list(stored()) == ["state.tfstate"]


def test_a_plan_that_is_not_approved_is_not_applied(
    state: Stack, service: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment().state(state)
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    with pytest.raises(SystemExit, match="nothing was changed in inference-dev"):
        deployment(assume_yes=False).apply(service)
    assert list(stored()) == ["state.tfstate"]
    assert not service.plan_file.exists()


def test_a_failing_apply_is_one_line_that_names_the_stack(state: Stack, tmp_path: Path) -> None:
    deployment().state(state)
    provisioner = {"local-exec": {"command": "false"}}
    broken = stack(tmp_path, "broken", {"resource": {"terraform_data": {"x": {"provisioner": [provisioner]}}}})
    with pytest.raises(SystemExit, match="apply failed for stack broken"):
        deployment().apply(broken)
    assert not broken.plan_file.exists()


def test_a_protected_environment_without_alarm_address_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    given = tmp_path / "prod.tfvars"
    given.write_text('alarm_email = "operator@example.com"')
    with pytest.raises(SystemExit, match="its alarms must reach somebody"):
        refuse_silence(PROD, ["-var=max_instances=3"])
    refuse_silence(PROD, ["-var=alarm_email=operator@example.com"])
    refuse_silence(PROD, [f"-var-file={given}"])
    refuse_silence(DEV, [])


def test_a_state_bucket_of_another_account_is_refused(state: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    stubber = Stubber(s3)
    # what S3 says where the owner is another; moto does not compare owners
    stubber.add_client_error("head_bucket", "403", expected_params={"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT})
    stubber.activate()
    monkeypatch.setattr("boto3.client", lambda *_, **__: s3)
    with pytest.raises(SystemExit, match="another account's"):
        deployment().state(state)


def run_destroy(monkeypatch: pytest.MonkeyPatch, service: Stack, *arguments: str) -> None:
    monkeypatch.setattr(destroy, "STACKS", service.folder.parent)
    monkeypatch.setattr(destroy, "synthesize", lambda: None)
    monkeypatch.setattr(sys, "argv", ["destroy", *arguments])
    destroy.main()


def test_destroy_wants_the_name_of_the_stack(state: Stack, service: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment().state(state)
    deployment().apply(service)
    with pytest.raises(SystemExit, match="nothing was destroyed"):
        run_destroy(monkeypatch, service, DEV.name, "--confirm", "dev")
    run_destroy(monkeypatch, service, DEV.name, "--dry-run")
    assert len(ids("inference-dev.tfstate")) == 1
    run_destroy(monkeypatch, service, DEV.name, "--confirm", "inference-dev")
    assert ids("inference-dev.tfstate") == []


def test_destroy_needs_nothing_that_the_stack_reads(
    state: Stack, service: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment().state(state)
    image = service.folder / "image.tfstate"
    image.write_text(json.dumps({"version": 4, "outputs": {}, "resources": []}))
    config = service.folder / "cdk.tf.json"
    reads = {"data": {"terraform_remote_state": {"image": {"backend": "local", "config": {"path": str(image)}}}}}
    config.write_text(json.dumps(json.loads(config.read_text()) | reads))
    deployment().apply(service)
    image.unlink()
    run_destroy(monkeypatch, service, DEV.name, "--confirm", "inference-dev")
    assert ids("inference-dev.tfstate") == []


def test_destroy_refuses_what_is_protected(service: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="prod is protected"):
        run_destroy(monkeypatch, service, PROD.name, "--confirm", "inference-prod")


@pytest.mark.req("R1.4")
def test_the_stages_of_the_boot_are_shown_until_it_is_ready() -> None:
    with scripted_api() as api:
        api.health = health_reply("loading", stage="weights")

        class Output(StringIO):
            def write(self, text: str) -> int:
                api.health = health_reply("ready", stage="first_token")
                return super().write(text)

        output = Output()
        assert wait_until_ready(api.url, 20, Console(file=output), interval=0.05)
    assert [line.split("s  ")[1] for line in output.getvalue().splitlines()] == ["loading: weights", "ready"]


def test_an_api_that_is_not_there_yet_is_waited_for_in_vain() -> None:
    output = StringIO()
    assert not wait_until_ready("http://127.0.0.1:9", 0.2, Console(file=output), interval=0.05)
    assert "no answer (ConnectError)" in output.getvalue()


def test_a_deployment_at_night_does_not_wait_for_the_opening() -> None:
    with scripted_api() as api:
        api.health = error_reply(503, "It opens at 08:00.", retry_after=10 * 3600)
        assert closed(api.url) == "It opens at 08:00."
        api.health = health_reply("loading", stage="weights")
        assert closed(api.url) is None

"""The `state` stack: where every stack's state is kept. Applied once for each account."""

from collections.abc import Sequence

from cdktf import TerraformOutput, TerraformResourceLifecycle, TerraformStack
from constructs import Construct

from inference_constructs.api import ApiLogging
from inference_constructs.foundation import PrivateBucket, create_home
from inference_constructs.state import LockTable
from stacks.backend import remote_state
from stacks.environments import PROJECT
from stacks.state_names import LOCK_TABLE, state_bucket_name


class StateStack(TerraformStack):
    """S3 bucket and DynamoDB table for state and locks, which survive `tofu destroy`, and what the APIs share."""

    def __init__(self, scope: Construct, id: str, *, region: str, api_regions: Sequence[str]) -> None:
        super().__init__(scope, id)
        remote_state(self)
        home = create_home(self, prefix=PROJECT, region=region, tags={"Project": PROJECT, "Stack": id})
        state = PrivateBucket(
            self,
            "State",
            name=state_bucket_name(home.account_id, region),
            force_destroy=False,
            keep_old_versions_days=90,
        )
        state.bucket.lifecycle = TerraformResourceLifecycle(prevent_destroy=True)
        for api_region in api_regions:
            ApiLogging(self, f"ApiLogging {api_region}", home=home, region=api_region)
        locks = LockTable(self, "Locks", name=LOCK_TABLE)
        TerraformOutput(
            self,
            "backend_config",
            value=f"bucket={state.bucket.bucket}",
            description="For `tofu init -backend-config=...` of every stack in this account.",
        )
        TerraformOutput(self, "lock_table", value=locks.name, description="DynamoDB table that holds the locks.")

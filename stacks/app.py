"""Which stacks there are."""

from cdktf import App

from inference_constructs.subnet_plan import refuse_overlaps
from stacks.environments import ENVIRONMENTS, REGION
from stacks.inference import InferenceStack
from stacks.state import StateStack


def add_stacks(app: App) -> None:
    """Add the account's `state` stack and one inference stack for each environment.

    Raises:
        ValueError: an environment's values cannot work; the text says which and why.
    """
    refuse_overlaps({environment.name: environment.vpc_cidr for environment in ENVIRONMENTS})
    StateStack(app, "state", region=REGION)
    for environment in ENVIRONMENTS:
        InferenceStack(app, environment.prefix, environment=environment)

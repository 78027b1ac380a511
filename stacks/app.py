"""Which stacks there are."""

from cdktf import App

from inference_constructs.network import refuse_overlaps
from stacks.environments import ENVIRONMENTS, REGION
from stacks.image import ImageStack
from stacks.inference import InferenceStack
from stacks.state import StateStack


def add_stacks(app: App) -> None:
    """Add the account's `state` and `image` stack, and one inference stack for each environment.

    Raises:
        ValueError: an environment's values cannot work; the text says which and why.
    """
    if len({environment.name for environment in ENVIRONMENTS}) < len(ENVIRONMENTS):
        raise ValueError("two environments have the same name")
    refuse_overlaps({environment.name: environment.vpc_cidr for environment in ENVIRONMENTS})
    regions = sorted({environment.region for environment in ENVIRONMENTS})
    StateStack(app, "state", region=REGION, api_regions=regions)
    ImageStack(
        app,
        "image",
        region=REGION,
        target_regions=regions,
        engines=[environment.engine for environment in ENVIRONMENTS],
    )
    for environment in ENVIRONMENTS:
        InferenceStack(app, environment.prefix, environment=environment)


def synthesize() -> None:
    """Write every stack below `cdktf.out`, or wherever the cdktf command wants it.

    Raises:
        ValueError: an environment's values cannot work; the text says which and why.
    """
    app = App()
    add_stacks(app)
    app.synth()

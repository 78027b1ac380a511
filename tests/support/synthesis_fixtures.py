"""The synthesized stacks, as AWS's side will see them: parsed JSON."""

import pytest
from cdktf import App, TerraformStack, Testing

from stacks.app import add_stacks
from stacks.environments import ENVIRONMENTS
from support.stack_json import Json, parse


def prepared_app() -> App:
    """An app with every stack, whose references between stacks are resolved."""
    app = Testing.app()
    add_stacks(app)
    for child in app.node.children:
        if isinstance(child, TerraformStack):
            child.prepare_stack()
    return app


@pytest.fixture(scope="session")
def synthesized() -> dict[str, Json]:
    """Every stack of the app by name."""
    stacks = [child for child in prepared_app().node.children if isinstance(child, TerraformStack)]
    return {stack.node.id: parse(Testing.synth(stack)) for stack in stacks}


@pytest.fixture(params=[environment.prefix for environment in ENVIRONMENTS])
def inference(request: pytest.FixtureRequest, synthesized: dict[str, Json]) -> Json:
    """Each inference stack in turn."""
    return synthesized[request.param]

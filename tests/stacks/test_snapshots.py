"""One snapshot a stack: shows every change of the infrastructure in review. `make snapshots` accepts it."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from stacks.environments import ENVIRONMENTS
from support.stack_json import Json

STACKS = ["state", "image", *(environment.prefix for environment in ENVIRONMENTS)]


@pytest.mark.req("R2.1", "R2.4")
@pytest.mark.parametrize("name", STACKS)
def test_stack_is_what_was_reviewed(name: str, synthesized: dict[str, Json], snapshot: SnapshotAssertion) -> None:
    assert synthesized[name] == snapshot(extension_class=JSONSnapshotExtension)


@pytest.mark.req("R2.4")
def test_every_stack_has_a_snapshot(synthesized: dict[str, Json]) -> None:
    assert set(synthesized) == set(STACKS)

"""One snapshot a stack: shows every change of the infrastructure in review. `make snapshots` accepts it."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from stack_json import Json
from stacks.environments import ENVIRONMENTS

STACKS = ["state", "image", *(environment.prefix for environment in ENVIRONMENTS)]


class OneFileAStack(JSONSnapshotExtension):
    """Snapshots named after their stack."""

    @classmethod
    def dirname(cls, *, test_location: object) -> str:
        return str(Path(__file__).parent / "snapshots")

    @classmethod
    def get_snapshot_name(cls, *, test_location: object, index: int | str = 0) -> str:
        return str(index)


@pytest.mark.req("R2.1", "R2.4")
@pytest.mark.parametrize("name", STACKS)
def test_stack_is_what_was_reviewed(name: str, synthesized: dict[str, Json], snapshot: SnapshotAssertion) -> None:
    stack = json.loads(json.dumps(synthesized[name]))
    assert snapshot(name=name, extension_class=OneFileAStack) == stack


@pytest.mark.req("R2.4")
def test_every_stack_has_a_snapshot(synthesized: dict[str, Json]) -> None:
    assert set(synthesized) == set(STACKS)

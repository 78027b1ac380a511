"""What `inference_constructs` offers to a stack of one's own."""

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import get_type_hints

import pytest
from constructs import Construct

import inference_constructs

OWN = "inference_constructs."

OFFERED = {name: getattr(inference_constructs, name) for name in inference_constructs.__all__}


def types_to_give(name: str) -> Iterator[str]:
    """The project's own types among the arguments that a construct, or a value for one, cannot do without."""
    hints = get_type_hints(OFFERED[name].__init__)
    for argument in inspect.signature(OFFERED[name]).parameters.values():
        kind = hints.get(argument.name)
        if isinstance(kind, type) and argument.default is argument.empty and kind.__module__.startswith(OWN):
            yield kind.__name__


def takes_values(kind: object) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Construct))


@pytest.mark.parametrize("name", [name for name, kind in OFFERED.items() if takes_values(kind)])
def test_what_an_offered_construct_takes_is_offered_too(name: str) -> None:
    assert set(types_to_give(name)) <= OFFERED.keys()

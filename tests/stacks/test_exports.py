"""What `inference_constructs` offers to a stack of one's own."""

import pytest

import inference_constructs


@pytest.mark.parametrize("name", inference_constructs.__all__)
def test_offered_name_is_there(name: str) -> None:
    assert getattr(inference_constructs, name) is not None

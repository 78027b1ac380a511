"""What `inference_constructs` offers to a stack of one's own."""

import subprocess
import sys

import pytest

import inference_constructs


@pytest.mark.parametrize("name", inference_constructs.__all__)
def test_offered_name_is_there(name: str) -> None:
    assert getattr(inference_constructs, name) is not None


def test_other_name_is_refused_in_pythons_words() -> None:
    with pytest.raises(AttributeError, match="module 'inference_constructs' has no attribute 'nothing'"):
        getattr(inference_constructs, "nothing")  # noqa: B009  pyright knows that it is not there


def test_package_is_imported_without_cdktf() -> None:
    code = "import sys, inference_constructs; sys.exit('cdktf' in sys.modules or 'jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

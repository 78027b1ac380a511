"""The comparison with the fork: how imports are rewritten, and that no difference is overlooked."""

from pathlib import Path

import pytest

from inference_constructs.image.bundle import RUNTIME, image_bundle
from ops.maintain.check_cdktn import copied, differences, rewrite, rewritten
from stacks.image_version import built_version
from support.models import PHI_3, phi_3_on


@pytest.mark.parametrize(
    ("source", "fork"),
    [
        ("from cdktf import App", "from cdktn import App"),
        ("import cdktf", "import cdktn"),
        ("from cdktf_cdktf_provider_aws.vpc import Vpc", "from cdktn_provider_aws.vpc import Vpc"),
        ("from cdktf_cdktf_provider_tls.x import X", "from cdktn_provider_tls.x import X"),
        ('register_lazy_package("cdktf_cdktf_provider_aws")', 'register_lazy_package("cdktn_provider_aws")'),
        ('STACKS = "cdktf.out"', 'STACKS = "cdktf.out"'),
        ("https://github.com/hashicorp/terraform-cdktf", "https://github.com/hashicorp/terraform-cdktf"),
    ],
)
def test_imports_name_the_fork_and_nothing_else_changes(source: str, fork: str) -> None:
    assert rewritten(source) == fork


def test_every_difference_is_found_with_its_path() -> None:
    ours = {"resource": {"aws_vpc": {"a": {"cidr": "10.0.0.0/16"}, "b": {}}}, "same": [1]}
    theirs = {"resource": {"aws_vpc": {"a": {"cidr": "10.1.0.0/16"}}}, "same": [1], "more": 1}
    assert list(differences(ours, theirs)) == [
        "/more: null became 1",
        '/resource/aws_vpc/a/cidr: "10.0.0.0/16" became "10.1.0.0/16"',
        "/resource/aws_vpc/b: {} became null",
    ]


def test_the_image_of_the_rewritten_sources_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.maintain.check_cdktn.COPIES", tmp_path)
    copy = copied("cdktn")
    rewrite(copy)
    assert "cdktn" in (copy / "stacks" / "app.py").read_text()
    assert image_bundle(PHI_3, copy / "runtime") == image_bundle(PHI_3)


def test_the_version_of_the_image_reads_no_source_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    read, read_bytes = set[Path](), Path.read_bytes

    def recorded(path: Path) -> bytes:
        read.add(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", recorded)
    built_version(phi_3_on("g5.xlarge"))
    assert read
    assert all(path.is_relative_to(RUNTIME) for path in read)

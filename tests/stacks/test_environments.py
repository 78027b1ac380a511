"""An environment that cannot work: refused when it is made, in one line, by whatever reads the environments."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cdktf
import pytest

from inference_constructs.foundation import Domain
from stacks.environments import PROD
from stacks.inference import InferenceStack
from support.paths import ROOT
from support.stack_json import Json, parse, resources

LONGEST_NAME = "a" * 13
LONGEST_REGION = "ap-northeast-1"
OTHER_REGIONS = "arn:aws:acm:eu-west-1:123456789012:certificate/1"

IMPOSSIBLE = [
    ({"min_instances": 0}, "min_instances must be at least 1, got 0"),
    ({"min_instances": 7}, "min_instances 7 is above max_instances 6"),
    ({"max_instances": 101}, "max_instances must be at most 100, got 101"),
    ({"authorizer_concurrency": 0}, "authorizer_concurrency must be at least 1, or -1, got 0"),
    (
        {"allowed_origins": ("https://a.example/",)},
        "allowed_origins: 'https://a.example/' is not an origin; one looks like https://www.example.com, or *",
    ),
    (
        {"load_balancer_domain": Domain(name="lb.example.com", certificate_arn=OTHER_REGIONS)},
        f"the certificate of lb.example.com must be an ACM certificate in us-east-1; got {OTHER_REGIONS}",
    ),
    ({"zone_count": 4}, "zone_count must be 2 or 3, got 4"),
    ({"zone_count": 1}, "zone_count must be 2 or 3, got 1"),
    ({"vpc_cidr": "10.0.0.1/20"}, "vpc_cidr '10.0.0.1/20' has host bits set; did you mean 10.0.0.0/20?"),
]
NO_NAMES = ["", "-prod", "prod-", "Prod", "prod_1", "prod.eu", LONGEST_NAME + "a"]


@pytest.mark.parametrize(("values", "why"), IMPOSSIBLE)
def test_values_that_cannot_work_are_refused_in_words(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=f"^environment 'prod': {re.escape(why)}$"):
        replace(PROD, **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", NO_NAMES)
def test_name_that_a_resource_could_not_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^environment {name!r}: the name must be 1 to 13 small letters, digits and"):
        replace(PROD, name=name)


@pytest.fixture(scope="module")
def longest() -> Json:
    """The stack of an environment whose name is as long as it may be, in the region with the longest name."""
    environment = replace(PROD, name=LONGEST_NAME, region=LONGEST_REGION)
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), environment.prefix, environment=environment)))


def test_no_region_with_prices_has_a_longer_name() -> None:
    prices = json.loads((ROOT / "constructs" / "inference_constructs" / "cost" / "prices.json").read_text())
    assert max(map(len, prices)) == len(LONGEST_REGION)


@pytest.mark.parametrize(
    ("kind", "attribute", "most"),
    [("aws_s3_bucket", "bucket", 63), ("aws_iam_role", "name", 64), ("aws_lambda_function", "function_name", 64)],
)
def test_longest_name_fits_into_every_resources(kind: str, attribute: str, most: int, longest: Json) -> None:
    names = [re.sub(r"\$\{[^}]*\}", "123456789012", each[attribute]) for each in resources(longest, kind).values()]
    assert names
    assert max(map(len, names)) <= most


def project_with(folder: Path, *, wrong: tuple[str, str]) -> Path:
    """This project with another text in its environments."""
    project = folder / "project"
    shutil.copytree(ROOT / "stacks", project / "stacks")
    for name in ("runtime", "demo", "ops"):
        (project / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "main.py", project)
    environments = project / "stacks" / "environments.py"
    assert wrong[0] in environments.read_text()
    environments.write_text(environments.read_text().replace(*wrong))
    return project


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (("min_instances=2", "min_instances=8"), "environment 'prod': min_instances 8 is above max_instances 6"),
        (('"staging"', '"dev"'), "two environments have the same name"),
        (("10.20.0.0/20", "10.10.8.0/21"), "vpc_cidr 10.10.8.0/21 of staging overlaps 10.10.0.0/20 of dev"),
        (
            ('"us-east-1"', '"us-est-1"'),
            "prices.json has no prices of region 'us-est-1'; it has ap-northeast-1, eu-central-1, eu-west-1, "
            "us-east-1, us-west-2",
        ),
    ],
    ids=["impossible alone", "same name", "impossible together", "unknown region"],
)
def test_synthesis_of_a_wrong_environment_ends_with_one_line(
    wrong: tuple[str, str], error: str, tmp_path: Path
) -> None:
    project = project_with(tmp_path, wrong=wrong)
    done = subprocess.run([sys.executable, "main.py"], cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"error: {error}\n")


START_EACH = """
import importlib, pathlib
for path in sorted(pathlib.Path("ops").glob("[a-z]*.py")):
    try:
        importlib.import_module(f"ops.{path.stem}")
    except SystemExit as stopped:
        print(path.stem, stopped.code, sep="|")
"""
"""Exits with a traceback where a command does not end by itself."""


def test_a_wrong_environment_ends_every_command_that_reads_them_with_one_line(tmp_path: Path) -> None:
    project = project_with(tmp_path, wrong=("min_instances=2", "min_instances=8"))
    done = subprocess.run([sys.executable, "-c", START_EACH], cwd=project, capture_output=True, text=True)
    said = dict(line.split("|") for line in done.stdout.splitlines())
    assert (done.returncode, done.stderr) == (0, "")
    assert {"deploy", "destroy", "keys", "preflight", "usage"} <= said.keys()
    assert set(said.values()) == {"error: environment 'prod': min_instances 8 is above max_instances 6"}

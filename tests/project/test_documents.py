"""The documents' tables have the code's own figures, and their lines one width."""

import json
import re
from pathlib import Path

import pytest

from inference_constructs.api.responses import GATEWAY_RESPONSES
from inference_constructs.host import (
    BOOT_DEADLINE_SECONDS,
    INITIALIZATION_MIB_PER_SECOND,
    boot_seconds,
    engine_profile,
    host_gateway,
)
from inference_constructs.host.step_time import step_time
from runtime.validation import MAX_SEQUENCES
from stacks.environments import ENVIRONMENTS, PROD
from support.documents import DOCUMENTS, name_of, rows
from support.models import phi_3_on
from support.paths import ROOT
from support.stack_json import Json

API = (ROOT / "docs" / "api.md").read_text()


def test_limits_of_a_request_are_those_of_the_hosts() -> None:
    limits = re.findall(r"^\| ([a-z, ]+) \| ([\d,]+) \| (\d+) \| 4,096 tokens", API, re.MULTILINE)
    documented = {name: (tokens, answers) for names, tokens, answers in limits for name in names.split(", ")}
    assert documented == {
        each.name: (f"{host_gateway(each.engine).max_output_tokens:,}", str(MAX_SEQUENCES)) for each in ENVIRONMENTS
    }


def test_table_and_description_have_every_status_that_somebody_makes() -> None:
    paths = json.loads((ROOT / "runtime" / "openapi.json").read_text())["paths"].values()
    described = {int(status) for path in paths for operation in path.values() for status in operation["responses"]}
    listed = {int(status) for status in re.findall(r"^\| (\d{3}) \|", API, re.MULTILINE)}
    assert described - {200} == listed
    assert {error.status for error in GATEWAY_RESPONSES.values()} <= listed


def test_requests_a_second_of_a_host_are_those_of_the_model() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    hosts = re.findall(r"^\| (\S+) \((\d+) places\) \| ([\d.]+) \| ([\d.]+) \|", operations, re.MULTILINE)
    assert [row[0] for row in hosts] == ["g4dn.xlarge", "g5.xlarge"]
    for instance_type, places, *documented in hosts:
        engine = phi_3_on(instance_type)
        streams = engine_profile(engine).max_num_seqs
        time = step_time(engine)
        rates = [time.tokens_per_second(streams, input_tokens=200, output_tokens=out) / out for out in (200, 400)]
        assert (int(places), documented) == (streams, [f"{rate:.1f}" for rate in rates])


def test_engine_page_has_the_profiles() -> None:
    page = rows(ROOT / "docs" / "engine.md", "GPU profiles")
    for column, instance_type in ((1, "g4dn.xlarge"), (2, "g5.xlarge")):
        profile = engine_profile(phi_3_on(instance_type))
        places = profile.max_num_seqs
        alone, together = (
            profile.step_time.tokens_per_second(streams, input_tokens=200, output_tokens=200) for streams in (1, places)
        )
        assert [row[column] for row in page[2:]] == [
            f"{profile.kv_cache_tokens:,}",
            str(places),
            f"{alone:.0f}; {together:.0f}",
            str(profile.max_output_tokens(30)),
        ]


@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_seconds_of_a_boot_are_those_of_the_budget(instance_type: str) -> None:
    seconds = f"{boot_seconds(phi_3_on(instance_type)):.0f}"
    assert f"takes {seconds} of the {BOOT_DEADLINE_SECONDS} seconds" in " ".join(
        (ROOT / "README.md").read_text().split()
    )
    assert f"estimated: {seconds} s" in (ROOT / "docs" / "proven.md").read_text()


def test_quota_of_a_rollout_is_that_of_twice_the_hosts() -> None:
    vcpus, _, filling = rows(ROOT / "docs" / "deploy.md", "1. Ask for quotas")[1:]
    assert vcpus[2:5] == [f"{2 * each.max_instances * each.engine.instance.vcpus}" for each in ENVIRONMENTS]
    assert filling[2:5] == [f"{each.max_instances * INITIALIZATION_MIB_PER_SECOND:,}" for each in ENVIRONMENTS]


def test_every_variable_is_explained_to_who_sets_it(synthesized: dict[str, Json]) -> None:
    variables = synthesized[PROD.prefix]["variable"].items()
    assumptions = {name for name, variable in variables if variable["description"].startswith("Forecast: ")}
    explained = {name for row in rows(ROOT / "docs" / "cost.md", "How it is made up") for name in row[0].split(", ")}
    assert assumptions <= explained
    documented = {row[0] for row in rows(ROOT / "docs" / "operations.md", "Variables")[1:]}
    assert documented == dict(variables).keys() - assumptions


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_prose_is_wrapped(document: Path) -> None:
    code = re.compile(r"^```.*?^```$|^    .*?$|^\|.*?$", re.MULTILINE | re.DOTALL)
    prose = code.sub("", document.read_text()).splitlines()
    # a link's address cannot be broken
    assert [line for line in prose if len(line) > 120 and " " in line] == []

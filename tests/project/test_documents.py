"""The documents' tables have the code's own figures, and their lines one width."""

import json
import re
from pathlib import Path

import pytest

from inference_constructs.api.responses import GATEWAY_RESPONSES
from inference_constructs.host import engine_profile, host_gateway
from inference_constructs.host.step_time import step_time
from runtime.validation import MAX_SEQUENCES
from stacks.environments import ENVIRONMENTS
from support.documents import DOCUMENTS, name_of
from support.models import phi_3_on
from support.paths import ROOT

API = (ROOT / "docs" / "api.md").read_text()


def test_limits_of_a_request_are_those_of_the_hosts() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \| ([\d,]+) \| (\d+) \| 4,096 tokens", API, re.MULTILINE)
    documented = {name: (tokens, answers) for names, tokens, answers in rows for name in names.split(", ")}
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
    rows = re.findall(r"^\| (\S+) \((\d+) places\) \| ([\d.]+) \| ([\d.]+) \|", operations, re.MULTILINE)
    assert [row[0] for row in rows] == ["g4dn.xlarge", "g5.xlarge"]
    for instance_type, places, *documented in rows:
        engine = phi_3_on(instance_type)
        streams = engine_profile(engine).max_num_seqs
        time = step_time(engine)
        rates = [time.tokens_per_second(streams, input_tokens=200, output_tokens=out) / out for out in (200, 400)]
        assert (int(places), documented) == (streams, [f"{rate:.1f}" for rate in rates])


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_prose_is_wrapped(document: Path) -> None:
    code = re.compile(r"^```.*?^```$|^    .*?$|^\|.*?$", re.MULTILINE | re.DOTALL)
    prose = code.sub("", document.read_text()).splitlines()
    # a link's address cannot be broken
    assert [line for line in prose if len(line) > 120 and " " in line] == []

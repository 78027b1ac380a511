"""Tables of the documents that are made of the code's own figures."""

import json
import re

from inference_constructs.api.responses import GATEWAY_RESPONSES
from inference_constructs.host import host_gateway
from runtime.validation import MAX_SEQUENCES
from stacks.environments import ENVIRONMENTS
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

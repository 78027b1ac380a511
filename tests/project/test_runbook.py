"""The runbook knows every alarm."""

from dataclasses import replace

import cdktf

from stacks.environments import PROD
from stacks.inference import InferenceStack
from support.documents import headings
from support.paths import ROOT
from support.stack_json import parse, resources


def test_every_alarm_has_a_section() -> None:
    environment = replace(PROD, spot_above_minimum=True, scale_on="demand")
    stack = parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), PROD.prefix, environment=environment)))
    alarms = resources(stack, "aws_cloudwatch_metric_alarm").values()
    names = {alarm["alarm_name"].removeprefix("inference-prod-") for alarm in alarms}
    assert names
    assert names <= set(headings(ROOT / "docs" / "runbook.md"))

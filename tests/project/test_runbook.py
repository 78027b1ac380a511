"""The runbook knows every alarm, and its links and commands lead somewhere."""

import re
from dataclasses import replace
from pathlib import Path

import cdktf
import pytest

from stacks.environments import PROD
from stacks.inference import InferenceStack
from support.paths import ROOT
from support.stack_json import parse, resources

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def headings(text: str) -> set[str]:
    return {heading.strip() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_every_alarm_has_a_section() -> None:
    environment = replace(PROD, spot_above_minimum=True, scale_on="demand")
    stack = parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), PROD.prefix, environment=environment)))
    alarms = resources(stack, "aws_cloudwatch_metric_alarm").values()
    names = {alarm["alarm_name"].removeprefix("inference-prod-") for alarm in alarms}
    assert names
    assert names <= headings(RUNBOOK)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target, fragment in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text()):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if fragment:
            assert fragment in {anchor(heading) for heading in headings(linked.read_text())}, fragment


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documents = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    # in code: after a backtick, or at the start of an indented line
    command = re.compile(r"(?:`|^ {4})make\s+([a-z-]+)\b", re.MULTILINE)
    named = {name for document in documents for name in command.findall(document.read_text())}
    assert named - targets == set()

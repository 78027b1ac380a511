"""Which family is cheaper for a token: against a calculation by hand, and what the documents say."""

import sys
from pathlib import Path

import pytest

from ops import token_cost
from ops.token_cost import A10G, T4, answers_per_minute, dollars_per_million_tokens, g5_pays_from, table
from stacks.environments import REGION
from support.paths import ROOT

COST = (ROOT / "docs" / "token-cost.md").read_text()


def test_documents_have_the_table() -> None:
    assert "\n".join(table(REGION)) in COST


def test_a_lightly_used_host_costs_its_hours() -> None:
    """10 answers a minute of 200 tokens are 0.12 million tokens an hour."""
    assert dollars_per_million_tokens(T4, 10, "us-east-1") == pytest.approx(0.526 / 0.12)


def test_g5_pays_where_one_g4dn_is_full() -> None:
    """Two of them cost more than one g5, which writes more than both."""
    assert g5_pays_from("us-east-1") == int(answers_per_minute(T4)) + 1
    assert answers_per_minute(A10G) > 2 * answers_per_minute(T4)


def test_documents_say_from_which_load_on() -> None:
    assert f"from {g5_pays_from(REGION)} answers a minute on" in COST


def test_command_prints_the_table_and_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "made" / "token-cost.png"
    monkeypatch.setattr(sys, "argv", ["token-cost", "--chart", str(chart)])
    token_cost.main()
    assert capsys.readouterr().out.startswith("\n".join(table(REGION)))
    assert chart.stat().st_size > 1000


def test_region_without_prices_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["token-cost", "--region", "mars-1"])
    with pytest.raises(SystemExit, match=r"^error: prices.json has no prices of region 'mars-1'; it has "):
        token_cost.main()

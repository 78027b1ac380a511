"""What floods cost: the documents' table is the formulas', and the limits are what bounds it."""

from dataclasses import replace

import pytest

from ops.floods import LARGEST_FILE_BYTES, Flood, dollars_a_day, table
from stacks.environments import PROD
from support.paths import ROOT

API_FROM_ONE = Flood(target="API", many=False, keys=True)
API_FROM_MANY = Flood(target="API", many=True, keys=True)
PAGE_FROM_ONE = Flood(target="page", many=False)


def test_documents_have_the_table_of_prod() -> None:
    assert "\n".join(table(PROD)) in (ROOT / "docs" / "security.md").read_text()


def test_from_one_address_with_keys_it_is_the_firewall_and_the_access_log() -> None:
    million = 5_000 * 86_400 / 1e6
    firewall_and_log = million * (0.60 + 0.5 * (0.5 + 0.03))
    let_through = 100 / 60 * 86_400 / 1e6 * (3.5 + 3 * (0.5 + 0.03) + 0.2 + 2_500 * 0.0000133334)
    assert dollars_a_day(API_FROM_ONE, PROD) == pytest.approx(firewall_and_log + let_through)


def test_reserved_concurrency_bounds_made_up_keys() -> None:
    unbounded = dollars_a_day(API_FROM_MANY, replace(PROD, authorizer_concurrency=-1))
    assert dollars_a_day(API_FROM_MANY, PROD) < unbounded


def test_the_pages_own_limit_pays_for_itself_within_a_day_of_a_flood() -> None:
    saved = dollars_a_day(PAGE_FROM_ONE, replace(PROD, site_firewall=False)) - dollars_a_day(PAGE_FROM_ONE, PROD)
    assert saved > 12 * 6


def test_no_file_of_the_page_is_larger_than_assumed() -> None:
    headers = 600
    assert max(path.stat().st_size for path in (ROOT / "demo").iterdir()) + headers <= LARGEST_FILE_BYTES

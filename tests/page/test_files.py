"""What the demo page consists of."""

import re
from pathlib import Path

import pytest

from inference_constructs.cost.formulas import PAGE_BYTES, PAGE_REQUESTS
from inference_constructs.page.files import site_files
from inference_constructs.page.headers import content_security_policy
from support.paths import DEMO


def test_whole_page_stays_below_its_size_budget() -> None:
    assert sum(file.path.stat().st_size for file in site_files(DEMO)) < PAGE_BYTES


def test_a_visit_loads_as_many_files_as_the_forecast_counts() -> None:
    index = (DEMO / "index.html").read_text()
    loaded = set(re.findall(r'<(?:link|script|img)\b[^>]*? (?:href|src)="([^"]+)"', index))
    assert len(loaded | {"index.html", "config.json"}) == PAGE_REQUESTS


def test_every_module_is_preloaded() -> None:
    index = (DEMO / "index.html").read_text()
    imported = {name for script in DEMO.glob("*.js") for name in re.findall(r'from "./(.+?)"', script.read_text())}
    assert set(re.findall(r'modulepreload" href="(.+?)"', index)) == imported


def test_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.heic").touch()
    with pytest.raises(ValueError, match=r"photo.heic: no content type is known for '.heic'"):
        list(site_files(tmp_path))


@pytest.mark.req("R9.4")
def test_policy_lets_the_page_call_the_api_and_run_no_inline_script() -> None:
    directives = dict(
        part.split(" ", 1) for part in content_security_policy("https://api.example.com/live").split("; ")
    )
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self' https://api.example.com/live/"
    assert "unsafe" not in str(directives)

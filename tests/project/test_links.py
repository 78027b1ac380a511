"""Every link of the documents leads to a file and a heading that are there, and every path that they name exists."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.documents import DOCUMENTS, anchors, inline_code, links, name_of
from support.paths import ROOT

FOLDERS = ("", "constructs/inference_constructs", "runtime", "demo")
"""Where a path may begin that a document names."""

PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:css|html|js|json|md|py|service|sh|sha256|txt|ya?ml)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        parts = urlsplit(link)
        if parts.scheme:
            # of another site only the syntax can be seen here
            assert parts.scheme in {"http", "https"}, link
            assert re.fullmatch(r"[\w.-]+(:\d+)?", parts.netloc), link
            continue
        target = document.parent / parts.path if parts.path else document
        assert target.exists(), link
        assert not parts.fragment or parts.fragment in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_path_exists(document: Path) -> None:
    named = {code for code in inline_code(document) if PATH.fullmatch(code)}
    assert {path for path in named if not any((ROOT / folder / path).exists() for folder in FOLDERS)} == set()

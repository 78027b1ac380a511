"""What the documents hold: links, headings, commands and code, as a Markdown parser finds them."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from support.paths import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "constructs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def name_of(document: Path) -> str:
    """A document's path, as the id of a test."""
    return str(document.relative_to(ROOT))


@cache
def _tokens(document: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(document.read_text())


def _inline(document: Path) -> Iterator[Token]:
    for token in _tokens(document):
        yield from token.children or ()


def shell_blocks(document: Path) -> list[str]:
    """Return the indented blocks, which are commands; what else is shown has a fence that says what it is."""
    return [token.content for token in _tokens(document) if token.type == "code_block"]


def fenced(document: Path, language: str) -> list[str]:
    """Return the code of a language."""
    return [token.content for token in _tokens(document) if token.type == "fence" and token.info == language]


def fences(document: Path) -> set[str]:
    """Return the languages of all fenced code; empty text for none."""
    return {token.info for token in _tokens(document) if token.type == "fence"}


def inline_code(document: Path) -> list[str]:
    """Return what stands between backticks, on one line."""
    return [token.content for token in _inline(document) if token.type == "code_inline"]


def links(document: Path) -> list[str]:
    """Return the targets of links and images."""
    found = [token.attrGet("href") or token.attrGet("src") for token in _inline(document)]
    return [str(target) for target in found if target]


def headings(document: Path) -> list[str]:
    """Return the headings without their markup."""
    tokens = _tokens(document)
    titles = [after for token, after in pairwise(tokens) if token.type == "heading_open"]
    return ["".join(child.content for child in title.children or ()) for title in titles]


def anchors(document: Path) -> set[str]:
    """Return the headings' anchors, as GitHub makes them."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings(document)}


def rows(document: Path, heading: str) -> list[list[str]]:
    """Return the cells of all tables between this heading and the next, header rows included, without backticks."""
    text = document.read_text()
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip("| ") for line in section.splitlines() if line.startswith("|") and not set(line) <= set("|- ")]
    return [[re.sub(r"[`*]", "", cell).strip() for cell in line.split(" | ")] for line in lines]

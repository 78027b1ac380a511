"""The reference of the API, from the types that check its requests: part of openapi.json, and docs/parameters.md.

`python -m ops.maintain.api_reference --write` writes both; a test compares them. OpenAI's reference was compared on
2026-11-24, as its SDK for Python 3.54.0 has it.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from ops.shared.paths import ROOT
from runtime.validation import REFUSED, ChatCompletionRequest, CompletionRequest, descriptions, without_effect

ROUTES = {"/v1/chat/completions": ChatCompletionRequest, "/v1/completions": CompletionRequest}
OPENAPI = ROOT / "runtime/openapi.json"
DOCUMENT = ROOT / "docs/parameters.md"
BEGIN, END = "<!-- parameters: ops/maintain/api_reference.py writes this table -->\n", "<!-- end of parameters -->\n"


def schemas() -> dict[str, Any]:
    """Return the schemas of the requests, as components of an OpenAPI document."""
    kinds = tuple(ROUTES.values())
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return components


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield each parameter with its routes, what is done with it, and its meaning or the reason."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for route, kind in ROUTES.items():
        idle = without_effect(kind)
        for name, text in descriptions(kind).items():
            found.setdefault((name, "no effect" if name in idle else "yes", text), []).append(route)
        for name, text in REFUSED[route].items():
            found.setdefault((name, "refused", text), []).append(route)
    for (name, treatment, text), routes in sorted(found.items()):
        yield name, "both" if len(routes) == len(ROUTES) else routes[0].removeprefix("/v1/"), treatment, text


def table() -> str:
    """Return the table of docs/parameters.md."""
    lines = ["| parameter | route | done | |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {route} | {done} | {text} |" for name, route, done, text in rows()]
    return "\n".join([*lines, ""])


def openapi(text: str) -> str:
    """Return openapi.json with the schemas of the requests."""
    document: dict[str, Any] = json.loads(text)
    others = {
        name: schema
        for name, schema in document["components"]["schemas"].items()
        if name in ("Answer", "ModelList", "Health", "Error")
    }
    document["components"]["schemas"] = {**dict(sorted(schemas().items())), **others}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def markdown(text: str) -> str:
    """Return docs/parameters.md with the table."""
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}{table()}{END}", text, flags=re.DOTALL)


def main() -> None:
    """Write the reference, or say whether it is current."""
    parser = argparse.ArgumentParser(description="Compare the API's reference with the types of its requests.")
    parser.add_argument("--write", action="store_true", help="bring openapi.json and docs/parameters.md up to date")
    write: bool = parser.parse_args().write
    for path, current in ((OPENAPI, openapi(OPENAPI.read_text())), (DOCUMENT, markdown(DOCUMENT.read_text()))):
        if write:
            path.write_text(current)
        elif path.read_text() != current:
            sys.exit(
                f"error: {path.relative_to(ROOT)} is not current; run python -m ops.maintain.api_reference --write"
            )


if __name__ == "__main__":
    main()

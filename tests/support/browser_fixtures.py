"""Pytest plugin: the demo page in Debian's Chromium, under the headers that CloudFront gives it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from inference_constructs.page.config import page_config
from inference_constructs.page.files import CACHE_CONTROL, site_files
from inference_constructs.page.headers import security_headers
from support.paths import DEMO
from support.scripted_api import ScriptedApi, scripted_api, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the browser tests where there is no Chromium, except in CI. Skipped here, they are reported in one line."""
    if CHROMIUM or not isinstance(item, pytest.Function) or "browser" not in item.fixturenames:
        return
    message = "no Chromium: install it (Debian: apt-get install chromium) to run the browser tests"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser. No longer than a module, since Playwright's event loop blocks `asyncio.run` meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    """The scripted stand-in for the API."""
    with scripted_api() as api:
        yield api


class OpenPage(Protocol):
    """Opens the demo page against an API."""

    def __call__(self, api_url: str, *, config: dict[str, Any] | None = None, port: int = 0, **context: Any) -> Page:
        """Return the loaded page, served on `port`; `config` overrides config.json, `context` is for new_context."""
        ...


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open the page; at the end, fail on a script error and on any breach of the security policy."""
    opened: list[tuple[AbstractContextManager[str], BrowserContext]] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "TrustedHTML" in message.text:
            complaints.append(message.text)

    def open_page(api_url: str, *, config: dict[str, Any] | None = None, port: int = 0, **options: Any) -> Page:
        usual = page_config(api_url=api_url, model="test/tiny", max_tokens=512, temperature=0.2)
        server = serving(_site_handler(api_url, {**usual, **(config or {})}), port)
        context = browser.new_context(**options)
        opened.append((server, context))
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.__enter__())
        return page

    yield open_page
    for server, context in opened:
        context.close()
        server.__exit__(None, None, None)
    assert complaints == []


def _site_handler(api_url: str, config: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    files = {f"/{file.key}": (file.content_type, file.path.read_bytes()) for file in site_files(DEMO)}
    files["/"] = files["/index.html"]
    files["/config.json"] = ("application/json", json.dumps(config).encode())
    headers = {"Cache-Control": CACHE_CONTROL, **security_headers(api_url)}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            content_type, content = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Type", content_type)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler

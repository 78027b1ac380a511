"""The demo page for everyone: axe-core's rules, the keyboard, screen readers, small screens, both colour schemes."""

from typing import Literal, TypeAlias

import pytest
from playwright.sync_api import Page, expect

from support.browser_fixtures import OpenPage
from support.paths import ROOT
from support.scripted_api import ScriptedApi, error_reply

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
Scheme: TypeAlias = Literal["light", "dark"]


def ask(page: Page, prompt: str) -> None:
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Send").click()


def show_everything(page: Page, api: ScriptedApi) -> None:
    """Bring the page to where every part of it is seen: an answer with code, one that runs, a failure."""
    stream = api.will_stream()
    ask(page, "Code, please")
    stream.token(f"# Here\n1. `run` **this**\n   - ```{'i' * 200}```\n\n```python\n{'x' * 200}\n```\n---\n")
    stream.done(9)
    expect(page.get_by_role("button", name="Copy answer")).to_be_visible()
    page.locator("article").get_by_text("API call").click()
    api.will_reply(error_reply(429, "later", retry_after=60))
    ask(page, "Too much")
    expect(page.locator(".retry").last).to_be_disabled()
    page.get_by_role("button", name="New chat").click()
    stream = api.will_stream()
    ask(page, "W" * 200)
    stream.token("w" * 200)
    expect(page.locator(".answer").last).to_have_text("w" * 200)
    page.get_by_text("Settings").click()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["empty", "full"])
def test_axe_finds_no_violation(
    open_page: OpenPage, api: ScriptedApi, viewport: dict[str, int], scheme: Scheme, state: str
) -> None:
    page = open_page(api.url, config={"apiKeyRequired": True}, viewport=viewport, color_scheme=scheme)
    page.get_by_label("API key").fill("secret")
    if state == "full":
        show_everything(page, api)
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run().then(result => result.violations)")
    assert [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in violations] == []


def test_phone_needs_no_sideways_scrolling(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url, config={"model": "example/A-Model-With-A-Rather-Long-Name-4k-instruct"}, viewport=PHONE)
    show_everything(page, api)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_schemes_differ(open_page: OpenPage, api: ScriptedApi) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page(api.url, color_scheme=scheme).evaluate(background) for scheme in ("light", "dark"))
    assert light != dark


def test_whole_visit_works_by_keyboard(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    stream = api.will_stream()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Your prompt")).to_be_focused()
    page.keyboard.type("Say hello")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send")).to_be_focused()
    page.keyboard.press("Enter")
    stream.token("Hello")
    expect(page.locator(".answer")).to_have_text("Hello")
    stop = page.get_by_role("button", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    expect(stop).to_be_hidden()
    expect(page.get_by_role("button", name="Copy answer")).to_be_focused()


def test_screen_reader_hears_the_answer_once_it_is_whole(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    live = page.get_by_role("status").last
    stream = api.will_stream()
    ask(page, "Say hello")
    expect(live).to_have_text("Generating an answer.")
    stream.token("Hello")
    expect(page.locator(".answer")).to_have_text("Hello")
    expect(live).to_have_text("Generating an answer.")
    stream.token(" world")
    stream.done(2)
    expect(live).to_have_text("Answer: Hello world")


def test_screen_reader_hears_a_failure(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    api.will_reply(error_reply(504, "timeout"))
    ask(page, "Say hello")
    expect(page.get_by_role("status").last).to_contain_text("The answer took too long.")

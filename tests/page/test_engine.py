"""The demo page against the real gateway and the real engine, with a tiny model that counts."""

from typing import Protocol

import httpx
import pytest
from playwright.sync_api import Page, expect

from support.browser_fixtures import OpenPage
from support.engine_fixtures import PAGE_PORT, counting

READY_MILLISECONDS = 60_000


class Gateway(Protocol):
    """A running gateway."""

    @property
    def url(self) -> str: ...


@pytest.fixture
def page(open_page: OpenPage, gateway: Gateway) -> Page:
    """The page, which notes the answer's length at every change."""
    model = httpx.get(f"{gateway.url}/v1/models").json()["data"][0]["id"]
    page = open_page(gateway.url, config={"model": model, "maxTokens": 8_000}, port=PAGE_PORT)
    page.evaluate(
        """() => {
          window.lengths = [];
          const note = () => window.lengths.push(document.querySelector(".answer")?.textContent.length ?? 0);
          new MutationObserver(note).observe(document.getElementById("history"), { childList: true, subtree: true });
        }"""
    )
    expect(page.locator("#health")).to_have_text("Ready", timeout=READY_MILLISECONDS)
    return page


def ask(page: Page, prompt: str, *, max_tokens: int) -> None:
    page.get_by_text("Settings").click()
    page.get_by_label("Max tokens").fill(str(max_tokens))
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Send").click()


@pytest.mark.req("R1.1", "R9.3", "R9.5")
def test_tokens_of_the_engine_appear_one_after_another(page: Page) -> None:
    ask(page, "Say something", max_tokens=100)
    expect(page.get_by_role("button", name="Copy answer")).to_be_visible(timeout=READY_MILLISECONDS)
    assert page.locator(".answer").text_content() == counting(0, 100).strip()
    lengths = page.evaluate("window.lengths")
    assert len(set(lengths)) > 5
    assert lengths == sorted(lengths)
    expect(page.locator(".timings")).to_contain_text("tokens/s")


@pytest.mark.req("R9.3")
def test_stop_ends_the_engines_answer(page: Page) -> None:
    # in the page itself: where engine and browser share the processors, a key from outside can come after the deadline
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
          if (!document.querySelector(".answer")?.textContent) return;
          observer.disconnect();
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
        }).observe(document.getElementById("history"), { childList: true, subtree: true })"""
    )
    ask(page, "Say a lot", max_tokens=8_000)
    expect(page.get_by_text("You stopped this answer.")).to_be_visible(timeout=READY_MILLISECONDS)
    expect(page.get_by_role("button", name="Copy answer")).to_be_visible()


@pytest.mark.req("R7.3", "R9.5")
def test_refusal_of_the_engine_reaches_the_visitor(page: Page) -> None:
    ask(page, "word " * 12_000, max_tokens=1)
    expect(page.locator("article .notice")).to_contain_text("more than the model can hold", timeout=READY_MILLISECONDS)

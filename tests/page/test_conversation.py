"""Follow-ups on the demo page: what each request carries, and when another conversation begins."""

import pytest
from playwright.sync_api import Page, expect

from support.browser_fixtures import OpenPage
from support.scripted_api import Reply, ScriptedApi, error_reply


def ask(page: Page, prompt: str) -> None:
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Send").click()


def exchange(page: Page, api: ScriptedApi, prompt: str, answer: str) -> None:
    """Ask, and get the whole answer."""
    stream = api.will_stream()
    ask(page, prompt)
    stream.token(answer)
    stream.done(1)
    expect(page.get_by_role("button", name="Copy answer").last).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def sent(api: ScriptedApi, request: int = -1) -> list[tuple[str, str]]:
    """The messages of a request."""
    return [(message["role"], message["content"]) for message in api.received[request].body["messages"]]


@pytest.mark.req("R9.3")
def test_follow_up_carries_what_was_said_before(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    exchange(page, api, "One?", "**1**\n")
    exchange(page, api, "Two?", "2")
    exchange(page, api, "Three?", "3")
    assert sent(api) == [
        ("user", "One?"),
        ("assistant", "**1**\n"),
        ("user", "Two?"),
        ("assistant", "2"),
        ("user", "Three?"),
    ]
    expect(page.locator(".prompt")).to_have_text(["One?", "Two?", "Three?"])


def test_new_conversation_forgets_and_keeps_the_old_one_in_view(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    expect(page.get_by_role("button", name="New chat")).to_be_hidden()
    expect(page.get_by_label("Your prompt")).to_have_attribute("placeholder", "What would you like to know?")
    exchange(page, api, "One?", "1")
    expect(page.get_by_label("Your prompt")).to_have_attribute("placeholder", "Ask a follow-up")
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_label("Your prompt")).to_be_focused()
    expect(page.get_by_label("Your prompt")).to_have_attribute("placeholder", "What would you like to know?")
    expect(page.get_by_role("status").last).to_have_text("New chat.")
    exchange(page, api, "Two?", "2")
    assert sent(api) == [("user", "Two?")]
    expect(page.get_by_role("heading", level=2)).to_have_text(["Chat 1", "Chat 2"])
    expect(page.locator(".answer")).to_have_text(["1", "2"])


def test_answer_that_was_stopped_is_carried_as_far_as_it_came(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Count")
    stream.token("1, 2")
    expect(page.locator(".answer")).to_have_text("1, 2")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    exchange(page, api, "Go on", "3")
    assert sent(api) == [("user", "Count"), ("assistant", "1, 2"), ("user", "Go on")]


def test_prompt_without_an_answer_is_not_carried(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    api.will_reply(error_reply(500, "fault"))
    ask(page, "Lost")
    expect(page.get_by_role("button", name="Try again")).to_be_enabled()
    exchange(page, api, "One?", "1")
    assert sent(api) == [("user", "One?")]
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_answer_that_was_asked_for_again_is_carried_once(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    exchange(page, api, "One?", "1")
    stream = api.will_stream()
    ask(page, "Two?")
    stream.token("half")
    stream.end()
    retry = api.will_stream()
    page.get_by_role("button", name="Try again").click()
    retry.token("2")
    retry.done(1)
    expect(page.locator(".answer")).to_have_text(["1", "half", "2"])
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    exchange(page, api, "Three?", "3")
    assert sent(api)[2:] == [("user", "Two?"), ("assistant", "2"), ("user", "Three?")]


def test_follow_up_waits_for_the_answer(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "One?")
    stream.token("one")
    expect(page.locator(".answer")).to_have_text("one")
    send = page.get_by_role("button", name="Send")
    expect(send).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Your prompt").fill("Two?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").last).to_have_text("Wait for the answer, or stop it.")
    expect(page.get_by_label("Your prompt")).to_have_value("Two?")
    stream.done(1)
    expect(send).to_have_attribute("aria-disabled", "false")
    assert len(api.received) == 1


@pytest.mark.req("R7.3")
def test_conversation_over_the_context_is_told_what_to_do(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    exchange(page, api, "One?", "1")
    body = """{"error": {"message": "The prompt has 4,000 tokens.", "type": "invalid_request_error",
               "param": "max_tokens", "code": "context_length_exceeded"}}"""
    api.will_reply(Reply(status=400, body=body))
    ask(page, "Two?")
    notice = page.locator("article .notice").last
    expect(notice).to_contain_text("This is more than the model can hold at once.")
    expect(notice).to_contain_text("The prompt has 4,000 tokens. Begin a new chat")


def test_end_of_a_long_answer_is_kept_in_view_unless_the_visitor_scrolls_away(
    open_page: OpenPage, api: ScriptedApi
) -> None:
    page = open_page(api.url, viewport={"width": 800, "height": 700})
    stream = api.will_stream()
    ask(page, "Count")
    end = page.locator(".actions")
    for number in range(60):
        stream.token(f"{number}\n\n")
    expect(page.locator(".answer p")).to_have_count(60)
    expect(end).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    stream.token("more\n\n")
    expect(page.locator(".answer p")).to_have_count(61)
    assert page.evaluate("scrollY") == 0
    stream.done(1)

"""What a visitor does on the demo page: ask, watch the answer arrive, stop it, copy the call. The API is a stand-in."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from support.browser_fixtures import OpenPage
from support.scripted_api import ScriptedApi, error_reply


def ask(page: Page, prompt: str) -> None:
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Send").click()


@pytest.mark.req("R9.1", "R9.2")
def test_page_has_a_prompt_field_and_a_submit_button(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    expect(page.get_by_label("Your prompt")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


@pytest.mark.req("R9.3", "R9.5")
def test_answer_shows_each_token_when_it_arrives(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Say hello")
    answer = page.locator(".answer")
    stream.token("Hello")
    expect(answer).to_have_text("Hello")
    stream.token(" world")
    expect(answer).to_have_text("Hello world")
    stream.done(2)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


@pytest.mark.req("R9.3")
def test_character_split_between_packets_arrives_whole(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Draw")
    event = 'data: {"choices": [{"delta": {"content": "🦜!"}}]}\n\n'.encode()
    split = event.index("🦜".encode()) + 2
    stream.token("A parrot: ")
    stream.partial(event[:split])
    expect(page.locator(".answer")).to_have_text("A parrot: ")
    stream.partial(event[split:])
    expect(page.locator(".answer")).to_have_text("A parrot: 🦜!")
    stream.done(1)


@pytest.mark.req("R9.3")
def test_request_carries_the_prompt_and_the_settings(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    page.get_by_text("Settings").click()
    page.get_by_label("Max tokens").fill("77")
    page.get_by_label("Temperature").fill("1.3")
    api.will_stream().done(0)
    ask(page, "  Say hello\nto me ")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    # no model: during a rollout of another one, hosts of both answer
    assert api.received[0].body == {
        "messages": [{"role": "user", "content": "Say hello\nto me"}],
        "max_tokens": 77,
        "temperature": 1.3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.req("R9.3")
def test_temperature_is_the_models_own_until_the_visitor_moves_it(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url, config={"temperature": 0.4})
    page.get_by_text("Settings").click()
    expect(page.get_by_label("Temperature")).to_have_value("0.4")
    expect(page.get_by_text("0.4 (the model's own)")).to_be_visible()
    api.will_stream().done(0)
    ask(page, "Say hello")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert "temperature" not in api.received[0].body
    assert "temperature" not in (page.locator("article .code").text_content() or "")


def test_settings_above_the_cap_are_refused_before_they_are_sent(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url, config={"maxTokens": 100})
    page.get_by_text("Settings").click()
    expect(page.get_by_label("Max tokens")).to_have_value("100")
    page.get_by_label("Max tokens").fill("101")
    ask(page, "Say hello")
    expect(page.get_by_label("Your prompt")).to_have_value("Say hello")
    assert page.get_by_label("Max tokens").evaluate("field => field.validity.rangeOverflow")
    assert api.received == []


def test_refused_setting_is_shown_even_when_the_settings_are_closed(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    page.get_by_text("Settings").click()
    page.get_by_label("Max tokens").fill("0")
    page.get_by_text("Settings").click()
    ask(page, "Say hello")
    expect(page.get_by_label("Max tokens")).to_be_visible()


def test_stop_ends_the_request_and_keeps_what_arrived(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Count to a million")
    stream.token("1, 2, 3")
    expect(page.locator(".answer")).to_have_text("1, 2, 3")
    page.get_by_role("button", name="Stop").click()
    assert stream.client_left.wait(timeout=10)
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    expect(page.locator(".answer")).to_have_text("1, 2, 3")


def test_escape_stops_the_newest_answer(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    first, second = api.will_stream(), api.will_stream()
    ask(page, "First")
    first.token("one")
    expect(page.locator(".answer")).to_have_text("one")
    page.get_by_role("button", name="New chat").click()
    ask(page, "Second")
    second.token("two")
    expect(page.locator(".answer").last).to_have_text("two")
    page.keyboard.press("Escape")
    assert second.client_left.wait(timeout=10)
    assert not first.client_left.is_set()
    first.done(1)


@pytest.mark.parametrize(
    ("is_touched", "keys"), [(False, "Enter"), (False, "Control+Enter"), (True, "Control+Enter"), (True, "Meta+Enter")]
)
def test_enter_sends(open_page: OpenPage, api: ScriptedApi, is_touched: bool, keys: str) -> None:
    page = open_page(api.url, is_mobile=is_touched, has_touch=is_touched)
    stream = api.will_stream()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.get_by_label("Your prompt").fill("Say hello")
    page.keyboard.press(keys)
    stream.token("Hello")
    stream.done(1)
    expect(page.locator(".answer")).to_have_text("Hello")


def test_before_the_page_knows_its_api_enter_leaves_the_prompt(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    send = page.get_by_role("button", name="Send")
    expect(send).to_be_enabled()
    send.evaluate("button => button.disabled = true")
    page.get_by_label("Your prompt").fill("Say hello")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your prompt")).to_have_value("Say hello")


@pytest.mark.parametrize(("is_touched", "keys"), [(False, "Shift+Enter"), (True, "Enter")])
def test_a_new_line_is_not_sent(open_page: OpenPage, api: ScriptedApi, is_touched: bool, keys: str) -> None:
    page = open_page(api.url, is_mobile=is_touched, has_touch=is_touched)
    page.get_by_label("Your prompt").fill("One")
    page.keyboard.press(keys)
    page.keyboard.type("two")
    expect(page.get_by_label("Your prompt")).to_have_value("One\ntwo")
    assert api.received == []


def test_enter_that_ends_a_composed_word_is_not_sent(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    page.get_by_label("Your prompt").fill("東京")
    page.get_by_label("Your prompt").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(page.get_by_label("Your prompt")).to_have_value("東京")
    assert api.received == []


def test_text_written_from_right_to_left_begins_at_the_right(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "ما هي عاصمة فرنسا؟")
    stream.token("1. باريس\n\n```\nls\n```\n")
    stream.done(1)
    directions = {".prompt": "rtl", ".answer ol": "rtl", ".answer pre": "ltr"}
    for selector, direction in directions.items():
        expect(page.locator(selector)).to_have_css("direction", direction)


def test_blank_prompt_is_not_sent(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    ask(page, " \n ")
    expect(page.get_by_role("status").last).to_have_text("Type a prompt first.")
    assert api.received == []


def test_example_fills_the_prompt_and_waits_for_the_visitor(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    page.get_by_role("button", name="Write a haiku about clouds").click()
    expect(page.get_by_label("Your prompt")).to_have_value("Write a haiku about clouds")
    expect(page.get_by_label("Your prompt")).to_be_focused()


def test_edit_gives_a_prompt_back(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    api.will_reply(error_reply(400, "no"))
    ask(page, "Say one")
    page.get_by_role("button", name="Edit prompt").click()
    expect(page.get_by_label("Your prompt")).to_have_value("Say one")


def test_draft_that_an_example_replaced_can_be_brought_back(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    prompt = page.get_by_label("Your prompt")
    prompt.press_sequentially("My own words")
    page.get_by_role("button", name="Write a haiku about clouds").click()
    expect(prompt).to_have_value("Write a haiku about clouds")
    prompt.press("Control+z")
    expect(prompt).to_have_value("My own words")


def test_timings_count_the_tokens_that_the_api_reports(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Say hello")
    stream.token("Hello wor")
    stream.token("ld")
    stream.done(5)
    expect(page.locator("[data-timing=length]")).to_have_text("5 tokens")
    for name in ("first", "total"):
        expect(page.locator(f"[data-timing={name}]")).to_have_text(re.compile(r"\d+ ms|\d+\.\d+ s"))
    expect(page.locator("[data-timing=speed]")).to_contain_text("tokens/s")


def test_answer_that_reached_its_limit_says_so(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Tell me a long story")
    stream.token("Once", finish_reason="length")
    stream.done(1)
    expect(page.get_by_text("The answer reached its limit.")).to_be_visible()


def test_markup_in_an_answer_is_shown_as_text(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    attack = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    stream = api.will_stream()
    ask(page, attack)
    stream.token(attack)
    stream.token(f"\n```html\n{attack}\n```\n")
    stream.done(9)
    expect(page.locator(".prompt")).to_have_text(attack)
    expect(page.locator(".answer pre")).to_have_text(attack)
    expect(page.locator(".answer p")).to_have_text(attack)
    assert page.locator(".answer img, .answer b, .prompt img").count() == 0
    assert page.title() != "owned"


def test_copied_answer_is_what_the_model_wrote_and_copied_code_the_code(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url, permissions=["clipboard-read", "clipboard-write"])
    # its button says so for a while only
    page.clock.install(time="2030-01-05T06:00:00Z")
    page.clock.pause_at("2030-01-05T07:00:00Z")
    stream = api.will_stream()
    ask(page, "Code")
    stream.token("Look:\n```python\nx = 1\n```\n")
    stream.done(3)
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("status").last).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "x = 1"
    page.get_by_role("button", name="Copy answer").click()
    expect(page.get_by_role("button", name="Copy answer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "Look:\n```python\nx = 1\n```\n"


HARD_PROMPT = 'It\'s "quoted",\n$HOME `id` \\ ${x} and 🦜'


@pytest.mark.parametrize("name", ["curl", "Python"])
@pytest.mark.parametrize("key_required", [False, True])
def test_copied_call_sends_the_same_request(
    open_page: OpenPage, api: ScriptedApi, name: str, key_required: bool
) -> None:
    page = open_page(
        api.url, config={"apiKeyRequired": key_required}, permissions=["clipboard-read", "clipboard-write"]
    )
    if key_required:
        page.get_by_label("API key").fill("secret-1")
    first = api.will_stream()
    ask(page, "Begin")
    first.token(HARD_PROMPT)
    first.done(9)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    api.will_stream().done(0)
    ask(page, HARD_PROMPT)
    page.locator("article").get_by_text("API call").last.click()
    page.get_by_role("button", name=f"Copy the {name} call").last.click()
    expect(page.get_by_role("status").last).to_have_text("Copied")
    call = page.evaluate("navigator.clipboard.readText()")
    assert "secret-1" not in call

    stream = api.will_stream()
    stream.token("It works")
    stream.raw("[DONE]")
    stream.end()
    command = ["bash", "-c", call] if name == "curl" else [sys.executable, "-c", call]
    shown = subprocess.run(
        command, env={**os.environ, "API_KEY": "secret-1"}, capture_output=True, text=True, timeout=60, check=True
    )
    assert "It works" in shown.stdout
    _, by_page, by_code = api.received
    assert len(by_page.body["messages"]) == 3
    assert by_code.body | {"stream_options": {"include_usage": True}} == {"model": "test/tiny", **by_page.body}
    if key_required:
        assert by_page.headers["Authorization"] == by_code.headers["Authorization"] == "Bearer secret-1"


@pytest.mark.req("R5.5")
def test_api_key_is_asked_for_only_when_one_is_required(open_page: OpenPage, api: ScriptedApi) -> None:
    expect(open_page(api.url).get_by_label("API key")).to_be_hidden()
    page = open_page(api.url, config={"apiKeyRequired": True})
    ask(page, "Say hello")
    expect(page.get_by_label("API key")).to_be_focused()
    assert api.received == []


def test_page_stores_nothing_in_the_browser(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url, config={"apiKeyRequired": True})
    page.get_by_label("API key").fill("secret-1")
    stream = api.will_stream()
    ask(page, "Say hello")
    stream.token("Hello")
    stream.done(1)
    expect(page.locator(".answer")).to_have_text("Hello")
    assert page.context.storage_state(indexed_db=True) == {"cookies": [], "origins": []}
    assert page.evaluate("sessionStorage.length") == 0


def test_page_asks_nobody_but_its_own_site_and_the_api(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    stream = api.will_stream()
    ask(page, "Say hello")
    stream.done(0)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    site = page.evaluate("location.origin")
    assert asked
    assert [url for url in asked if not url.startswith((site, api.url))] == []

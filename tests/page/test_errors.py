"""Every failure of the API's contract on the demo page: in plain words, with a way on, and nothing lost."""

import pytest
from playwright.sync_api import Page, expect

from support.browser_fixtures import OpenPage
from support.scripted_api import Reply, ScriptedApi, error_reply, health_reply


def ask(page: Page, prompt: str) -> None:
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Send").click()


def expect_notice(page: Page, text: str) -> None:
    expect(page.locator("article .notice").first).to_contain_text(text)


def answer_from_now_on(api: ScriptedApi, text: str) -> None:
    stream = api.will_stream()
    stream.token(text)
    stream.done(1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(error_reply(400, "max_tokens must be at most 512"), "max_tokens must be at most 512", id="400"),
        pytest.param(error_reply(403, "The firewall refused this"), "Try from another network.", id="403"),
        pytest.param(error_reply(413, "too large"), "This is too long to send.", id="413"),
        pytest.param(error_reply(429, "The API key has used up its requests"), "The API key has used up", id="429"),
        pytest.param(error_reply(500, "Something broke"), "Something broke", id="500"),
        pytest.param(
            error_reply(503, "The queue is full."), "The service is busy. The API says: The queue is full.", id="503"
        ),
        pytest.param(error_reply(504, "timeout"), "The answer took too long.", id="504"),
        pytest.param(Reply(status=502, body="<html>"), "The service has a problem.", id="not the API's own error"),
        pytest.param(Reply(status=200, body="<html>hotel wifi"), "The answer makes no sense.", id="not a stream"),
    ],
)
def test_failure_is_said_in_words_and_can_be_tried_again(
    open_page: OpenPage, api: ScriptedApi, reply: Reply, words: str
) -> None:
    page = open_page(api.url)
    api.will_reply(reply)
    ask(page, "Say hello")
    expect_notice(page, words)
    expect(page.locator(".prompt")).to_have_text("Say hello")
    answer_from_now_on(api, "Hello")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_have_text("Hello")
    assert api.received[0].body == api.received[1].body


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.req("R5.3", "R7.1")
def test_retry_after_is_counted_down(open_page: OpenPage, api: ScriptedApi, status: int) -> None:
    page = open_page(api.url)
    # it stands still: of a clock that runs, a busy machine may never show this second
    page.clock.install(time="2030-01-05T06:00:00Z")
    page.clock.pause_at("2030-01-05T07:00:00Z")
    api.will_reply(error_reply(status, "later", retry_after=12))
    ask(page, "Say hello")
    button = page.locator(".retry")
    expect(button).to_have_text("Try again in 12 s")
    expect(button).to_be_disabled()
    page.clock.fast_forward(5_000)
    expect(button).to_have_text("Try again in 7 s")
    page.clock.fast_forward(7_000)
    expect(button).to_have_text("Try again")
    expect(button).to_be_enabled()


@pytest.mark.req("R1.4", "R7.1")
def test_loading_shows_the_boot_stage_until_the_model_is_ready(open_page: OpenPage, api: ScriptedApi) -> None:
    api.health = health_reply("loading", stage="weights", elapsed_seconds=42.4)
    page = open_page(api.url)
    page.clock.install()
    pill = page.locator("#health")
    expect(pill).to_have_text("Loading weights, 42 s")
    api.will_reply(error_reply(503, "loading", retry_after=200))
    ask(page, "Say hello")
    expect_notice(page, "Loading weights, 42 s so far")
    api.health = health_reply("loading", stage="compile", elapsed_seconds=60.0)
    page.clock.fast_forward(6_000)
    expect_notice(page, "Compiling, 60 s so far")
    api.health = health_reply("ready")
    page.clock.fast_forward(6_000)
    expect(pill).to_have_text("Ready")
    expect_notice(page, "The model is ready now.")
    expect(page.get_by_role("button", name="Try again")).to_be_enabled()


def test_outside_office_hours_it_says_when_the_service_opens(open_page: OpenPage, api: ScriptedApi) -> None:
    closed = error_reply(503, "closed", retry_after=2 * 24 * 3600)
    api.health = closed
    page = open_page(api.url, locale="en-US", timezone_id="Europe/Berlin")
    page.clock.set_fixed_time("2030-01-05T06:00:00Z")
    api.will_reply(closed)
    ask(page, "Say hello")
    expect_notice(page, "It opens Monday")
    expect_notice(page, "07:00")
    expect(page.locator(".retry")).to_have_text("Try again later")
    expect(page.locator("#health")).to_contain_text("Opens Monday")


@pytest.mark.parametrize(
    ("status", "pill", "notice"),
    [
        ("draining", "Restarting", "The service is restarting."),
        ("failed", "Did not start", "The model did not start."),
    ],
)
def test_health_tells_why_the_service_is_away(
    open_page: OpenPage, api: ScriptedApi, status: str, pill: str, notice: str
) -> None:
    api.health = health_reply(status)
    page = open_page(api.url)
    expect(page.locator("#health")).to_have_text(pill)
    api.will_reply(error_reply(503, "away"))
    ask(page, "Say hello")
    expect_notice(page, notice)


def test_health_that_is_no_health_answer_is_not_available(open_page: OpenPage, api: ScriptedApi) -> None:
    api.health = Reply(status=503, body="<html>503 Service Temporarily Unavailable</html>")
    page = open_page(api.url)
    expect(page.locator("#health")).to_have_text("Not available")


@pytest.mark.req("R5.6")
def test_refused_key_is_asked_for_again(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    api.will_reply(error_reply(401, "Invalid API key"))
    ask(page, "Say hello")
    expect_notice(page, "The API key is missing or wrong.")
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type("secret-2")
    answer_from_now_on(api, "Hello")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_have_text("Hello")
    assert api.received[1].headers["Authorization"] == "Bearer secret-2"


def test_offline_is_told_from_an_api_that_is_away(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    expect(page.locator("#health")).to_have_text("Ready")
    page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
    ask(page, "First")
    expect_notice(page, "The API cannot be reached.")
    page.context.set_offline(True)
    ask(page, "Second")
    expect(page.locator("article .notice").last).to_contain_text("You are offline.")


@pytest.mark.parametrize("how", ["cut", "end"])
def test_answer_that_breaks_off_is_kept_and_can_be_asked_again(open_page: OpenPage, api: ScriptedApi, how: str) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Tell me a story")
    stream.token("Once upon a")
    expect(page.locator(".answer")).to_have_text("Once upon a")
    stream.cut() if how == "cut" else stream.end()
    expect_notice(page, "The answer was cut off.")
    answer_from_now_on(api, "Once more")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_have_text(["Once upon a", "Once more"])


@pytest.mark.req("R7.2")
def test_stream_that_runs_out_of_time_says_so_and_keeps_the_text(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Tell me a story")
    stream.token("Once upon a")
    stream.raw('{"error": {"message": "deadline", "type": "timeout", "param": null, "code": 504}}')
    stream.end()
    expect_notice(page, "The answer took too long.")
    expect(page.locator(".answer")).to_have_text("Once upon a")


@pytest.mark.parametrize("event", ["{not json", '{"hello": 1}', "null"])
def test_event_that_is_no_chunk_is_refused(open_page: OpenPage, api: ScriptedApi, event: str) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Say hello")
    stream.token("Hel")
    stream.raw(event)
    expect_notice(page, "The answer makes no sense.")
    expect(page.locator(".answer")).to_have_text("Hel")


def test_comments_between_events_are_skipped(open_page: OpenPage, api: ScriptedApi) -> None:
    page = open_page(api.url)
    stream = api.will_stream()
    ask(page, "Say hello")
    stream.partial(b": keep-alive\r\n\r\n")
    stream.token("Hello")
    stream.done(1)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.locator(".answer")).to_have_text("Hello")
    expect(page.locator("article .notice")).to_be_hidden()


@pytest.mark.parametrize("config", ["", "[]", "{}"])
def test_page_without_its_configuration_says_so(open_page: OpenPage, api: ScriptedApi, config: str) -> None:
    page = open_page(api.url)
    page.route("**/config.json", lambda route: route.fulfill(body=config))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("This page cannot find its API")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()

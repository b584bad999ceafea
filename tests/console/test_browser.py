"""The console in a real Chromium: what an operator does, live, and what a keyboard, a phone or a screen reader
needs. Skipped where there is no Chromium (`.ci/run` installs one)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from connectors.base import Context, Destination, Done, Failed, Outcome
from sources.base import Event
from tests.console.browser import Browser
from tests.jobs.world import World, feedback_event, status_event
from tests.web import PASSWORD

PATH = shutil.which("chromium")
QUIET = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-sync")
PAGES = ("/", "/deliveries", "/dead", "/connectors", "/tools", "/audit")
WIDTHS = (320, 768, 1440)
MILLISECONDS = 30_000

pytestmark = [
    pytest.mark.skipif(PATH is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=[f"--{name}" for name in QUIET])
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Chromium, operator: Browser) -> Iterator[Open]:
    """A page that is signed in. Whatever the browser reports as an error fails the test: a script or style that the
    policy refuses, a request that failed."""
    contexts, errors = [], []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(base_url=operator.url, **options)
        context.set_default_timeout(MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/login")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def broken(world: World) -> World:
    """Slack refuses; jira works."""

    def answer(_event: Event, context: Context) -> Outcome:
        if context.delivery_id.endswith(".slack"):
            return Failed("Slack: channel_not_found; SLACK_CHANNEL names no channel", "config")
        return Done({"ticket": "PROJ-3", "external_id": "3"})

    for name, recorder in world.connectors.items():
        recorder.where, recorder.answer = Destination(name), answer
    for body in (feedback_event(7), status_event(3, 1), status_event(3, 2, "ON_REVIEW", "RESOLVED")):
        world.accept(body)
        world.run()
    world.tick()
    return world


def test_an_operator_finds_a_failure_repairs_it_and_sees_it_done(open_page: Open, broken: World) -> None:
    page = open_page(locale="en-US")
    expect(page.locator(".state").first).to_contain_text("slack is misconfigured.")
    page.get_by_role("link", name="What to do").click()
    expect(page.locator("#slack")).to_contain_text("misconfigured")
    page.get_by_role("link", name="Deliveries", exact=True).click()
    page.get_by_label("State").select_option("dead")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.locator("tbody a").first.click()
    slack = page.locator(".delivery").filter(has_text="channel_not_found")
    expect(slack).to_contain_text("Correct what the error names")
    broken.connectors["slack"].answer = lambda _event, _context: Done({"ts": "1"})  # the channel is created
    slack.get_by_role("button", name="Send again").click()
    expect(page.locator(".notice")).to_have_text("The delivery is sent again.")
    page.evaluate("window.loaded = 'once'")
    broken.run()
    expect(page.locator(".delivery").last).to_contain_text("done")
    assert page.evaluate("window.loaded") == "once", "shown live, without a reload"


def test_without_javascript_every_step_works(open_page: Open, broken: World) -> None:
    page = open_page(locale="en-US", java_script_enabled=False)
    page.get_by_role("link", name="Dead letters", exact=True).click()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".notice")).to_contain_text("Deliveries that are sent again: 3.")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")


def test_the_keyboard_reaches_the_content_first(open_page: Open, broken: World) -> None:
    page = open_page(locale="en-US")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_id("main")


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing(open_page: Open, broken: World, scheme: str, rules: dict[str, Any]) -> None:
    """Contrast, names, roles, order: https://github.com/dequelabs/axe-core"""
    page = open_page(locale="en-US", color_scheme=scheme, bypass_csp=True)
    event = broken.records.events()[0]["id"]
    found = []
    for path in (*PAGES, f"/events/{event}"):
        page.goto(path)
        results = Axe().run(page, options=rules)
        found += [f"{path}: {violation['id']}" for violation in results.response["violations"]]
    assert found == []


@pytest.mark.parametrize("locale", ["en-US", "ko-KR", "ja-JP"])
def test_no_page_is_wider_than_the_screen(open_page: Open, broken: World, locale: str) -> None:
    page = open_page(locale=locale)
    event = broken.records.events()[0]["id"]
    assert page.locator("html").get_attribute("lang") == locale[:2]
    found = []
    for path in (*PAGES, f"/events/{event}"):
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{path} at {width}")
    assert found == []

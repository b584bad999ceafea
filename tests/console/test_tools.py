"""The tools of the console do what the commands do, and show how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from console.tasks import LOST_SECONDS, MOST_LINES, Task, Tasks
from tests.console.browser import Browser, visible
from tests.console.conftest import Servers
from tests.web import SLACK, Web, start_web
from tools.sandbox.processes import Processes, wait_for


@pytest.fixture
def tasks(redis: Redis) -> Tasks:
    return Tasks(redis, "test")


def ended(tasks: Tasks, kind: str = "check") -> Task:
    def look() -> Task | None:
        found = tasks.find(kind)
        return found if found and found.state != "running" else None

    found = wait_for("the task to end", look, 20)
    assert isinstance(found, Task)
    return found


def test_a_task_shows_its_lines_while_it_runs(tasks: Tasks, redis: Redis) -> None:
    go_on = threading.Event()

    def work(write: Callable[[Any], None]) -> dict[str, int]:
        write({"n": 1})
        go_on.wait(20)
        write({"n": 2})
        return {"sum": 3}

    assert tasks.find("check") is None
    assert tasks.start("check", {"a": "b"}, work)
    try:
        other = Tasks(redis, "test")  # another process
        wait_for("the first line", lambda: (found := other.find("check")) and found.lines, 20)
        running = other.find("check")
        assert running is not None
        assert (running.state, running.lines, running.about) == ("running", ({"n": 1},), {"a": "b"})
        assert not other.start("check", {}, work), "one of each kind at a time"
        assert other.start("reconcile", {}, lambda _write: {})
    finally:
        go_on.set()
    found = ended(tasks)
    assert (found.state, found.lines, found.result) == ("done", ({"n": 1}, {"n": 2}), {"sum": 3})
    assert tasks.start("check", {}, lambda _write: {})
    assert ended(tasks).lines == ()


def test_a_task_that_fails_shows_no_value(tasks: Tasks) -> None:
    def work(_write: Callable[[Any], None]) -> dict[str, int]:
        return {"n": int("planted")}

    assert tasks.start("check", {}, work)
    found = ended(tasks)
    assert (found.state, found.result) == ("failed", {"error": "ValueError"})


def test_a_task_whose_process_ended_is_lost(tasks: Tasks, redis: Redis) -> None:
    """And another one may begin, whose lines the lost one cannot write into."""
    go_on, writing = threading.Event(), threading.Event()

    def work(write: Callable[[Any], None]) -> dict[str, int]:
        go_on.wait(20)
        write({"from": "the lost one"})
        writing.set()
        return {}

    assert tasks.start("check", {}, work)
    redis.hset("fb:test:task:check", "beat", int((time.time() - LOST_SECONDS - 1) * 1000))
    found = tasks.find("check")
    assert found is not None
    assert found.state == "lost"
    assert tasks.start("check", {}, lambda _write: {"new": True})
    go_on.set()
    assert writing.wait(20)
    found = ended(tasks)
    assert (found.lines, found.result) == ((), {"new": True})


def test_lines_are_bounded_and_expire(tasks: Tasks, redis: Redis) -> None:
    def work(write: Callable[[Any], None]) -> dict[str, int]:
        for number in range(MOST_LINES + 5):
            write({"n": number})
        return {}

    assert tasks.start("check", {}, work)
    found = ended(tasks)
    assert len(found.lines) == MOST_LINES
    assert found.lines[-1] == {"n": MOST_LINES + 4}
    assert 0 < redis.ttl("fb:test:task:check") <= 86_400
    assert 0 < redis.ttl("fb:test:task:check:lines") <= 86_400


# The page


def finished(browser: Browser, kind: str) -> str:
    """The text of the task's part of the page once it has ended."""

    def look() -> str:
        text = browser.get(f"/tools/{kind}").text
        return text if "data-ended" in text else ""

    return visible(str(wait_for("the task to end", look, 20)))


def test_check_everything(servers: Servers) -> None:
    browser = servers.browser().sign_in()
    answer = browser.submit("/tools", "/tools/check")
    assert answer.headers["Location"].startswith("/tools?notice=started")
    text = finished(browser, "check")
    assert "configuration : valid" in text
    assert "redis : stores an event, hands it to a worker and records its delivery" in text
    assert "Everything works." in text or "Failed: " in text
    assert "Checked everything" in visible(browser.get("/audit").text)


def test_reconcile_needs_what_can_be_compared(browser: Browser) -> None:
    browser.sign_in()
    assert "ABC_API_URL" in visible(browser.get("/tools").text)
    assert browser.post("/tools/reconcile", {"csrf": browser.csrf}).status_code == 404


def test_reconcile_begins_with_a_dry_run(operator: Browser) -> None:
    """ABC cannot be reached here: both report that, as the command does."""
    form = {"csrf": operator.csrf, "since": "2h"}
    answer = operator.post("/tools/reconcile", {**form, "now": "yes", "seen": ""})
    assert (answer.status_code, "dry run" in visible(answer.text)) == (409, True)
    assert operator.post("/tools/reconcile", {**form, "since": "yesterday"}).status_code == 400
    assert operator.submit("/tools", "/tools/reconcile", since="2h").status_code == 303
    assert "Would be recovered: 0. Nothing was changed." in finished(operator, "reconcile")
    assert "Dry run of reconcile 2h" in visible(operator.get("/audit").text)
    for wrong in ({"seen": "x"}, {"seen": "", "since": "3h"}):
        assert operator.post("/tools/reconcile", {**form, "now": "yes", **wrong}).status_code == 409


def test_a_sample_needs_numbers(operator: Browser) -> None:
    answer = operator.submit("/tools", "/tools/sample", issue="x")
    assert (answer.status_code, "Each id should be a number." in visible(answer.text)) == (400, True)
    assert operator.submit("/tools", "/tools/sample", event="NOTHING").status_code == 400


def test_a_sample_that_cannot_be_sent_is_explained(servers: Servers) -> None:
    browser = servers.browser(PORT="9").sign_in()
    answer = browser.submit("/tools", "/tools/sample")
    assert (answer.status_code, "is the receiver running there?" in visible(answer.text)) == (502, True)


def test_a_kind_of_task_that_does_not_exist(operator: Browser) -> None:
    assert operator.get("/tools/nothing").status_code == 404


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    return start_web(processes, valkey_url, "tools", BRIDGE_INSTANCE="test", **SLACK)


def test_a_sample_leads_to_its_event(web: Web, redis_url: str) -> None:
    """The web process sends it to itself, as ABC User Feedback does."""
    browser = Browser(web.url).sign_in()
    answer = browser.submit("/tools", "/tools/sample", event="ISSUE_CREATION", issue="42")
    assert answer.status_code == 303, visible(answer.text)
    shown = visible(browser.get(answer.headers["Location"]).text)
    assert "Issue 42 was created in project 1." in shown
    assert "The event was accepted." in shown

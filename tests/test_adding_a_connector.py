"""docs/adding-a-connector.md is true: its connectors, as printed on the page, do what the page promises."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, request
from redis import Redis

import connectors
from bridge.settings import load
from connectors.base import Connector, Destination, Done, Failed, Retry, Skipped, TicketSystem, Tools
from jobs.configuration import configure
from sources.abc.models import AbcEvent, Issue
from sources.base import Event, Subject
from tests.connectors.alerts.world import status_change
from tests.connectors.context import MemoryContext
from tests.jobs.world import World, status_event
from tests.web import serving
from tools.sandbox.processes import ROOT, free_port

TOKEN = "a-token-of-the-board"


class Display:
    """The wall display of the page."""

    def __init__(self) -> None:
        self.cards: dict[str, Any] = {}
        self.status = 200
        self.app = Flask("board")
        self.app.before_request(self._refusal)
        self.app.add_url_rule("/cards", view_func=lambda: self.cards)
        self.app.add_url_rule("/cards/<card>", view_func=self._put, methods=["PUT"])

    def _refusal(self) -> tuple[str, int] | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return "", 401
        return None if self.status == 200 else ("", self.status)

    def _put(self, card: str) -> dict[str, str]:
        self.cards[card] = request.get_json()
        return {}


@pytest.fixture
def display() -> Display:
    return Display()


class Chat:
    """The chat of the page."""

    SECRET = "secret-of-the-courier"

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        self.app = Flask("courier")
        self.app.add_url_rule(f"/hooks/{self.SECRET}", view_func=self._post, methods=["GET", "POST"])

    def _post(self) -> tuple[str, int]:
        if request.method == "GET":
            return "", 405
        text = request.get_json()["text"]
        if self.status not in (200, 500) or len(text) > 2000:
            return "", 400 if self.status == 200 else self.status
        self.texts.append(text)  # a 500 may come after the work was done
        return "", self.status


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def url(display: Display) -> Iterator[str]:
    with serving(display.app) as base:
        yield base


@pytest.fixture
def address(chat: Chat) -> Iterator[str]:
    with serving(chat.app) as base:
        yield f"{base}/hooks/{chat.SECRET}"


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The page's code as the packages that it names, registered by the page's lines; by kind."""
    text = (ROOT / "docs" / "adding-a-connector.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    registered = re.findall(r'`"(\w+)": "([\w.]+)",`', text)
    modules = {}
    for code, (kind, package) in zip(codes, registered, strict=True):
        assert f"`{package.replace('.', '/')}/__init__.py`" in text
        module = modules[kind] = ModuleType(package)
        monkeypatch.setitem(sys.modules, package, module)
        exec(compile(code, "docs/adding-a-connector.md", "exec"), module.__dict__)  # noqa: S102 - our own page
        monkeypatch.setitem(connectors.REGISTRY, kind, package)
    return modules


@pytest.fixture
def board(page: dict[str, ModuleType]) -> ModuleType:
    return page["board"]


def build(board: ModuleType, url: str, token: str = TOKEN) -> Any:
    settings = load(board.SPEC.settings, {"BOARD_URL": url, "BOARD_TOKEN": token})
    return board.SPEC.build(settings, Tools(name="board", instance="test", language="en", apis={}, concurrency=2))


def event(issue: Issue | None) -> Event:
    return AbcEvent("abc", "1", "ISSUE_CREATION", Subject("abc", "issue", 1, 3), 0.0, {}, issue=issue)


def test_it_runs_in_the_service(board: ModuleType, url: str, display: Display, redis: Redis) -> None:
    """Through accept, lease, flow control and record, as in a worker."""
    connector = build(board, url)
    world = World(redis, {"board": connector})
    accepted = world.accept(status_event(3, 1))
    world.run()
    assert world.state(accepted, "board") == "done"
    assert set(display.cards) == {"abc:issue:1:3"}
    promised = {name for name, value in vars(Connector).items() if callable(value) and not name.startswith("_")}
    assert promised <= set(dir(connector))


def test_it_pins_an_issue_once_however_often_it_runs(board: ModuleType, url: str, display: Display) -> None:
    connector = build(board, url)
    for _ in range(2):
        assert connector.deliver(event(Issue(id=3, name="API issue 🚀")), MemoryContext()) == Done(
            {"card": "abc:issue:1:3"}
        )
    assert display.cards == {"abc:issue:1:3": {"title": "API issue 🚀"}}


def test_it_returns_the_outcome(board: ModuleType, url: str, display: Display) -> None:
    issue = Issue(id=3, name="x")
    assert isinstance(build(board, url).deliver(event(None), MemoryContext()), Skipped)
    wrong = build(board, url, "another-token").deliver(event(issue), MemoryContext())
    assert wrong == Failed("the board answered 401", "auth")
    display.status = 503
    assert build(board, url).deliver(event(issue), MemoryContext()) == Retry("the board answered 503", "server_error")
    nobody = build(board, f"http://127.0.0.1:{free_port()}").deliver(event(issue), MemoryContext())
    assert isinstance(nobody, Retry)
    assert nobody.reason == "network"


def test_its_check_shows_what_works(board: ModuleType, url: str) -> None:
    assert [check.ok for check in build(board, url).check()] == [True]
    (check,) = build(board, url, "another-token").check()
    assert (check.ok, "BOARD_TOKEN" in check.what) == (False, True)


def test_the_line_in_the_registry_is_all_it_takes(board: ModuleType) -> None:
    variables = {"WEBHOOK_TOKEN": "a-token-for-this-test", "BOARD_URL": "http://board.test", "BOARD_TOKEN": TOKEN}
    configuration = configure({**variables, "CONNECTORS": "board", "BOARD_FILTER": "project.id == 1"})
    assert [route.connector for route in configuration.routes] == ["board"]
    assert configuration.redact(f"leaked: {TOKEN}") == "leaked: <secret>"


# The connector that posts messages

SENTENCE = 'The status of issue "Cannot log in" changed from New to In Progress.'


def courier(page: dict[str, ModuleType], address: str, **variables: str) -> Any:
    spec = page["courier"].SPEC
    tracker = TicketSystem("board", lambda project, id_: f"https://tracker.example/{project}/{id_}")
    tools = Tools(name="courier", instance="test", language="en", apis={}, concurrency=2, tickets=(tracker,))
    return spec.build(load(spec.settings, {"COURIER_WEBHOOK_URL": address, **variables}), tools)


def test_an_alert_connector_posts_a_whole_message(page: dict[str, ModuleType], address: str, chat: Chat) -> None:
    connector = courier(page, address)
    assert connector.deliver(status_change(ticket="12"), MemoryContext()) == Done({})
    facts = "Project: My Project\nIssue: #3\nTicket: 12 https://tracker.example/1/12"
    assert chat.texts == [f"{SENTENCE}\n{facts}"]
    assert connector.destination(status_change()) == Destination("courier webhook", 1, 1)


def test_an_alert_connector_fits_many_long_events_into_one_message(
    page: dict[str, ModuleType], address: str, chat: Chat
) -> None:
    waiting = [(status_change("긴 이름 😭" * 40), MemoryContext(f"{number}.courier")) for number in range(30)]
    assert courier(page, address).gather(waiting) == [Done({})] * 30
    (text,) = chat.texts
    assert (text.splitlines()[0], len(text.splitlines())) == (
        "30 events in one message, because there are so many:",
        31,
    )


def test_an_alert_connector_returns_what_an_answer_means(page: dict[str, ModuleType], address: str, chat: Chat) -> None:
    connector, gone = courier(page, address), f"{address}-deleted"
    advice = "Courier refused (404): the address was deleted: make a new one and set COURIER_WEBHOOK_URL"
    assert courier(page, gone).deliver(status_change(), MemoryContext()) == Failed(advice, "auth")
    chat.status = 429
    assert connector.deliver(status_change(), MemoryContext()) == Retry("Courier answered 429", "rate_limited")
    assert not chat.texts
    assert next(check.ok for check in connector.check())


def test_an_alert_connector_reports_a_message_that_may_be_repeated(
    page: dict[str, ModuleType], address: str, chat: Chat
) -> None:
    chat.status, context = 500, MemoryContext()
    assert isinstance(courier(page, address).deliver(status_change(), context), Retry)
    chat.status = 200
    again = courier(page, address).deliver(status_change(), context.next_attempt())
    assert isinstance(again, Done)
    assert again.result["unsure"].startswith("posted again")
    never = courier(page, address, COURIER_WHEN_UNSURE="never").deliver(status_change(), context.next_attempt())
    assert isinstance(never, Skipped)
    assert len(chat.texts) == 2

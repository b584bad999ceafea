"""docs/adding-a-connector.md is true: its connector does what the page says, as it stands there."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, request
from redis import Redis
from werkzeug.serving import make_server

import connectors
from bridge.settings import load
from connectors.base import Connector, Done, Failed, Retry, Skipped, Tools
from jobs.configuration import configure
from sources.abc.models import AbcEvent, Issue
from sources.base import Event, Subject
from tests.connectors.context import MemoryContext
from tests.jobs.world import World, status_event
from tools.sandbox.processes import ROOT, free_port

NAME = "connectors.board"
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


@pytest.fixture
def url(display: Display) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, display.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's code as the package that it says it is, registered by the page's line."""
    page = (ROOT / "docs" / "adding-a-connector.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    module = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    exec(compile(code, "docs/adding-a-connector.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    registered = re.search(r'`"(\w+)": "([\w.]+)",`', page)
    assert registered
    monkeypatch.setitem(connectors.REGISTRY, registered[1], registered[2])
    return module


def build(board: ModuleType, url: str, token: str = TOKEN) -> Any:
    settings = load(board.SPEC.settings, {"BOARD_URL": url, "BOARD_TOKEN": token})
    return board.SPEC.build(settings, Tools(name="board", instance="test", language="en", abc=None, concurrency=2))


def event(issue: Issue | None) -> Event:
    return AbcEvent("abc", "1", "ISSUE_CREATION", Subject("abc", "issue", 1, 3), 0.0, {}, issue=issue)


def test_it_runs_in_the_service(board: ModuleType, url: str, display: Display, redis: Redis) -> None:
    """Through accept, lease, flow control and record, as in a worker."""
    connector = build(board, url)
    world = World(redis, {"board": connector})
    accepted = world.tell(status_event(3, 1))
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


def test_it_says_what_came_of_it(board: ModuleType, url: str, display: Display) -> None:
    issue = Issue(id=3, name="x")
    assert isinstance(build(board, url).deliver(event(None), MemoryContext()), Skipped)
    wrong = build(board, url, "another-token").deliver(event(issue), MemoryContext())
    assert wrong == Failed("the board answered 401", "auth")
    display.status = 503
    assert build(board, url).deliver(event(issue), MemoryContext()) == Retry("the board answered 503", "server_error")
    nobody = build(board, f"http://127.0.0.1:{free_port()}").deliver(event(issue), MemoryContext())
    assert isinstance(nobody, Retry)
    assert nobody.reason == "network"


def test_its_check_tells_what_works(board: ModuleType, url: str) -> None:
    assert [check.ok for check in build(board, url).check()] == [True]
    (check,) = build(board, url, "another-token").check()
    assert (check.ok, "BOARD_TOKEN" in check.what) == (False, True)


def test_the_line_in_the_registry_is_all_it_takes(board: ModuleType) -> None:
    variables = {"WEBHOOK_TOKEN": "a-token-for-this-test", "BOARD_URL": "http://board.test", "BOARD_TOKEN": TOKEN}
    configuration = configure({**variables, "CONNECTORS": "board", "BOARD_FILTER": "project.id == 1"})
    assert [route.connector for route in configuration.routes] == ["board"]
    assert configuration.redact(f"leaked: {TOKEN}") == "leaked: <secret>"

"""docs/adding-a-ticket-system.md is true: its adapter keeps what the page promises, as it stands there."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, request
from pydantic import SecretStr

import connectors
from bridge.settings import KeyMap, load
from connectors.base import Done, Failed, Outcome, Retry, Skipped, Tools
from jobs.configuration import configure
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Issue, Named, subject_of
from tests.connectors.context import MemoryContext, MemoryLinks
from tests.web import serving
from tools.sandbox.abc_store import DEMO_KEY, IssueRow
from tools.sandbox.app import Sandbox
from tools.sandbox.processes import ROOT
from tools.sandbox.server import running

NAME = "connectors.desk"
TOKEN = "a-token-of-the-desk"
ME, PERSON = 7, 8
PAGE = 50


class Desk:
    """The tracker of the page: one board, `ops`."""

    def __init__(self) -> None:
        self.cards: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.columns = ["todo", "done"]
        self.access = self.may_write = True
        self.lose_answer = self.no_way = self.endless = False
        self.made = 0
        app = self.app = Flask("desk")
        app.before_request(self._refusal)
        app.after_request(self._answer)
        app.add_url_rule("/me", "me", lambda: {"id": ME})
        app.add_url_rule("/boards/ops", "board", lambda: {"columns": self.columns, "may_write": self.may_write})
        app.add_url_rule("/boards/ops/cards", "make", self.make, methods=["POST"])
        app.add_url_rule("/boards/ops/cards", "find", self.find)
        app.add_url_rule("/boards/ops/cards/<int:number>", "card", lambda number: self.cards[number])
        app.add_url_rule("/boards/ops/cards/<int:number>/notes", "notes", lambda number: self.notes[number][::-1])
        app.add_url_rule("/boards/ops/cards/<int:number>/notes", "note", self.note, methods=["POST"])
        app.add_url_rule("/boards/ops/cards/<int:number>/column", "column", self.column, methods=["PUT"])
        app.register_error_handler(KeyError, lambda _error: ("", 404))

    def _refusal(self) -> tuple[str, int] | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return "", 401
        if request.path != "/me" and not self.access:
            return "", 404
        return ("", 403) if request.method != "GET" and not self.may_write else None

    def _answer(self, response: Any) -> Any:
        if request.method == "POST" and self.lose_answer:
            self.lose_answer = False
            response.status_code = 502
        return response

    def make(self, by: int = ME) -> tuple[dict[str, Any], int]:
        self.made += 1
        given, number = request.get_json(), self.made
        assert len(given["title"]) <= 120
        card = {**given, "number": number, "column": "todo", "author": by, "created": "2026-11-22T10:00:00Z"}
        self.cards[number], self.notes[number] = card, []
        return card, 201

    def find(self) -> list[dict[str, Any]]:
        start = 0 if self.endless else (int(request.args["page"]) - 1) * PAGE
        return [card for card in self.cards.values() if request.args["tag"] in card["tags"]][start : start + PAGE]

    def note(self, number: int) -> tuple[dict[str, Any], int]:
        note = {"text": request.get_json()["text"], "author": ME, "created": "2026-11-22T10:00:00Z"}
        self.notes[number].append(note)
        return note, 201

    def column(self, number: int) -> Any:
        wanted = request.get_json()["column"]
        if wanted not in self.columns or self.no_way:
            return "", 409
        self.cards[number]["column"] = wanted
        return self.cards[number]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def url(desk: Desk) -> Iterator[str]:
    with serving(desk.app) as base:
        yield base


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


PAGE_TEXT = (ROOT / "docs" / "adding-a-ticket-system.md").read_text(encoding="utf-8")


def code_of(text: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(code)


def test_the_sample_plug_in_has_the_page_s_code() -> None:
    file = ROOT / "examples" / "plugin" / "feedback_bridge_example" / "desk.py"
    assert file.read_text(encoding="utf-8") == code_of(PAGE_TEXT)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's code as the package that it names, registered by the page's line."""
    text = PAGE_TEXT
    code = code_of(text)
    module = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    exec(compile(code, "docs/adding-a-ticket-system.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    registered = re.search(r'`"(\w+)": "([\w.]+)",`', text)
    assert registered
    monkeypatch.setitem(connectors.REGISTRY, registered[1], registered[2])
    return module


class World:
    def __init__(self, page: ModuleType, sandbox: Sandbox, url: str, **changes: str) -> None:
        variables = {"DESK_URL": url, "DESK_TOKEN": TOKEN, "DESK_BOARD": "ops", "DESK_STATUS_MAP": "RESOLVED=done"}
        abc = AbcClient(f"{sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
        settings = load(page.SPEC.settings, variables | changes)
        self.connector = page.SPEC.build(settings, Tools("desk", "test", "en", {"abc": abc}, 2))
        self.abc = sandbox.abc
        self.links = MemoryLinks()

    def issue(self, name: str = "It fails") -> IssueRow:
        return self.abc.create_issue(1, {"name": name})

    def carded(self, name: str = "It fails") -> IssueRow:
        """An issue that has its card."""
        issue = self.issue(name)
        assert isinstance(self.deliver("ISSUE_CREATION", issue), Done)
        return issue

    def forget(self, issue: IssueRow) -> None:
        """Redis was wiped, and ABC does not name the card: only its tag is left."""
        self.abc.issues[issue.id].externalIssueId = None
        self.links.values.clear()

    def context(self, **more: Any) -> MemoryContext:
        return MemoryContext(links=self.links, **more)

    def deliver(self, name: str, issue: IssueRow, context: MemoryContext | None = None, **parts: Any) -> Outcome:
        about, project, channel = Issue(id=issue.id), Named(id=1, name="Demo"), Named(id=1, name="App")
        event = AbcEvent("abc", "e", name, subject_of(1, about), 0.0, {}, project, channel, issue=about, **parts)
        outcome = self.connector.deliver(event, context or self.context())
        assert isinstance(outcome, Done | Skipped | Retry | Failed)
        return outcome


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(page: ModuleType, sandbox: Sandbox, url: str) -> MakeWorld:
    """`changes` of the variables -> the connector with them, and what is around it."""
    return partial(World, page, sandbox, url)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()


def test_one_card_for_each_issue_with_its_status_and_comments(
    make_world: MakeWorld, sandbox: Sandbox, desk: Desk
) -> None:
    world = make_world(DESK_LABELS="voc")
    issue, feedback = world.issue(), sandbox.abc.create_feedback(1, {"message": "It crashes"})
    for _ in range(2):
        made = world.deliver("ISSUE_CREATION", issue)
        world.deliver("ISSUE_ADDITION", issue, feedback=Feedback(id=feedback.id))
    assert isinstance(made, Done)
    assert desk.cards[1]["title"] == "It fails"
    assert desk.cards[1]["tags"][0] == "voc"
    assert [note["text"].splitlines()[:2] for note in desk.notes[1]] == [["Feedback 1 (App)", "It crashes"]]
    sandbox.abc.set_status(issue.id, "RESOLVED")
    assert isinstance(world.deliver("ISSUE_STATUS_CHANGE", issue), Done)
    assert desk.cards[1]["column"] == "done"
    assert (desk.made, sandbox.abc.issue(issue.id).externalIssueId) == (1, "1")


def test_a_card_whose_answer_was_lost_is_found_by_its_tag(world: World, desk: Desk) -> None:
    context = MemoryContext(links=MemoryLinks())
    issue = world.issue()
    desk.lose_answer = True
    assert isinstance(world.deliver("ISSUE_CREATION", issue, context), Retry)
    again = world.deliver("ISSUE_CREATION", issue, context.next_attempt())
    assert isinstance(again, Done)
    assert again.result["created"] is False
    assert desk.made == 1


def test_a_card_with_our_tag_by_somebody_else_is_not_ours(world: World, desk: Desk) -> None:
    issue = world.carded()
    desk.cards[1]["author"] = PERSON
    world.forget(issue)
    assert isinstance(world.deliver("ISSUE_CREATION", issue), Done)
    assert desk.made == 2


def test_a_card_of_an_account_that_the_bridge_used_before_is_ours(make_world: MakeWorld, desk: Desk) -> None:
    world = make_world(DESK_FORMER_ACCOUNTS=str(PERSON))
    issue = world.carded()
    desk.cards[1]["author"] = PERSON
    world.forget(issue)
    assert isinstance(world.deliver("ISSUE_CREATION", issue), Done)
    assert desk.made == 1


def test_a_search_that_does_not_end_makes_no_second_card(world: World, desk: Desk) -> None:
    """A server that ignores `page`, and a page full of cards with our tag by other people."""
    issue = world.carded()
    card = desk.cards[1]
    desk.cards = {number: {**card, "number": number, "author": PERSON} for number in range(1, PAGE + 1)}
    world.forget(issue)
    desk.endless = True
    outcome = world.deliver("ISSUE_CREATION", issue)
    assert isinstance(outcome, Failed)
    assert desk.made == 1


def test_a_move_that_the_board_refuses_is_no_error(world: World, sandbox: Sandbox, desk: Desk) -> None:
    desk.no_way = True
    issue = world.carded()
    sandbox.abc.set_status(issue.id, "RESOLVED")
    outcome = world.deliver("ISSUE_STATUS_CHANGE", issue)
    assert isinstance(outcome, Done)
    assert outcome.result["warning"] == "the board has no way from 'todo' to 'done'"


def test_no_way_is_reported_once(world: World, sandbox: Sandbox, desk: Desk) -> None:
    desk.columns = ["todo"]
    issue = world.carded()
    sandbox.abc.set_status(issue.id, "RESOLVED")
    for _ in range(2):
        outcome = world.deliver("ISSUE_STATUS_CHANGE", issue)
        assert isinstance(outcome, Done)
        assert outcome.result["warning"] == "DESK_STATUS_MAP: the board has no column 'done'"
    assert len(desk.notes[1]) == 1


def test_a_deleted_card_is_not_made_again_and_a_hidden_one_is_reported(world: World, desk: Desk) -> None:
    issue = world.carded()
    del desk.cards[1]
    outcome = world.deliver("ISSUE_CREATION", issue, world.context(delivery_id="later.desk"))
    assert isinstance(outcome, Skipped)
    desk.access = False
    outcome = world.deliver("ISSUE_STATUS_CHANGE", issue, world.context(delivery_id="later.desk"))
    assert isinstance(outcome, Failed)
    assert "DESK_TOKEN has no access to the board ops" in outcome.why


def test_its_check_names_what_is_missing(make_world: MakeWorld, desk: Desk) -> None:
    signed_in = "signed in as the account 7"
    found = [check.what for check in make_world().connector.check()]
    assert found == [signed_in, "ops: cards can be created"]
    desk.may_write = False
    account, wrong = make_world().connector.check()
    assert (account.ok, account.what) == (True, signed_in)
    assert (wrong.ok, wrong.what) == (False, "ops: DESK_TOKEN may not write here")
    (wrong,) = make_world(DESK_TOKEN="another-token").connector.check()
    assert (wrong.ok, "renew DESK_TOKEN" in wrong.what) == (False, True)


def test_the_line_in_the_registry_is_all_it_takes(page: ModuleType) -> None:
    variables = {
        "WEBHOOK_TOKEN": "a-token-for-this-test",
        "ABC_API_URL": "http://abc.test",
        "ABC_API_KEY": DEMO_KEY,
        "DESK_URL": "http://desk.test",
        "DESK_TOKEN": TOKEN,
        "DESK_BOARD": "2=ops",
    }
    configuration = configure({**variables, "CONNECTORS": "desk", "DESK_FILTER": "project.id == 2"})
    (route,) = configuration.routes
    assert (route.connector, route.tickets) == ("desk", True)
    assert (
        page.SPEC.tickets.address(configuration.connectors["desk"], 2, "12") == "http://desk.test/boards/ops/cards/12"
    )
    assert configuration.redact(f"leaked: {TOKEN}") == "leaked: <secret>"

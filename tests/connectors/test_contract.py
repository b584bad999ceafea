"""What holds for every connector in the registry. A new one joins by being registered, with a file that describes how
it is configured against its stand-in: tests/connectors/<kind>/contract.py (tests/connectors/contract.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from requests.adapters import HTTPAdapter

import connectors
from connectors.base import (
    Check,
    Connector,
    Done,
    Failed,
    LeaseLost,
    Locating,
    Outcome,
    Preview,
    Previewing,
    Retry,
    Skipped,
)
from jobs.routing import make_route, plan
from sources import REGISTRY as SOURCES
from sources.base import Event
from tests.connectors.context import MemoryContext, MemoryLinks
from tests.connectors.contract import all_cases, cases_of, functions_of
from tests.connectors.world import World
from tests.test_docs import documented
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import ROOT, free_port
from tools.sandbox.server import running

HOSTILE = {
    "Korean": "로그인이 안 돼요 " * 200,
    "Japanese": "アプリがすぐに落ちます",
    "Chinese": "无法登录。" * 200,
    "emoji": "👩‍👩‍👧‍👦🇰🇷👍🏽" * 1000,
    "lone surrogates": "a\ud800b\udc00c" * 100,
    "100,000 characters": "가" * 100_000,
    "many words": "긴 글 " * 2500,
    "markup": "<!channel> <@U1> *b* `c` ``` {code} h1. [a|javascript:x] [b](javascript:x) @acme/team #1 <script>" * 50,
    "right to left": "\u202eevil\u202c \u2066x",
    "control characters": "a\x1b[31m\x07\x7f\u2028b",
    "blank": " \u3000\u200b\t",
    "template": "{{ 7 * 7 }} {% raw %} {0} %s ${x}",
}
STATUSES: dict[int, tuple[bool, str]] = {
    400: (False, "client_error"),
    401: (False, "auth"),
    403: (False, "auth"),
    404: (False, "not_found"),
    408: (True, "timeout"),
    409: (True, "server_error"),
    410: (False, "not_found"),
    413: (False, "client_error"),
    422: (False, "client_error"),
    429: (True, "rate_limited"),
    500: (True, "server_error"),
    502: (True, "server_error"),
    503: (True, "server_error"),
    504: (True, "server_error"),
}
"""Whether another try may help, and the reason."""
AT_SOURCE = {404: "client_error", 410: "client_error"}
"""These come from something else at its address: ABC's own 404 has a body of its own."""
SHAPES = {
    "a page": "<html><body>Sign in</body></html>",
    "null": "null",
    "a list": "[]",
    "an object": "{}",
    "a text": '"text"',
    "a number": "17",
    "a list of lists": "[[[[]]]]",
    "other types": json.dumps({name: [1] for name in ("ok", "id", "key", "issues", "data", "choices")}),
    "nothing": "",
}
"""Bodies of a success that is none."""
KINDS = pytest.mark.parametrize("kind", connectors.REGISTRY)


@pytest.fixture(scope="module", params=list(all_cases()), ids="-".join)
def stand_in(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from _worlds(*request.param)


def _worlds(kind: str, name: str) -> Iterator[World]:
    case = cases_of(kind)[name]
    with running(ascii=True, **case.options) as sandbox:  # so that it can answer lone surrogates
        case.prepare(sandbox)
        yield World(kind, case, sandbox)


@pytest.fixture
def world(stand_in: World) -> Iterator[World]:
    yield stand_in
    stand_in.sandbox.faults.clear()


@pytest.fixture(params=list(all_cases()), ids="-".join)
def fresh(request: pytest.FixtureRequest) -> Iterator[World]:
    """For what would make the lists of the others long, and slow."""
    yield from _worlds(*request.param)


# What it declares


@KINDS
def test_a_registered_connector_describes_its_cases(kind: str) -> None:
    cases = cases_of(kind)
    assert cases
    is_ticket_system = connectors.find(kind).tickets is not None
    assert functions_of(kind)
    assert all(bool(case.world) == is_ticket_system for case in cases.values()), "a ticket system has a world"


def test_a_connector_without_cases_is_reported_with_what_to_do() -> None:
    with pytest.raises(LookupError, match=r"pager is registered, so tests/connectors/pager/contract\.py must define"):
        cases_of("pager")


@KINDS
def test_it_declares_itself(kind: str) -> None:
    spec = connectors.find(kind)
    assert spec.kind == kind
    assert all(variable.startswith(f"{kind.upper()}_") for variable in spec.settings.variables().values()) or (
        kind == "translate"
    ), "every variable begins with the connector's name; the translators' have the names of their systems"
    assert spec.needs <= SOURCES.keys()


@KINDS
def test_its_variables_and_its_page_are_documented(kind: str) -> None:
    spec = connectors.find(kind)
    variables = {*spec.settings.variables().values(), *spec.routing}
    assert variables <= documented()
    assert (ROOT / "docs" / "connectors" / f"{kind}.md").exists()


@KINDS
def test_each_of_its_default_events_is_one_that_a_source_sends(kind: str) -> None:
    patterns = connectors.find(kind).default_events
    assert patterns
    for pattern in patterns:
        route = make_route(kind, "", None, (pattern,), connectors.find(kind).routing)
        samples = [(source, name) for source in SOURCES.values() for name in source.events]
        queued = []
        for source, name in samples:
            event = source.parse(source.samples(name).request())
            assert isinstance(event, Event)
            queued += [row for row in plan(event, [route]) if row.state == "queued"]
        assert queued, f"no source sends {pattern}"


# What it does with answers


def wrong_meanings(world: World, meanings: Mapping[int, str], **where: Any) -> dict[int, Outcome]:
    """The statuses whose outcome is not the one in the table, each with what it was, for one delivery each."""
    before, connector = world.effects(), world.build()
    wrong: dict[int, Outcome] = {}
    for status, (again, reason) in STATUSES.items():
        world.refuse(status, **where)
        outcome = world.deliver(connector, world.event())
        world.sandbox.faults.clear()
        expected = isinstance(outcome, Retry if again else Failed)
        assert isinstance(outcome, Retry | Failed), f"{status}: {outcome}"
        after = outcome.after if isinstance(outcome, Retry) and status == 429 else 17
        if not expected or outcome.reason != meanings.get(status, reason) or after != 17:
            wrong[status] = outcome
    assert world.effects() == before
    return wrong


def test_a_refusal_of_the_request_with_the_effect_is_retried_or_final(world: World) -> None:
    """With the seconds of Retry-After."""
    where = {"system": world.case.system, "method": "POST", "path": world.case.write}
    assert wrong_meanings(world, world.case.meanings, **where) == {}


def test_a_refusal_of_the_first_request_is_retried_or_final(world: World) -> None:
    meanings = {**world.case.meanings, **world.case.first_meanings}
    assert wrong_meanings(world, meanings, system=world.case.system) == {}


def test_a_refusal_by_the_source_is_retried_or_final(world: World) -> None:
    if "abc" not in world.spec.needs:
        pytest.skip("it does not ask the source")
    assert wrong_meanings(world, AT_SOURCE, system="abc") == {}
    world.refuse(500, system="abc")
    outcome = world.deliver(world.build(), world.event())
    assert isinstance(outcome, Retry)
    assert outcome.at_source


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_broken_connection_is_retried(world: World, fault: Any) -> None:
    before, connector, event = world.effects(), world.build(**world.never_unsure()), world.event()
    world.sandbox.faults.add(fault, system=world.case.system, method="POST", path=world.case.write)
    context = world.context(event)
    outcome = world.deliver(connector, event, context)
    assert isinstance(outcome, Retry)
    assert outcome.reason in ("network", "ambiguous")
    world.settle(connector, event, context.next_attempt(later=5))
    made = world.effects() - before
    assert made == 1 or (made == 0 and fault == "drop_before" and not world.case.finds_again)


def test_where_nobody_listens_it_is_retried(world: World) -> None:
    connector = world.build(**unreachable(world))
    outcome = world.deliver(connector, world.event())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"


def test_an_answer_of_another_shape_is_no_crash(world: World) -> None:
    connector = world.build()
    for body in SHAPES.values():
        for status in (200, 400):
            world.refuse(status, body, system=world.case.system)
            world.deliver(connector, world.event())
            world.check(connector)
            world.sandbox.faults.clear()


# What it does with texts and events


def test_hostile_text_is_delivered_or_skipped(fresh: World) -> None:
    """The last default event has every text: an addition makes the ticket as well as the comment."""
    connector, name = fresh.build(), fresh.spec.default_events[-1]
    for kind, text in HOSTILE.items():
        before = fresh.effects()
        outcome = fresh.settle(connector, fresh.event(name, text))
        assert isinstance(outcome, Done | Skipped), f"{kind}: {outcome}"
        assert isinstance(outcome, Skipped) or fresh.effects() > before, kind


def test_an_event_with_parts_missing_or_of_another_source_is_no_crash(world: World) -> None:
    connector = world.build()
    whole = world.event()
    changes: list[Any] = [{part: None} for part in ("project", "channel", "feedback", "issue")]
    parts: list[Event] = [replace(whole, **change) for change in changes]
    for source in SOURCES.values():
        for name in source.events:
            event = source.parse(source.samples(name).request())
            assert isinstance(event, Event)
            parts.append(event)
    for event in parts:
        connector.destination(event)
        world.deliver(connector, event, world.context(event, age=1000))
    expected = Done if world.case.takes_any_event else Skipped
    assert isinstance(world.deliver(connector, replace(whole, name="Something.New")), expected)


def test_what_was_posted_can_be_opened_where_it_declares_so(fresh: World) -> None:
    """And only there: everything else is no address, and no crash."""
    connector, keys, event = fresh.build(), fresh.spec.locates, fresh.event()
    outcome = fresh.settle(connector, event)
    assert isinstance(outcome, Done)
    if not keys & outcome.result.keys():
        assert not isinstance(connector, Locating) or connector.address_of(event, outcome.result) == ""
        return
    assert isinstance(connector, Locating)
    assert keys <= outcome.result.keys()
    assert connector.address_of(event, outcome.result).startswith("https://")
    assert connector.address_of(event, dict.fromkeys(keys, "../x")) == ""
    assert connector.address_of(event, {}) == ""
    for status, body in ((500, "{}"), (404, "{}"), *((200, body) for body in SHAPES.values())):
        fresh.refuse(status, body, system=fresh.case.system)
        assert connector.address_of(event, outcome.result) == ""
        fresh.sandbox.faults.clear()


# Once


class Killed(BaseException):
    """What a worker that is killed leaves behind: no `except Exception` runs."""


@dataclass
class Steps:
    """Counts the steps of a delivery, and kills its worker before one of them: nothing between two steps survives a
    worker, so before one is after the one before it."""

    kill_before: int | None = None
    count: int = 0

    def step(self) -> None:
        if self.count == self.kill_before:
            self.kill_before = None
            raise Killed
        self.count += 1


@dataclass
class SteppedContext(MemoryContext):
    steps: Steps = field(default_factory=Steps)

    def keep(self, **notes: Any) -> None:
        self.steps.step()
        super().keep(**notes)


class SteppedLinks(MemoryLinks):
    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def set(self, entity: str, created: str = "", **values: str) -> None:
        self._steps.step()
        super().set(entity, created, **values)


def stepped(event: Event, steps: Steps) -> SteppedContext:
    return SteppedContext(delivery_id=f"{event.id}.test", links=SteppedLinks(steps), steps=steps)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Requests are steps too."""
    steps, send = Steps(), HTTPAdapter.send

    def stepping(self: HTTPAdapter, *args: Any, **kwargs: Any) -> requests.Response:
        steps.step()
        return send(self, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", stepping)
    return steps


def test_a_worker_that_is_killed_at_any_step_leaves_one_effect(fresh: World, steps: Steps) -> None:
    for name in fresh.spec.default_events:
        connector = fresh.build(**fresh.never_unsure())
        once = _effects_of_one_delivery(fresh, connector, name)
        steps.count = 0
        event = fresh.event(name)
        assert isinstance(fresh.settle(connector, event, stepped(event, steps)), Done)
        for number in range(steps.count + 1):
            steps.count, steps.kill_before = 0, number
            before, event = fresh.effects(), fresh.event(name)
            context = stepped(event, steps)
            with suppress(Killed):
                fresh.deliver(connector, event, context)
            steps.kill_before = None
            outcome = fresh.settle(connector, event, context.next_attempt(later=15))
            made = fresh.effects() - before
            if fresh.case.finds_again:
                assert made == once, f"{name}, killed before step {number}: {outcome}"
                assert isinstance(outcome, Done)
            else:
                assert made <= once, f"{name}, killed before step {number}: {outcome}"
                assert isinstance(outcome, Done if made and number > steps.count else Done | Skipped)


def test_an_answer_that_is_lost_at_any_request_leaves_one_effect(fresh: World) -> None:
    faults = fresh.sandbox.faults
    for name in fresh.spec.default_events:
        connector = fresh.build(**fresh.never_unsure())
        once = _effects_of_one_delivery(fresh, connector, name)
        rule = faults.add("delay", times=None)
        start = len(faults.fired)
        fresh.settle(connector, fresh.event(name))
        count = len(faults.fired) - start
        rule.times = 0
        assert count
        for number in range(count):
            before, event = fresh.effects(), fresh.event(name)
            faults.clear()
            if number:
                faults.add("delay", times=number)
            faults.add("drop_after")
            outcome = fresh.settle(connector, event)
            made = fresh.effects() - before
            assert made == once, f"{name}, without the answer to request {number}: {outcome}"


def test_a_delivery_that_is_done_has_no_second_effect(world: World) -> None:
    for name in world.spec.default_events:
        connector, event = world.build(**world.never_unsure()), world.event(name)
        context = world.context(event)
        assert isinstance(world.settle(connector, event, context), Done)
        before = world.effects()
        world.settle(connector, event, context.next_attempt(later=5))
        assert world.effects() == before


def test_what_another_worker_has_taken_over_has_no_effect(world: World) -> None:
    before = world.effects()
    with pytest.raises(LeaseLost):
        world.build().deliver(world.event(), MemoryContext(lease_lost=True))
    assert world.effects() == before


def _effects_of_one_delivery(world: World, connector: Connector, name: str) -> int:
    before = world.effects()
    assert isinstance(world.settle(connector, world.event(name)), Done)
    made = world.effects() - before
    assert made > 0, f"{name} is a default event, so it has an effect"
    return made


# Its preview


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """Every request from now on, as it goes out."""
    made: list[requests.PreparedRequest] = []
    send = HTTPAdapter.send

    def noting(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        made.append(request)
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", noting)
    return made


def sent_values(made: list[requests.PreparedRequest]) -> list[Any]:
    """What the requests hold: their bodies, each with all that is in it, whether it is JSON, a form or GraphQL."""
    found: list[Any] = []
    for request in made:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        found += parts(read(body))
    return found


def read(body: str) -> Any:
    try:
        value = json.loads(body)
    except ValueError:
        return {name: read_field(text) for name, text in parse_qsl(body)}
    if isinstance(value, dict) and isinstance(value.get("query"), str):  # texts stand in it as JSON has them
        return [json.loads(text) for text in re.findall(r'"(?:[^"\\]|\\.)*"', value["query"])]
    return value


def read_field(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def parts(value: Any) -> Iterator[Any]:
    """A value and all that is in it; a text may hold JSON."""
    yield value
    if isinstance(value, str) and value.startswith("{"):
        value = read_field(value)
    if isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from parts(part)


def is_sent(content: Any, sent: list[Any], whole: bool) -> bool:
    """`whole`: as one value; else each text of it."""
    if whole:
        return content in sent
    return all(part in sent for part in parts(content) if isinstance(part, str))


def test_its_preview_is_what_it_sends_and_makes_no_request(
    fresh: World, requests_made: list[requests.PreparedRequest]
) -> None:
    """A message and a webhook are one request: the preview is its body. A ticket is several: the preview has texts that
    are sent, and the status, which its system names in another way."""
    is_ticket_system = fresh.spec.tickets is not None
    for name in fresh.spec.default_events:
        connector, event = fresh.build(), fresh.event(name)
        assert isinstance(connector, Previewing)
        requests_made.clear()
        shown = connector.preview(event, MemoryLinks())
        assert isinstance(shown, Preview), name
        assert requests_made == []
        assert not [secret for secret in (*fresh.case.secrets, DEMO_KEY) if secret in repr(shown)]
        assert isinstance(fresh.settle(connector, event), Done)
        sent = sent_values(requests_made)
        content = shown.content
        if fresh.spec.kind == "translate":
            assert content
            content = [wish["text"] for wish in content]
        elif is_ticket_system:
            assert content.keys() == {"ticket", "status"} | ({"comment"} if name == "ISSUE_ADDITION" else set())
            content = {part: value for part, value in content.items() if part != "status"}
        assert is_sent(content, sent, whole=not is_ticket_system and fresh.spec.kind != "translate"), (name, content)


def test_its_preview_of_what_it_does_nothing_with_is_the_outcome(world: World) -> None:
    connector, whole = world.build(), world.event()
    assert isinstance(connector, Previewing)
    changes: list[Any] = [{part: None} for part in ("project", "channel", "feedback", "issue")]
    for change in changes:
        event = replace(whole, **change)
        shown = connector.preview(event, MemoryLinks())
        outcome = world.deliver(connector, event, world.context(event, age=1000))
        assert isinstance(shown, Preview) or shown == outcome, change


# Instances


@pytest.mark.parametrize("label", ["", "mobile"])
def test_an_instance_has_its_own_variables_and_destination(world: World, label: str) -> None:
    """With a label every variable is set for the instance alone."""
    before, connector, event = world.effects(), world.build(label), world.event()
    name = f"{world.kind}.{label}" if label else world.kind
    destination = connector.destination(event).name
    assert destination == name or destination.startswith(f"{name} ")
    assert isinstance(world.settle(connector, event), Done)
    assert world.effects() > before
    world.assert_discreet(destination)


# `flask check`


def unreachable(world: World) -> dict[str, str]:
    """The address, with a port that nobody listens on."""
    address = world.variables()[world.case.address]
    return {world.case.address: address.replace(world.sandbox.url, f"http://127.0.0.1:{free_port()}")}


def test_the_check_of_what_works_has_no_complaint_and_no_effect(world: World) -> None:
    before = world.effects()
    assert [line for line in world.check(world.build()) if not line.ok] == []
    assert world.effects() == before


def assert_named(lines: list[Check], variable: str, seen: bool) -> None:
    named = [line for line in lines if variable in line.what]
    if seen:
        assert [line for line in named if not line.ok], f"no failure names {variable}: {lines}"
    else:
        assert [line for line in named if line.is_note], f"no note names {variable}: {lines}"


@pytest.mark.parametrize("label", ["", "mobile"])
def test_the_check_names_the_variable_of_a_wrong_key(world: World, label: str) -> None:
    variable, value = world.case.wrong_key
    lines = world.check(world.build(label, **{variable: value}))
    assert value not in repr(lines)
    assert_named(lines, f"{variable}__MOBILE" if label else variable, world.case.sees_wrong_key)


@pytest.mark.parametrize("label", ["", "mobile"])
def test_the_check_names_the_variable_of_an_address_where_nobody_listens(world: World, label: str) -> None:
    variable = world.case.address
    lines = world.check(world.build(label, **unreachable(world)))
    assert_named(lines, f"{variable}__MOBILE" if label else variable, world.case.sees_unreachable)


def test_the_check_survives_every_refusal(world: World) -> None:
    connector = world.build()
    for status in STATUSES:
        world.refuse(status, system=world.case.system)
        lines = world.check(connector)
        world.sandbox.faults.clear()
        # Where only reaching the system shows nothing of the key, any answer will do.
        assert not world.case.sees_wrong_key or [line for line in lines if not line.ok], status

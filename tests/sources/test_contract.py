"""What holds for every source in the registry; a new one joins by being registered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources
from bridge.text import inert
from connectors.texts import OCCURRENCES
from jobs.routing import make_route, plan
from sources import REGISTRY
from sources.base import LONGEST_KEPT, Event, Request, Sample, Unread
from sources.configuration import variables
from sources.facts import NAMES, facts_of
from sources.generic import make_source
from sources.generic.settings import make_settings
from sources.source import Source

GENERIC = {
    "crm": {"event": "body.type", "id": "body.data.id"},
    "shop": {"event": "header.X-Event", "id": "header.X-Id"},
    "plain": {},
}
"""Generic sources, whose paths lead into the body, to headers, and nowhere."""
GENERIC_SOURCES = {
    name: make_source(name, make_settings(name).model_validate(paths)) for name, paths in GENERIC.items()
}
VARIABLES = ("SLACK_EVENTS", "SLACK_FILTER")
EVERY = {**REGISTRY, **GENERIC_SOURCES}
ALL = pytest.mark.parametrize("source", EVERY.values(), ids=EVERY)
SAMPLES = pytest.mark.parametrize(
    ("source", "name"),
    [
        *(pytest.param(source, name, id=name) for source in REGISTRY.values() for name in source.events),
        *(pytest.param(GENERIC_SOURCES[name], f"{name}.order.created", id=name) for name in ("crm", "shop")),
        pytest.param(GENERIC_SOURCES["plain"], "plain.event", id="plain"),
    ],
)
READ_HEADERS = ("x-event", "x-id", "x-github-event", "x-github-delivery", "idempotency-key", "webhook-id")
PROOF_HEADERS = (
    *("x-webhook-token", "logto-signature-sha-256", "x-bridge-token", "x-hub-signature-256", "x-hub-signature"),
    *("x-gitlab-token", "x-signature", "webhook-id", "webhook-timestamp", "webhook-signature"),
)
HOSTILE = [
    *("event", "data", "createdAt", "userId", "type", "id", "action", "issue", "repository", "comment", "sender"),
    *("object_kind", "event_type", "object_attributes", "project", "user", "changes", "webhookEvent", "timestamp"),
    *("changelog", "currentValue", "previousValue", "collection", "title", "url", "who"),
]
"""Keys that some source reads."""
UNKNOWN = "Something.New"
ODD: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "\ud800", "x" * 300, [], ["x"], [{}], {}, {"x": None})
"""Values that a sender may put where another type is expected."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def sample(source: Source, name: str, instance: str = "default") -> Event:
    found = source.parse(source.samples(name).request(instance))
    assert isinstance(found, Event)
    return found


def restored(source: Source, request: Request) -> Event | None:
    """Stored as the receiver stores it, and read again."""
    stored = {"source": source.name, "body": request.raw.decode(), "headers": json.dumps(source.kept(request))}
    return sources.restore(stored, request.instance)


@ALL
def test_a_source_is_known_by_its_name_and_its_variables(source: Source) -> None:
    assert EVERY[source.name] is source
    assert not source.secret or source.secret in variables([source.name])
    assert set(source.settings.variables().values()) <= variables([source.name])
    assert sources.title_of(source.name) == source.title
    prefixed = [name.startswith(f"{source.name}.") for name in source.events]
    assert all(prefixed) or source.name == "abc", "the names of all sources but ABC begin with the source"


@ALL
def test_without_a_secret_nobody_is_authentic(source: Source) -> None:
    proof = source.proof(source.settings())
    for value in ("", "0" * 64, f"sha256={'0' * 64}", "v1,AAAA"):
        anything = dict.fromkeys(PROOF_HEADERS, value)
        assert not proof.may_hold(anything)
        assert not proof.holds(anything, b"{}")


@SAMPLES
def test_every_sample_is_an_event_of_its_name(source: Source, name: str) -> None:
    event = sample(source, name)
    assert (event.source, event.name) == (source.name, name)
    assert str(event.subject).startswith(f"{source.name}:")
    if source.name not in GENERIC and not name.endswith("_DELETED"):  # Blue's deletions have no time
        assert event.occurred > 1.7e9, "an event that happens now"


@SAMPLES
def test_what_happened_has_a_text(source: Source, name: str) -> None:
    summary = sample(source, name).summary
    assert summary is None or summary.what in {"", *OCCURRENCES}


@SAMPLES
def test_what_is_stored_is_read_again_as_the_same_event(source: Source, name: str) -> None:
    request = source.samples(name).request()
    assert restored(source, request) == source.parse(request)


@SAMPLES
def test_an_event_without_a_time_happened_when_it_was_received(source: Source, name: str) -> None:
    request = source.samples(name).request()
    event = source.parse(request)
    assert isinstance(event, Event)
    stored = {"source": source.name, "body": request.raw.decode(), "headers": json.dumps(source.kept(request))}
    again = sources.restore({**stored, "received": "1767323045678"}, "default")
    assert again is not None
    assert again.occurred == (event.occurred or 1767323045.678)
    assert again.id == event.id


@SAMPLES
def test_two_installations_have_different_ids(source: Source, name: str) -> None:
    made = source.samples(name)
    ids = {source.parse(made.request(instance)).id for instance in ("one", "two", "two")}
    assert len(ids) == 2
    assert all(len(id_) == 20 for id_ in ids)


@SAMPLES
def test_filters_see_every_name(source: Source, name: str) -> None:
    event = sample(source, name)
    facts = facts_of(event)
    assert facts.keys() == NAMES
    assert (facts["event"], facts["source"]) == (name, source.name)
    for condition, state in ((f'source == "{source.name}"', "queued"), (f'source != "{source.name}"', "skipped")):
        [planned] = plan(event, [make_route("slack", name, condition, (), VARIABLES, sources=EVERY)])
        assert planned.state == state


@SAMPLES
def test_a_log_line_of_an_event_holds_nothing_of_its_body(source: Source, name: str) -> None:
    event = sample(source, name)
    secret = replace(event, body={"data": "someone@example.com"})
    assert "someone@example.com" not in repr(secret)


@ALL
@given(body=st.dictionaries(st.text() | st.sampled_from(HOSTILE), JSON, max_size=4), header=st.text())
def test_an_authentic_body_never_raises(source: Source, body: dict[str, Any], header: str) -> None:
    check_bounds(source, Request("default", body, json.dumps(body).encode(), dict.fromkeys(READ_HEADERS, header)))


@SAMPLES
def test_a_sample_with_an_odd_value_never_raises(source: Source, name: str) -> None:
    made = source.samples(name)
    for body in altered(json.loads(made.body)):
        if isinstance(body, dict):
            check_bounds(source, Request("default", body, json.dumps(body).encode(), made.headers))


def altered(value: Any) -> Iterator[Any]:
    """The value with one part of it, at any depth, missing or odd."""
    yield from ODD
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            yield from ({**value, key: odd} for odd in altered(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in altered(inner))


def check_bounds(source: Source, request: Request) -> None:
    """Whatever the body holds, what is made of it is bounded, and read again as the same."""
    found = source.parse(request)
    assert inert(found.name) == found.name
    assert isinstance(found, Unread) or not set(found.name) & set(" \u200f")
    assert found.name.encode().decode() == found.name
    assert len(found.name) < 200
    assert all(len(value) <= LONGEST_KEPT for value in source.kept(request).values())
    if isinstance(found, Unread):
        assert found.why.isprintable()
    else:
        assert str(found.subject).isascii()
        assert restored(source, request) == found
        sources.implied(found, "default")
        assert facts_of(found).keys() == NAMES


@pytest.mark.parametrize("name", REGISTRY)
def test_an_unknown_name_is_an_event_that_can_be_routed(name: str) -> None:
    source = REGISTRY[name]
    found = source.parse(unknown(source).request())
    assert isinstance(found, Event)
    assert found.name.startswith(f"{name}.{UNKNOWN}") or found.name == UNKNOWN
    [planned] = plan(found, [make_route("slack", "*", None, (), VARIABLES)])
    assert planned.connector == "slack"


def unknown(source: Source) -> Sample:
    """A request with an event that no version of the source had so far."""
    name = source.events[0]
    made = source.samples(name)
    body = renamed(json.loads(made.body), name.removeprefix(f"{source.name}."))
    # Those whose name in the body is not the end of the event's name.
    body |= dict.fromkeys(("event_type", "object_kind", "webhookEvent"), UNKNOWN)
    return Sample(json.dumps(body).encode(), {**made.headers, "x-github-event": UNKNOWN})


def renamed(value: Any, name: str) -> Any:
    """The value with UNKNOWN in place of each text that is `name`."""
    if isinstance(value, dict):
        return {key: renamed(inner, name) for key, inner in value.items()}
    return UNKNOWN if value == name else value

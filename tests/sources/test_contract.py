"""What holds for every source in the registry; a new one joins by being registered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources
from jobs.routing import make_route, plan
from sources import REGISTRY
from sources.base import Event, Request, Source, Unread
from sources.configuration import variables
from sources.facts import NAMES, facts_of

ALL = pytest.mark.parametrize("source", REGISTRY.values(), ids=REGISTRY)
SAMPLES = pytest.mark.parametrize(
    ("source", "name"),
    [pytest.param(source, name, id=name) for source in REGISTRY.values() for name in source.events],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def request(raw: bytes, instance: str = "default") -> Request:
    return Request(instance, json.loads(raw), raw, {})


def sample(source: Source, name: str, instance: str = "default") -> Event:
    found = source.parse(request(source.samples(name), instance))
    assert isinstance(found, Event)
    return found


@ALL
def test_a_source_is_known_by_its_name_and_its_variables(source: Source) -> None:
    assert REGISTRY[source.name] is source
    assert source.secret in variables()
    assert set(source.settings.variables().values()) <= variables()
    prefixed = [name.startswith(f"{source.name}.") for name in source.events]
    assert all(prefixed) or source.name == "abc", "the names of all sources but ABC begin with the source"


@ALL
def test_without_a_secret_nobody_is_authentic(source: Source) -> None:
    proof = source.proof(source.settings())
    anything = {"x-webhook-token": "", "logto-signature-sha-256": "0" * 64}
    assert not proof.may_hold(anything)
    assert not proof.holds(anything, b"{}")


@SAMPLES
def test_every_sample_is_an_event_of_its_name(source: Source, name: str) -> None:
    event = sample(source, name)
    assert (event.source, event.name) == (source.name, name)
    assert str(event.subject).startswith(f"{source.name}:")
    assert event.occurred > 1.7e9, "an event that happens now"


@SAMPLES
def test_what_is_stored_is_read_again_as_the_same_event(source: Source, name: str) -> None:
    raw = source.samples(name)
    event = source.parse(request(raw))
    assert sources.restore({"source": source.name, "body": raw.decode()}, "default") == event


@SAMPLES
def test_two_installations_have_different_ids(source: Source, name: str) -> None:
    raw = source.samples(name)
    ids = {source.parse(request(raw, instance)).id for instance in ("one", "two", "two")}
    assert len(ids) == 2
    assert all(len(id_) == 20 for id_ in ids)


@SAMPLES
def test_filters_see_every_name(source: Source, name: str) -> None:
    event = sample(source, name)
    facts = facts_of(event)
    assert facts.keys() == NAMES
    assert (facts["event"], facts["source"]) == (name, source.name)
    for condition, state in ((f'source == "{source.name}"', "queued"), (f'source != "{source.name}"', "skipped")):
        [planned] = plan(event, [make_route("slack", name, condition, ())])
        assert planned.state == state


@SAMPLES
def test_a_log_line_of_an_event_holds_nothing_of_its_body(source: Source, name: str) -> None:
    event = sample(source, name)
    secret = replace(event, body={"data": "someone@example.com"})
    assert "someone@example.com" not in repr(secret)


@ALL
@given(body=st.dictionaries(st.text() | st.sampled_from(["event", "data", "createdAt", "userId"]), JSON, max_size=4))
def test_an_authentic_body_never_raises(source: Source, body: dict[str, Any]) -> None:
    found = source.parse(Request("default", body, json.dumps(body).encode(), {}))
    assert found.name.isascii()
    assert len(found.name) < 200
    if isinstance(found, Unread):
        assert found.why.isprintable()
    else:
        assert str(found.subject).isascii()
        sources.implied(found, "default")
        assert facts_of(found).keys() == NAMES


@ALL
def test_an_unknown_name_is_an_event_that_can_be_routed(source: Source) -> None:
    body = {**json.loads(source.samples(source.events[0])), "event": "Something.New"}
    found = source.parse(request(json.dumps(body).encode()))
    assert isinstance(found, Event)
    assert found.name.endswith("Something.New")
    assert [row.connector for row in plan(found, [make_route("slack", "*", None, ())])] == ["slack"]

"""Sources by configuration alone: where the name and the id are, and what is known of an event later."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources
from bridge.text import inert
from sources.base import LONGEST_KEPT, Event, Request, Unread
from sources.generic import make_source
from sources.generic.settings import make_settings
from sources.reading import LONGEST_NAME, plain
from sources.source import Source


def crm(**paths: str) -> Source:
    return make_source("crm", make_settings("crm").model_validate(paths))


def request(body: dict[str, Any], **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("default", body, json.dumps(body, ensure_ascii=False).encode(), named)


def event(source: Source, sent: Request) -> Event:
    found = source.parse(sent)
    assert isinstance(found, Event)
    return found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("body.type", "crm.order.created"),
        ("body.event.kind", "crm.paid"),
        ("body.items.1.name", "crm.second"),
        ("body.number", "crm.7"),
        ("header.X-Event", "crm.from.header"),
    ],
)
def test_the_name_is_found_by_its_path(path: str, name: str) -> None:
    items = [{"name": "first"}, {"name": "second"}]
    body = {"type": "order.created", "event": {"kind": "paid"}, "items": items, "number": 7}
    assert event(crm(event=path), request(body, x_event="from.header")).name == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("한글", "crm.한글"),
        (" deal  won\n", "crm.deal_won"),
        (unicodedata.normalize("NFD", "각도"), "crm.각도"),
        ("取引.成立", "crm.取引.成立"),
        ("a\u202eb\x1b[2J\u200b", "crm.ab[2J"),
        ("half \ud800", "crm.half_"),
        ("한" * 500, f"crm.{'한' * LONGEST_NAME}"),
    ],
)
def test_a_name_keeps_the_letters_of_every_script(sent: str, name: str) -> None:
    body = {"type": sent}
    raw = json.dumps(body).encode()
    found = event(crm(event="body.type"), Request("default", body, raw, {}))
    assert found.name == name


@pytest.mark.parametrize("sent", ["\u200b", "\u3164", " \n", "\u202e"])
def test_a_name_that_nobody_sees_is_none(sent: str) -> None:
    assert isinstance(crm(event="body.type").parse(Request("default", {"type": sent}, b"{}", {})), Unread)


@given(st.text(max_size=300))
def test_a_name_is_short_printable_and_its_own(text: str) -> None:
    name = plain(text)
    assert len(name) <= LONGEST_NAME
    assert not set(name) & set(" \n\u202e\u2066\u200f\u061c")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", name)
    assert plain(name) == name
    assert plain(unicodedata.normalize("NFD", text)) == plain(text) or len(name) == LONGEST_NAME
    assert inert(name) == name


@pytest.mark.parametrize(
    "path", ["body.absent", "body.type.deeper", "body.list.9", "body.yes", "body.none", "header.X-No"]
)
def test_a_request_without_the_name_is_kept_as_unreadable(path: str) -> None:
    found = crm(event=path).parse(request({"type": "a", "list": [1], "yes": True, "none": None}))
    assert isinstance(found, Unread)
    assert found.state == "unreadable"
    assert found.why.startswith(f"SOURCE_CRM_EVENT: there is no text at {crm_path(path)}")


def crm_path(path: str) -> str:
    return path.lower() if path.startswith("header.") else path


def test_the_id_is_the_identity_and_else_the_body() -> None:
    by_id, by_body = crm(event="body.type", id="body.id"), crm(event="body.type")
    first, again = request({"type": "a", "id": "1"}), request({"id": "1", "type": "a", "attempt": 2})
    other, named = request({"type": "a", "id": "2"}), request({"type": "b", "id": "1"})
    assert event(by_id, first).id == event(by_id, again).id
    assert len({event(by_id, sent).id for sent in (first, other, named)}) == 3
    assert event(by_body, first).id != event(by_body, again).id
    assert event(by_body, first).id == event(by_body, request({"type": "a", "id": "1"})).id
    without = request({"type": "a"})
    assert event(by_id, without).id == event(by_body, without).id, "without an id the body is the identity"


def test_a_long_id_is_stored_by_its_digest() -> None:
    source = crm(id="body.id")
    ids = ["x" * 5000, "x" * 5001]
    kept = [source.kept(request({"id": id_})) for id_ in ids]
    assert all(len(value) <= LONGEST_KEPT for found in kept for value in found.values())
    assert len({event(source, request({"id": id_})).id for id_ in ids}) == 2


def test_an_event_stays_what_it_was_whatever_is_configured_later() -> None:
    source, sent = crm(event="body.type", id="header.X-Id"), request({"type": "order.created"}, x_id="77")
    stored = {"source": "crm", "body": sent.raw.decode(), "headers": json.dumps(source.kept(sent))}
    assert sources.restore(stored, "default") == event(source, sent), "the worker knows no paths"


def test_an_event_of_a_source_that_a_newer_version_has_is_not_guessed_at() -> None:
    stored = {"source": "linear", "body": "{}", "headers": '{"linear-delivery": "1"}'}
    assert sources.restore(stored, "default") is None


def test_it_waits_for_no_other_event() -> None:
    source = crm()
    subjects = {str(event(source, request({"number": number})).subject) for number in range(3)}
    assert len(subjects) == 3

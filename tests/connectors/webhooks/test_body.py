"""The body of a webhook: what it holds, as JSON and as a form; and that JavaScript writes the same bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bridge.http import without_halves
from connectors.webhooks import javascript, schema
from connectors.webhooks.body import as_form, as_json, body_of
from sources import REGISTRY
from sources.abc.events import parse
from sources.base import Event
from tools.sandbox.processes import ROOT

NODE = shutil.which("node")
LARGEST = 2**53 - 1
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(0, 2**33).map(str), inner, max_size=4)
    ),
    max_leaves=20,
)
ISSUE = {"id": 3, "name": "로그인 오류", "status": "IN_PROGRESS", "createdAt": "2026-01-02T03:04:05.678Z"}
CREATION = {"event": "ISSUE_CREATION", "data": {"issue": ISSUE, "project": {"id": 1, "name": "앱"}}}


def event(source: str, name: str) -> Event:
    found = REGISTRY[source].parse(REGISTRY[source].samples(name).request())
    assert isinstance(found, Event)
    return found


def test_the_body_of_an_event_of_abc() -> None:
    creation = parse(CREATION, "default")
    assert as_json(body_of(creation)).decode() == (
        f'{{"type":"ISSUE_CREATION","version":"1","id":"{creation.id}","timestamp":"2026-01-02T03:04:05.678Z",'
        '"source":"abc","data":{"issue":{"id":3,"name":"로그인 오류","status":"IN_PROGRESS",'
        '"createdAt":"2026-01-02T03:04:05.678Z"},"project":{"id":1,"name":"앱"}}}'
    )


def test_the_body_of_an_event_of_another_source_holds_all_that_was_sent() -> None:
    created = event("logto", "logto.User.Created")
    body = body_of(created)
    assert (body["type"], body["source"], body["data"]) == ("logto.User.Created", "logto", created.body)


def test_a_time_that_is_not_known_is_null() -> None:
    creation = parse({"event": "ISSUE_CREATION", "data": {"issue": {"id": 3}, "project": {"id": 1}}}, "default")
    assert body_of(creation)["timestamp"] is None


def test_a_form_writes_nested_values_in_brackets() -> None:
    data = {"issue": {"id": 3, "name": "a & b=가", "tags": ["x", {"y": True}], "none": None, "empty": [], "half": 0.5}}
    form = as_form({"type": "T", "data": data})
    assert parse_qsl(form.decode(), keep_blank_values=True) == [
        ("type", "T"),
        ("data[issue][id]", "3"),
        ("data[issue][name]", "a & b=가"),
        ("data[issue][tags][0]", "x"),
        ("data[issue][tags][1][y]", "true"),
        ("data[issue][none]", ""),
        ("data[issue][half]", "0.5"),
    ]
    assert b"data%5Bissue%5D%5Bid%5D=3" in form


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=5))
def test_any_data_becomes_a_form_in_utf_8(data: dict[str, Any]) -> None:
    parse_qsl(as_form({"data": data}).decode("ascii"), keep_blank_values=True, errors="strict")


# As JavaScript writes it


@given(VALUES)
def test_it_is_json_with_the_same_values(value: Any) -> None:
    """Of half a character there is nothing to write."""
    whole = json.loads(json.dumps(value).encode("utf-8", "replace"), parse_int=float)
    text = javascript.dumps(whole)
    assert json.loads(text.encode(), parse_int=float) == json.loads(without_halves(json.dumps(whole).encode()))


@pytest.mark.skipif(NODE is None, reason="needs Node.js, which is not installed")
@given(st.lists(VALUES, min_size=5, max_size=50))
def test_javascript_writes_the_same_bytes_again(values: list[Any]) -> None:
    assert NODE
    text = "\n".join(map(javascript.dumps, values))
    script = (
        "for (const l of require('fs').readFileSync(0,'utf8').split('\\n')) console.log(JSON.stringify(JSON.parse(l)))"
    )
    written = subprocess.run([NODE, "-e", script], input=text.encode(), capture_output=True, check=True).stdout
    assert written.decode().rstrip("\n").split("\n") == text.split("\n")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e+300"),
        (1e20, "1" + "0" * 20),
        (1e21, "1e+21"),
        (123456.75, "123456.75"),
        (-2.5e-9, "-2.5e-9"),
    ],
)
def test_numbers_are_written_as_javascript_does(number: float, text: str) -> None:
    assert javascript.dumps(number) == text


def test_keys_that_are_numbers_come_first_as_in_javascript() -> None:
    assert javascript.dumps({"b": 1, "10": 2, "9": 3, "01": 4, "a": 5}) == '{"9":3,"10":2,"b":1,"01":4,"a":5}'


# The schema


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    command = "python -m connectors.webhooks.schema >docs/event-schema.json"
    assert (ROOT / "docs" / "event-schema.json").read_text(encoding="utf-8") == schema.text(), f"run {command}"


@pytest.mark.parametrize(
    ("source", "name"), [(source.name, name) for source in REGISTRY.values() for name in source.events]
)
def test_each_event_fits_the_schema(source: str, name: str) -> None:
    Draft202012Validator.check_schema(schema.schema())
    Draft202012Validator(schema.schema()).validate(json.loads(as_json(body_of(event(source, name)))))


@pytest.mark.parametrize("file", sorted((ROOT / "tests/fixtures/abc").glob("*.json")), ids=lambda file: file.stem)
def test_each_recorded_event_fits_the_schema(file: Any) -> None:
    body = json.loads(json.loads(file.read_text(encoding="utf-8"))["body"])
    Draft202012Validator(schema.schema()).validate(json.loads(as_json(body_of(parse(body, "default")))))


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"},
        {"timestamp": 1},
        {"data": None},
        {"data": {"issue": {"id": "3"}, "project": {"id": 1}}},
        {"data": {"issue": {"id": 0}, "project": {"id": 1}}},
        {"data": {"issue": {"id": 3}}},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_the_schema(change: dict[str, Any]) -> None:
    body = {**json.loads(as_json(body_of(parse(CREATION, "default")))), **change}
    assert not Draft202012Validator(schema.schema()).is_valid(body)

"""A record for each event: once, whatever is lost or repeated, and with the columns that the operator wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors.base import Done, Failed, Retry
from tests.connectors.context import MemoryContext
from tests.connectors.nocobase.world import deliver, event, records
from tools.sandbox.app import Sandbox
from tools.sandbox.nocobase import COLLECTION, Collection

MARKER = f"{event().id}.nocobase"


def test_a_record_has_the_columns_and_the_marker(sandbox: Sandbox) -> None:
    assert deliver(records(sandbox)) == Done({"id": 1})
    assert sandbox.nocobase.records == [
        {"id": 1, "bridge_id": MARKER, "title": "로그인 오류", "status": "INIT", "rating": None}
    ]


def test_another_key_column(sandbox: Sandbox) -> None:
    sandbox.nocobase.collections[COLLECTION] = Collection(frozenset({"origin", "title"}), frozenset({"origin"}))
    connector = records(sandbox, NOCOBASE_KEY_FIELD="origin", NOCOBASE_FIELDS='{"title": "{{ issue.name }}"}')
    assert deliver(connector) == Done({"id": 1})
    assert sandbox.nocobase.records[0]["origin"] == MARKER


def test_the_address_may_end_in_api(sandbox: Sandbox) -> None:
    for end in ("/", "/api", "/api/"):
        assert isinstance(deliver(records(sandbox, NOCOBASE_URL=f"{sandbox.url}/nocobase{end}")), Done)
    assert len(sandbox.nocobase.records) == 1


def test_a_lost_answer_makes_no_second_record(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop_after", system="nocobase")
    connector, context = records(sandbox), MemoryContext(MARKER)
    assert isinstance(connector.deliver(event(), context), Retry)
    sandbox.nocobase.records[0]["title"] = "changed by a person"
    assert connector.deliver(event(), context.next_attempt()) == Done({"id": 1})
    assert [record["title"] for record in sandbox.nocobase.records] == ["changed by a person"]


def test_a_record_that_another_request_made_meanwhile_is_found(sandbox: Sandbox) -> None:
    """NocoBase looks, then creates, which is not one step; the unique column refuses the second one."""
    assert isinstance(deliver(records(sandbox)), Done)
    refusal = {"errors": [{"message": "bridge_id must be unique"}]}
    sandbox.faults.add("status", system="nocobase", path=":firstOrCreate", status=400, body=refusal)
    assert deliver(records(sandbox)) == Done({"id": 1, "found": "created by an earlier attempt"})


def test_many_at_once_make_one_record(sandbox: Sandbox) -> None:
    connector = records(sandbox)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: deliver(connector), range(16)))
    assert {repr(outcome) for outcome in outcomes} == {repr(Done({"id": 1}))}
    assert len(sandbox.nocobase.records) == 1


def test_a_record_that_is_refused_is_no_record_of_ours(sandbox: Sandbox) -> None:
    """A 400 for another reason: the look-up finds nothing."""
    deliver(records(sandbox), event(number=4))
    sandbox.faults.add("status", system="nocobase", path=":firstOrCreate", status=400, body="no")
    why = "it refuses the record: look at the columns in NOCOBASE_FIELDS and NOCOBASE_KEY_FIELD"
    assert deliver(records(sandbox)) == Failed(f"nocobase answered 400: {why}", "client_error")


def test_a_key_column_that_does_not_exist_is_named(sandbox: Sandbox) -> None:
    outcome = deliver(records(sandbox, NOCOBASE_KEY_FIELD="other"))
    assert isinstance(outcome, Failed)
    assert outcome.why.endswith("look at the columns in NOCOBASE_FIELDS and NOCOBASE_KEY_FIELD")
    assert sandbox.nocobase.records == []


@pytest.mark.parametrize(
    "body", ["<html>", {"data": {"id": 7}}, {"data": {"id": 7, "bridge_id": "another's"}}, {"data": []}, []], ids=repr
)
def test_an_answer_that_is_not_our_record_is_no_success(sandbox: Sandbox, body: Any) -> None:
    sandbox.faults.add("status", system="nocobase", status=200, body=body)
    why = "the answer is no record with our marker in the column bridge_id: look at NOCOBASE_KEY_FIELD and NOCOBASE_URL"
    assert deliver(records(sandbox)) == Failed(f"nocobase: {why}", "config")


def test_columns_that_the_collection_does_not_have_are_named_in_the_result(sandbox: Sandbox) -> None:
    outcome = deliver(records(sandbox, NOCOBASE_FIELDS='{"title": "{{ event }}", "colour": "red"}'))
    assert outcome == Done({"id": 1, "left_out": ["colour"]})


@pytest.mark.parametrize(
    ("key", "code"), [("wrong-key", "INVALID_TOKEN"), ("another-wrong-key", "INVALID_TOKEN")], ids=["one", "other"]
)
def test_a_wrong_key_is_named_with_the_code(sandbox: Sandbox, key: str, code: str) -> None:
    outcome = deliver(records(sandbox, NOCOBASE_API_KEY=key))
    assert outcome == Failed(
        f"nocobase answered 401 ({code}): it refuses the API key: look at NOCOBASE_API_KEY", "auth"
    )


def test_a_missing_permission_is_named(sandbox: Sandbox) -> None:
    sandbox.nocobase.may_create = False
    why = "the role of NOCOBASE_API_KEY may not read and create records of feedback"
    assert deliver(records(sandbox)) == Failed(f"nocobase answered 403: {why}", "auth")


def test_a_collection_that_does_not_exist_is_named(sandbox: Sandbox) -> None:
    outcome = deliver(records(sandbox, NOCOBASE_COLLECTION="tickets"))
    why = "there is no collection tickets (NOCOBASE_COLLECTION), or no API at NOCOBASE_URL"
    assert outcome == Failed(f"nocobase answered 404: {why}", "config")


def test_a_template_that_does_not_fit_an_event_names_itself(sandbox: Sandbox) -> None:
    outcome = deliver(records(sandbox, NOCOBASE_FIELDS='{"title": "{{ data.issue.id + \'x\' }}"}'))
    assert outcome == Failed("NOCOBASE_FIELDS: TypeError in line 1 with this event", "config")


def test_a_record_is_created_once_even_when_it_was_deleted(sandbox: Sandbox) -> None:
    assert deliver(records(sandbox), notes={"done": {"id": 9}}) == Done({"id": 9})
    assert sandbox.nocobase.records == []


# The check


def test_the_check_creates_nothing_and_names_what_it_can_not_see(sandbox: Sandbox) -> None:
    lines = list(records(sandbox).check())
    assert [line.ok and not line.is_note for line in lines] == [True, False]
    assert lines[0].what == "the API key may read the collection feedback"
    assert "must be unique, and the role of NOCOBASE_API_KEY must be allowed to create records" in lines[1].what
    assert sandbox.nocobase.records == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"NOCOBASE_COLLECTION": "tickets"}, "there is no collection tickets (NOCOBASE_COLLECTION)"),
        ({"NOCOBASE_KEY_FIELD": "other"}, "look at the columns in NOCOBASE_FIELDS and NOCOBASE_KEY_FIELD"),
        ({"NOCOBASE_API_KEY": "wrong"}, "it refuses the API key: look at NOCOBASE_API_KEY"),
    ],
    ids=str,
)
def test_the_check_names_what_is_wrong(sandbox: Sandbox, changes: dict[str, str], what: str) -> None:
    line = next(records(sandbox, **changes).check())
    assert not line.ok
    assert what in line.what


def test_the_check_does_not_take_any_page_for_nocobase(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="nocobase", status=200, body="<html>")
    assert next(records(sandbox).check()).what == "the answer is not one of NocoBase: look at NOCOBASE_URL"

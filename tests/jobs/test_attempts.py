"""What the ledger remembers of an attempt, and what the next attempt reads of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.redaction import Redactor
from jobs.delivery.attempts import counts_of, fields_of, log_of, notes_of
from jobs.delivery.schedule import Transition
from jobs.ledger.ledger import Lease

PLANTED = "planted-secret-of-a-test"
EARLIER = {"at": 5.0, "seconds": 0.1, "outcome": "retrying", "why": "503", "reason": "server_error"}


def lease(**delivery: str) -> Lease:
    fields = {"attempts": "2", "created": "1000", **delivery}
    return Lease("e.jira", "jira", "token", fields, {"name": "ISSUE_CREATION", "source": "abc"}, 1234.56789, 0.0)


def stored(transition: Transition, seconds: float = 0.25, **delivery: str) -> dict[str, Any]:
    fields = fields_of(lease(**delivery), transition, seconds, Redactor([PLANTED]))
    return {**fields, "log": json.loads(fields["log"])}


# What is stored


def test_a_success_is_stored_with_its_result_and_stands_in_the_log() -> None:
    assert stored(Transition("done", 3, result={"key": "P-1"}), 0.12345) == {
        "position": "3",
        "why": "",
        "reason": "",
        "result": '{"key": "P-1"}',
        "log": [{"at": 1234.568, "seconds": 0.123, "outcome": "done"}],
    }


def test_a_failure_is_stored_with_its_reason_behind_the_earlier_attempts() -> None:
    fields = stored(Transition("retrying", 1, "no answer", "timeout", 30.0), log=json.dumps([EARLIER]))
    assert (fields["position"], fields["why"], fields["reason"]) == ("1", "no answer", "timeout")
    last = {"at": 1234.568, "seconds": 0.25, "outcome": "retrying", "why": "no answer", "reason": "timeout"}
    assert fields["log"] == [EARLIER, last]


def test_a_result_of_before_is_kept_when_an_attempt_has_none() -> None:
    """A replay of a delivery that was done finds its key, also after an attempt that failed."""
    assert "result" not in stored(Transition("retrying", 1, "no answer", "timeout"))
    assert "result" not in stored(Transition("retrying", 1, "no answer", "timeout", result={}))


def test_the_latest_twenty_attempts_stay_in_the_log() -> None:
    log = [{**EARLIER, "at": float(number)} for number in range(20)]
    ats = [entry["at"] for entry in stored(Transition("done", 0), log=json.dumps(log))["log"]]
    assert ats == [*map(float, range(1, 20)), 1234.568]


def test_no_secret_and_no_half_of_a_character_is_stored() -> None:
    fields = stored(Transition("dead", 1, f"\ud83d {PLANTED} 안녕", "auth", result={"said": f"\ud83d {PLANTED} 안녕"}))
    for text in (fields["why"], fields["result"], fields["log"][0]["why"]):
        assert PLANTED not in text
        assert "안녕" in text
        assert text.encode()


def test_a_letter_is_stored_as_itself_and_not_as_six() -> None:
    fields = fields_of(lease(), Transition("dead", 1, "안녕", "auth", result={"said": "안녕"}), 0.1, Redactor([]))
    assert "안녕" in fields["log"]
    assert "안녕" in fields["result"]


# What is counted


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0.0, "0.05"), (0.05, "0.05"), (0.051, "0.1"), (0.1, "0.1"), (0.25, "0.25"), (0.5, "0.5"), (1.0, "1.0"),
        (2.5, "2.5"), (5.0, "5.0"), (10.0, "10.0"), (30.0, "30.0"), (30.1, "+Inf"),
    ],
)  # fmt: skip
def test_an_attempt_counts_in_the_smallest_bucket_that_holds_it(seconds: float, bucket: str) -> None:
    counts = counts_of(lease(), Transition("dead", 1, "401", "auth"), seconds, "abc")
    assert counts == {
        "attempts|jira|ISSUE_CREATION|dead|auth|abc": 1,
        f"seconds|jira|{bucket}": 1,
        "seconds_sum|jira": seconds,
    }


def test_the_sum_is_exact_to_a_tenth_of_a_millisecond() -> None:
    assert counts_of(lease(), Transition("done", 0), 0.123456, "jira")["seconds_sum|jira"] == 0.1235


# What the next attempt reads


def test_notes_are_read_whole_and_item_by_item() -> None:
    notes, items = notes_of(
        {"notes": '{"paid": "yes"}', "note:parts:a": "x", "note:parts:b:c": "y", "note:other:a": "z", "noted": "9"}
    )
    assert notes == {"paid": "yes"}
    assert items == {"parts": {"a": "x", "b:c": "y"}, "other": {"a": "z"}}
    assert notes_of({}) == ({}, {})


def test_a_replay_of_what_was_done_before_reads_its_result() -> None:
    done = json.dumps([{"outcome": "done"}, EARLIER])
    assert notes_of({"log": done, "result": '{"key": "P-1"}'})[0] == {"done": {"key": "P-1"}}
    assert notes_of({"log": done})[0] == {"done": {}}
    assert notes_of({"log": json.dumps([EARLIER]), "result": '{"key": "P-1"}'})[0] == {}


def test_a_delivery_without_attempts_has_an_empty_log() -> None:
    assert log_of({}) == []
    assert log_of({"log": json.dumps([EARLIER])}) == [EARLIER]

"""What the ledger remembers of an attempt, and what the next attempt reads of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.http.exchanges import Exchange
from bridge.redaction import Redactor
from jobs.delivery.attempts import counts_of, fields_of, log_of, notes_of
from jobs.delivery.schedule import Transition
from jobs.ledger.bounds import LONGEST_EXCERPT, MOST_OF_CALLS
from jobs.ledger.values import Lease

PLANTED = "planted-secret-of-a-test"
EARLIER = {"at": 5.0, "seconds": 0.1, "outcome": "retrying", "why": "503", "reason": "server_error"}


def lease(**delivery: str) -> Lease:
    fields = {"attempts": "2", "created": "1000", **delivery}
    return Lease("e.jira", "jira", "token", fields, {"name": "ISSUE_CREATION", "source": "abc"}, 1234.56789, 0.0)


def stored(
    transition: Transition, seconds: float = 0.25, sent: Sequence[Exchange] = (), **delivery: str
) -> dict[str, Any]:
    fields = fields_of(lease(**delivery), transition, seconds, Redactor([PLANTED]), sent)
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


# The requests that it made

READ = Exchange("GET", "https://jira.example.com/rest/api/3/myself", 200, 0.0512, "", '{"name": "bot"}')
REFUSED = Exchange(
    "POST", f"https://jira.example.com/issue?key={PLANTED}", 400, 0.2, f'{{"a": "{PLANTED}"}}', "no: 안녕"
)
DEAD, DONE = Transition("dead", 1, "refused", "client_error"), Transition("done", 1)


def test_of_a_failed_attempt_each_request_is_kept_and_the_texts_of_the_last() -> None:
    [entry] = stored(DEAD, sent=[READ, REFUSED])["log"]
    assert entry["calls"] == [
        {"method": "GET", "address": READ.address, "status": 200, "seconds": 0.051},
        {
            "method": "POST",
            "address": "https://jira.example.com/issue?key=<secret>",
            "status": 400,
            "seconds": 0.2,
            "request": '{"a": "<secret>"}',
            "answer": "no: 안녕",
        },
    ]


@pytest.mark.parametrize("transition", [DONE, Transition("skipped", 1, "it exists")])
def test_of_one_that_succeeded_the_last_request_without_its_texts(transition: Transition) -> None:
    """What was sent is at the third party, and most deliveries succeed at once: they stay small."""
    [entry] = stored(transition, sent=[REFUSED, READ])["log"]
    assert entry["calls"] == [{"method": "GET", "address": READ.address, "status": 200, "seconds": 0.051}]


def test_texts_are_masked_before_they_are_cut() -> None:
    """A cut through a secret would leave its start."""
    before = "x" * (LONGEST_EXCERPT - 5)
    long = Exchange(
        "POST", "https://a.example.com/" + "y" * 500, None, 0.1, before + PLANTED, before + PLANTED + "z" * 99
    )
    [entry] = stored(DEAD, sent=[long])["log"]
    [call] = entry["calls"]
    assert len(call["address"]) == 200
    assert len(call["request"]) == len(call["answer"]) == LONGEST_EXCERPT
    assert PLANTED[:5] not in json.dumps(call)


def test_a_part_of_a_secret_that_an_answer_quotes_is_masked() -> None:
    """An answer may quote the request, cut at any place."""
    for part in (PLANTED[:9], PLANTED[3:12], PLANTED[-8:]):
        [entry] = stored(DEAD, sent=[Exchange("GET", "https://a.example.com", 401, 0.1, "", f"Bearer {part}; no")])[
            "log"
        ]
        assert entry["calls"][0]["answer"] == "Bearer <secret>; no"


def test_of_the_oldest_attempts_requests_are_no_longer_kept() -> None:
    """All that a delivery keeps of them has a bound."""
    log = "[]"
    large = Exchange("POST", "https://a.example.com", 500, 0.1, "r" * 9999, "a" * 9999)
    for _ in range(20):
        log = json.dumps(stored(DEAD, sent=[READ, large], log=log)["log"])
    entries = json.loads(log)
    kept = ["calls" in entry for entry in entries]
    assert len(entries) == 20
    assert kept == sorted(kept)
    assert 3 < sum(kept) < 10
    size = sum(len(json.dumps(entry.get("calls", []))) for entry in entries)
    assert MOST_OF_CALLS * 0.8 < size <= MOST_OF_CALLS


def test_a_half_of_a_character_in_an_answer_is_no_obstacle() -> None:
    [entry] = stored(DEAD, sent=[Exchange("GET", "https://a.example.com", 500, 0.1, "", "\ud83d")])["log"]
    assert entry["calls"][0]["answer"] == "?"


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

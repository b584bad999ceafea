"""The audit: every change, by whichever way it was made, with who, when, what and from where."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from app import create_app
from console.audit import KEPT, LONGEST, Audit
from tests.console.browser import ENVIRON, Browser, visible
from tests.web import BEARER


@pytest.fixture
def audit(redis: Redis) -> Audit:
    return Audit(redis, "test")


def listed(audit: Audit) -> Iterator[tuple[str, str, str, str]]:
    return ((entry.who, entry.what, entry.about, entry.address) for entry in audit.entries())


def test_an_entry_has_all_that_is_promised(audit: Audit) -> None:
    before = time.time()
    audit.add("ann@example.com", "replay", "x.slack", "192.0.2.1")
    [entry] = audit.entries()
    assert (entry.who, entry.what, entry.about, entry.address) == ("ann@example.com", "replay", "x.slack", "192.0.2.1")
    assert before - 5 <= entry.at / 1000 <= time.time() + 5


def test_entries_are_bounded_in_number_and_size(audit: Audit, redis: Redis) -> None:
    old: dict[Any, Any] = {"who": "old"}
    with redis.pipeline(transaction=False) as pipeline:
        for _ in range(KEPT):
            pipeline.xadd("fb:test:audit", old)
        pipeline.execute()
    audit.add("x" * 10_000, "y", "\ud800" * 10_000)
    assert redis.xlen("fb:test:audit") <= KEPT + 200
    [newest] = audit.entries(limit=1)
    assert len(newest.who) == LONGEST
    assert len(newest.about) == LONGEST


def test_the_page_goes_back_in_time(operator: Browser, audit: Audit) -> None:
    for number in range(60):
        audit.add("api", "replay", f"delivery-{number:02}")
    first = operator.get("/audit").text
    assert "delivery-59" in first
    assert "delivery-05" not in first
    [link] = [part.partition('"')[0] for part in first.split('href="') if part.startswith("/audit?before")]
    assert "delivery-05" in operator.get(link).text
    for place in ("x", "%D9%A1-%D9%A1"):  # digits, which Redis does not read
        assert operator.get(f"/audit?before={place}").status_code == 400


def test_programs_and_commands_are_recorded(operator: Browser, audit: Audit, redis_url: str) -> None:
    operator.post("/api/deliveries/x.slack/replay", Authorization=dict(BEARER)["Authorization"])
    runner = create_app({**ENVIRON, "REDIS_URL": redis_url, "PORT": "9"}).test_cli_runner()
    for arguments in (["replay", "y.slack"], ["resume", "slack"], ["send-test", "--issue", "7"]):
        runner.invoke(args=arguments)
    found = list(listed(audit))
    assert ("api", "replay", "x.slack", "192.0.2.1") in found
    assert ("command", "replay", "y.slack", "") in found
    assert ("command", "resume", "slack", "") in found
    assert ("command", "sample", "ISSUE_STATUS_CHANGE channel=1 feedback=1 issue=7 project=1", "") in found
    shown = visible(operator.get("/audit").text)
    assert "JSON API Sent again x.slack 192.0.2.1" in shown
    assert "Command Sent again y.slack" in shown

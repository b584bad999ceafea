"""`bridge.source_silent`: only what a webhook should have announced, and did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis

from jobs.reconcile.comparison import SETTLED_SECONDS
from jobs.runtime import Runtime
from sources.abc.admin import AdminClient, Webhook
from sources.abc.models import Issue
from tests.jobs.test_reconcile import Bench, sandbox  # noqa: F401  a fixture
from tests.jobs.world import INSTANCE
from tools.sandbox import abc_admin

WANTED = {"SLACK_EVENTS": "ISSUE_STATUS_CHANGE,bridge.*"}


def missed(bench: Bench) -> int:
    return int(bench.world.redis.scard(f"fb:{INSTANCE}:notices:missed"))


@pytest.fixture
def bench(sandbox: Any, redis: Redis) -> Bench:  # noqa: F811
    redis.sadd(f"fb:{INSTANCE}:positions", "abc:1:1")
    made = Bench(sandbox, redis, **WANTED)
    made.remember_an_hour()
    return made


def test_what_reconcile_finds_is_counted(bench: Bench) -> None:
    bench.issue()
    bench.issue("로그인 오류")
    assert len(bench.catch_up().findings) == 2
    assert missed(bench) == 2
    bench.catch_up()
    assert missed(bench) == 2, "found once"
    assert bench.world.redis.hget(f"fb:{INSTANCE}:counts", "found|ISSUE_CREATION") == b"2"


def test_a_dry_run_counts_nothing(bench: Bench) -> None:
    bench.issue()
    assert bench.reconciler.run(dry_run=True).findings
    assert missed(bench) == 0
    assert not bench.world.redis.hexists(f"fb:{INSTANCE}:counts", "found|ISSUE_CREATION")


def test_what_a_webhook_announced_is_not_counted(bench: Bench) -> None:
    issue = bench.sandbox.abc.issues[bench.issue()]
    bench.receive(Issue.model_validate(issue.as_answer()))
    bench.catch_up()
    assert missed(bench) == 0


def test_what_may_still_be_on_its_way_is_not_counted(bench: Bench) -> None:
    bench.later(SETTLED_SECONDS / 2)
    bench.issue()
    assert bench.catch_up().findings
    assert missed(bench) == 0


def test_what_happened_before_the_ledger_existed_is_not_counted(bench: Bench, redis: Redis) -> None:
    bench.issue()
    redis.delete(f"fb:{INSTANCE}:born")
    bench.world.tick()
    assert bench.catch_up().findings
    assert missed(bench) == 0


def test_a_connector_that_is_switched_on_later_finds_nothing_that_was_missed(bench: Bench) -> None:
    issue = bench.sandbox.abc.issues[bench.issue()]
    bench.configure(CONNECTORS="slack", **WANTED)
    bench.receive(Issue.model_validate(issue.as_answer()))
    bench.configure(**WANTED)
    assert [found.action for found in bench.catch_up().findings] == ["missed; now for jira"]
    assert missed(bench) == 0


def test_nobody_who_wants_to_know_costs_nothing(bench: Bench) -> None:
    bench.configure(SLACK_EVENTS="ISSUE_STATUS_CHANGE")
    bench.issue()
    assert bench.catch_up().findings
    assert missed(bench) == 0


# A webhook that is off

ADMIN = {"ABC_ADMIN_EMAIL": abc_admin.EMAIL, "ABC_ADMIN_PASSWORD": abc_admin.PASSWORD}


def silent(bench: Bench) -> list[dict[str, Any]]:
    """The bodies of the events that the next look makes, after a run of reconcile."""
    bench.catch_up()
    runtime = Runtime(bench.configuration, redis=bench.world.redis, connectors=bench.connectors)
    assert runtime.notices
    found = [bench.world.records.event(id_) for id_ in runtime.notices.collect(elect_ms=1)]
    return [event["body"] for event in found if event]


def switch(bench: Bench, status: str) -> None:
    client = AdminClient(f"{bench.sandbox.url}/abc", abc_admin.EMAIL, SecretStr(abc_admin.PASSWORD))
    [known] = client.webhooks(1) or [Webhook("Ours", "https://bridge.example.com/webhook", True, None, {})]
    client.save(1, replace(known, active=status == "ACTIVE"))


def test_an_inactive_webhook_is_announced_once_until_it_is_active(bench: Bench) -> None:
    bench.configure(**WANTED, **ADMIN)
    switch(bench, "ACTIVE")
    assert silent(bench) == []
    switch(bench, "INACTIVE")
    [body] = silent(bench)
    assert (body["event"], body["source"], "count" in body) == ("source_silent", "abc", False)
    assert body["why"].startswith("the webhook of project 1 is INACTIVE in ABC User Feedback")
    assert silent(bench) == []
    switch(bench, "ACTIVE")
    assert silent(bench) == []
    switch(bench, "INACTIVE")
    assert len(silent(bench)) == 1


def test_without_a_user_nobody_signs_in(bench: Bench) -> None:
    switch(bench, "INACTIVE")
    bench.requests()
    assert silent(bench) == []
    assert not [path for path in bench.requests() if "admin" in path]


def test_a_refused_sign_in_hinders_nothing(bench: Bench) -> None:
    """It is not known then, and what was known stays."""
    bench.configure(**WANTED, **ADMIN | {"ABC_ADMIN_PASSWORD": "wrong-password"})
    switch(bench, "INACTIVE")
    bench.issue()
    assert len(bench.catch_up().findings) == 1
    assert silent(bench)[0]["count"] == 1

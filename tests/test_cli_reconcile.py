"""`flask reconcile`, as an operator runs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from console import commands as cli
from jobs.configuration import configure
from jobs.reconcile import comparison
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.server import running
from tools.sandbox.service import environment
from tools.sandbox.times import stamp

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox, redis: Redis) -> Run:
    """Runs `flask reconcile …`: its exit code, its output, its errors."""

    def run(*arguments: str, **changes: str) -> tuple[int, str, str]:
        url = f"redis://127.0.0.1:{redis.connection_pool.connection_kwargs['port']}"
        app = Flask("test")
        environ = {**environment(sandbox.url, url), "ABC_API_KEY": f"1={DEMO_KEY}", **changes}
        cli.register(app, configure(environ), environ)
        result = app.test_cli_runner().invoke(args=["reconcile", *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


def known_issue(sandbox: Sandbox, run: Run, redis: Redis) -> int:
    """An issue that was created five seconds ago and is known; its ledger remembers an hour."""
    redis.set("fb:default:born", int((time.time() - 3600) * 1000))
    row = sandbox.abc.create_issue(1, {"name": "결제 오류"})
    row.createdAt = row.updatedAt = stamp(datetime.now(UTC) - timedelta(seconds=5))
    assert run()[0] == 0
    return int(row.id)


def test_right_after_an_outage_creations_are_recovered_and_young_changes_named(
    sandbox: Sandbox, run: Run, redis: Redis
) -> None:
    known = known_issue(sandbox, run, redis)
    sandbox.abc.set_status(known, "RESOLVED")
    sandbox.abc.create_issue(1, {"name": "로그인 오류"})
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "ISSUE_CREATION" in out
    assert out.splitlines()[-2:] == [
        "2 looked at, 1 recovered",
        "1 change younger than 60 s: the next run looks at it (--wait does so in the same command)",
    ]


def test_wait_looks_at_the_young_changes_in_the_same_command(
    sandbox: Sandbox, run: Run, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_issue(sandbox, run, redis)
    monkeypatch.setattr(comparison, "SETTLED_SECONDS", 2.0)
    sandbox.abc.set_status(known, "RESOLVED")
    sandbox.abc.create_issue(1, {"name": "로그인 오류"})
    started = time.monotonic()
    code, out, err = run("--wait")
    assert time.monotonic() - started > 1
    assert code == 0
    assert "waiting " in err
    assert "missed: INIT → RESOLVED" in out
    assert "missed; now for jira" in out
    assert out.splitlines()[-1] == "2 looked at, 2 recovered"


def test_wait_waits_for_nothing_when_nothing_is_young(sandbox: Sandbox, run: Run) -> None:
    sandbox.abc.create_issue(1, {"name": "로그인 오류"})
    code, out, err = run("--wait")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "1 looked at, 1 recovered"


def test_a_deleted_channel_is_reported_once(sandbox: Sandbox, run: Run, redis: Redis) -> None:
    redis.sadd("fb:default:positions", "abc:1:1")
    assert run()[0] == 0
    sandbox.abc.delete_channel(1)
    code, _, err = run()
    assert code == 1
    assert err.startswith("no longer compared, and tried again once a day: project 1, channel 1: ")
    assert run()[::2] == (0, "")


def test_an_error_ends_with_1_and_holds_no_secret(sandbox: Sandbox, run: Run) -> None:
    code, out, err = run(ABC_API_KEY="1=WRONGKEYWRONGKEY0001")
    assert code == 1
    assert err.startswith("could not compare project 1, issues: ABC User Feedback answered 403")
    assert "WRONGKEY" not in out + err


def test_forget(run: Run, redis: Redis) -> None:
    redis.sadd("fb:default:positions", "abc:23:4", "abc:23:5")
    code, out, _ = run("--forget", "23:4")
    assert (code, out) == (0, "no longer compared, until an event names it: project 23, channel 4\n")
    assert redis.smembers("fb:default:positions") == {b"abc:23:5"}
    code, out, _ = run("--forget", "23")
    assert code == 0
    assert redis.smembers("fb:default:positions") == set()
    code, _, err = run("--forget", "23")
    assert code == 1
    assert "23 is not compared" in err


def test_what_a_variable_names_is_removed_there(run: Run) -> None:
    code, _, err = run("--forget", "1:1", RECONCILE_CHANNELS="1:1")
    assert code == 1
    assert "RECONCILE_CHANNELS names it; remove it there" in err


@pytest.mark.parametrize("text", ["x", "1:x", ":1", "1:2:3", "-1", "²"])
def test_forget_explains_what_it_takes(run: Run, text: str) -> None:
    code, _, err = run("--forget", text)
    assert code == 2
    assert "neither a project such as 23 nor a channel such as 23:4" in err


def test_a_dry_run_changes_nothing(sandbox: Sandbox, run: Run, redis: Redis) -> None:
    sandbox.abc.create_issue(1, {"name": "로그인 오류"})
    redis.sadd("fb:default:positions", "abc:77:1")
    before: Any = sorted(redis.keys("*"))
    code, out, err = run("--dry-run")
    assert code == 1
    assert "1 would be recovered" in out
    assert "could not compare project 77" in err
    assert sorted(redis.keys("*")) == before

"""`flask check`: a clock that is wrong, and a Redis that forgets."""

from __future__ import annotations

import pytest
from redis import Redis

from console.redis_checks import clock_check, persistence_checks
from jobs.health import info_of


@pytest.mark.parametrize(
    ("there", "took", "kind"),
    [(1000, 0, "ok"), (1004, 0, "ok"), (1006, 2, "ok"), (1030, 0, "note"), (970, 0, "note"), (1061, 0, "fail")],
)
def test_the_difference_of_the_clocks(there: float, took: float, kind: str) -> None:
    line = clock_check(1000.0, there, took)
    assert ("note" if line.is_note else "ok" if line.ok else "fail") == kind
    assert (f"{abs(there - 1000)} s apart" in line.what) == (kind != "ok")


def test_a_redis_without_a_disk_is_a_note(redis: Redis) -> None:
    """The one of the tests keeps nothing: a real INFO."""
    [line] = persistence_checks(info_of(redis, "persistence"))
    assert line.is_note
    assert "appendonly is off" in line.what


def test_a_redis_that_writes_is_well() -> None:
    [line] = persistence_checks({"aof_enabled": 1, "aof_last_write_status": "ok", "rdb_last_bgsave_status": "ok"})
    assert (line.ok, line.is_note) == (True, False)


@pytest.mark.parametrize("name", ["aof_last_write_status", "rdb_last_bgsave_status"])
def test_a_disk_that_refuses_fails(name: str) -> None:
    failed, _ = persistence_checks({"aof_enabled": 1, name: "err"})
    assert not failed.ok
    assert name in failed.what


def test_what_may_not_be_asked_is_a_note() -> None:
    [line] = persistence_checks(None)
    assert line.is_note

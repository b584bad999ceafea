"""Health asks for what the work asks for, in every shape of Redis that hosts sell; and it leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq.suspension import suspend

from console.checks import checks
from jobs.configuration import configure
from jobs.health import LOOK_EVERY, Health
from jobs.probe import Probe, ProbeFailed, sentence
from jobs.routing import Route
from jobs.runtime import Runtime
from tests.web import issue, start_web
from tools.sandbox.processes import Processes, free_port, start_valkey, valkey_command, wait_for

CLUSTER = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
ROUTES = [Route("slack", ("*",))]
Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Valkey of its own with these options: its address."""
    with Processes(tmp_path) as processes:
        yield lambda *options: start_valkey(processes, free_port(), *options)


def problem(url: str, walk: str = "reach") -> str:
    """What a probe finds there; "" when nothing."""
    with Redis.from_url(url, socket_timeout=5) as redis:
        try:
            getattr(Probe(redis, "test"), walk)()
        except (RedisError, ProbeFailed) as error:
            return sentence(error)
    return ""


def lines(url: str) -> dict[str, str]:
    """`flask check` of that Redis: its lines by status."""
    configuration = configure({"WEBHOOK_TOKEN": "token-of-the-tests-0001", "REDIS_URL": url})
    found = [line for line in checks(Runtime(configuration), False, lambda: None) if line.what.startswith("redis: ")]
    by_status: dict[str, str] = {}
    for line in found:
        status = "note" if line.is_note else "ok" if line.ok else "fail"
        by_status[status] = f"{by_status.get(status, '')}{line.what}\n"
    return by_status


@pytest.mark.parametrize("walk", ["reach", "work"])
def test_a_probe_leaves_nothing_behind(redis: Any, redis_url: str, walk: str) -> None:
    redis.set("theirs", "1")
    assert problem(redis_url, walk) == ""
    assert redis.keys("*") == [b"theirs"]


@pytest.mark.parametrize("walk", ["reach", "work"])
def test_suspended_workers_are_no_failure_of_redis(redis: Any, redis_url: str, walk: str) -> None:
    suspend(redis)
    assert problem(redis_url, walk) == ""
    assert redis.keys("*") == [b"rq:suspended"]


def test_two_that_probe_at_once_do_not_meet(redis_url: str) -> None:
    """Web processes do: one must not take or delete what the other has just stored."""

    def often(_number: int) -> set[str]:
        return {problem(redis_url, "work") for _ in range(20)}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(often, range(4))) == {""}


def ready(url: str) -> Health:
    redis = Redis.from_url(url, socket_timeout=5)
    redis.zadd("fb:test:workers", {"worker": 2**52})
    return Health(redis, "test", ROUTES, sources=())


def test_callers_of_readyz_do_not_decide_how_much_redis_has_to_do(redis: Any, redis_url: str) -> None:
    """It needs no password: one look a second, for however many callers at once."""

    def looks() -> int:
        return int(redis.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"])

    health = ready(redis_url)
    before, started = looks(), time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        states = set(pool.map(lambda _: health.readiness().status, range(400)))
    took = time.monotonic() - started
    assert states == {"ok"}
    # A probe stores in one transaction, and clears in another.
    assert 0 < looks() - before <= 2 * (took / LOOK_EVERY + 1)


def test_a_cluster_is_noticed(start: Start) -> None:
    url = start(*CLUSTER)
    assert "cluster" in problem(url)
    assert "cluster" in lines(url)["fail"]


def test_a_cluster_of_one_that_holds_all_slots_is_noticed(start: Start) -> None:
    """It takes single commands, and refuses those on several keys."""
    url = start(*CLUSTER)
    with Redis.from_url(url) as redis:
        redis.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for("the cluster", lambda: b"cluster_state:ok" in redis.execute_command("CLUSTER", "INFO"))
    assert "cluster" in problem(url)


def test_a_read_only_replica_is_noticed(start: Start, tmp_path: Path) -> None:
    primary, port = start(), free_port()
    folder = tmp_path / "replica"
    folder.mkdir()
    with Processes(folder) as processes:
        processes.start(
            "replica", valkey_command(port, folder, "--replicaof", "127.0.0.1", primary[:-2].split(":")[-1])
        )
        url = f"redis://127.0.0.1:{port}/0"
        wait_for("the replica", lambda: link_is_up(url))
        assert "read-only replica" in problem(url)
        assert "read-only replica" in lines(url)["fail"]


def link_is_up(url: str) -> bool:
    with Redis.from_url(url) as redis:
        try:
            found: Any = redis.info("replication")
        except RedisError:
            return False
        return bool(found.get("master_link_status") == "up")


def test_used_up_memory_is_noticed(start: Start) -> None:
    url = start("--maxmemory", "1mb", "--maxmemory-policy", "noeviction")
    assert "memory" in problem(url)
    assert "memory" in lines(url)["fail"]
    with Redis.from_url(url) as redis:
        redis.config_set("maxmemory", 0)
    assert problem(url) == ""


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru"])
def test_a_redis_that_evicts_takes_events_and_is_a_failure_of_the_check(start: Start, policy: str) -> None:
    url = start("--maxmemory", "100mb", "--maxmemory-policy", policy)
    found = ready(url).readiness()
    assert (found.status, found.unavailable) == ("degraded", ())
    assert policy in found.degraded[0]
    assert policy in lines(url)["fail"]


def test_the_connections_that_we_open_are_compared_with_those_that_redis_takes(start: Start) -> None:
    url = start("--maxclients", "20")
    assert " 20 (maxclients)" in lines(url)["ok"]
    with Redis.from_url(url) as redis:
        redis.config_set("maxclients", 7)
    assert "REDIS_MAX_CONNECTIONS" in lines(url)["fail"]


def user(url: str, *commands: str, keys: tuple[str, ...] = ("fb:*", "rq:*")) -> str:
    with Redis.from_url(url) as redis:
        redis.acl_setuser("bridge", enabled=True, passwords=["+secret"], keys=keys, commands=commands, reset=True)
    return url.replace("redis://", "redis://bridge:secret@")


def test_a_user_without_info_and_config_can_do_all_the_work(start: Start) -> None:
    """What could not be looked at is a note."""
    url = user(start(), "+@all", "-@dangerous")
    with Redis.from_url(url) as redis, pytest.raises(RedisError):
        redis.info()
    assert problem(url, "work") == ""
    assert ready(url).readiness().status == "ok"
    assert set(lines(url)) == {"ok", "note"}
    assert "INFO" in lines(url)["note"]
    assert "can't see the limit of connections" in lines(url)["note"]


@pytest.mark.parametrize("missing", ["-eval", "-multi", "-hset", "-rpush", "-blpop", "-time", "-@write"])
def test_a_user_without_a_command_that_the_work_needs_is_noticed(start: Start, missing: str) -> None:
    url = user(start(), "+@all", missing)
    assert "ACL" in problem(url)
    assert "ACL" in lines(url)["fail"]


def test_a_user_without_our_keys_is_noticed(start: Start) -> None:
    url = user(start(), "+@all", keys=("fb:*",))
    assert "ACL" in problem(url)


def test_a_wrong_password_is_noticed(start: Start) -> None:
    url = user(start(), "+@all").replace("secret", "wrong")
    assert "password" in problem(url)
    assert "wrong" not in lines(url)["fail"]


@pytest.mark.parametrize("scheme", ["unix:", "UNIX://"])
def test_a_socket_in_the_file_system(start: Start, tmp_path: Path, scheme: str) -> None:
    path = tmp_path / "valkey.sock"
    start("--unixsocket", str(path))
    assert "fail" not in lines(f"{scheme}{path}")


def test_a_cluster_is_reported_by_the_real_web_process(start: Start, tmp_path: Path) -> None:
    """Where every webhook is refused, /readyz must not be green."""
    folder = tmp_path / "web"
    folder.mkdir()
    with Processes(folder) as processes:
        web = start_web(processes, start(*CLUSTER))
        assert web.post(issue(3)).status == 503
        reply = web.get("/readyz", ())
        assert (reply.status, reply.json["status"]) == (503, "unavailable")
        assert "cluster" in reply.json["reasons"][0]


def test_no_redis_at_all(start: Start) -> None:
    assert "does not answer" in problem(f"redis://127.0.0.1:{free_port()}/0")

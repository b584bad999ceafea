"""`flask check`: checks the configuration, Redis, the source and every third party, and yields lines about each."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dotenv import dotenv_values
from honcho import environ as honcho
from redis.exceptions import RedisError

from connectors.base import Check, note
from console.redis_checks import clock_check, persistence_checks
from console.webhook_checks import webhook_checks
from jobs.connection import most_connections
from jobs.health import eviction, info_of, most_clients
from jobs.probe import ProbeFailed, sentence
from jobs.runtime import Runtime
from sources.abc.client import AbcError
from sources.abc.models import position_ids
from sources.abc.settings import ApiSettings


def every_check(runtime: Runtime, offline: bool, record: Callable[[], None]) -> Iterator[Check]:
    """Every line of `flask check`, without secrets. `record`: called before deliveries are sent again, for the audit;
    raises RedisError."""
    redact = runtime.configuration.redact
    lines = itertools.chain(dotenv_checks(Path(".env")), checks(runtime, offline, record))
    return (replace(line, what=redact(line.what)) for line in lines)


def as_row(line: Check) -> dict[str, str]:
    """The line for programs: `status` is ok, note or fail; `about` is the system."""
    about, _, what = line.what.partition(": ")
    return {"status": "note" if line.is_note else "ok" if line.ok else "fail", "about": about, "what": what}


def checks(runtime: Runtime, offline: bool, record: Callable[[], None]) -> Iterator[Check]:
    """Lines about the configuration, Redis, the source and every connector."""
    configuration = runtime.configuration
    names = ", ".join(configuration.connectors) or "none: set CONNECTORS"
    yield Check(True, f"configuration: valid; connectors: {names}")
    yield from (Check(False, doubt) for doubt in configuration.doubts)
    yield from (note(f"configuration: {what}") for what in (*configuration.warnings, *configuration.notes))
    if offline:
        return
    yield from _redis_checks(runtime)
    channels, where_from = _channels(runtime)
    projects = _projects(runtime, channels)
    yield from _healing("abc", runtime, record, _abc_checks(runtime, channels, where_from, projects))
    yield from webhook_checks(configuration, projects)
    for name, connector in runtime.build_connectors(channels).items():
        lines = itertools.chain(_stopped(runtime, name), connector.check())
        named = (replace(line, what=f"{name}: {line.what}") for line in lines)
        yield from _healing(name, runtime, record, named)


def _stopped(runtime: Runtime, name: str) -> Iterator[Check]:
    with suppress(RedisError):  # another line reports this error
        if stop := runtime.stops.all().get(name):
            since = datetime.fromtimestamp(stop.since, UTC).isoformat(sep=" ", timespec="seconds")
            yield Check(False, f"has stopped at {since}: {stop.why}; `flask resume {name}` starts it again")


def _healing(name: str, runtime: Runtime, record: Callable[[], None], lines: Iterable[Check]) -> Iterator[Check]:
    """The lines of one system. If none of them failed, the deliveries that wait for the system, or died because of it,
    are sent again."""
    seen = []
    for line in lines:
        seen.append(line)
        yield line
    if not all(line.ok for line in seen) or all(line.is_note for line in seen):
        return
    with suppress(RedisError):  # another line reports this error
        record()
        if count := runtime.replayer.heal(name):
            why = "they waited for it, or died because of it"
            yield note(f"{name}: it works; deliveries that are sent again: {count} ({why})")
        if left := sum(group.count for group in runtime.records.dead(name).groups):
            yield note(
                f"{name}: it works; dead letters that are left: {left} (they have another cause, or failed again): see "
                f"`flask dead`; `flask replay --all --connector {name}` replays them"
            )


def _redis_checks(runtime: Runtime) -> Iterator[Check]:
    redis = runtime.redis
    try:
        runtime.probe.work()
        yield Check(True, "redis: stores an event, hands it to a worker and records its delivery")
        memory, most = info_of(redis, "memory"), most_clients(redis)
        disk, started = info_of(redis, "persistence"), time.time()
        seconds, micros = redis.time()
    except (RedisError, ProbeFailed) as error:
        yield Check(False, f"redis: {sentence(error)} (bin/dev starts its own Redis): {error}")
        return
    if memory is None:
        yield note("redis: this user may not use INFO, so maxmemory-policy (noeviction) is not checked")
    elif problem := eviction(memory):
        yield Check(False, f"redis: {problem}")
    yield from persistence_checks(disk)
    yield clock_check(started, seconds + micros / 1_000_000, time.time() - started)
    yield _connections(most_connections(runtime.configuration.service), most)


def _connections(ours: int, allowed: int | None) -> Check:
    """Whether Redis allows the connections that one web, one worker and one command open at most."""
    if allowed is None:
        return note(f"redis: this user can't see the limit of connections; the bridge opens up to {ours}")
    what = (
        f"redis: one web, one worker and one command open up to {ours} connections; Redis allows {allowed} (maxclients)"
    )
    if ours <= allowed:
        return Check(True, what)
    return Check(False, f"{what}: set REDIS_MAX_CONNECTIONS to a lower number, or choose a larger Redis")


def _abc_settings(runtime: Runtime) -> ApiSettings:
    settings = runtime.configuration.apis["abc"]
    assert isinstance(settings, ApiSettings)
    return settings


def _channels(runtime: Runtime) -> tuple[list[tuple[int, int]], str]:
    """The channels that reconcile compares, and from where they are known."""
    configured = set(_abc_settings(runtime).reconcile_channels)
    try:
        # Reconcile reports, once, the channels that ABC does not have.
        left_out = runtime.forgotten.entries() if runtime.forgotten else {}
        keys = [position.key for position in runtime.checkpoints.positions() if position not in left_out]
        seen = {(project, channel) for project, channel in map(position_ids, keys) if channel is not None}
    except RedisError:
        seen = set()  # another line reports this error
    where = ["RECONCILE_CHANNELS"] * bool(configured) + ["events"] * bool(seen - configured)
    return sorted(configured | seen), " and ".join(where)


def dotenv_checks(path: Path) -> Iterator[Check]:
    """`honcho start` and `flask` read `.env` by different rules (quotes, blanks, `#`, backslashes, `$`). If they read
    different values, the checked configuration is not the one that runs."""
    if not path.is_file():
        return
    here = dotenv_values(path)
    try:
        there: dict[str, str] = honcho.parse(path.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    except ValueError as error:
        yield Check(False, f".env: honcho can't read it ({error}): put values into single quotes")
        return
    for name in sorted(name for name in here if (here[name] or "") != there.get(name, "")):
        yield Check(False, f"{name}: honcho reads another value from .env than flask: put it into single quotes")


def _projects(runtime: Runtime, channels: Iterable[tuple[int, int]]) -> list[int]:
    keys = _abc_settings(runtime).abc_api_key
    return sorted({int(key) for key, _ in keys.items() if key != "*"} | {project for project, _ in channels})


def _abc_checks(
    runtime: Runtime, channels: list[tuple[int, int]], where_from: str, projects: Iterable[int]
) -> Iterator[Check]:
    abc = runtime.apis.get("abc")
    if abc is None:
        return
    if channels:
        names = ", ".join(f"{project}:{channel}" for project, channel in channels)
        yield note(f"abc: reconcile compares the channels {names}, known from {where_from}")
    else:
        yield note(
            "abc: reconcile compares no channel: RECONCILE_CHANNELS is unset and no event has named a channel yet. "
            "List your channels there (1:1), so that they are known even after Redis lost its data"
        )
    for project in projects:
        try:
            yield Check(True, f"abc: project {project} is '{abc.project_name(project)}', the API key is accepted")
        except AbcError as error:
            yield Check(False, f"abc: project {project}: {error}")

"""Dead letters by connector and reason: counted when they are asked for, in bounded work (docs/api.md)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

from bridge.times import iso
from jobs.ledger.scripts import LUA
from jobs.ledger.search import PATIENCE, Place, cursor_of, read_cursor

CHUNK = 1000
"""Entries that one step counts: Redis does nothing else meanwhile, for about a millisecond."""
MOST = 50_000
"""Dead letters that one answer counts, at most; its `next` goes on from there."""


@dataclass(slots=True)
class Group:
    """`count` dead letters of a connector with one reason; `newest` and `oldest`: when they died, in ISO 8601; `error`:
    of the newest one."""

    connector: str
    reason: str
    count: int
    newest: str
    oldest: str
    newest_id: str
    error: str = ""


class Dead(NamedTuple):
    """The groups, the one with the newest dead letter first; `next`: the cursor for further ones, None when all are
    counted."""

    groups: list[Group]
    next: str | None


def dead_letters(
    redis: Any, prefix: str, connector: str = "", reason: str = "", cursor: str = "", patience: float = PATIENCE
) -> Dead:
    """`connector`, `reason`: only these; `patience`: see jobs/ledger/search.py. Raises BadQuery and RedisError."""
    found: dict[tuple[str, str], Group] = {}
    place, skipped, counted = read_cursor(cursor), 0, 0
    deadline = time.monotonic() + patience
    following: str | None = None
    while True:
        top, behind = (str(place[0]), place) if place else ("+inf", ("", ""))
        answer = redis.eval(
            LUA["groups"], 0, prefix, top, skipped, CHUNK, behind[0], behind[1].encode("utf-8", "replace"),
            *(text.encode("utf-8", "replace") for text in (connector, reason)),
        )  # fmt: skip
        entries, score, member, *flat = answer
        counted += entries
        reached: Place | None = (int(score), member.decode()) if score else None
        place, skipped = (reached, 0) if reached else (place, skipped + entries)
        for first in range(0, len(flat), 7):
            _add(found, flat[first : first + 7])
        if entries < CHUNK:
            break
        if reached and (counted >= MOST or time.monotonic() >= deadline):
            following = cursor_of(reached)
            break
    groups = list(found.values())
    with redis.pipeline(transaction=False) as pipeline:
        for group in groups:
            pipeline.hget(f"{prefix}delivery:{group.newest_id}", "why")
        for group, why in zip(groups, pipeline.execute(), strict=True):
            group.error = (why or b"").decode("utf-8", "replace")
    return Dead(groups, following)


def _add(found: dict[tuple[str, str], Group], row: list[Any]) -> None:
    """One group of one step: those of later steps are older."""
    connector, reason = row[0].decode(), row[1].decode()
    count, newest, newest_id, oldest = int(row[2]), iso(int(row[3])), row[4].decode(), iso(int(row[5]))
    group = found.get((connector, reason))
    if group is None:
        found[connector, reason] = Group(connector, reason, count, newest, oldest, newest_id)
    else:
        group.count, group.oldest = group.count + count, oldest

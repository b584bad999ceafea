"""Who changed what, when and from where: a stream in Redis with a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

from bridge.text import cut

KEPT = 10_000
"""Entries; older ones are dropped."""
LONGEST = 500
"""Characters of a text in an entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`at`: milliseconds since 1970, by Redis's clock; `who`: `password`, an OIDC name, `api` or `command`; `what`: the
    kind of change, such as `replay`; `about`: what was changed; `address`: where the request came from, "" for
    a command."""

    id: str
    at: int
    who: str
    what: str
    about: str
    address: str


class Audit:
    """The stream `audit`. Methods raise RedisError."""

    def __init__(self, redis: Redis, instance: str) -> None:
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._key = f"fb:{instance}:audit"

    def add(self, who: str, what: str, about: str = "", address: str = "") -> None:
        """Before the change itself: a change that nobody recorded does not happen."""
        fields = {"who": who, "what": what, "about": about, "address": address}
        kept = {name: cut(text, LONGEST).encode("utf-8", "replace") for name, text in fields.items()}
        self._redis.xadd(self._key, kept, maxlen=KEPT, approximate=True)

    def entries(self, before: str = "", limit: int = 50) -> Iterator[Entry]:
        """The newest first; `before`: the id of the last entry that was shown."""
        newest = f"({before}" if before else "+"
        for id_, fields in self._redis.xrevrange(self._key, max=newest, count=limit):
            texts = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
            name = id_.decode()
            parts = (texts.get(part, "") for part in ("who", "what", "about", "address"))
            yield Entry(name, int(name.partition("-")[0]), *parts)

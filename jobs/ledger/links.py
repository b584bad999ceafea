"""What one connector instance knows of entities at its third party, in Redis; see connectors.base.Links."""

from __future__ import annotations

from typing import Any, cast

from jobs.ledger.bounds import check_link
from jobs.ledger.ledger import Ledger, decode
from jobs.ledger.scripts import LUA


class RedisLinks:
    """Not bound to retention: a small hash for each entity that has something there, with its creation time in the
    field `created`."""

    def __init__(self, ledger: Ledger, connector: str) -> None:
        self._ledger = ledger
        self._redis = ledger.redis
        self._prefix = f"{ledger.prefix}link:{connector}:"

    def of(self, connector: str) -> RedisLinks:
        return RedisLinks(self._ledger, connector)

    def get(self, entity: str, created: str) -> dict[str, str]:
        link = decode(self._redis.hgetall(f"{self._prefix}{entity}"))
        known = link.pop("created", "")
        return {} if created and known and created != known else link

    def set(self, entity: str, created: str, **values: str) -> None:
        check_link(values)
        flat = [part.encode("utf-8", "replace") for pair in values.items() for part in pair]
        self._redis.eval(LUA["link"], 0, f"{self._prefix}{entity}", created, *cast(Any, flat))

"""Whether the service can do its work: what `/readyz`, `/metrics` and `flask check` ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from jobs.records import Records


class Health:
    def __init__(self, redis: Redis, instance: str, connectors: Iterable[str]) -> None:
        self._redis = redis
        self._records = Records(redis, instance)
        self.connectors = tuple(connectors)

    def numbers(self) -> dict[str, Any]:
        """See Records.health. Raises RedisError."""
        return self._records.health()

    def reasons(self) -> list[str]:
        """Why the service is not ready; empty when it is."""
        try:
            alive = self.numbers()["workers"]
            trouble = redis_trouble(self._redis)
        except RedisError as error:
            return [f"Redis does not answer ({type(error).__name__}): look at REDIS_URL and the server"]
        if not alive:
            trouble.append("no worker is alive: start the Procfile's `worker`")
        return trouble


def redis_trouble(redis: Redis) -> list[str]:
    """What in Redis's own settings would lose events; empty when nothing would. Raises RedisError."""
    info = redis.info("memory")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return [f"Redis may throw events away: its maxmemory-policy is {policy}, it must be noeviction"]
    return []

"""Wrong passwords are counted for all processes together: more than a few in a minute, and nobody may try.

The count is raised before a password is looked at, and lowered when it was right, so attempts at the same time cannot
pass the limit. An attempt that is refused is not counted: the wait ends a minute after the first wrong password.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from typing import Any

from redis import Redis

from bridge.networks import read_address

WINDOW = 60
"""Seconds."""
MOST_OF_ONE = 5
MOST_OF_ALL = 20
IPV6_PREFIX = 64
"""One caller has all addresses of such a network (RFC 6177)."""

BEGIN = """
local time = redis.call('TIME')
local now, window = time[1] * 1000 + math.floor(time[2] / 1000), ARGV[2] * 1000
local wait = 0
for i, most in ipairs({tonumber(ARGV[3]), tonumber(ARGV[4])}) do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - window)
  if redis.call('ZCARD', KEYS[i]) >= most then
    local first = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
    wait = math.max(wait, first[2] + window - now)
  end
end
if wait > 0 then return math.ceil(wait / 1000) end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('EXPIRE', key, ARGV[2])
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait`: for how many seconds nobody may try from that address; 0 where the password was looked at."""

    is_right: bool
    wait: int = 0


class Attempts:
    """The sorted sets `signin` and `signin:<address>`. Methods raise RedisError."""

    def __init__(self, redis: Redis, instance: str) -> None:
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._key = f"fb:{instance}:signin"

    def check(self, address: str | None, is_right: Callable[[], bool]) -> Verdict:
        """Looks at a password, unless there were too many wrong ones."""
        keys, attempt = (f"{self._key}:{counted_address(address)}", self._key), secrets.token_hex(16)
        if wait := int(self._redis.eval(BEGIN, 2, *keys, attempt, WINDOW, MOST_OF_ONE, MOST_OF_ALL)):
            return Verdict(False, wait)
        if not is_right():
            return Verdict(False)
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.zrem(key, attempt)
            pipeline.execute()
        return Verdict(True)


def counted_address(text: str | None) -> str:
    """What counts as one caller: an IPv4 address, an IPv6 network; `unknown` for what is no address. Pure."""
    address = read_address(text or "")
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), IPV6_PREFIX), strict=False).network_address)
    return "unknown" if address is None else str(address)

"""The part of Redis that the ledger's scripts use, in this process: cheap to copy, with a clock of its own.

`tests/explore` runs the same scripts on it and on a real Valkey and compares all answers and all keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Answer = bytes | int | list[Any] | None


class Hash(dict[bytes, bytes]):
    pass


class Members(dict[bytes, None]):
    """A set, in the order in which its members were added."""


class Scores(dict[bytes, float]):
    """A sorted set."""

    def ranked(self) -> list[bytes]:
        return sorted(self, key=lambda member: (self[member], member))


class Items(list[bytes]):
    pass


Value = bytes | Hash | Members | Scores | Items


class Snapshot(NamedTuple):
    """All keys, and when those end that expire. Its values are shared with the snapshots before it: nobody changes
    them."""

    keys: dict[bytes, Value]
    ends: dict[bytes, int]


EMPTY = Snapshot({}, {})


def number(value: float) -> bytes:
    """As Redis writes one that a script passes: the shortest text that means the same."""
    return b"%d" % value if value == int(value) else repr(value).encode()


def text(value: bytes | float | int) -> bytes:
    return value if isinstance(value, bytes) else number(value)


class Store:
    """`now`: in milliseconds, set by whoever lets time pass. A key that has ended does not exist."""

    def __init__(self, expires: bool = True) -> None:
        self.now = 0
        self._expires = expires
        self._keys: dict[bytes, Value] = {}
        self._ends: dict[bytes, int] = {}
        self._own: set[bytes] = set()
        """The keys whose values are no snapshot's."""

    def restore(self, snapshot: Snapshot, now: int) -> None:
        self.now = now
        self._ends = dict(snapshot.ends)
        self._keys = dict(snapshot.keys)
        self._own = set()
        for key, end in snapshot.ends.items():
            if end <= now and self._expires:
                del self._keys[key], self._ends[key]

    def snapshot(self) -> Snapshot:
        """The store goes on with copies."""
        self._own = set()
        snapshot = Snapshot(self._keys, self._ends)
        self._keys, self._ends = dict(self._keys), dict(self._ends)
        return snapshot

    def do(self, name: bytes, *arguments: bytes | float) -> Answer:
        """One command. Raises KeyError for one that the scripts do not use."""
        return COMMANDS[name.upper()](self, *[text(argument) for argument in arguments])

    # Reading and writing values

    def _read(self, key: bytes, kind: Callable[[], Any]) -> Any:
        value = self._keys.get(key)
        if value is None:
            return kind()
        assert isinstance(value, kind if isinstance(kind, type) else type(value)), f"WRONGTYPE {key!r}"
        return value

    def _write(self, key: bytes, kind: Callable[..., Any]) -> Any:
        value = self._keys.get(key)
        if key not in self._own:
            value = kind() if value is None else kind(self._read(key, kind))
            self._own.add(key)
            self._keys[key] = value
        elif value is None:
            value = self._keys[key] = kind()
        return value

    def _remove(self, key: bytes, kind: Callable[..., Any], member: bytes) -> int:
        if member not in self._read(key, kind):
            return 0
        del self._write(key, kind)[member]
        self._tidy(key)
        return 1

    def _tidy(self, key: bytes) -> None:
        """A value without members does not exist."""
        if not self._keys[key]:
            self._delete(key)

    def _delete(self, key: bytes) -> int:
        self._ends.pop(key, None)
        return int(self._keys.pop(key, None) is not None)

    # Keys

    def _exists(self, *keys: bytes) -> int:
        return sum(key in self._keys for key in keys)

    def _del(self, *keys: bytes) -> int:
        return sum(self._delete(key) for key in keys)

    def _pexpire(self, key: bytes, milliseconds: int) -> int:
        if key not in self._keys:
            return 0
        self._ends[key] = self.now + milliseconds
        return 1

    def _expire(self, key: bytes, seconds: bytes) -> int:
        return self._pexpire(key, int(seconds) * 1000)

    def _time(self) -> list[bytes]:
        return [b"%d" % (self.now // 1000), b"%d" % (self.now % 1000 * 1000)]

    # Texts

    def _get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._read(key, bytes) if key in self._keys else None
        return value

    def _set(self, key: bytes, value: bytes, *options: bytes) -> bytes | None:
        if b"NX" in options and key in self._keys:
            return None
        self._ends.pop(key, None)
        self._keys[key] = value
        if b"PX" in options:
            milliseconds = int(options[options.index(b"PX") + 1])
            assert milliseconds > 0, "ERR invalid expire time in 'set' command"
            self._ends[key] = self.now + milliseconds
        return b"OK"

    def _incr(self, key: bytes) -> int:
        value = int(self._get(key) or 0) + 1
        self._keys[key] = b"%d" % value
        return value

    # Hashes

    def _hget(self, key: bytes, field: bytes) -> bytes | None:
        value: bytes | None = self._read(key, Hash).get(field)
        return value

    def _hmget(self, key: bytes, *fields: bytes) -> list[bytes | None]:
        found = self._read(key, Hash)
        return [found.get(field) for field in fields]

    def _hgetall(self, key: bytes) -> list[bytes]:
        return [part for pair in self._read(key, Hash).items() for part in pair]

    def _hset(self, key: bytes, *pairs: bytes) -> int:
        found, before = self._write(key, Hash), len(self._keys[key])
        found.update(zip(pairs[::2], pairs[1::2], strict=True))
        return len(found) - before

    def _hdel(self, key: bytes, *fields: bytes) -> int:
        if not any(field in self._read(key, Hash) for field in fields):
            return 0
        found = self._write(key, Hash)
        gone = sum(found.pop(field, None) is not None for field in fields)
        self._tidy(key)
        return gone

    def _hexists(self, key: bytes, field: bytes) -> int:
        return int(field in self._read(key, Hash))

    def _hkeys(self, key: bytes) -> list[bytes]:
        return list(self._read(key, Hash))

    def _hlen(self, key: bytes) -> int:
        return len(self._read(key, Hash))

    def _hstrlen(self, key: bytes, field: bytes) -> int:
        return len(self._read(key, Hash).get(field, b""))

    def _hincrby(self, key: bytes, field: bytes, by: bytes) -> int:
        value = int(self._read(key, Hash).get(field, 0)) + int(by)
        self._write(key, Hash)[field] = b"%d" % value
        return value

    def _hincrbyfloat(self, key: bytes, field: bytes, by: bytes) -> bytes:
        value = number(float(self._read(key, Hash).get(field, 0)) + float(by))
        self._write(key, Hash)[field] = value
        return value

    # Sets

    def _sadd(self, key: bytes, *members: bytes) -> int:
        found, before = self._write(key, Members), len(self._keys[key])
        found.update(dict.fromkeys(members))
        return len(found) - before

    def _srem(self, key: bytes, member: bytes) -> int:
        return self._remove(key, Members, member)

    def _smembers(self, key: bytes) -> list[bytes]:
        return list(self._read(key, Members))

    # Sorted sets

    def _zadd(self, key: bytes, score: bytes, member: bytes) -> int:
        found = self._write(key, Scores)
        added = member not in found
        found[member] = float(score)
        return int(added)

    def _zrem(self, key: bytes, member: bytes) -> int:
        return self._remove(key, Scores, member)

    def _zcard(self, key: bytes) -> int:
        return len(self._read(key, Scores))

    def _zscore(self, key: bytes, member: bytes) -> bytes | None:
        score = self._read(key, Scores).get(member)
        return None if score is None else number(score)

    def _zrange(self, key: bytes, first: bytes, last: bytes, *options: bytes) -> list[bytes]:
        found = self._read(key, Scores)
        ranked: list[bytes] = found.ranked()
        if not options:
            start, end = int(first), int(last)
            return ranked[start : None if end == -1 else end + 1]
        by_score, limit, offset, count = options
        assert (by_score, limit) == (b"BYSCORE", b"LIMIT"), options
        within: list[bytes] = [member for member in ranked if float(first) <= found[member] <= float(last)]
        return within[int(offset) :][: int(count)]

    def _zremrangebyscore(self, key: bytes, first: bytes, last: bytes) -> int:
        found = self._read(key, Scores)
        gone = [member for member in found if float(first) <= found[member] <= float(last)]
        return sum(self._zrem(key, member) for member in gone)

    # Lists

    def _llen(self, key: bytes) -> int:
        return len(self._read(key, Items))

    def _rpush(self, key: bytes, *items: bytes) -> int:
        found = self._write(key, Items)
        found.extend(items)
        return len(found)

    def _lpop(self, key: bytes) -> bytes | None:
        if key not in self._keys:
            return None
        first: bytes = self._write(key, Items).pop(0)
        self._tidy(key)
        return first


COMMANDS: dict[bytes, Callable[..., Answer]] = {
    name.removeprefix("_").upper().encode(): function
    for name, function in vars(Store).items()
    if name not in ("_read", "_write", "_remove", "_tidy", "_delete", "_pexpire")
    and name[:1] == "_"
    and name[:2] != "__"
}

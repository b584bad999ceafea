"""Runs each script in both: the embedded store and a real server. Answers and keys must be the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis import Redis as Client

from tools.explore.lua import Redis
from tools.explore.store import Answer, Hash, Items, Members, Scores, Store
from tools.explore.world import PREFIX, QUEUE

CLOCK = f"{PREFIX}clock".encode()
"""Lives for less than a second of the server's own time."""


class TwinStore(Store):
    """The model's own few commands go to both, too."""

    def __init__(self, real: Client, expires: bool) -> None:
        super().__init__(expires)
        self.real: Any = real
        self.in_script = False

    def do(self, name: bytes, *arguments: bytes | float) -> Answer:
        answer = super().do(name, *arguments)
        if not self.in_script:
            real = self.real.execute_command(name, *arguments)
            assert real == answer or arguments == (CLOCK,), (name, arguments)
        return answer


class Twin(Redis):
    def __init__(self, real: Client, store: Store, instead: Mapping[str, str]) -> None:
        self.twin = TwinStore(real, expires=False)
        super().__init__(self.twin, instead)
        self.scripts = 0

    def eval(self, script: str, keys: int, *arguments: bytes | str | int) -> Answer:
        self.twin.in_script = True
        try:
            answer = super().eval(script, keys, *arguments)
        finally:
            self.twin.in_script = False
        real = self.twin.real.eval(self._instead.get(script, script), 0, *arguments)
        assert _plain(real) == _plain(answer), (script, arguments)
        self.compare()
        self.scripts += 1
        return answer

    def compare(self) -> None:
        """Every key, its value, and when it ends."""
        real, snapshot = self.twin.real, self.twin.snapshot()
        found = sorted({*real.keys(f"{PREFIX}*"), *real.keys(QUEUE)} - {CLOCK})
        assert found == sorted(snapshot.keys.keys() - {CLOCK})
        for key in found:
            value = snapshot.keys[key]
            assert _read(real, key, value) == value, key
            ends = real.pttl(key)
            assert (ends != -1) == (key in snapshot.ends), key


def _read(real: Any, key: bytes, like: Any) -> Any:
    if isinstance(like, Hash):
        return real.hgetall(key)
    if isinstance(like, Scores):
        return dict(real.zrange(key, 0, -1, withscores=True))
    if isinstance(like, Members):
        return dict.fromkeys(real.smembers(key))
    if isinstance(like, Items):
        return real.lrange(key, 0, -1)
    return real.get(key)


def _plain(answer: Any) -> Any:
    """The fields of a hash come in no order once it is large."""
    if isinstance(answer, list) and answer[:1] == [b"granted"]:
        return [answer[0], *(dict(zip(part[::2], part[1::2], strict=True)) for part in answer[1:3]), *answer[3:]]
    return answer

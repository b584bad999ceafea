"""Work of an operator that takes longer than a page may: a thread does it; its lines are in Redis for every process.

There is one task of each kind at a time, and the last one is kept for a day. A task whose process ended is recognized
by its sign of life, which stops.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from bridge.failures import name_of

log = structlog.get_logger("console")

KEPT_SECONDS = 86_400
MOST_LINES = 500
BEAT_SECONDS = 5.0
LOST_SECONDS = 30
"""Without a sign of life for so long, a task is lost."""

Line = Mapping[str, Any]
Work = Callable[[Callable[[Line], None]], Line]
"""Does the work, calls its argument with each line, and returns what is known at the end."""

BEGIN = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local d = redis.call('HMGET', KEYS[1], 'state', 'beat')
if d[1] == 'running' and now - d[2] < ARGV[3] * 1000 then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'about', ARGV[2], 'state', 'running', 'started', now, 'beat', now)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
CHANGE = """
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'beat', t[1] * 1000 + math.floor(t[2] / 1000))
if ARGV[2] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[2])
  redis.call('LTRIM', KEYS[2], -ARGV[3], -1)
  redis.call('EXPIRE', KEYS[2], ARGV[4])
end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'state', ARGV[5], 'result', ARGV[6]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Task:
    """`state`: running, done, failed, or lost; `about`: what it was started with; `started`: milliseconds since
    1970."""

    id: str
    state: str
    about: Line
    started: int
    lines: tuple[Line, ...]
    result: Line


class Tasks:
    """The hashes `task:<kind>` and the lists `task:<kind>:lines`. Methods raise RedisError."""

    def __init__(self, redis: Redis, instance: str) -> None:
        self._redis: Any = redis  # redis-py types each answer as the union of all its modes
        self._prefix = f"fb:{instance}:task:"

    def start(self, kind: str, about: Line, work: Work) -> bool:
        """False where one of this kind is running."""
        id_ = secrets.token_hex(8)
        if not self._redis.eval(BEGIN, 2, *self._keys(kind), id_, json.dumps(about), LOST_SECONDS, KEPT_SECONDS):
            return False
        worker = threading.Thread(target=self._run, args=(kind, id_, work), name=f"task {kind}", daemon=True)
        threading.Thread(target=self._beat, args=(kind, id_, worker), name=f"beat {kind}", daemon=True).start()
        return True

    def find(self, kind: str) -> Task | None:
        """The last one of a kind, as far as it is."""
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.hgetall(self._keys(kind)[0])
            pipeline.lrange(self._keys(kind)[1], 0, -1)
            time, stored, lines = pipeline.execute()
        fields = {name.decode(): value.decode() for name, value in stored.items()}
        if not fields:
            return None
        is_lost = fields["state"] == "running" and time[0] - int(fields["beat"]) / 1000 > LOST_SECONDS
        return Task(
            fields["id"],
            "lost" if is_lost else fields["state"],
            json.loads(fields["about"]),
            int(fields["started"]),
            tuple(json.loads(line) for line in lines),
            json.loads(fields.get("result", "{}")),
        )

    def _run(self, kind: str, id_: str, work: Work) -> None:
        try:
            result = work(lambda line: self._change(kind, id_, line))
            self._change(kind, id_, state="done", result=result)
        except RedisError as error:
            log.warning("a task ended: Redis does not answer", kind=kind, because=type(error).__name__)
            self._fail(kind, id_, error)
        except Exception as error:
            log.exception("a task failed", kind=kind)
            self._fail(kind, id_, error)

    def _fail(self, kind: str, id_: str, error: Exception) -> None:
        with suppress(RedisError):  # then the task is shown as lost
            self._change(kind, id_, state="failed", result={"error": name_of(error)})

    def _beat(self, kind: str, id_: str, worker: threading.Thread) -> None:
        worker.start()
        while True:
            worker.join(BEAT_SECONDS)
            if not worker.is_alive():
                return
            with suppress(RedisError):  # the next one follows
                self._change(kind, id_)

    def _change(
        self, kind: str, id_: str, line: Line | None = None, state: str = "", result: Line | None = None
    ) -> None:
        """Of another task that has begun meanwhile nothing is changed."""
        texts = [json.dumps(value, ensure_ascii=True) if value is not None else "" for value in (line, result)]
        self._redis.eval(CHANGE, 2, *self._keys(kind), id_, texts[0], MOST_LINES, KEPT_SECONDS, state, texts[1])

    def _keys(self, kind: str) -> tuple[str, str]:
        return f"{self._prefix}{kind}", f"{self._prefix}{kind}:lines"

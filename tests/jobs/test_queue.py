"""RQ's jobs as we write them, and which ones of those in Redis are read as ours."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.suspension import suspend

from jobs.queue import FUNCTION, Refused, hand, open_queue, read_job, take

ID = f"{'ab' * 10}.slack"


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return open_queue(redis, "test")


def packed(*parts: Any) -> bytes:
    return zlib.compress(json.dumps(parts).encode())


def put(queue: Queue, **fields: Any) -> None:
    """A job that somebody else has written."""
    redis: Any = queue.connection
    redis.hset("rq:job:theirs", mapping=fields)
    redis.rpush(queue.key, "theirs")


def refusal(queue: Queue) -> str:
    with pytest.raises(Refused) as caught:
        take(queue, 1)
    assert not queue.connection.exists("rq:job:theirs", queue.key), "what is refused is removed"
    return str(caught.value)


# What is written


def test_a_job_shows_its_delivery_and_is_kept_for_a_day_at_most(queue: Queue) -> None:
    hand(queue, [ID])
    [job_id] = queue.job_ids
    job = Job.fetch(job_id, queue.connection, queue.serializer)
    assert (job.func_name, job.args, job.description) == (FUNCTION, [ID], ID)
    assert (job.timeout, job.result_ttl, job.failure_ttl, job.ttl) == (300, 0, 3600, 86_400)
    assert queue._default_timeout == 300


def test_without_a_delivery_nothing_is_written(queue: Queue, redis: Redis) -> None:
    with redis.pipeline() as pipeline:
        hand(queue, [], pipeline)
        pipeline.execute()
    hand(queue, [])
    assert redis.keys("*") == []


# What is taken


def test_a_job_of_ours_is_taken_once(queue: Queue, redis: Redis) -> None:
    hand(queue, [ID])
    assert take(queue, 1) == ID
    assert take(queue, 1) is None
    assert redis.keys("rq:job:*") == []


def test_what_is_popped_after_rq_suspend_goes_back(queue: Queue, redis: Redis) -> None:
    hand(queue, [ID])
    suspend(redis)
    assert take(queue, 1) is None
    assert len(queue.job_ids) == len(redis.keys("rq:job:*")) == 1


def test_a_job_that_does_not_fit_is_not_read(queue: Queue) -> None:
    """64 fields, and 1,024 bytes of data: ours have 9 and about 90."""
    put(queue, data="x" * 1024)
    assert "not those of a job in JSON" in refusal(queue)
    put(queue, data="x" * 1025)
    assert refusal(queue) == "it is too large"
    put(queue, **{f"f{number}": "x" for number in range(64)})
    assert refusal(queue) == "it has 'f0'"
    put(queue, **{f"f{number}": "x" for number in range(65)})
    assert refusal(queue) == "it is too large"


def test_a_field_that_is_empty_asks_rq_for_nothing(queue: Queue) -> None:
    put(queue, data=packed(FUNCTION, None, [ID], {}), meta="", success_callback_name="")
    assert take(queue, 1) == ID


def test_any_field_that_makes_rq_do_more_is_refused(queue: Queue) -> None:
    for name in ("meta", "a", "zzz", "success_callback_name"):
        put(queue, data=packed(FUNCTION, None, [ID], {}), **{name: "x"})
        assert refusal(queue) == f"it has '{name}'"


NO_CALL, NOT_ONE_TEXT = f"it is not a call of {FUNCTION}", "its arguments are not one text"
NO_ID, NO_JSON = "its argument is not a delivery id", "its data are not those of a job in JSON"
OTHERS = {
    "another function": (packed("os.system", None, [ID], {}), NO_CALL),
    "a method": (packed(FUNCTION, "an instance", [ID], {}), NO_CALL),
    "a named argument": (packed(FUNCTION, None, [ID], {"name": "value"}), NO_CALL),
    "no list": (packed(FUNCTION, None, {"0": ID}, {}), NOT_ONE_TEXT),
    "a bare text": (packed(FUNCTION, None, "x", {}), NOT_ONE_TEXT),
    "no argument": (packed(FUNCTION, None, [], {}), NOT_ONE_TEXT),
    "two arguments": (packed(FUNCTION, None, [ID, ID], {}), NOT_ONE_TEXT),
    "a number": (packed(FUNCTION, None, [5], {}), NOT_ONE_TEXT),
    "an id with more behind it": (packed(FUNCTION, None, [f"{ID} "], {}), NO_ID),
    "an id with more before it": (packed(FUNCTION, None, [f" {ID}"], {}), NO_ID),
    "a part missing": (packed(FUNCTION, None, [ID]), NO_JSON),
    "a large text": (packed("x" * 1025), NO_JSON),
    "deep JSON": (zlib.compress(b"[" * 1000), NO_JSON),
    "nothing": (b"", NO_JSON),
}


@pytest.mark.parametrize("what", OTHERS)
def test_only_a_call_of_our_function_with_one_delivery_id_is_read(what: str) -> None:
    data, why = OTHERS[what]
    with pytest.raises(Refused) as caught:
        read_job(data, [b"data"])
    assert str(caught.value) == why


def test_a_job_may_be_packed_or_not_and_unpacks_to_a_kilobyte_at_most() -> None:
    job = json.dumps([FUNCTION, None, [ID], {}]).encode()
    assert read_job(job, [b"data"]) == ID
    assert read_job(zlib.compress(job), [b"data"]) == ID
    assert read_job(zlib.compress(job.ljust(1024)), []) == ID
    with pytest.raises(Refused):
        read_job(zlib.compress(job.ljust(1025)), [])

"""The worker's own way with RQ's jobs: it performs ours and nothing else, and RQ's tools see what there is to see."""

from __future__ import annotations

import json
import pickle
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis import Redis
from rq import Callback, Queue, Repeat, Retry, Webhook
from rq.command import send_shutdown_command, send_stop_job_command
from rq.job import Job
from rq.suspension import resume, suspend
from rq.worker import Worker

from bridge.service import ServiceSettings
from jobs.connection import connect
from jobs.delivery.clock import Pulse
from jobs.delivery.crew import Crew
from jobs.delivery.slots import Slots
from jobs.queue import FUNCTION, Refused, hand, open_queue, read_job
from jobs.worker import ThreadWorker
from tools.sandbox.processes import wait_for

PREFIX = "fb:test:"
CRASHES = 9_999_999


def an_id(number: int) -> str:
    return f"{number:020x}.slack"


@dataclass
class Bench:
    """A running worker, what it performed, and its queue."""

    queue: Queue
    redis: Any
    done: list[str] = field(default_factory=list)

    def perform(self, delivery_id: str) -> None:
        if delivery_id == an_id(CRASHES):
            raise RuntimeError("a defect")
        self.done.append(delivery_id)

    def refused(self) -> int:
        return int(self.redis.hget(f"{PREFIX}counts", "refused_jobs") or 0)

    def still_works(self, number: int) -> None:
        """Jobs are taken in order: when this one is done, what came before it was looked at."""
        hand(self.queue, [an_id(number)])
        wait_for("a job of ours", lambda: an_id(number) in self.done)


@contextmanager
def working(redis: Redis, slots: Slots | None = None) -> Iterator[Bench]:
    bench, stop = Bench(open_queue(redis, "test"), redis), threading.Event()
    crew = Crew(4, bench.perform)
    worker = ThreadWorker(
        open_queue(redis, "test"), crew, stop, slots or Slots(4, ["slack"]), Pulse(), f"{PREFIX}counts"
    )
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "WARNING"})
    thread.start()
    try:
        yield bench
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        crew.finish(20)


def job_keys(redis: Redis) -> set[str]:
    """What RQ has of jobs."""
    kinds = ("job", "execution", "executions", "wip", "queue", "failed", "finished", "results")
    return {str(key) for kind in kinds for key in redis.keys(f"rq:{kind}:*")}


def states(redis: Redis) -> list[str]:
    return [worker.get_state() for worker in Worker.all(connection=redis)]


def test_a_job_that_is_done_leaves_nothing_behind(redis: Redis) -> None:
    with working(redis) as bench:
        hand(bench.queue, [an_id(number) for number in range(20)])
        wait_for("the jobs", lambda: len(bench.done) == 20)
        assert sorted(bench.done) == [an_id(number) for number in range(20)]
        assert job_keys(redis) == set()

        def counted() -> bool:
            worker = Worker.all(connection=redis)[0]
            worker.refresh()  # type: ignore[no-untyped-call]
            return worker.successful_job_count == 20

        wait_for("RQ's count of them", counted)


def test_a_job_that_crashes_does_not_stop_the_worker(redis: Redis) -> None:
    with working(redis) as bench:
        hand(bench.queue, [an_id(CRASHES)] * 5)  # more than there are threads
        bench.still_works(1)


def test_a_redis_that_vanished_is_noticed_within_seconds(redis_url: str) -> None:
    """RQ's worker would wait 55 s for an answer; meanwhile nothing would be taken."""
    client = connect(ServiceSettings(redis_url=SecretStr(redis_url)), "block")
    worker = ThreadWorker(
        open_queue(client, "test"), Crew(1, print), threading.Event(), Slots(1, ["slack"]), Pulse(), f"{PREFIX}counts"
    )
    assert worker.connection.connection_pool.connection_kwargs["socket_timeout"] == 5
    client.close()


# Suspension


def test_rq_suspend_is_heeded_and_rq_resume_too(redis: Redis) -> None:
    suspend(redis)
    with working(redis) as bench:
        hand(bench.queue, [an_id(1)])
        wait_for("the worker to notice", lambda: states(redis) == ["suspended"])
        assert bench.queue.count == 1
        resume(redis)
        wait_for("the job", lambda: bench.done)


def test_an_idle_worker_lets_no_job_through_after_rq_suspend(redis: Redis) -> None:
    """It waits for a job at that moment: what it gets then goes back, to the place from which it came."""
    with working(redis) as bench:
        bench.still_works(1)
        for round_ in range(3):
            suspend(redis)
            ids = [an_id(10 * round_ + number) for number in range(2, 5)]
            hand(bench.queue, ids)
            wait_for("the job to be put back", lambda: bench.queue.count == 3 and states(redis) == ["suspended"])
            assert len(bench.done) == 1 + 3 * round_
            assert [Job.fetch(id_, redis, bench.queue.serializer).args[0] for id_ in bench.queue.job_ids] == ids
            resume(redis)
            wait_for("the jobs", lambda wanted=4 + 3 * round_: len(bench.done) == wanted)  # type: ignore[misc]
            wait_for("the worker to show it", lambda: states(redis) != ["suspended"])


def test_what_waits_for_a_slot_goes_back_to_the_queue_when_the_worker_is_suspended(redis: Redis) -> None:
    slots = Slots(1, ["slack"])
    assert slots.take("slack", an_id(1))
    assert not slots.take("slack", an_id(2))
    suspend(redis)
    with working(redis, slots) as bench:
        wait_for("the parked delivery to be handed back", lambda: bench.queue.count == 1)
        resume(redis)
        wait_for("the job", lambda: bench.done == [an_id(2)])


def test_a_suspended_worker_stops_at_once(redis: Redis) -> None:
    suspend(redis)
    with working(redis):
        wait_for("the worker to notice", lambda: states(redis) == ["suspended"])
    assert states(redis) == []


# Whoever can write to Redis can write jobs


def hostile(queue: Queue, trace: Path) -> dict[str, Any]:
    """Jobs that would leave `trace` behind if anything of them ran, by what they try."""
    touch, ours = f"touch {trace}", (an_id(99),)
    plain = Queue(queue.name, connection=queue.connection)  # pickle
    call = Callback("os.system")
    return {
        "a function": lambda: queue.enqueue("os.system", touch),
        "a function by its own name": lambda: queue.enqueue("subprocess.check_call", ["touch", str(trace)]),
        "a pickle": lambda: plain.enqueue("os.system", touch),
        "a pickle that runs when it is read": lambda: raw(queue, data=zlib.compress(pickle.dumps(Touch(str(trace))))),
        "a method of an object": lambda: plain.enqueue(Touch(str(trace)).now),
        "an instance": lambda: data(queue, "touch", {"class": "tests.jobs.test_worker.Touch"}, [str(trace)], {}),
        "a callback on success": lambda: queue.enqueue(FUNCTION, *ours, on_success=call),
        "a callback on failure": lambda: queue.enqueue(FUNCTION, *ours, on_failure=call),
        "a callback on a stop": lambda: queue.enqueue(FUNCTION, *ours, on_stopped=call),
        "a webhook": lambda: queue.enqueue(FUNCTION, *ours, webhooks=[Webhook("http://127.0.0.1:9/x", "finished")]),
        "repeats": lambda: queue.enqueue(FUNCTION, *ours, repeat=Repeat(times=3, interval=1)),
        "retries": lambda: queue.enqueue(FUNCTION, *ours, retry=Retry(max=3)),
        "meta": lambda: queue.enqueue(FUNCTION, *ours, meta={"x": 1}),
        "more arguments": lambda: queue.enqueue(FUNCTION, *ours, touch),
        "named arguments": lambda: queue.enqueue(FUNCTION, delivery_id=an_id(99)),
        "no argument": lambda: queue.enqueue(FUNCTION),
        "a number": lambda: queue.enqueue(FUNCTION, 7),
        "a path": lambda: queue.enqueue(FUNCTION, "../../etc/passwd"),
        "another function of ours": lambda: queue.enqueue("jobs.worker.main"),
        "a zip bomb": lambda: raw(queue, data=zlib.compress(b"[" * 50_000_000)),
        "deep JSON": lambda: raw(queue, data=zlib.compress(b"[" * 1000)),
        "no data": lambda: raw(queue, status="queued"),
        "large data": lambda: raw(queue, data=b"x" * 5_000_000),
        "many fields": lambda: raw(queue, data=b"x", **{f"f{number}": "x" for number in range(5000)}),
        "no hash": lambda: text(queue),
        "an id that is no text": lambda: queue.connection.rpush(queue.key, b"\xff\xfe"),
    }


class Touch:
    """What leaves a trace when it is unpickled or called."""

    def __init__(self, path: str) -> None:
        self.path = path

    def now(self) -> None:
        Path(self.path).touch()

    def __reduce__(self) -> Any:
        return (Path(self.path).touch, ())


def raw(queue: Any, **fields: Any) -> None:
    queue.connection.hset("rq:job:hostile", mapping=fields)
    queue.connection.rpush(queue.key, "hostile")


def data(queue: Queue, *parts: Any) -> None:
    raw(queue, data=zlib.compress(json.dumps(parts).encode()))


def text(queue: Queue) -> None:
    queue.connection.set("rq:job:text", "x")
    queue.connection.rpush(queue.key, "text")


NOT_REFUSED = ("an id that is no text",)
"""There is no job of that id: nothing to refuse."""


def test_a_job_that_is_none_of_ours_is_refused_removed_and_counted(redis: Redis, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with working(redis) as bench:
        attacks = hostile(bench.queue, trace)
        for number, (what, write) in enumerate(attacks.items()):
            before = bench.refused()
            write()
            bench.still_works(1000 + number)
            assert an_id(99) not in bench.done, what
            assert bench.refused() == before + (what not in NOT_REFUSED), what
            assert job_keys(redis) == set(), what
            assert not trace.exists(), what
    assert len(bench.done) == len(attacks)


def test_a_dependent_of_our_jobs_is_not_started(redis: Redis, tmp_path: Path) -> None:
    with working(redis) as bench:
        suspend(redis)
        first = bench.queue.enqueue(FUNCTION, an_id(1), ttl=60)
        bench.queue.enqueue("os.system", f"touch {tmp_path / 'trace'}", depends_on=first)
        resume(redis)
        bench.still_works(2)
        bench.still_works(3)
    assert not (tmp_path / "trace").exists()
    assert bench.done == [an_id(1), an_id(2), an_id(3)]


def test_a_job_in_rqs_registries_is_not_touched_by_a_clean_up(redis: Redis, tmp_path: Path) -> None:
    """RQ's own maintenance calls the failure callbacks of jobs that were abandoned, and starts those that are ready."""
    queue, trace = open_queue(redis, "test"), tmp_path / "trace"
    job = Job.create("os.system", (f"touch {trace}",), connection=redis, serializer=queue.serializer)
    job._failure_callback_name = "os.system"
    job._status = "started"  # type: ignore[assignment]
    job.origin = queue.name
    job.save()
    for name in ("wip", "ready", "scheduled", "deferred", "failed"):
        redis.zadd(f"rq:{name}:{queue.name}", {f"{job.id}:1" if name == "wip" else job.id: 1})
    redis.rpush(f"{queue.key}:intermediate", job.id)
    redis.sadd(f"rq:workers:{queue.name}", "rq:worker:killed")
    redis.sadd("rq:workers", "rq:worker:killed")
    with working(redis) as bench:
        bench.still_works(1)
        wait_for("the clean-up", lambda: not redis.exists(f"rq:wip:{queue.name}"))
    assert not trace.exists()
    assert job_keys(redis) == {f"b'rq:job:{job.id}'"}, "only the hash, to which nothing leads"
    assert not redis.smembers("rq:workers")


def test_commands_over_pub_sub_are_not_listened_to(redis: Redis) -> None:
    with working(redis) as bench:
        bench.still_works(1)
        [worker] = Worker.all(connection=redis)
        send_shutdown_command(redis, worker.name)
        job = bench.queue.enqueue(FUNCTION, an_id(2), ttl=60)
        job.set_status("started")  # type: ignore[arg-type]
        assert redis.pubsub_numsub(f"rq:pubsub:{worker.name}") == [(f"rq:pubsub:{worker.name}".encode(), 0)]
        with pytest.raises(Exception, match=r"."):  # RQ itself does not find it running
            send_stop_job_command(redis, job.id, bench.queue.serializer)
        bench.still_works(3)


@given(st.binary(max_size=200), st.lists(st.binary(max_size=12), max_size=3))
def test_no_bytes_are_taken_for_a_job_of_ours(data: bytes, fields: list[bytes]) -> None:
    with pytest.raises(Refused):
        read_job(data, fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just(FUNCTION) | st.just(an_id(1)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=10,
)


@given(JSON)
def test_only_a_call_of_ours_with_a_delivery_id_is_read(value: Any) -> None:
    packed = zlib.compress(json.dumps(value).encode())
    if value == [FUNCTION, None, [an_id(1)], {}]:
        assert read_job(packed, []) == an_id(1)
    else:
        with pytest.raises(Refused) as refused:
            read_job(packed, [])
        assert len(str(refused.value)) < 100, "nothing of the job is repeated in the log"


@pytest.mark.parametrize("name", ["slack", "slack.mobile", "translate", "a_b-C.9"])
def test_what_hand_writes_is_read_back(redis: Redis, name: str) -> None:
    queue = open_queue(redis, "test")
    id_ = f"{'ab' * 10}.{name}"
    hand(queue, [id_])
    [job_id] = queue.job_ids
    fields: Any = redis.hgetall(f"rq:job:{job_id}")
    assert read_job(fields[b"data"], [key for key, value in fields.items() if value]) == id_
    assert 0 < redis.ttl(f"rq:job:{job_id}") <= 86_400, "a job that nobody takes is forgotten"

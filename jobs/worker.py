"""The worker: an RQ worker that runs many deliveries at once in one process (`jobs/delivery/crew.py`).

They wait for other people's servers, not for the CPU: threads share connections, modules and memory
(docs/performance.md). Started by `python -m jobs.worker`.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from rq.exceptions import StopRequested
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.suspension import WORKERS_SUSPENDED
from rq.worker import SimpleWorker, WorkerStatus
from rq.worker_registration import clean_worker_registry

from bridge import logs, tracing
from bridge.environment import environment
from connectors import find
from jobs.configuration import Configuration, configure_or_exit
from jobs.deliver import Deliverer
from jobs.delivery.clock import Clock, Pulse
from jobs.delivery.crew import Crew
from jobs.delivery.keeper import Keeper
from jobs.delivery.slots import Slots
from jobs.notices.notices import Watch
from jobs.queue import Refused, hand, open_queue, take
from jobs.reconcile.catch_up import CatchUp
from jobs.runtime import Runtime

log = structlog.get_logger("worker")

STOP_SECONDS = 25.0
"""How long a stop waits for running deliveries: Heroku kills after 30 s. What is not done by then is taken up by
another worker when its lease runs out."""
DEQUEUE_SECONDS = 1
"""How long one wait for a job blocks; a stop is noticed in between."""
SHOW_SECONDS = 1.0
"""Between two looks at whether `rq suspend` was called, each with a sign of life for RQ's tools."""
BACK_OFF_SECONDS = 5.0
REPORT_SECONDS = 10.0
"""Between two log lines about jobs that are none of ours; the metric counts them all."""
REFUSED_JOBS = "refused_jobs"
REGISTRIES = ("wip", "failed", "finished", "deferred", "scheduled", "ready", "canceled")


class ThreadWorker(SimpleWorker):
    """RQ's loop, registration and suspension; the jobs are read by `jobs.queue` and run in a pool of threads.

    Nothing of RQ's own performing is used: it would import and call what a job names (functions, callbacks, webhooks).
    It also takes 16 round trips for a job; this takes two (docs/performance.md).
    """

    def __init__(
        self, queue: Queue, crew: Crew, stop: threading.Event, slots: Slots, pulse: Pulse, counts_key: str
    ) -> None:
        """`counts_key`: where the ledger keeps its counters."""
        # RQ sends a sign of life at least every worker_ttl seconds; its own default is 7 minutes.
        super().__init__([queue], connection=queue.connection, serializer=JSONSerializer, worker_ttl=60)
        self._crew = crew
        self._stop = stop
        self._slots = slots
        self._pulse = pulse
        self._counts_key = counts_key
        self._shown = self._reported = float("-inf")

    def _set_connection(self, connection: Any) -> Any:
        """RQ would wait 55 s for every answer. Here a wait for a job lasts a second, so the client's own deadline (5 s)
        stays: a server that is gone without a word is noticed within seconds."""
        return connection

    def dequeue_job_and_maintain_ttl(self, *_: Any, **__: Any) -> tuple[str, Queue]:  # type: ignore[override]
        """Takes a job only when a thread is free for it: what is taken must start. Answers its delivery."""
        while not self._stop.is_set():
            self._pulse.beat()
            self.check_for_suspension(False)
            if self.should_run_maintenance_tasks:
                self.run_maintenance_tasks()
            if self._stop.is_set() or not self._crew.reserve(DEQUEUE_SECONDS):
                continue
            delivery_id = None
            try:
                delivery_id = take(self.queues[0], DEQUEUE_SECONDS)
            except Refused as refused:
                self._report(refused)
            finally:
                if delivery_id is None:
                    self._crew.give_back()
            if delivery_id is not None:
                return delivery_id, self.queues[0]
        raise StopRequested

    def _report(self, refused: Refused) -> None:
        self.connection.hincrby(self._counts_key, REFUSED_JOBS, 1)
        if time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        log.error(
            "job refused and removed: somebody else writes to this Redis, look at REDIS_URL", because=str(refused)
        )

    def execute_job(self, delivery_id: str, queue: Queue) -> None:  # type: ignore[override]  # noqa: ARG002
        self._crew.start(delivery_id)

    def run_maintenance_tasks(self) -> None:
        """Forgets killed workers, and RQ's registries, which this worker does not use. RQ's own clean-up would call the
        failure callbacks of the jobs in them."""
        clean_worker_registry(self.queues[0])
        name = self.queues[0].name
        self.connection.delete(*(f"rq:{kind}:{name}" for kind in REGISTRIES), f"{self.queues[0].key}:intermediate")
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ sends one around each job. `_show` does it once a second."""

    def check_for_suspension(self, burst: bool) -> None:  # noqa: ARG002
        """Looks once a second whether `rq suspend` was called, and then waits for `rq resume` or a stop."""
        if time.monotonic() - self._shown < SHOW_SECONDS:
            return
        suspended = self._show()
        if suspended:
            hand(self.queues[0], self._slots.close())  # what waits for a slot in here waits in the queue
        while suspended and not self._stop.wait(SHOW_SECONDS):
            self._pulse.beat()
            suspended = self._show(WorkerStatus.SUSPENDED)

    def _show(self, state: str = "") -> bool:
        """A sign of life and what RQ's tools show of a worker, in one round trip. Answers whether it is suspended."""
        self._shown = time.monotonic()
        state = state or (WorkerStatus.BUSY if self._crew.is_busy else WorkerStatus.IDLE)
        with self.connection.pipeline() as pipeline:
            super().heartbeat(pipeline=pipeline)
            super().set_state(state, pipeline)
            pipeline.hincrby(self.key, "successful_job_count", self._crew.done())
            pipeline.exists(WORKERS_SUSPENDED)
            return bool(pipeline.execute()[-1])

    def subscribe(self) -> None:
        """No commands over pub/sub (they kill the process of a job: here jobs share one), so no thread for them."""

    def unsubscribe(self) -> None:
        pass

    def _install_signal_handlers(self) -> None:
        """`main` has its own: a stop is a flag, looked at between jobs, not an exception in the middle of one."""


def work(configuration: Configuration, stop: threading.Event) -> None:
    """Runs until `stop` is set. A Redis that goes away is waited for, however long."""
    service = configuration.service
    name = f"{socket.gethostname()}.{os.getpid()}.{uuid4().hex[:6]}"
    runtime = Runtime(configuration, "work")
    ledger, queue, connectors = runtime.ledger, runtime.queue, runtime.connectors
    keeper = Keeper(ledger, name)
    pulse = Pulse()
    clock = Clock(ledger, queue, name, service.retention_days, pulse)
    slots = Slots(service.worker_concurrency, connectors)
    needs = {name: source for name in connectors if (source := find(name).source)}
    deliverer = Deliverer(ledger, queue, connectors, configuration.redact, keeper, slots, needs)
    crew = Crew(service.worker_concurrency, deliverer.deliver)
    catch_up = CatchUp(runtime.reconciler, runtime.checkpoints, service.reconcile_every)
    watch = Watch(runtime.notices)
    for thread in (keeper, clock, catch_up, watch):
        thread.start()
    log.info("worker started", worker=name, connectors=list(configuration.connectors))
    while not stop.is_set():
        pulse.beat()
        try:
            # A connection of its own: it is busy for as long as there is no job.
            with runtime.connect("block") as blocking:
                options = (crew, stop, slots, pulse, f"{ledger.prefix}counts")
                ThreadWorker(open_queue(blocking, runtime.instance), *options).work(logging_level="WARNING")
        except RedisError as error:
            log.warning("Redis is away; trying again", because=str(error))
        stop.wait(BACK_OFF_SECONDS)
    with suppress(RedisError):  # else the clock of another worker does it, later
        hand(queue, slots.close())
    crew.finish(STOP_SECONDS)
    clock.stop()
    catch_up.stop()
    watch.stop()
    keeper.renew()  # what still runs gets its full time before others take it
    keeper.stop()
    try:
        ledger.leave(name)
    except RedisError:
        log.warning("could not sign off; the list of workers forgets this one within a minute")
    log.info("worker stopped", worker=name)


def main() -> None:
    configuration = configure_or_exit(environment())
    logs.set_up(configuration.service, configuration.redact)
    logs.log_doubts((*configuration.doubts, *configuration.warnings))
    if endpoint := configuration.service.otel_exporter_otlp_endpoint:
        tracing.set_up(endpoint, configuration.service.bridge_instance)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(configuration, stop)
    tracing.shut_down()
    # Threads that hang on somebody's server must not hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()

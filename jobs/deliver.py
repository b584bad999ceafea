"""One attempt of one delivery: lease, run the connector, record the outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from rq import Queue

import sources
from bridge import tracing
from bridge.failures import name_of, place_of
from bridge.http import exchanges
from bridge.http.exchanges import Exchange
from bridge.redaction import Redactor
from connectors.base import Connector, Destination, Gathering, LeaseLost, Outcome, Retry
from jobs.delivery import attempts, flow
from jobs.delivery.context import DeliveryContext
from jobs.delivery.flow import Hold
from jobs.delivery.keeper import Keeper
from jobs.delivery.schedule import after
from jobs.delivery.slots import Slots
from jobs.delivery.stops import Stop, Stops
from jobs.ledger.ledger import Ledger
from jobs.ledger.values import Lease, Recovery, split
from jobs.queue import hand
from sources.base import Event

log = structlog.get_logger("deliver")

RECORDING_PATIENCE = 20.0
"""Seconds for which a finished attempt tries to record its outcome while Redis is away."""


DIGEST_MAX = 30
"""How many events one digest holds, at most."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _About:
    """The destination of an attempt, the source that it needed, and whether it was a probe; `judged`: whether its
    outcome counts for their breakers; `sent`: its last requests."""

    destination: str = ""
    source: str = ""
    probing: bool = False
    judged: bool = True
    sent: tuple[Exchange, ...] = ()


class Deliverer:
    """One per worker process, used by many threads."""

    def __init__(
        self,
        ledger: Ledger,
        queue: Queue,
        connectors: Mapping[str, Connector],
        redact: Redactor,
        keeper: Keeper,
        slots: Slots,
        needs: Mapping[str, str],
    ) -> None:
        """`needs`: connector -> the source that it requires, for connectors with one (connectors.base.Spec)."""
        self._ledger = ledger
        self._queue = queue
        self._connectors = connectors
        self._redact = redact
        self._keeper = keeper
        self._slots = slots
        self._needs = needs
        self._stops = Stops(ledger.redis, ledger.instance)

    def deliver(self, delivery_id: str) -> None:
        """Runs the delivery if it may run now and its connector has a free slot; then runs the deliveries that wait for
        the slot. When Redis does not answer, the delivery is left to the clock."""
        connector = split(delivery_id)[1]
        following = (connector, delivery_id) if self._slots.take(connector, delivery_id) else None
        while following:
            connector, delivery_id = following
            try:
                self._deliver(delivery_id)
            except RedisError as error:
                log.warning("left to the clock: Redis is away", delivery_id=delivery_id, because=str(error))
            except Exception:
                log.exception("left to the clock: a defect", delivery_id=delivery_id)
            following = self._slots.pass_on(connector)

    def _deliver(self, delivery_id: str) -> None:
        lease = self._ledger.lease(delivery_id, uuid4().hex)
        if isinstance(lease, str):
            log.debug("not now", delivery_id=delivery_id, because=lease)
            return
        ids = structlog.contextvars.bound_contextvars(event_id=split(delivery_id)[0], delivery_id=delivery_id)
        name = sources.counted_as(lease.event.get("name", ""), lease.event.get("source", ""))
        about: dict[str, Any] = {
            "connector": lease.connector,
            "event": name,
            "attempt": lease.attempt,
            "delivery_id": delivery_id,
        }
        spanning = tracing.span(f"deliver {lease.connector}", parent=lease.event.get("trace", ""), **about)
        with ids, spanning, self._keeper.keeping(lease):
            try:
                self._run(lease)
            except LeaseLost:
                log.warning("attempt abandoned: another worker has the delivery")
            except RedisError:
                raise
            except Exception as error:
                # Recorded like any failure, or it would come back for ever without a trace.
                log.exception("a delivery failed outside its connector")
                self._record(lease, _crashed(error))

    def _run(self, lease: Lease) -> None:
        connector = self._connectors.get(lease.connector)
        event = sources.restore(lease.event, self._ledger.instance)
        if connector is None:
            # During a deploy another worker may know it; after a change of CONNECTORS none does.
            self._record(lease, Retry(f"CONNECTORS of this worker does not name {lease.connector}", "config"))
            return
        if event is None:
            self._record(lease, Retry("this version can't read the event that a newer one stored", "config"))
            return
        destination = connector.destination(event)
        source = self._needs.get(lease.connector, "")
        admitted = flow.admit(self._ledger, lease, destination, source)
        if isinstance(admitted, Hold):
            self._hold(lease, admitted)
        elif isinstance(connector, Gathering) and admitted.others >= connector.crowd:
            self._run_together(connector, destination, lease, event)
        else:
            started = time.monotonic()
            with exchanges.recorded() as sent:
                outcome = _guarded(lambda: connector.deliver(event, DeliveryContext(lease, self._ledger, destination)))
            about = _About(destination.name, source, admitted.probing, sent=tuple(sent))
            self._record(lease, outcome, time.monotonic() - started, about)

    def _run_together(self, connector: Gathering, destination: Destination, first: Lease, event: Event) -> None:
        """Many deliveries wait for this destination: sends as many as possible in one message."""
        leases, events = [first], [event]
        with ExitStack() as stack:
            for id_ in self._ledger.gather(destination.name, flow.interval_ms(destination), DIGEST_MAX - 1):
                lease = self._ledger.lease(id_, uuid4().hex, early=True)
                if isinstance(lease, Lease) and (more := sources.restore(lease.event, self._ledger.instance)):
                    stack.enter_context(self._keeper.keeping(lease))
                    leases.append(lease)
                    events.append(more)
            started = time.monotonic()
            contexts = [DeliveryContext(lease, self._ledger, destination) for lease in leases]
            with exchanges.recorded() as sent:
                outcomes = _guarded(lambda: connector.gather(list(zip(events, contexts, strict=True))))
            seconds = time.monotonic() - started
            if not isinstance(outcomes, list):
                outcomes = [outcomes] * len(leases)
            for number, (lease, outcome) in enumerate(zip(leases, outcomes, strict=True)):
                if outcome is not None:
                    with suppress(LeaseLost):  # one that is lost is no reason to forget the others
                        # Sent in one message, they are one attempt: the breaker counts it once.
                        self._record(
                            lease, outcome, seconds, _About(destination.name, judged=not number, sent=tuple(sent))
                        )

    def _record(self, lease: Lease, outcome: Outcome, seconds: float = 0.0, about: _About | None = None) -> None:
        about = about or _About()
        luck = random.random()  # noqa: S311  jitter, no secret
        became = after(outcome, lease.position, lease.age, luck, probing=about.probing, healed=lease.healed)
        fields = attempts.fields_of(lease, became, seconds, self._redact, about.sent)
        counts = attempts.counts_of(lease, became, seconds, flow.system_of(outcome, lease.connector, about.source))
        conditions = flow.conditions_of(outcome, about.destination, about.source) if about.judged else []
        if lease.event.get("source") == sources.OWN:
            conditions = flow.without_alarm(conditions)
        recovery = flow.recovery_of(outcome, about.destination, about.source, became.wake)
        last = flow.states_of(outcome, about.destination, about.source)
        if flow.stops_instance(outcome):
            self._stop(lease, fields["why"])
        settled = _patiently(
            lambda: self._ledger.settle(lease, became.state, fields, counts, became.delay, conditions, recovery, last)
        )
        tracing.note(outcome=became.state, reason=became.reason)
        level = log.error if became.state == "dead" else log.info
        level(
            "attempt ended",
            connector=lease.connector,
            outcome=became.state,
            attempt=lease.attempt,
            why=fields["why"] or None,
            reason=became.reason or None,
            again_in=round(became.delay, 1) or None,
            seconds=round(seconds, 3),
        )
        for name, change in settled.breakers:
            report = log.error if change == "opened" else log.info
            report(f"breaker {change}", destination=name, why=fields["why"] or None)
        if settled.following:
            hand(self._queue, [settled.following])

    def _stop(self, lease: Lease, why: str) -> None:
        """Runs before the outcome is recorded, because recording it starts the next delivery of the line."""
        if _patiently(lambda: self._stops.stop(lease.connector, Stop(lease.now, why))):
            log.error("connector stopped", connector=lease.connector, why=why, resume=f"flask resume {lease.connector}")

    def _hold(self, lease: Lease, hold: Hold) -> None:
        """Gives the lease back: no attempt was made."""
        fields = {"attempts": str(lease.attempt - 1), "why": hold.why, "reason": hold.reason}
        self._ledger.settle(lease, "retrying", fields, {}, hold.seconds, recovery=Recovery(hold.closed))
        log.debug("held", why=hold.why, again_in=round(hold.seconds, 1))


def _guarded(attempt: Callable[[], T]) -> T | Retry:
    """Turns a connector's exception into an outcome, except LeaseLost and RedisError, which are no defects of it."""
    try:
        return attempt()
    except (LeaseLost, RedisError):
        raise
    except Exception as error:
        log.exception("the connector failed")
        return _crashed(error)


def _crashed(error: Exception) -> Retry:
    return Retry(f"the connector failed: {name_of(error)} ({place_of(error)})", "crashed")


def _patiently(record: Callable[[], T]) -> T:
    """Repeats `record` during a short outage of Redis, so that finished work is recorded."""
    deadline = time.monotonic() + RECORDING_PATIENCE
    pause = 0.1
    while True:
        try:
            return record()
        except RedisError:
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def run(delivery_id: str) -> None:
    """The name under which RQ's tools show our jobs. The worker reads them and never calls it (jobs/queue.py)."""
    raise RuntimeError(f"{delivery_id}: jobs of Feedback Bridge run under `python -m jobs.worker` only")

"""Prometheus text from the counters in Redis: the same figures whichever process is asked, over all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

import connectors
from connectors.base import Reason
from jobs.delivery.attempts import BUCKETS
from jobs.routing import DOTLESS, Route
from sources.refusals import REASONS

BOUNDS = [*(str(bound) for bound in BUCKETS), "+Inf"]


def render(numbers: Mapping[str, Any] | None, routes: Iterable[Route]) -> bytes:
    """`numbers` are those of jobs.health, or None while Redis is away."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(numbers, tuple(routes)))
    return generate_latest(registry)


def expected(routes: Iterable[Route]) -> Iterator[tuple[str, ...]]:
    """The labels of every series of attempts that can occur, so that each exists, at zero, before its first rise:
    Prometheus' `increase()` does not see the first value of a series."""
    for route in routes:
        systems = (route.connector, *connectors.find(route.connector).needs)
        for event in route.expected():
            for outcome in ("done", "skipped"):
                yield route.connector, event, outcome, "", route.connector
            for outcome, reason, system in itertools.product(("retrying", "dead"), get_args(Reason), systems):
                yield route.connector, event, outcome, reason, system


def _by(
    name: str, what: str, label: str, kind: str, values: Iterable[str], counts: Mapping[str, float]
) -> CounterMetricFamily:
    """The counters `<kind>|<value>`: each of `values`, at zero where nothing was counted, and others that were."""
    family = CounterMetricFamily(name, what, labels=[label])
    start = f"{kind}|"
    counted = {key.removeprefix(start): by for key, by in counts.items() if key.startswith(start)}
    for value, by in {**dict.fromkeys(values, 0.0), **counted}.items():
        family.add_metric([value], by)
    return family


class _Collector:
    def __init__(self, numbers: Mapping[str, Any] | None, routes: tuple[Route, ...]) -> None:
        self._numbers = numbers
        self._routes = routes
        self._connectors = [route.connector for route in routes]

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("feedback_bridge_redis_up", "1 when Redis answers")
        up.add_metric([], 0 if self._numbers is None else 1)
        yield up
        if self._numbers is None:
            return
        yield from self._gauges(self._numbers)
        counts = self._numbers["counts"]
        yield self._attempts(counts)
        yield self._durations(counts)
        yield from self._further(counts)
        name, what = "feedback_bridge_refused_jobs", "Jobs in RQ's queue that were none of ours: removed, not performed"
        yield CounterMetricFamily(name, what, value=counts.get("refused_jobs", 0))

    def _gauges(self, numbers: Mapping[str, Any]) -> Iterator[Metric]:
        deliveries = GaugeMetricFamily("feedback_bridge_deliveries", "Deliveries in the ledger", labels=["state"])
        for state, count in numbers["states"].items():
            deliveries.add_metric([state], count)
        yield deliveries
        what = "The longest time that an unfinished delivery has been in this state"
        longest = GaugeMetricFamily("feedback_bridge_oldest_seconds", what, labels=["state"])
        for state, seconds in numbers["oldest"].items():
            longest.add_metric([state], seconds)
        yield longest
        oldest = "feedback_bridge_oldest_queued_seconds"
        yield GaugeMetricFamily(oldest, "The longest time that a delivery has been queued", numbers["oldest_queued"])
        yield GaugeMetricFamily("feedback_bridge_workers", "Workers that are alive", numbers["workers"])
        hung = "feedback_bridge_hung_slots"
        yield GaugeMetricFamily(hung, "Slots of living workers held by attempts of more than 120 s", numbers["hung"])
        suspended = "feedback_bridge_suspended"
        yield GaugeMetricFamily(suspended, "1 while the workers are suspended (rq suspend)", numbers["suspended"])
        name, what = "feedback_bridge_stopped", "1 while a connector has stopped, because of an answer of 410"
        stopped = GaugeMetricFamily(name, what, labels=["connector"])
        for connector in self._connectors:
            stopped.add_metric([connector], int(connector in numbers["stopped"]))
        yield stopped
        destinations = sorted({*numbers["last"], *numbers["breakers"]})
        name, what = "feedback_bridge_breaker_open", "Destinations that are down and being probed"
        breakers = GaugeMetricFamily(name, what, labels=["destination"])
        name, what = "feedback_bridge_credentials_refused", "Destinations whose last answer refused our credentials"
        refused = GaugeMetricFamily(name, what, labels=["destination"])
        for destination in destinations:
            breakers.add_metric([destination], int(destination in numbers["breakers"]))
            refused.add_metric([destination], int(numbers["last"].get(destination) == "refused"))
        yield breakers
        yield refused

    def _further(self, counts: Mapping[str, float]) -> Iterator[Metric]:
        refused = "Requests that the receiver refused"
        yield _by("feedback_bridge_refused_requests", refused, "reason", "refused", REASONS, counts)
        waits = "Deliveries that had to wait for the rate of their destination"
        yield _by("feedback_bridge_rate_waits", waits, "connector", "rate_waits", self._connectors, counts)
        lost = "Leases that ran out: the worker was lost, or the attempt took too long"
        yield _by("feedback_bridge_leases_lost", lost, "connector", "leases_lost", self._connectors, counts)
        found = "Changes without an event or an effect that reconcile found"
        yield _by("feedback_bridge_reconcile_findings", found, "event", "found", DOTLESS, counts)
        errors = "Positions that reconcile could not compare, once in each of its runs"
        yield CounterMetricFamily("feedback_bridge_reconcile_errors", errors, value=counts.get("reconcile|errors", 0))

    def _attempts(self, counts: Mapping[str, float]) -> Metric:
        labels = ["connector", "event", "outcome", "reason", "system"]
        family = CounterMetricFamily("feedback_bridge_attempts", "Attempts by their outcome", labels=labels)
        found = dict.fromkeys(expected(self._routes), 0.0)
        for name, by in counts.items():
            kind, *values = name.split("|")
            if kind == "attempts":
                # Counted by an earlier version: without the system.
                key = tuple(values if len(values) == len(labels) else [*values, values[0]])
                found[key] = found.get(key, 0.0) + by
        for key, by in sorted(found.items()):
            family.add_metric(list(key), by)
        return family

    def _durations(self, counts: Mapping[str, float]) -> Metric:
        name = "feedback_bridge_attempt_seconds"
        family = HistogramMetricFamily(name, "How long attempts take", labels=["connector"])
        for connector in self._connectors:
            total, buckets = 0.0, []
            for bound in BOUNDS:
                total += counts.get(f"seconds|{connector}|{bound}", 0)
                buckets.append((bound, total))
            family.add_metric([connector], buckets, sum_value=counts.get(f"seconds_sum|{connector}", 0))
        return family

"""Prometheus text from the counters in Redis: the same figures whichever process is asked, over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from jobs.attempts import BUCKETS

BOUNDS = [*(str(bound) for bound in BUCKETS), "+Inf"]
OUTCOMES = ("done", "skipped", "retrying", "dead")


def render(numbers: Mapping[str, Any] | None, connectors: Iterable[str]) -> bytes:
    """`numbers` is what jobs.health says, or None while Redis is away."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(numbers, tuple(connectors)))
    return generate_latest(registry)


class _Collector:
    def __init__(self, numbers: Mapping[str, Any] | None, connectors: tuple[str, ...]) -> None:
        self._numbers = numbers
        self._connectors = connectors

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
        name, what = "feedback_bridge_refused_jobs", "Jobs in RQ's queue that were none of ours: removed, not performed"
        yield CounterMetricFamily(name, what, value=counts.get("refused_jobs", 0))

    @staticmethod
    def _gauges(numbers: Mapping[str, Any]) -> Iterator[Metric]:
        deliveries = GaugeMetricFamily("feedback_bridge_deliveries", "Deliveries in the ledger", labels=["state"])
        for state, count in numbers["states"].items():
            deliveries.add_metric([state], count)
        yield deliveries
        oldest = "feedback_bridge_oldest_queued_seconds"
        yield GaugeMetricFamily(oldest, "For how long the longest queued delivery has been", numbers["oldest_queued"])
        yield GaugeMetricFamily("feedback_bridge_workers", "Workers that are alive", numbers["workers"])
        name, what = "feedback_bridge_breaker_open", "Destinations that are down and being probed"
        breakers = GaugeMetricFamily(name, what, labels=["destination"])
        for destination in numbers["breakers"]:
            breakers.add_metric([destination], 1)
        yield breakers

    def _attempts(self, counts: Mapping[str, float]) -> Metric:
        labels = ["connector", "event", "outcome", "reason"]
        family = CounterMetricFamily("feedback_bridge_attempts", "Attempts by what came of them", labels=labels)
        found = {tuple(name.split("|")[1:]): by for name, by in counts.items() if name.startswith("attempts|")}
        for connector in self._connectors:
            for outcome in OUTCOMES:
                found.setdefault((connector, "", outcome, ""), 0)  # present at zero, so that a rise shows
        for values, by in sorted(found.items()):
            family.add_metric(list(values), by)
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

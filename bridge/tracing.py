"""Traces to an OpenTelemetry collector: one from the webhook through Redis to the last request of each delivery.

Needs the extra `otel`. Where it is not set up nothing of OpenTelemetry is imported, and a span costs a comparison. A
span holds names, numbers and ids of ours, and never a text: no body, no path of an address, no message of an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal["server", "internal", "client"]
LONGEST_PARENT = 55
"""Characters of a W3C `traceparent` of version 00."""

_tracer: Any = None
_provider: Any = None


def set_up(endpoint: str, instance: str) -> None:
    """Sends the spans of this process to the collector at `endpoint` (OTLP over HTTP), from a thread of its own."""
    global _tracer, _provider
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Not Resource.create(): that adds what it finds out about the machine and the process.
    resource = Resource({"service.name": "feedback-bridge", "service.instance.id": instance})
    _provider = TracerProvider(resource=resource)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=5)))
    _tracer = _provider.get_tracer("feedback_bridge")


def shut_down() -> None:
    """Sends what is not sent yet."""
    if _provider is not None:
        _provider.shutdown()


@contextmanager
def span(name: str, kind: Kind = "internal", parent: str = "", **attributes: str | int) -> Iterator[str]:
    """A span around what happens inside; its `traceparent` (W3C), "" where traces are off.

    `parent`: the `traceparent` of the span that caused it; without one it is part of the current span, if there is one.
    A `client` span is only made inside another one.
    """
    if _tracer is None:
        yield ""
        return
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if kind == "client" and not trace.get_current_span().get_span_context().is_valid:
        yield ""
        return
    w3c = TraceContextTextMapPropagator()
    context = w3c.extract({"traceparent": parent[:LONGEST_PARENT]}) if parent else None
    values = {key.replace("__", "."): value for key, value in attributes.items()}
    # Neither the text of an exception nor its traceback: both may hold what a user wrote.
    with _tracer.start_as_current_span(
        name,
        context=context,
        kind=trace.SpanKind[kind.upper()],
        attributes=values,
        record_exception=False,
        set_status_on_exception=False,
    ):
        carrier: dict[str, str] = {}
        w3c.inject(carrier)
        yield carrier.get("traceparent", "")


@contextmanager
def request_span(method: str, url: str) -> Iterator[None]:
    """A span around a request to another system. Of the address only the host: the path may be a secret."""
    if _tracer is None:
        yield
        return
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    with span(method, "client", http__request__method=method, server__address=host):
        yield


def note(**attributes: str | int) -> None:
    """Adds attributes to the current span; `__` in a name stands for a dot."""
    if _tracer is not None:
        from opentelemetry import trace

        current = trace.get_current_span()
        for key, value in attributes.items():
            current.set_attribute(key.replace("__", "."), value)

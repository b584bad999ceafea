"""Traces and defects leave with the extras only, whole, and without a secret or a word of a user."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bridge import tracing
from bridge.sentry import bare
from tests.test_settings import TOKEN, blamed_for
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.jira import TOKEN as JIRA_TOKEN
from tools.sandbox.processes import ROOT, Processes
from tools.sandbox.service import PASSWORD, start_service
from tools.sandbox.service import TOKEN as WEBHOOK_TOKEN

USERS_TEXT = "결제가 안 돼요 please"


@dataclass
class Collector:
    """Takes and keeps every request, as a collector or Sentry would."""

    requests: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""

    def spans(self) -> list[Span]:
        found = []
        for path, body in list(self.requests):
            if path == "/v1/traces":
                message = ExportTraceServiceRequest.FromString(body)
                found += [span for one in message.resource_spans for s in one.scope_spans for span in s.spans]
        return found

    def text(self) -> bytes:
        return b"\n".join(body for _, body in list(self.requests))


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.requests.append((self.path, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    yield collector
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_exception_leaves_no_text_in_its_span(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message and its traceback may hold what a user wrote."""
    for name in ("_tracer", "_provider"):
        monkeypatch.setattr(tracing, name, None)
    tracing.set_up(collector.url, "test")
    with pytest.raises(ValueError, match="please"), tracing.span("deliver"):
        raise ValueError(USERS_TEXT)
    tracing.shut_down()
    [span] = collector.spans()
    assert (span.name, list(span.events), span.status.message) == ("deliver", [], "")
    assert USERS_TEXT.encode() not in collector.text()


def test_one_trace_leads_from_the_webhook_to_the_write_back(processes: Processes, collector: Collector) -> None:
    service = start_service(
        processes, CONNECTORS="jira", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="100"
    )
    service.open_issue("결제 오류", USERS_TEXT)

    def whole() -> bool:
        """Each process sends its own spans, in any order."""
        found = collector.spans()
        known = {span.span_id for span in found} | {b""}
        is_whole = all(span.parent_span_id in known for span in found)
        return is_whole and any(span.name == "PUT" for span in found) and "deliver jira" in names(found)

    processes.wait_for("the spans of a write-back", whole)
    spans = {span.span_id: span for span in collector.spans()}
    [put] = [span for span in spans.values() if span.name == "PUT"]
    delivery = spans[put.parent_span_id]
    webhook = spans[delivery.parent_span_id]
    assert (delivery.name, webhook.name, webhook.parent_span_id) == ("deliver jira", "webhook", b"")
    assert put.trace_id == delivery.trace_id == webhook.trace_id
    values = attributes(delivery)
    assert (values["connector"], values["event"], values["outcome"]) == ("jira", "ISSUE_CREATION", "done")
    assert attributes(put) == {
        "http.request.method": "PUT",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }
    assert all(
        span.trace_id in {one.trace_id for one in spans.values() if one.name == "webhook"} for span in spans.values()
    )
    sent = collector.text()
    for secret in (
        USERS_TEXT,
        "결제",
        "please",
        WEBHOOK_TOKEN,
        DEMO_KEY,
        JIRA_TOKEN,
        PASSWORD,
        "/rest/api",
        "traceback",
    ):
        assert secret.encode() not in sent, secret


def names(spans: list[Span]) -> set[str]:
    return {span.name for span in spans}


def attributes(span: Span) -> dict[str, Any]:
    return {
        one.key: one.value.string_value if one.value.HasField("string_value") else one.value.int_value
        for one in span.attributes
    }


DEFECT = """
import structlog
from bridge import logs
from bridge.redaction import Redactor
from jobs.configuration import configure
from bridge.environment import environment
configuration = configure(environment())
logs.set_up(configuration.service, configuration.redact)
log = structlog.get_logger("deliver")
def connect(password, text):
    try:
        raise ValueError(f"{text} {password}")
    except ValueError as error:
        raise RuntimeError(f"could not send {text}") from error
try:
    connect("hunter2-hunter2", "a-users-text")
except RuntimeError:
    log.exception("left to the clock: a defect", text="a-users-text")
log.warning("a-users-text")
try:
    1 / 0
except ZeroDivisionError as error:
    log.critical("the process ends: a defect", exc_info=error)
"""


def run(code: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "", "WEBHOOK_TOKEN": TOKEN, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_defect_reaches_sentry_as_types_and_places(collector: Collector) -> None:
    host = collector.url.removeprefix("http://")
    run(DEFECT, SENTRY_DSN=f"http://publickey0123456789@{host}/7")
    sent = [body for path, body in collector.requests if path == "/api/7/envelope/"]
    events = [json.loads(line) for body in sent for line in body.splitlines() if b'"exception"' in line]
    assert [[value["type"] for value in event["exception"]["values"]] for event in events] == [
        ["ValueError", "RuntimeError"],
        ["ZeroDivisionError"],
    ]
    frames = events[0]["exception"]["values"][-1]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["<module>", "connect"]
    assert (events[0]["level"], events[1]["level"], events[0]["logger"]) == ("error", "fatal", "deliver")
    for secret in (b"a-users-text", b"hunter2", TOKEN.encode(), str(ROOT).encode()):
        assert secret not in collector.text(), secret


def test_what_a_later_version_adds_stays_here() -> None:
    event = {
        "event_id": "1",
        "user": {"email": "x"},
        "request": {"data": "x"},
        "breadcrumbs": ["x"],
        "new": "x",
        "exception": {
            "values": [{"type": "E", "value": "x", "new": "x", "stacktrace": {"frames": [{"vars": {"a": "x"}}]}}]
        },
    }
    assert "x" not in json.dumps(bare(event)).replace("exception", "")


def test_nothing_of_them_is_imported_without_their_variable() -> None:
    # redis-py itself imports a part of OpenTelemetry where that is installed.
    theirs = "[name for name in sys.modules if name.startswith(('opentelemetry.exporter', 'sentry_sdk'))]"
    code = f"import sys, app, jobs.worker; app.create_app(); print({theirs})"
    assert run(code).strip() == "[]"


@pytest.mark.parametrize("dsn", ["https://example.com/1", "key@example.com/1", "https://key@example.com/", "nonsense"])
def test_a_dsn_that_is_none_is_named(dsn: str) -> None:
    assert blamed_for(SENTRY_DSN=dsn) == {"SENTRY_DSN"}

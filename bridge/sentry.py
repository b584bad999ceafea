"""Defects to Sentry: which exception, and where in the code. Needs the extra `sentry`.

The SDK is not installed into the process (no `sentry_sdk.init`): it watches nothing, and sends only what is passed to
it here. Of that the types of the exceptions and the places in the code remain; texts and values of variables do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.version import VERSION

Report = Callable[[BaseException, str, str], None]
"""(error, level of the log line, name of its logger)"""
FLUSH_SECONDS = 2.0
OF_EVENT = ("event_id", "timestamp", "level", "platform", "release", "environment", "logger", "sdk")
OF_FRAME = ("filename", "function", "module", "lineno", "in_app")


def reporter(dsn: str, instance: str) -> Report:
    from sentry_sdk import Client
    from sentry_sdk.utils import event_from_exception

    client = Client(
        dsn=dsn,
        release=VERSION,
        environment=instance,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        send_default_pii=False,
        send_client_reports=False,
        auto_session_tracking=False,
        max_breadcrumbs=0,
        server_name="",
        before_send=lambda event, _hint: bare(event),
    )

    def report(error: BaseException, level: str, logger: str) -> None:
        event, _ = event_from_exception(error, client_options=client.options)
        client.capture_event({**event, "level": "fatal" if level == "critical" else "error", "logger": logger})
        if level == "critical":  # the process may end now
            client.flush(FLUSH_SECONDS)

    return report


def bare(event: Mapping[str, Any]) -> Any:
    """What may leave of an event: a list of what is allowed, so that a field that a later SDK adds stays here."""
    values = (event.get("exception") or {}).get("values") or []
    kept = {key: event[key] for key in OF_EVENT if key in event}
    return {**kept, "exception": {"values": [_bare(value) for value in values]}}


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {"frames": [{key: frame[key] for key in OF_FRAME if key in frame} for frame in frames]},
    }

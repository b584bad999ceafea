"""Structured logs: one JSON object (or a readable line) for each fact, with event and delivery ids, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from redaction import Redactor
from settings import ServiceSettings


def set_up(service: ServiceSettings, redact: Redactor) -> None:
    """Sends our logs and those of the libraries to standard error in one form (so that what commands print stays clean); everything passes the redactor."""

    def without_secrets(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {name: _redacted(value, redact) for name, value in entry.items()}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if service.log_format == "console":
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, without_secrets, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(service.log_level.upper())
    for noisy in ("urllib3", "rq", "rq.worker", "rq.job", "slack_sdk", "jira"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # RQ brings handlers of its own, which would print past the redactor.
    for name in ("rq.worker", "rq.job"):
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = True


def _redacted(value: Any, redact: Redactor) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, BaseException):
        return redact(str(value))
    return value

"""Structured logs: one JSON object (or a readable line) for each fact, with event and delivery ids, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog

from redaction import Redactor
from settings import ServiceSettings


def set_up(service: ServiceSettings, redact: Redactor) -> None:
    """Sends our logs and those of the libraries to standard error in one form (what commands print stays clean).

    The redactor comes last, over the whole line: nothing that is put into an entry, however deep, gets past it.
    """

    def without_secrets(_logger: object, _method: str, line: Any) -> str:
        return redact(line)

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if service.log_format == "console":
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last, without_secrets],
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


def tell_doubts(doubts: Iterable[str]) -> None:
    """What is probably a mistake in the environment, and no reason not to start."""
    for doubt in doubts:
        structlog.get_logger("configuration").warning(doubt)

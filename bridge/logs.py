"""Structured logs: one JSON object (or a readable line) for each fact, with event and delivery ids, without secrets."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any

import structlog

from bridge.failures import traceback_of
from bridge.redaction import Redactor
from bridge.sentry import Report, reporter
from bridge.service import ServiceSettings
from bridge.terminal import escaped

TEXTS_OF_OTHERS = ("urllib3", "requests", "jira", "slack_sdk", "deepl", "charset_normalizer")
"""Loggers of libraries that quote addresses, answers and users' texts; what matters of those is in our outcomes."""


def set_up(service: ServiceSettings, redact: Redactor) -> None:
    """Sends our logs and those of the libraries to standard error in one form (what commands print stays clean).

    The redactor comes last, over the whole line: nothing that is put into an entry, however deep, gets past it.
    """
    on_console = service.log_format == "console"

    def last_of_all(_logger: object, _method: str, line: Any) -> str:
        line = redact(line)
        return line if on_console else escaped(line)

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions_without_texts(_reporter(service)),
    ]
    rendering: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    if on_console:
        # Colours are control characters, too: values are escaped before they are added.
        rendering = [_escape_values, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering, last_of_all],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(service.log_level.upper())
    for noisy in ("rq", "rq.worker", "rq.job"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for quoting in TEXTS_OF_OTHERS:
        logging.getLogger(quoting).setLevel(logging.CRITICAL + 1)
    # RQ brings handlers of its own, which would print past the redactor.
    for name in ("rq.worker", "rq.job"):
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = True
    _log_what_nobody_catches()


def log_doubts(doubts: Iterable[str]) -> None:
    """Logs what is probably a mistake in the environment, and no reason not to start."""
    for doubt in doubts:
        structlog.get_logger("configuration").warning(doubt)


class _Handler(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:
        """logging's own prints the message and its arguments past the redactor."""
        kind = sys.exc_info()[0]
        with suppress(Exception):
            self.stream.write(f"a log line of {record.name} could not be written ({kind.__name__ if kind else ''})\n")


def _reporter(service: ServiceSettings) -> Report | None:
    if service.sentry_dsn is None:
        return None
    return reporter(service.sentry_dsn.get_secret_value(), service.bridge_instance)


def _exceptions_without_texts(report: Report | None) -> Any:
    """The traceback of an exception; the text of one that may hold a user's words is left out. `report`: called with
    each one that is logged as an error."""

    def process(_logger: object, _method: str, entry: Any) -> Any:
        given = entry.pop("exc_info", None)
        error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
        if given is True:
            error = sys.exc_info()[1]
        if error is not None:
            entry["exception"] = traceback_of(error)
            if report is not None and entry.get("level") in ("error", "critical"):
                with suppress(Exception):  # a log line must not fail because of it
                    report(error, entry["level"], entry.get("logger", ""))
        return entry

    return process


def _escape_values(_logger: object, _method: str, entry: Any) -> Any:
    """One line for each entry, but for tracebacks, and nothing in it that a terminal obeys."""
    return {
        escaped(str(name)): _shown(value, "\n" if name in ("exception", "stack") else "")
        for name, value in entry.items()
    }


def _shown(value: object, keep: str) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return escaped(value if isinstance(value, str) else repr(value), keep)


def _log_what_nobody_catches() -> None:
    """Python's own hooks print the exception's text past the redactor."""
    log = structlog.get_logger("uncaught")

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("the process ends: a defect", exc_info=error)

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread else ""
        log.critical("a thread ended: a defect", thread=name, exc_info=arguments.exc_value)

    sys.excepthook, threading.excepthook = of_process, of_thread

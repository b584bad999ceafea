"""`flask send-test`: sends an event as ABC User Feedback does, and waits for its deliveries."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bridge.http import NoAnswer, new_session, send
from bridge.terminal import printable
from jobs.configuration import Configuration
from jobs.ledger.records import Records
from jobs.ledger.values import FINISHED
from sources.abc.client import AbcClient, AbcError
from sources.abc.settings import AbcSettings


class CannotSend(Exception):
    """The receiver did not take the event; the message is for people, without secrets."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`is_known`: whether this event was received before."""

    event_id: str
    is_known: bool


def own_address(configuration: Configuration) -> str:
    """The receiver on this machine."""
    return f"http://127.0.0.1:{configuration.service.port}/webhook"


def creation_times(abc: AbcClient | None, *, project: int, channel: int, issue: int, feedback: int) -> dict[str, str]:
    """`createdAt` of the issue and the feedback, where ABC User Feedback has them and can be asked."""
    found: dict[str, str] = {}
    if abc is not None:
        with suppress(AbcError):
            found["issue"] = abc.get_issue(project, issue).createdAt
        with suppress(AbcError):
            found["feedback"] = abc.get_feedback(project, channel, feedback).createdAt
    return found


def _token(configuration: Configuration) -> str:
    settings = configuration.sources.chosen.get("abc")
    if not isinstance(settings, AbcSettings):
        raise CannotSend("SOURCES does not list abc: /webhook is switched off")
    return settings.webhook_token[0].get_secret_value()


def send_sample(configuration: Configuration, url: str, body: bytes) -> Sent:
    """Posts the body to the receiver at `url`. Raises CannotSend."""
    token = _token(configuration)
    headers = {"Content-Type": "application/json", "x-webhook-token": token}
    try:
        answer = send(new_session(), "POST", url, headers=headers, data=body)
    except NoAnswer as failure:
        raise CannotSend(f"{url}: {failure}; is the receiver running there?") from None
    found = answer.json()
    if not answer.ok or not isinstance(found, dict):
        raise CannotSend(f"{url} answered {answer.status}: {_excerpt(configuration, answer.text)}")
    if "event_id" not in found:
        raise CannotSend(f"{url} answered without an event_id; is that the receiver?")
    return Sent(str(found["event_id"]), bool(found.get("duplicate")))


def _excerpt(configuration: Configuration, text: str) -> str:
    """The start of an answer. Masked before it is cut: a cut through a secret would leave its start."""
    return printable(configuration.redact(text)[:300])


def until_finished(records: Records, event_id: str, seconds: float) -> list[dict[str, Any]]:
    """The deliveries of the event once all are finished, or as they are after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = records.event(event_id)
        rows: list[dict[str, Any]] = found["deliveries"] if found else []
        if all(row["state"] in FINISHED for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(0.2)

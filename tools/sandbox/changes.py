"""The webhooks that a ticket system sends when a ticket's status changes, with delays and repeats.

A sender (tools/sandbox/senders.py) signs and retries as its vendor does. This module makes a body from each change, and
sends it from a separate thread, so that the author of the change does not wait for the receiver.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.sandbox.senders import BlueWebhook, GitHubHook, GitLabHook, JiraHook

Listener = Callable[[Mapping[str, Any]], None]
"""A function that is called with a change, as the ticket system stores it; see the functions below."""


def _unheard(_change: Mapping[str, Any]) -> None:
    """The listener if no webhooks are sent: does nothing."""


@dataclass
class TicketSystem:
    """The common base of the ticket systems' stand-ins."""

    created_count: int = field(default=0, init=False)
    """How many tickets were made through the API, including deleted ones."""
    changed: Listener = field(default_factory=lambda: _unheard, init=False)
    """Called when a ticket gets another status: sends the webhooks."""
    lock: threading.RLock = field(default_factory=threading.RLock, init=False)


@dataclass
class Mail:
    """Sends webhooks with delays and repeats. `longest_delay`: seconds; `repeats`: the share that is sent twice, the
    second time after another delay. A delayed webhook may arrive after later ones. `seed` decides both."""

    longest_delay: float = 0.0
    repeats: float = 0.0
    seed: int = 0
    sent: int = 0
    waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  no secret

    def post(self, send: Callable[[], object]) -> None:
        with self._lock:
            times = 1 + (self._random.random() < self.repeats)
            delays = [self._random.uniform(0, self.longest_delay) for _ in range(times)]
            self.waiting += times
        for delay in delays:
            threading.Thread(target=self._deliver, args=(send, delay), daemon=True).start()

    def _deliver(self, send: Callable[[], object], delay: float) -> None:
        time.sleep(delay)
        try:
            send()
        finally:
            with self._lock:
                self.waiting -= 1
                self.sent += 1


def github_listener(hook: GitHubHook, mail: Mail) -> Listener:
    def announce(change: Mapping[str, Any]) -> None:
        issue, repository = change["issue"], change["repository"]
        shown = {
            "id": repository.id * 100_000 + issue.number,
            "number": issue.number,
            "title": issue.title,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "html_url": f"https://github.com/{repository.name}/issues/{issue.number}",
            "updated_at": issue.updated_at,
        }
        place = {"id": repository.id, "full_name": repository.name}
        body = {"action": change["action"], "issue": shown, "repository": place, "sender": dict(change["by"])}
        mail.post(lambda: hook.send("issues", body))

    return announce


def gitlab_listener(hook: GitLabHook, mail: Mail) -> Listener:
    def announce(change: Mapping[str, Any]) -> None:
        issue, project = change["issue"], change["project"]
        states = {"opened": 1, "closed": 2}
        before = "opened" if issue.state == "closed" else "closed"
        what = {
            "id": issue.id,
            "iid": issue.iid,
            "title": issue.title,
            "state": issue.state,
            "state_id": states[issue.state],
            "action": "close" if issue.state == "closed" else "reopen",
            "updated_at": issue.updated_at.replace("T", " ").partition(".")[0] + " UTC",
        }
        body = {
            "object_kind": "issue",
            "event_type": "issue",
            "user": dict(change["by"]),
            "project": {"id": project.id, "path_with_namespace": project.path},
            "object_attributes": what,
            "changes": {"state_id": {"previous": states[before], "current": states[issue.state]}},
        }
        mail.post(lambda: hook.send("Issue Hook", body))

    return announce


def jira_listener(hook: JiraHook, mail: Mail, names: Mapping[str, tuple[str, str]]) -> Listener:
    """`names`: the names of the statuses, by id."""

    def announce(change: Mapping[str, Any]) -> None:
        ticket, before = change["ticket"], change["before"]
        status = {"id": ticket.status, "name": names[ticket.status][0]}
        item = {"field": "status", "fieldtype": "jira", "fieldId": "status"}
        item |= {"from": before, "fromString": names[before][0], "to": ticket.status, "toString": status["name"]}
        body = {
            "timestamp": int(datetime.now(UTC).timestamp() * 1000),
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": "issue_generic",
            "user": dict(change["by"]),
            "issue": {
                "id": ticket.id,
                "key": ticket.key,
                "fields": {"summary": ticket.fields.get("summary"), "status": status, "updated": ticket.updated},
            },
            "changelog": {"id": str(len(ticket.history)), "items": [item]},
        }
        mail.post(lambda: hook.send(body))

    return announce


def blue_listener(hook: BlueWebhook, mail: Mail) -> Listener:
    def announce(change: Mapping[str, Any]) -> None:
        record, before = change["record"], change["before"]
        place = {"id": record.inside.id, "title": record.inside.title}
        now = {"id": record.id, "title": record.title, "done": record.done, "todoList": place}
        now["updatedAt"] = record.updated_at
        event = "TODO_DONE_STATUS_UPDATED" if before["done"] != record.done else "TODO_MOVED"
        mail.post(lambda: hook.send(event, previousValue=before, currentValue=now))

    return announce

"""Asking ABC User Feedback for what its webhooks did not announce: issues of a project, feedbacks of a channel.

A position is `1:19` for a channel and `1:` for the issues of a project, which also stands for the whole project.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bridge.settings import is_id
from sources.abc.admin import AdminClient
from sources.abc.client import AbcClient, AbcError
from sources.abc.events import parse
from sources.abc.models import NAME, Feedback, Issue, position_ids, position_of, subject_of
from sources.abc.registration import is_silent
from sources.abc.settings import ApiSettings
from sources.base import Event, seconds_of
from sources.sweep import Seen, Sweep

DAY = 86_400.0
"""A channel may refuse a search over more days than that (its feedbackSearchMaxDays)."""


class AbcSweep:
    """`name_of`: the name of a position as an event last had it: ABC's API has no names of channels. `admin`: makes a
    client of the admin API; None where nobody may sign in."""

    source = NAME
    first_level = "INIT"
    level_event = "ISSUE_STATUS_CHANGE"

    def __init__(
        self,
        abc: AbcClient,
        instance: str,
        configured: Iterable[str],
        name_of: Callable[[str], str],
        admin: Callable[[], AdminClient] | None = None,
    ) -> None:
        self._abc = abc
        self._admin = admin
        self._instance = instance
        self._configured = frozenset(configured) | {self.group(key) for key in configured}
        self._name_of = name_of
        self._names: dict[str, str] = {}

    def configured(self) -> frozenset[str]:
        return self._configured

    def complete(self, keys: Iterable[str]) -> list[str]:
        """With the issues of every project, by project, the issues first."""
        found = {*keys}
        return sorted(found | {self.group(key) for key in found}, key=lambda key: (_project(key), _channel(key) or 0))

    def group(self, key: str) -> str:
        return position_of(_project(key))

    def describe(self, key: str) -> str:
        channel = _channel(key)
        return f"project {_project(key)}, " + (f"channel {channel}" if channel else "issues")

    def variable(self, key: str) -> str:
        return "RECONCILE_CHANNELS" if _channel(key) else "ABC_API_KEY or RECONCILE_CHANNELS"

    def chosen(self, text: str, keys: Iterable[str]) -> list[str]:
        """`23` is a whole project, `23:4` a channel."""
        project, _, channel = text.partition(":")
        if not (is_id(project) and is_id(channel or "0")):
            raise ValueError(f"'{text}' is neither a project such as 23 nor a channel such as 23:4")
        wanted = (int(project), int(channel) if channel else None)
        return [key for key in keys if _project(key) == wanted[0] and wanted[1] in (None, _channel(key))]

    def fingerprint(self, key: str) -> str:
        return self._abc.fingerprint(_project(key))

    def entities(self, key: str, start: float, end: float, unread: Callable[[str], None]) -> Iterator[Seen]:
        """Each once: by creation, and by change. A feedback may be back-dated by its sender, and a status changes
        later."""
        known: set[int] = set()
        for column in ("createdAt", "updatedAt"):
            for since, until in _days(start, end):
                for entity in self._search(key, {column: {"gte": _utc(since), "lt": _utc(until)}}, unread):
                    if entity.id not in known:
                        known.add(entity.id)
                        yield self.seen(key, entity)

    def _search(
        self, key: str, query: Mapping[str, Any], unread: Callable[[str], None]
    ) -> Iterator[Issue] | Iterator[Feedback]:
        project, channel = _project(key), _channel(key)
        if channel is None:
            return self._abc.search_issues(project, query, report=unread)
        return self._abc.search_feedbacks(project, channel, query, report=unread)

    def seen(self, key: str, entity: Issue | Feedback) -> Seen:
        subject = subject_of(_project(key), entity)
        times = (seconds_of(entity.createdAt), seconds_of(entity.updatedAt))
        if isinstance(entity, Issue):
            return Seen(subject, entity, *times, entity.creation, entity.status, bool(entity.external_id))
        return Seen(subject, entity, *times, entity.creation)

    def creation(self, key: str, seen: Seen) -> tuple[Event, bytes]:
        if isinstance(seen.entity, Issue):
            return self._event("ISSUE_CREATION", {"issue": _plain(seen.entity)}, key)
        data = {"feedback": _plain(seen.entity), "channel": {"id": _channel(key), "name": self._name_of(key)}}
        return self._event("FEEDBACK_CREATION", data, key)

    def again(self, key: str, seen: Seen) -> Seen:
        return self.seen(key, self._abc.get_issue(_project(key), seen.entity.id))

    def change(self, key: str, seen: Seen, previous: str) -> tuple[Event, bytes]:
        return self._event(self.level_event, {"issue": _plain(seen.entity), "previousStatus": previous}, key)

    def silence(self, keys: Iterable[str]) -> list[str]:
        if self._admin is None:
            return []
        client = self._admin()
        projects = sorted({_project(key) for key in keys})
        silent = [project for project in projects if is_silent(client.webhooks(project))]
        return [
            f"the webhook of project {project} is INACTIVE in ABC User Feedback: `flask register` activates it"
            for project in silent
        ]

    def _event(self, name: str, data: Mapping[str, Any], key: str) -> tuple[Event, bytes]:
        project = {"id": _project(key), "name": self._project_name(self.group(key))}
        body = {"event": name, "data": {**data, "project": project}, "origin": "reconcile"}
        return parse(body, self._instance), json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")

    def _project_name(self, key: str) -> str:
        """As in the latest event; else from ABC, asked for once."""
        if name := self._name_of(key):
            return name
        if key not in self._names:
            self._names[key] = ""
            with suppress(AbcError):
                self._names[key] = self._abc.project_name(_project(key))
        return self._names[key]


def make_sweep(abc: AbcClient, settings: ApiSettings, instance: str, name_of: Callable[[str], str]) -> Sweep:
    configured = [position_of(project, channel) for project, channel in settings.reconcile_channels]
    configured += [position_of(int(project)) for project, _ in settings.abc_api_key.items() if project.isdigit()]
    return AbcSweep(abc, instance, configured, name_of, _admin_of(settings))


def _admin_of(settings: ApiSettings) -> Callable[[], AdminClient] | None:
    url, email, password = settings.abc_api_url, settings.abc_admin_email, settings.abc_admin_password
    if url is None or email is None or password is None:
        return None
    return lambda: AdminClient(url, email, password)


def _project(key: str) -> int:
    return position_ids(key)[0]


def _channel(key: str) -> int | None:
    return position_ids(key)[1]


def _days(start: float, end: float) -> Iterator[tuple[float, float]]:
    """In parts of a day. The last one reaches beyond the end, so that a source whose clock is ahead is looked at
    whole."""
    while start <= end:
        yield start, start + DAY
        start += DAY


def _utc(seconds: float) -> str:
    """With `Z`: an offset is not understood by every database behind ABC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(entity: Issue | Feedback) -> dict[str, Any]:
    return entity.model_dump(mode="json", exclude_unset=True)

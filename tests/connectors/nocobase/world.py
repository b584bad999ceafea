"""What the tests of the NocoBase connector share."""

from __future__ import annotations

from typing import Any

from bridge.settings import load
from connectors import nocobase
from connectors.base import Connector, Outcome, Tools
from connectors.nocobase.settings import NocoBaseSettings
from sources.abc.events import parse
from sources.base import Event
from tests.connectors.context import MemoryContext
from tools.sandbox.app import Sandbox
from tools.sandbox.nocobase import API_KEY, COLLECTION, PASSWORD, USER, WEBHOOK_PATH

FIELDS = '{"title": "{{ issue.name }}", "status": "{{ issue.status }}", "rating": "{{ feedback.rating }}"}'


def event(name: str = "로그인 오류", number: int = 3) -> Event:
    issue = {"id": number, "name": name, "status": "INIT", "createdAt": "2026-01-02T03:04:05.678Z"}
    return parse({"event": "ISSUE_CREATION", "data": {"issue": issue, "project": {"id": 1, "name": "앱"}}}, "default")


def settings(sandbox: Sandbox, **changes: str) -> NocoBaseSettings:
    """Of a workflow; with NOCOBASE_API_KEY of records."""
    if "NOCOBASE_API_KEY" in changes:
        own = {"NOCOBASE_URL": f"{sandbox.url}/nocobase", "NOCOBASE_COLLECTION": COLLECTION, "NOCOBASE_FIELDS": FIELDS}
    else:
        address = f"{sandbox.url}/nocobase/{WEBHOOK_PATH}"
        own = {"NOCOBASE_URL": address, "NOCOBASE_USER": USER, "NOCOBASE_PASSWORD": PASSWORD}
    return load(NocoBaseSettings, {**own, **changes})


def build(sandbox: Sandbox, **changes: str) -> Connector:
    tools = Tools(name="nocobase", instance="test", language="en", apis={}, concurrency=4)
    return nocobase.SPEC.build(settings(sandbox, **changes), tools)


def records(sandbox: Sandbox, **changes: str) -> Connector:
    return build(sandbox, **{"NOCOBASE_API_KEY": API_KEY, **changes})


def deliver(connector: Connector, of: Event | None = None, **context: Any) -> Outcome:
    of = of or event()
    return connector.deliver(of, MemoryContext(f"{of.id}.nocobase", **context))

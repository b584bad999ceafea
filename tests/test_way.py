"""docs/architecture.md lists the files that an event passes, in the order in which it enters them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from redis import Redis

from app import create_app
from jobs.configuration import configure
from jobs.deliver import Deliverer
from jobs.delivery.keeper import Keeper
from jobs.delivery.slots import Slots
from jobs.queue import take
from jobs.runtime import Runtime
from sources import REGISTRY
from tools.sandbox.processes import ROOT
from tools.sandbox.server import running
from tools.sandbox.slack import TOKEN

SECRET = "a-token-for-this-test"
NOT_TRACED = {"bridge/gateway.py", "jobs/worker.py"}
"""The server of the web process, and the loop of the worker: other tests start them as processes."""
FOLDERS = ("bridge/", "sources/", "jobs/", "connectors/")
NAMES = {
    "sources/<source>/": "sources/abc/",
    "connectors/<flow>/": "connectors/alerts/",
    "connectors/<connector>/": "connectors/slack/client.py",
}


def listed() -> dict[str, list[str]]:
    """The entries of the page by process, with the names of this test's source and connector."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    [block] = re.findall(r"## The way of an event\n.*?```\n(.*?)```", page, re.DOTALL)
    found: dict[str, list[str]] = {}
    for process, entry in re.findall(r"^(\w*) +([a-z]+/\S+)", block, re.MULTILINE):
        entries = found.setdefault(process or list(found)[-1], [])
        for name, real in NAMES.items():
            entry = entry.replace(name, real)
        entries.append(entry)
    return found


@contextmanager
def entered() -> Iterator[list[str]]:
    """The files of the service whose functions this thread calls, in the order of the calls."""
    files: list[str] = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
        if event == "call" and name.startswith(FOLDERS) and not frame.f_code.co_name.startswith("<"):
            files.append(name)

    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(None)


def check(entries: list[str], files: list[str]) -> None:
    """Each entry was entered, and in this order."""
    expected = [entry for entry in entries if entry not in NOT_TRACED]
    first = {entry: next((n for n, file in enumerate(files) if file.startswith(entry)), -1) for entry in expected}
    assert -1 not in first.values(), first
    assert list(first.values()) == sorted(first.values()), first


@pytest.fixture
def environment(redis: Redis) -> Iterator[dict[str, str]]:
    connection: Any = redis.connection_pool.connection_kwargs
    with running() as sandbox:
        yield {
            "REDIS_URL": f"redis://{connection['host']}:{connection['port']}/{connection.get('db', 0)}",
            "WEBHOOK_TOKEN": SECRET,
            "CONNECTORS": "slack",
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_CHANNEL": "#feedback",
            "SLACK_API_URL": f"{sandbox.url}/slack/api",
        }


def test_an_event_enters_the_files_in_the_order_of_the_page(environment: dict[str, str]) -> None:
    pages = listed()
    assert list(pages) == ["web", "worker"]
    runtime = Runtime(configure(environment), "work")
    connectors, ledger = runtime.connectors, runtime.ledger
    runtime.redis.set("fb:default:born", 1)  # the ledger is older than the event
    keeper, slots = Keeper(ledger, "worker"), Slots(16, connectors)
    deliverer = Deliverer(ledger, runtime.queue, connectors, runtime.configuration.redact, keeper, slots, {})
    client = create_app(environment).test_client()
    body = REGISTRY["abc"].samples("ISSUE_STATUS_CHANGE").body
    with entered() as web:
        answer = client.post(
            "/webhook", data=body, headers={"x-webhook-token": SECRET}, content_type="application/json"
        )
    with entered() as worker:
        delivery_id = take(runtime.queue, 1)
        assert delivery_id
        deliverer.deliver(delivery_id)
    assert answer.status_code == 200
    assert runtime.redis.hget(f"fb:default:delivery:{delivery_id}", "state") == b"done"
    check(pages["web"], web)
    check(pages["worker"], worker)
    # What is stored, and how, is behind the one module of the ledger.
    steps = {file for file in (*web, *worker) if file.startswith("jobs/") and not file.startswith("jobs/ledger/")}
    assert steps <= {*pages["web"], *pages["worker"]}, "the page leaves out a step"

"""Faults come when, where and as often as they were ordered; programs outside order it and see every effect."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.conftest import Receiver
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.faults import Fault, Faults
from tools.sandbox.processes import ROOT, wait_for
from tools.sandbox.server import running

HEADERS = {"x-api-key": DEMO_KEY}


def create(sandbox: Sandbox, name: str, seconds: float = 5) -> requests.Response:
    url = f"{sandbox.url}/abc/api/projects/1/issues"
    return requests.post(url, json={"name": name}, headers=HEADERS, timeout=seconds)


def test_a_status_is_answered_once_and_nothing_is_done(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="abc", status=503, headers={"Retry-After": "3"}, body={"message": "no"})
    answer = create(sandbox, "x")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "3", {"message": "no"})
    assert not sandbox.abc.issues
    assert create(sandbox, "x").status_code == 201


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection(sandbox: Sandbox, kind: str, done: int) -> None:
    """Before: nothing was done. After: it was done, and the answer is lost."""
    sandbox.faults.add(kind, system="abc")  # type: ignore[arg-type]
    with pytest.raises(requests.ConnectionError):
        create(sandbox, "x")
    assert len(sandbox.abc.issues) == done


def test_a_kept_connection_is_dropped_too_and_the_next_is_fresh(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/abc/api/health"
    with requests.Session() as session:
        session.get(url, timeout=5)
        sandbox.faults.add("drop_before", path="health")
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=5)
        assert session.get(url, timeout=5).status_code == 200


def test_a_hang_holds_until_the_end(sandbox: Sandbox) -> None:
    sandbox.faults.add("hang", path="issues")
    with pytest.raises(requests.ReadTimeout):
        create(sandbox, "x", seconds=0.2)
    sandbox.faults.add("delay", path="issues", seconds=0.2)
    started = time.monotonic()
    assert create(sandbox, "x").status_code == 201
    assert time.monotonic() - started >= 0.2


def test_what_is_held_can_be_let_go(sandbox: Sandbox) -> None:
    control = f"{sandbox.url}/control"
    sandbox.faults.add("delay", path="issues", seconds=60, times=2)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(create, sandbox, "x", seconds=20)
        wait_for("it to be held", lambda: sandbox.faults.fired)
        requests.delete(f"{control}/waits", timeout=5)
        assert held.result().status_code == 201
    with pytest.raises(requests.ReadTimeout):  # a later one waits
        create(sandbox, "y", seconds=0.2)


def test_connections_are_kept(sandbox: Sandbox) -> None:
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(f"{sandbox.url}/abc/api/health", timeout=5).headers.get("Connection") != "close"
        pool = next(iter(session.adapters["http://"].poolmanager.pools._container.values()))  # type: ignore[attr-defined]
        assert pool.num_connections == 1


@pytest.mark.parametrize(
    ("details", "method", "path", "hit"),
    [
        ({}, "GET", "/jira/x", True),
        ({"system": "abc"}, "GET", "/jira/x", False),
        ({"system": "abc"}, "GET", "/abc/api", True),
        ({"method": "PUT|POST"}, "GET", "/abc/api", False),
        ({"method": "PUT|POST"}, "POST", "/abc/api", True),
        ({"path": r"/issues/\d+$"}, "GET", "/abc/api/projects/1/issues/12", True),
        ({"path": r"/issues/\d+$"}, "GET", "/abc/api/projects/1/issues/search", False),
        ({"times": 0}, "GET", "/abc/api", False),
    ],
)
def test_what_a_fault_is_for(details: dict[str, str], method: str, path: str, hit: bool) -> None:
    assert Fault("hang", **details).matches(method, path) is hit  # type: ignore[arg-type]


def test_chance_is_repeatable() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add("hang", times=None, probability=0.5)
        return [faults.take("GET", "/abc") is not None for _ in range(50)]

    assert run(1) == run(1) != run(2)
    assert 10 < sum(run(1)) < 40


def test_programs_outside_order_and_look(sandbox: Sandbox, receiver: Receiver) -> None:
    control = f"{sandbox.url}/control"
    requests.post(f"{control}/webhook", json={"url": receiver.url, "token": "t" * 16}, timeout=5)
    requests.post(f"{control}/faults", json={"kind": "status", "system": "abc", "status": 500}, timeout=5)
    requests.post(f"{control}/settings", json={"search_lag": 3, "seconds_between": 1}, timeout=5)
    assert (sandbox.jira.search_lag, sandbox.slack.seconds_between) == (3, 1)
    assert create(sandbox, "x").status_code == 500
    assert create(sandbox, "x").status_code == 201
    assert sandbox.sender.wait_idle(5)
    state = requests.get(f"{control}/state", timeout=5).json()
    assert [issue["name"] for issue in state["abc"]["issues"]] == ["x"]
    assert state["abc"]["writes"][0]["what"] == "issue.create"
    assert state["sender"]["delivered"] == 1
    assert state["faults"] == {"fired": {"status": 1}, "left": []}
    assert requests.post(f"{control}/faults", json={"nonsense": 1}, timeout=5).status_code == 400
    requests.post(f"{control}/faults", json=[{"kind": "hang"}], timeout=5)
    requests.delete(f"{control}/faults", timeout=5)
    assert sandbox.faults.pending() == []


def test_it_ends_with_connections_open() -> None:
    """And with hanging ones."""
    started = time.monotonic()
    with requests.Session() as session, running() as sandbox:
        session.get(f"{sandbox.url}/abc/api/health", timeout=5)
        sandbox.faults.add("hang")
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{sandbox.url}/abc/api/health", timeout=0.1)
    assert time.monotonic() - started < 5


def test_it_runs_by_itself() -> None:
    """`python -m tools.sandbox` prints its address once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.sandbox", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
            assert requests.get(f"{url}/control/state", timeout=5).json()["jira"]["created"] == 0
        finally:
            process.terminate()

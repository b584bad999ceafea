"""Webhooks that go out, as processes: signed, tried again, stopped and started again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.test_cli import change
from tests.web import Connection
from tools.sandbox.processes import Processes, free_port, procfile
from tools.sandbox.receiver import SECRET
from tools.sandbox.server import running
from tools.sandbox.service import TOKEN, Service, start_service


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.mktemp("webhooks-out")) as processes:
        yield processes


@pytest.fixture(scope="module")
def receiver() -> Iterator[Any]:
    """In this process, so that a test can look at what it received."""
    with running() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def service(processes: Processes, receiver: Any) -> Service:
    """Two instances: `outgoing` needs a receiver, `outgoing.lan` may not reach it."""
    address = f"{receiver.url}/outgoing/hook"
    return start_service(
        processes,
        CONNECTORS="outgoing,outgoing.lan",
        OUTGOING_URL=address,
        OUTGOING_URL__LAN=address.replace("127.0.0.1", "localhost"),
        OUTGOING_ALLOW_PRIVATE__LAN="false",
    )


def send(service: Service, number: int) -> str:
    """The id of the delivery to `outgoing`."""
    connection = Connection(int(service.web.rpartition(":")[2]))
    try:
        reply = connection.post(change(number), TOKEN)
    finally:
        connection.close()
    return f"{reply.json['event_id']}.outgoing"


def delivery(service: Service, id_: str) -> dict[str, Any]:
    return next((row for row in service.deliveries() if row["id"] == id_), {})


def wait_for(processes: Processes, service: Service, id_: str, state: str, reason: str = "") -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        row = delivery(service, id_)
        return row if row.get("state") == state and (row["reason"] or "") == reason else None

    return processes.wait_for(f"{id_} to be {state} ({reason})", found)


def test_an_event_reaches_the_receiver_signed(processes: Processes, service: Service, receiver: Any) -> None:
    id_ = send(service, 1)
    wait_for(processes, service, id_, "done")
    [taken] = [one for one in receiver.receiver.requests if one.id == id_]
    body = Webhook(SECRET).verify(taken.body, taken.headers)
    assert (body["type"], f"{body['id']}.outgoing", body["source"]) == ("ISSUE_STATUS_CHANGE", id_, "abc")
    assert json.loads(taken.body)["data"]["issue"]["id"] == 1


def test_a_failed_attempt_is_repeated_with_the_same_id_and_a_fresh_signature(
    processes: Processes, service: Service, receiver: Any
) -> None:
    """The receiver takes the first request, and its answer is lost."""
    receiver.faults.add("drop_after", system="outgoing")
    id_ = send(service, 2)
    wait_for(processes, service, id_, "done")
    first, second = (one for one in receiver.receiver.requests if one.id == id_)
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 5
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    for taken in (first, second):
        Webhook(SECRET).verify(taken.body, taken.headers)


def test_a_name_at_a_private_address_gets_nothing(processes: Processes, service: Service) -> None:
    id_ = send(service, 3)
    wait_for(processes, service, id_, "done")  # before a fault of the next test meets it
    row = wait_for(processes, service, f"{id_}.lan", "dead", "config")
    assert "OUTGOING_ALLOW_PRIVATE__LAN=true allows it" in row["error"]


def test_a_receiver_that_wants_nothing_more_stops_the_instance_until_it_is_resumed(
    processes: Processes, service: Service, receiver: Any, tmp_path: Path
) -> None:
    receiver.faults.add("status", system="outgoing", status=410)
    dead = send(service, 4)
    wait_for(processes, service, dead, "dead", "gone")
    waiting = send(service, 5)
    row = wait_for(processes, service, waiting, "retrying", "stopped")
    assert row["attempts"] == 0
    with Processes(tmp_path) as commands:
        assert commands.start("resume", ["flask", "resume", "outgoing"], service.environment).wait(30) == 0
    wait_for(processes, service, waiting, "done")
    assert [one.id for one in receiver.receiver.requests if one.id in (dead, waiting)] == [waiting]


@pytest.mark.parametrize("which", ["web", "worker"])
def test_a_private_address_ends_the_start_with_78(tmp_path: Path, which: str) -> None:
    environ = {
        "WEBHOOK_TOKEN": TOKEN,
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "CONNECTORS": "outgoing",
        "OUTGOING_URL": "http://0xa9.0xfe.0xa9.0xfe/latest/planted",
        "OUTGOING_SECRET": SECRET,
    }
    with Processes(tmp_path) as processes:
        process = processes.start(which, procfile()[which], environ)
        assert process.wait(20) == 78
        assert "OUTGOING_URL: names an address of this machine, a private network" in process.output()
        assert "planted" not in process.output()

"""The receiver of webhooks refuses what a careful one refuses."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from tools.sandbox.app import Sandbox
from tools.sandbox.receiver import OTHER_SECRET, SECRET, hub_signature

BODY = '{"type":"ISSUE_CREATION"}'


def signed(secret: str = SECRET, body: str = BODY, age: int = 0, id_: str = "evt_1") -> dict[str, str]:
    """Signed by the library of Standard Webhooks."""
    seconds = int(time.time()) - age
    signature = Webhook(secret).sign(id_, datetime.fromtimestamp(seconds, UTC), body)
    headers = {"webhook-id": id_, "webhook-timestamp": str(seconds), "webhook-signature": signature}
    return {"Content-Type": "application/json", **headers}


def send(sandbox: Sandbox, headers: dict[str, str], body: str = BODY, method: str = "POST") -> tuple[int, Any]:
    url = f"{sandbox.url}/outgoing/hook"
    answer = requests.request(method, url, data=body.encode(), headers=headers, timeout=5)
    return answer.status_code, answer.json() if answer.content else None


def test_what_is_signed_is_taken_and_a_repeat_is_one_webhook(sandbox: Sandbox) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert send(sandbox, signed(), method=method) == (202, None)
    assert send(sandbox, signed(id_="evt_2")) == (202, None)
    assert len(sandbox.receiver.requests) == 5
    assert {id_: taken.method for id_, taken in sandbox.receiver.webhooks.items()} == {"evt_1": "POST", "evt_2": "POST"}


@pytest.mark.parametrize(
    ("secret", "signed_body", "changes", "status", "code"),
    [
        (OTHER_SECRET, BODY, {}, 401, "bad_signature"),
        (SECRET, BODY + " ", {}, 401, "bad_signature"),
        (SECRET, BODY, {"webhook-id": "evt_9"}, 401, "bad_signature"),
        (SECRET, BODY, {"webhook-id": ""}, 400, "no_id"),
        (SECRET, BODY, {"webhook-timestamp": "now"}, 401, "old_timestamp"),
        (SECRET, BODY, {"Content-Type": "text/plain"}, 415, "media_type"),
    ],
    ids=["secret", "body", "id", "no id", "timestamp", "type"],
)
def test_what_is_not_right_is_refused(
    sandbox: Sandbox, secret: str, signed_body: str, changes: dict[str, str], status: int, code: str
) -> None:
    headers = {**signed(secret, signed_body), **changes}
    assert send(sandbox, headers) == (status, {"code": code})
    assert sandbox.receiver.requests == []


def test_json_is_an_object(sandbox: Sandbox) -> None:
    assert send(sandbox, signed(body="[]"), "[]") == (400, {"code": "bad_json"})


@pytest.mark.parametrize(("age", "status"), [(290, 202), (310, 401), (-290, 202), (-310, 401)])
def test_a_webhook_is_of_now(sandbox: Sandbox, age: int, status: int) -> None:
    assert send(sandbox, signed(age=age))[0] == status


def test_it_may_want_githubs_signature(sandbox: Sandbox) -> None:
    sandbox.receiver.proof, sandbox.receiver.secret = "github", "a secret"
    right = {
        "Content-Type": "application/json",
        "webhook-id": "1",
        "x-hub-signature-256": hub_signature("a secret", BODY.encode()),
    }
    assert send(sandbox, right)[0] == 202
    assert send(sandbox, right, BODY + " ") == (401, {"code": "bad_signature"})


def test_it_may_want_a_key(sandbox: Sandbox) -> None:
    sandbox.receiver.key = "a key"
    assert send(sandbox, signed()) == (401, {"code": "no_key"})
    assert send(sandbox, {**signed(), "x-key": "a key"})[0] == 202

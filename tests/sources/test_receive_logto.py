"""`POST /webhook/logto` over real HTTP: a signed request is an event, and nothing else is."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.web import Reply, Web, start_web
from tools.sandbox.logto import Hook, new_key
from tools.sandbox.processes import Processes

OLD, NEW = new_key(), new_key()
MOST = 20_000


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    return start_web(
        processes,
        valkey_url,
        SOURCES="logto",
        LOGTO_SIGNING_KEY=f"{OLD},{NEW}",
        SLACK_EVENTS="logto.*",
        SLACK_FILTER='source == "logto" and data.application.name != "Tests"',
        MAX_BODY_BYTES=str(MOST),
    )


def hook(web: Web, key: str = NEW) -> Hook:
    return Hook(f"{web.url}/webhook/logto", signing_key=key)


def signed(web: Web, body: bytes, signature: str | None = None, kind: str = "application/json") -> Reply:
    signature = hmac.new(NEW.encode(), body, hashlib.sha256).hexdigest() if signature is None else signature
    headers = [("Content-Type", kind), ("logto-signature-sha-256", signature)]
    return web.request("POST", "/webhook/logto", headers, body)


def test_a_signed_request_is_stored_with_its_delivery(web: Web, redis: Any) -> None:
    entry = hook(web).send("User.Created", data={"id": "u1", "name": "홍길동"})
    assert (entry.result, entry.status) == ("Success", 200)
    id_ = json.loads(entry.answer)["event_id"]
    shown = web.get(f"/api/events/{id_}").json
    assert (shown["source"], shown["event"], shown["entity"]) == ("logto", "logto.User.Created", "logto:user:u1")
    assert [(row["connector"], row["state"]) for row in shown["deliveries"]] == [("slack", "queued")]
    assert redis.llen("rq:queue:feedback-bridge-default") == 1


@pytest.mark.parametrize("key", [OLD, NEW], ids=["old", "new"])
def test_both_keys_are_taken_while_one_replaces_the_other(web: Web, redis: Any, key: str) -> None:
    """Logto uses a new key at once, for the events that are on their way, too."""
    assert hook(web, key).send("PostSignIn", userId="u1").status == 200


def test_another_key_is_401_and_stores_nothing(web: Web, redis: Any) -> None:
    entry = hook(web, new_key()).send("PostSignIn", userId="u1")
    assert (entry.status, json.loads(entry.answer)) == (401, {"error": "Unauthorized"})
    assert redis.dbsize() == 0


@pytest.mark.parametrize("signature", ["", "0" * 64, "비밀", "a" * 5000])
def test_a_wrong_signature_is_401(web: Web, redis: Any, signature: str) -> None:
    assert signed(web, b'{"event":"PostSignIn"}', signature).status == 401
    assert redis.dbsize() == 0


def test_a_changed_body_is_401(web: Web, redis: Any) -> None:
    body = b'{"event":"PostSignIn","userId":"u1"}'
    signature = hmac.new(NEW.encode(), body, hashlib.sha256).hexdigest()
    assert signed(web, body.replace(b"u1", b"u2"), signature).status == 401
    assert signed(web, body, signature).status == 200


def test_a_body_that_is_too_large_is_413(web: Web, redis: Any) -> None:
    assert signed(web, b'{"event":"' + b"x" * MOST + b'"}').status == 413
    assert signed(web, b'{"event":"' + b"x" * MOST + b'"}', "").status == 401, "nothing is read without a signature"


def test_type_and_json_are_checked_after_the_signature(web: Web, redis: Any) -> None:
    assert signed(web, b"event=PostSignIn", kind="application/x-www-form-urlencoded").status == 415
    assert signed(web, b"[]").status == 400
    assert signed(web, b'{"event":', "0" * 64).status == 401


def test_a_repeat_is_one_event(web: Web, redis: Any) -> None:
    body = b'{"event":"PostSignIn","createdAt":"2026-01-02T03:04:05.678Z","userId":"u1"}'
    first = signed(web, body).json
    assert signed(web, body).json == {**first, "duplicate": True}


def test_an_event_of_an_unknown_name_is_kept_and_routed(web: Web, redis: Any) -> None:
    entry = hook(web).send("Passkey.Revoked", data={"id": "p1"})
    shown = web.get(f"/api/events/{json.loads(entry.answer)['event_id']}").json
    assert (shown["event"], shown["entity"]) == ("logto.Passkey.Revoked", "logto:passkey:p1")
    assert [row["connector"] for row in shown["deliveries"]] == ["slack"]


def test_a_filter_sees_the_source_and_the_whole_body(web: Web, redis: Any) -> None:
    entry = hook(web).send("PostSignIn", userId="u1", application={"name": "Tests"})
    shown = web.get(f"/api/events/{json.loads(entry.answer)['event_id']}").json
    assert [(row["state"], row["error"]) for row in shown["deliveries"]] == [("skipped", "excluded by SLACK_FILTER")]


@pytest.mark.parametrize("path", ["/webhook", "/webhook/", "/webhook/abc", "/webhook/github", "/webhook/logto/more"])
def test_a_source_that_is_not_listed_is_404(web: Web, redis: Any, path: str) -> None:
    assert web.request("POST", path, [("Content-Type", "application/json")], b"{}").status == 404


def test_a_slash_at_the_end_is_the_same_address(web: Web, redis: Any) -> None:
    """Logto follows a redirect as GET, without the body: the event would be lost."""
    assert Hook(f"{web.url}/webhook/logto/", signing_key=NEW).send("PostSignIn", userId="u1").status == 200


def test_get_is_405(web: Web) -> None:
    reply = web.get("/webhook/logto", ())
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")

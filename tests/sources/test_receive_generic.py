"""`POST /webhook/<name>` of generic sources over real HTTP: each scheme proves a request, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tests.web import Reply, Web, start_web
from tools.sandbox.processes import Processes

OLD, NEW = "the-old-made-up-secret", "the-new-made-up-secret"
BODY = b'{"type":"order.created","id":"o-1","note":"\xed\x99\x8d"}'


def token(secret: str, body: bytes) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def hexadecimal(secret: str, body: bytes) -> Mapping[str, str]:
    return {"X-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def in_base64(secret: str, body: bytes) -> Mapping[str, str]:
    return {"X-Signature": base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()}


def standard(secret: str, body: bytes) -> Mapping[str, str]:
    stamp = str(int(time.time()))
    signed = hmac.new(secret.encode(), b"msg_1." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(signed).decode()}"
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}


SCHEMES: dict[str, Callable[[str, bytes], Mapping[str, str]]] = {
    "bearer": token,
    "hexed": hexadecimal,
    "based": in_base64,
    "standard": standard,
}
VARIABLES = {
    "BEARER_HEADER": "Authorization",
    "BEARER_PREFIX": "Bearer",
    "HEXED_SCHEME": "hmac-sha256-hex",
    "HEXED_HEADER": "X-Signature",
    "HEXED_PREFIX": "sha256=",
    "BASED_SCHEME": "hmac-sha256-base64",
    "BASED_HEADER": "X-Signature",
    "STANDARD_SCHEME": "standard-webhooks",
}
PATHS = {"SECRET": f"{OLD},{NEW}", "EVENT": "body.type", "ID": "body.id"}
NAMES = pytest.mark.parametrize("name", SCHEMES)


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    paths = {f"{name.upper()}_{what}": value for name in SCHEMES for what, value in PATHS.items()}
    headed = {"HEADED_SECRET": NEW, "HEADED_EVENT": "header.X-Event"}
    headed |= {"KOREAN_SECRET": NEW, "KOREAN_EVENT": "body.type"}
    variables = {f"SOURCE_{name}": value for name, value in {**VARIABLES, **paths, **headed}.items()}
    events = ",".join([*(f"{name}.order.*" for name in SCHEMES), "korean.deal won", "korean.한글"])
    listed = ",".join([*SCHEMES, "headed", "korean"])
    return start_web(processes, valkey_url, SOURCES=listed, SLACK_EVENTS=events, **variables)


def post(web: Web, name: str, proof: Mapping[str, str], body: bytes = BODY) -> Reply:
    return web.request("POST", f"/webhook/{name}", [("Content-Type", "application/json"), *proof.items()], body)


@NAMES
def test_each_scheme_proves_a_request_with_either_secret(web: Web, redis: Any, name: str) -> None:
    reply = post(web, name, SCHEMES[name](NEW, BODY))
    assert reply.status == 200
    shown = web.get(f"/api/events/{reply.json['event_id']}").json
    assert (shown["source"], shown["event"]) == (name, f"{name}.order.created")
    assert [(row["connector"], row["state"]) for row in shown["deliveries"]] == [("slack", "queued")]
    again = json.dumps({**json.loads(BODY), "attempt": 2}).encode()
    repeated = post(web, name, SCHEMES[name](OLD, again), again).json
    assert repeated == {**reply.json, "duplicate": True}, "the id is the identity, not the bytes"


@NAMES
def test_nothing_else_does(web: Web, redis: Any, name: str) -> None:
    right = SCHEMES[name](NEW, BODY)
    wrong = [
        {},
        SCHEMES[name]("another-secret-entirely", BODY),
        {header: value[:-2] for header, value in right.items()},
    ]
    if name != "bearer":  # a token is not about the body
        wrong.append(SCHEMES[name](NEW, BODY + b" "))
    assert [post(web, name, proof).status for proof in wrong] == [401] * len(wrong)
    assert redis.dbsize() == 0


def test_a_name_in_korean_is_routed_as_it_is_written(web: Web, redis: Any) -> None:
    for name, stored in (("한글", "korean.한글"), ("deal won", "korean.deal_won")):
        body = json.dumps({"type": name}, ensure_ascii=False).encode()
        reply = post(web, "korean", {"X-Bridge-Token": NEW}, body)
        shown = web.get(f"/api/events/{reply.json['event_id']}").json
        assert (shown["event"], [row["connector"] for row in shown["deliveries"]]) == (stored, ["slack"])
        listed = web.get(f"/api/deliveries?event={quote(stored)}").json["deliveries"]
        assert [row["event"] for row in listed] == [stored]


def test_a_name_in_a_header_should_be_ascii(web: Web, redis: Any) -> None:
    reply = post(web, "headed", {"X-Bridge-Token": NEW, "X-Event": "한글".encode().decode("latin-1")})
    shown = web.get(f"/api/events/{reply.json['event_id']}").json
    why = "SOURCE_HEADED_EVENT: there is no text at header.x-event (only ASCII can be read in a header)"
    assert (shown["state"], shown["why"]) == ("unreadable", why)


def test_a_request_without_a_name_is_answered_and_kept(web: Web, redis: Any) -> None:
    body = b'{"id":"o-2"}'
    reply = post(web, "bearer", token(NEW, body), body)
    assert reply.status == 200
    shown = web.get(f"/api/events/{reply.json['event_id']}").json
    assert (shown["state"], shown["why"]) == ("unreadable", "SOURCE_BEARER_EVENT: there is no text at body.type")


def test_a_source_that_is_not_listed_is_404(web: Web, redis: Any) -> None:
    assert post(web, "other", token(NEW, BODY)).status == 404

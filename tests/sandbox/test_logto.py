"""The stand-in for Logto's webhooks does what the real sender was measured to do."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Receiver
from tools.sandbox.logto import Hook, new_key

VECTOR = (
    '{"event":"PostSignIn","createdAt":"2026-01-02T03:04:05.678Z","userAgent":"curl/8","userId":"u1a2b3c4d5e6",'
    '"user":{"name":"홍길동"},"hookId":"0123456789abcdefghijk"}'
)
KEY = "abcdefghijklmnopqrstuvwxyz012345"
SIGNATURE = "2c2733daa34f7b6433bd485de031ae67c075fa26eea18103dc1aeb6e77bb89df"


def test_the_signature_is_that_of_the_vector_and_cannot_be_replaced(receiver: Receiver) -> None:
    hook = Hook(receiver.url, {"Logto-Signature-Sha-256": "own", "Authorization": "Bearer own"}, KEY)
    hook.send_body("PostSignIn", VECTOR.encode())
    [got] = receiver.received
    headers = dict(got.headers)
    assert (headers["logto-signature-sha-256"], headers["authorization"]) == (SIGNATURE, "Bearer own")
    assert got.body == VECTOR.encode()


def test_the_body_is_compact_utf_8_with_the_hook_at_its_end(receiver: Receiver) -> None:
    Hook(receiver.url, id="0123456789abcdefghijk").send("PostSignIn", user={"name": "홍길동"})
    [got] = receiver.received
    assert got.body.startswith(b'{"event":"PostSignIn","createdAt":"20')
    assert got.body.endswith('"user":{"name":"홍길동"},"hookId":"0123456789abcdefghijk"}'.encode())


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_it_tries_once_whatever_the_answer(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: (status, {"Retry-After": "1"})
    hook = Hook(receiver.url)
    assert (hook.send("PostSignIn").result, hook.log[0].status) == ("Error", status)
    assert len(receiver.received) == 1


def test_a_receiver_that_is_away_is_an_error_in_the_log() -> None:
    entry = Hook("http://127.0.0.1:9/webhook/logto").send("PostSignIn")
    assert (entry.result, entry.status) == ("Error", None)


def test_a_redirect_loses_the_event(receiver: Receiver) -> None:
    receiver.answer = lambda number: (302, {"Location": "/elsewhere"}) if number == 0 else (200, {})
    assert Hook(receiver.url).send("PostSignIn").result == "Success"
    assert [(got.method, got.path, bool(got.body)) for got in receiver.received] == [
        ("POST", "/webhook", True),
        ("GET", "/elsewhere", False),
    ]


def test_keys_are_32_letters_and_digits() -> None:
    key = new_key()
    assert len(key) == 32
    assert key.isalnum()
    assert key != new_key()

"""Signatures that we make: the standard's own vectors, and its library as the judge."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from bridge.signing import hub_signature, standard_key, standard_signature
from sources.signatures import Hmac, StandardWebhooks

KOREAN = '{"type":"issue.created","timestamp":"2026-01-02T03:04:05Z","data":{"id":789,"name":"로그인 오류"}}'
VECTORS = [
    # (secret, id, timestamp, body, signature): the reference libraries' own, then two keys of a rotation
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        "evt_01HZZZZZZZZZZZZZZZZZZZZZZZ",
        "1767323045",
        KOREAN,
        "v1,G1hEJelZEvQvpO5mAK8Z/CcjXyJCip1D3Ez/oEGzkRg=",
    ),
    (
        "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=",
        "evt_01HZZZZZZZZZZZZZZZZZZZZZZZ",
        "1767323045",
        KOREAN,
        "v1,tFEGn+WWEY6Kxk7TtEnE6Y153qb5Ut7EKfT8ZhlWVZc=",
    ),
]


@pytest.mark.parametrize(("secret", "id_", "timestamp", "body", "signature"), VECTORS)
def test_the_vectors_of_standard_webhooks(secret: str, id_: str, timestamp: str, body: str, signature: str) -> None:
    assert standard_signature(standard_key(secret), id_, timestamp, body.encode()) == signature


def test_the_vector_of_github() -> None:
    made = hub_signature("It's a Secret to Everybody", b"Hello, World!")
    assert made == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@given(st.binary(min_size=1, max_size=64), st.text(max_size=100))
def test_the_library_of_standard_webhooks_accepts_what_is_signed(key: bytes, body: str) -> None:
    body = body.encode("utf-8", "replace").decode()
    secret, now = "whsec_" + base64.b64encode(key).decode(), int(datetime.now(UTC).timestamp())
    signature = standard_signature(standard_key(secret), "evt.1", str(now), body.encode())
    headers = {"webhook-id": "evt.1", "webhook-timestamp": str(now), "webhook-signature": f"v1,AAAA {signature}"}
    Webhook(secret).verify(body, headers, json_parse=False)
    assert StandardWebhooks([secret], lambda: now).holds(headers, body.encode())
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + "x", headers, json_parse=False)


@given(st.text(min_size=1, max_size=40), st.binary(max_size=100))
def test_our_own_receiver_accepts_what_is_signed(secret: str, body: bytes) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    assert Hmac("x", [secret], prefix="sha256=").holds({"x": hub_signature(secret, body)}, body)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "whsec_a", "whsec_가"])
def test_a_secret_that_is_no_base64_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="should be base64") as caught:
        standard_key(secret)
    assert secret not in str(caught.value).replace("whsec_ ", "")


def test_any_other_secret_is_its_bytes() -> None:
    assert standard_key("비밀") == "비밀".encode()

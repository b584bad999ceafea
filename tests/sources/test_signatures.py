"""How a request proves itself: the vendors' own vectors, and what must not pass."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.signatures import AnyOf, Hmac, StandardWebhooks, Token

KOREAN = '{"type":"issue.created","timestamp":"2026-01-02T03:04:05Z","data":{"id":789,"name":"로그인 오류"}}'
LOGTO = (
    '{"event":"PostSignIn","createdAt":"2026-01-02T03:04:05.678Z","userAgent":"curl/8","userId":"u1a2b3c4d5e6",'
    '"user":{"name":"홍길동"},"hookId":"0123456789abcdefghijk"}'
)
HMACS = [
    # (key, prefix, body, signature): Logto, NocoBase and GitHub's documentation
    (
        "abcdefghijklmnopqrstuvwxyz012345",
        "",
        LOGTO,
        "2c2733daa34f7b6433bd485de031ae67c075fa26eea18103dc1aeb6e77bb89df",
    ),
    (
        "bridge-secret-0123456789",
        "sha256=",
        KOREAN,
        "sha256=4f8053da538ea21b5eab2484c503d2a839f37148a48fb525c86b2f876e10adfe",
    ),
    (
        "It's a Secret to Everybody",
        "sha256=",
        "Hello, World!",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ),
]
STANDARD = [
    # (secret, id, timestamp, body, signature): the first is that of the reference libraries
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        "evt_01HZZZZZZZZZZZZZZZZZZZZZZZ",
        1767323045,
        KOREAN,
        "v1,G1hEJelZEvQvpO5mAK8Z/CcjXyJCip1D3Ez/oEGzkRg=",
    ),
]


@pytest.mark.parametrize(("key", "prefix", "body", "signature"), HMACS)
def test_an_hmac_of_the_vendors_vectors_holds_and_no_other(key: str, prefix: str, body: str, signature: str) -> None:
    proof = Hmac("x-signature", ["the-key-before-it", key], prefix=prefix)
    raw = body.encode()
    assert proof.holds({"x-signature": signature}, raw)
    assert proof.may_hold({"x-signature": signature})
    assert not proof.holds({"x-signature": signature}, raw + b" ")
    assert not proof.holds({"x-signature": signature[:-1]}, raw)
    assert not proof.holds({"x-signature": f"{signature}, {signature}"}, raw), "sent twice"
    assert not Hmac("x-signature", ["another-key"], prefix=prefix).holds({"x-signature": signature}, raw)
    assert not Hmac("x-signature", [], prefix=prefix).holds({"x-signature": signature}, raw)


@pytest.mark.parametrize("headers", [{}, {"x-signature": ""}, {"x-signature": "sha256="}, {"x-signature": "sha1=ab"}])
def test_without_a_signature_the_body_is_not_worth_reading(headers: dict[str, str]) -> None:
    proof = Hmac("x-signature", ["a-key"], prefix="sha256=")
    assert not proof.may_hold(headers)
    assert not proof.holds(headers, b"{}")


def test_an_hmac_in_base64_is_the_same_number() -> None:
    key, prefix, body, signature = HMACS[1]
    text = base64.b64encode(bytes.fromhex(signature.removeprefix(prefix))).decode()
    proof = Hmac("x-signature", [key], encoding="base64")
    assert proof.holds({"x-signature": text}, body.encode())
    assert not proof.holds({"x-signature": text.swapcase()}, body.encode())
    assert not proof.holds({"x-signature": signature}, body.encode())


@given(st.text(), st.binary())
def test_no_text_makes_a_proof_fail_in_another_way(text: str, body: bytes) -> None:
    headers = dict.fromkeys(("x", "webhook-id", "webhook-signature"), text) | {"webhook-timestamp": "1767323045"}
    for proof in (
        Token("x", ["a-token"]),
        Hmac("x", ["a-key"]),
        StandardWebhooks(["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"], lambda: 1767323045.0),
    ):
        assert not proof.holds(headers, body)


def standard(now: float, *secrets: str) -> StandardWebhooks:
    return StandardWebhooks(secrets, lambda: now)


@pytest.mark.parametrize(("secret", "id_", "at", "body", "signature"), STANDARD)
def test_a_standard_webhook_holds_within_five_minutes(
    secret: str, id_: str, at: int, body: str, signature: str
) -> None:
    headers = {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": f"v1a,abc {signature}"}
    raw = body.encode()
    assert standard(at + 300, "whsec_AAAA", secret).holds(headers, raw)
    assert standard(at - 300, secret).holds(headers, raw)
    assert not standard(at + 301, secret).holds(headers, raw)
    assert not standard(at - 301, secret).holds(headers, raw)
    assert not standard(at, secret).holds({**headers, "webhook-id": "other"}, raw)
    assert not standard(at, secret).holds({**headers, "webhook-timestamp": str(at + 1)}, raw)
    assert not standard(at, secret).holds(headers, raw + b" ")
    assert not standard(at, "whsec_AAAA").holds(headers, raw)
    assert not standard(at).holds(headers, raw)


@pytest.mark.parametrize("change", [{"webhook-timestamp": "now"}, {"webhook-id": ""}, {"webhook-signature": ""}])
def test_a_standard_webhook_without_one_of_its_headers_is_not_read(change: dict[str, Any]) -> None:
    secret, id_, at, body, signature = STANDARD[0]
    headers = {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature, **change}
    assert not standard(at, secret).may_hold(headers)
    assert not standard(at, secret).holds(headers, body.encode())


def test_a_token_is_compared_whole() -> None:
    proof = Token("x-webhook-token", ["token-number-one", "token-number-two"])
    assert proof.holds({"x-webhook-token": "token-number-two"}, b"anything")
    for wrong in ("", "token-number", "token-number-two ", "token-number-one,token-number-two", "비밀"):
        assert not proof.may_hold({"x-webhook-token": wrong})
    assert not Token("x-webhook-token", []).may_hold({"x-webhook-token": ""})


def test_a_token_behind_a_word_needs_the_word() -> None:
    proof = Token("authorization", ["token-number-one"], prefix="Bearer")
    for right in ("Bearer token-number-one", "Bearer  token-number-one"):
        assert proof.holds({"authorization": right}, b"")
    for wrong in ("token-number-one", "Basic token-number-one", "Bearer", "Bearer token-number-two", ""):
        assert not proof.holds({"authorization": wrong}, b"")
    assert not Token("x-token", ["token-number-one"]).holds({"x-token": " token-number-one"}, b""), "no word, no space"


def test_an_hmac_without_its_prefix_is_none_and_its_digits_are_of_either_case() -> None:
    key, prefix, body, signature = HMACS[1]
    proof = Hmac("x-signature", [key], prefix=prefix)
    digits = signature.removeprefix(prefix)
    assert proof.holds({"x-signature": f"{prefix}{digits.upper()}"}, body.encode())
    assert not proof.holds({"x-signature": digits}, body.encode())


def test_the_first_twenty_signatures_of_a_standard_webhook_are_looked_at() -> None:
    secret, id_, at, body, signature = STANDARD[0]
    for others, held in ((19, True), (20, False)):
        headers = {"webhook-id": id_, "webhook-timestamp": str(at)}
        headers["webhook-signature"] = " ".join([*["v1,AAAA"] * others, signature])
        assert standard(at, secret).holds(headers, body.encode()) is held


def test_one_of_several_proofs_is_enough() -> None:
    proof = AnyOf(Token("x-new", ["token-number-one"]), Token("x-old", ["token-number-two"]))
    for right in ({"x-new": "token-number-one"}, {"x-old": "token-number-two"}):
        assert proof.may_hold(right)
        assert proof.holds(right, b"")
    wrong = {"x-new": "token-number-two", "x-old": "token-number-one"}
    assert not proof.may_hold(wrong)
    assert not proof.holds(wrong, b"")

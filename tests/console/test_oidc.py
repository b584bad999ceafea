"""Sign-in with OpenID Connect, against a strict provider on loopback: who is let in, and every answer that is not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from app import create_app
from bridge.console_access import read_allow
from bridge.environment import ConfigError
from bridge.service import ServiceSettings
from bridge.settings import load
from console.oidc import is_safe
from tests.console.browser import ENVIRON, Browser, visible
from tests.web import serving
from tools.sandbox.oidc import OpenId
from tools.sandbox.oidc import create_app as create_provider
from tools.sandbox.processes import free_port

ANN = {"sub": "u-1", "email": "ann@example.com", "email_verified": True}


@dataclass
class Site:
    provider: OpenId
    browser: Browser

    def sign_in(self, path: str = "/login/oidc", browser: Browser | None = None) -> requests.Response:
        """Follows the redirects from the link on the page to the provider and back."""
        mine = browser or self.browser
        begun = mine.get(path)
        if begun.status_code != 303:
            return begun
        there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=20)
        assert there.status_code == 302, there.text
        return mine.get(there.headers["Location"].removeprefix(self.browser.url))


@pytest.fixture
def start(redis_url: str) -> Iterator[Callable[..., Site]]:
    with ExitStack() as stack:

        def start(person: dict[str, Any] | None = None, allow: str = "ann@example.com", **changes: str) -> Site:
            provider = OpenId(person=ANN if person is None else person)
            provider.issuer = stack.enter_context(serving(create_provider(provider)))
            environ = {
                **ENVIRON,
                "REDIS_URL": redis_url,
                "OIDC_ISSUER": provider.issuer,
                "OIDC_CLIENT_ID": provider.client_id,
                "OIDC_CLIENT_SECRET": provider.client_secret,
                "OIDC_ALLOW": allow,
                **changes,
            }
            url = stack.enter_context(serving(create_app(environ).wsgi_app))
            provider.redirect_uri = f"{url}/login/oidc/callback"
            return Site(provider, Browser(url))

        yield start


Start = Callable[..., Site]


def is_signed_in(site: Site) -> bool:
    return site.browser.get("/").status_code == 200


def test_a_person_on_the_list_signs_in(start: Start) -> None:
    site = start(CONSOLE_PASSWORD="")
    assert 'href="/login/oidc?next=/audit"' in site.browser.get("/login?next=/audit").text
    assert 'type="password"' not in site.browser.get("/login").text
    answer = site.sign_in("/login/oidc?next=/audit")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit")
    assert "ann@example.com Signed in" in visible(site.browser.get("/audit").text)
    assert site.browser.post("/login", {"password": ""}).status_code == 403
    assert site.browser.get("/api/deliveries").status_code == 404
    assert site.browser.submit("/", "/logout").status_code == 303
    assert not is_signed_in(site)


def test_the_password_stays_a_way(start: Start) -> None:
    site = start()
    assert "/login/oidc" in site.browser.get("/login").text
    site.browser.sign_in()
    assert is_signed_in(site)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_both_ways_to_show_the_secret(start: Start, method: str) -> None:
    site = start()
    site.provider.auth_methods = (method,)
    assert site.sign_in().status_code == 303


@pytest.mark.parametrize("name", ["email", "email_verified"])
def test_claims_that_only_the_user_info_has(start: Start, name: str) -> None:
    site = start()
    site.provider.in_userinfo = ("email", "email_verified")
    assert site.sign_in().status_code == 303


def test_roles_are_asked_for_where_the_provider_knows_them(start: Start) -> None:
    site = start({"sub": "u-2", "roles": ["operator"]}, allow="role:operator")
    site.provider.scopes = ("openid", "email", "profile", "roles")
    assert site.sign_in().status_code == 303
    assert "sub:u-2" in visible(site.browser.get("/audit").text)


def test_a_provider_that_does_not_know_roles_is_not_asked(start: Start) -> None:
    site = start({"sub": "u-2", "roles": ["operator"]}, allow="role:operator")
    assert site.sign_in().status_code == 303


@pytest.mark.parametrize(
    ("person", "allow"),
    [
        ({**ANN, "email": "bob@example.com"}, "ann@example.com"),
        ({**ANN, "email_verified": False}, "ann@example.com"),
        ({**ANN, "email_verified": "true"}, "ann@example.com"),
        ({"sub": "u-1", "email": "ann@example.com"}, "ann@example.com"),
        ({"sub": "u-1"}, "ann@example.com,@example.com"),
        ({**ANN, "email": ["ann@example.com"]}, "ann@example.com"),
        ({**ANN, "email": "ann@example.com.evil.example"}, "@example.com"),
        ({**ANN, "email": "ann@sub.example.com"}, "@example.com"),
        ({**ANN, "email": "ann@evil.example@example.com"}, "@example.com"),
        ({"sub": "u-1", "roles": ["viewer"]}, "role:operator"),
        ({"sub": "u-1", "roles": "operator"}, "role:operator"),
        ({"sub": "u-1", "roles": [["operator"]]}, "role:operator"),
        ({"sub": "operator", "email": "operator", "email_verified": True}, "role:operator"),
    ],
    ids=repr,
)
def test_nobody_else_is_let_in(start: Start, person: dict[str, Any], allow: str) -> None:
    site = start(person, allow)
    answer = site.sign_in()
    assert (answer.status_code, "OIDC_ALLOW does not name you" in visible(answer.text)) == (403, True)
    assert not is_signed_in(site)


# Answers that prove nothing


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def replaced(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {**claims, **values}


@pytest.mark.parametrize(
    "twist",
    [
        *(without(name) for name in ("iss", "aud", "exp", "iat", "sub", "nonce")),
        replaced(iss="https://evil.example"),
        replaced(aud="another-client"),
        replaced(aud=["console-of-the-tests", "another-client"]),
        replaced(aud=["console-of-the-tests", "another-client"], azp="another-client"),
        replaced(nonce="another"),
        replaced(exp=int(time.time()) - 3600),
        replaced(iat=int(time.time()) + 3600),
        replaced(nbf=int(time.time()) + 3600),
        replaced(exp="never"),
        replaced(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_an_id_token_that_is_not_about_this_sign_in(start: Start, twist: Any) -> None:
    site = start()
    site.provider.twist = twist
    answer = site.sign_in()
    assert answer.status_code == 403
    assert not is_signed_in(site)


def unsigned(claims: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def with_our_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("made-up-client-secret-0001-and-some-more"))


def with_another_key(claims: dict[str, Any]) -> str:
    key = ECKey.generate_key("P-256", parameters={"kid": "of the tests"})
    return jwt.encode({"alg": "ES256", "kid": "of the tests"}, claims, key)


@pytest.mark.parametrize("sign", [unsigned, with_our_secret, with_another_key, lambda _claims: "x", lambda _claims: ""])
def test_an_id_token_that_the_provider_did_not_sign(start: Start, sign: Any) -> None:
    site = start()
    site.provider.sign = sign
    assert site.sign_in().status_code == 403
    assert not is_signed_in(site)


def test_a_code_is_good_once_and_in_its_own_browser(start: Start) -> None:
    site = start()
    begun = site.browser.get("/login/oidc")
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=20)
    back = there.headers["Location"].removeprefix(site.browser.url)
    assert Browser(site.browser.url).get(back).status_code == 400, "a prepared link"
    assert site.browser.get(back.replace("state=", "state=x")).status_code == 400
    begun = site.browser.get("/login/oidc")
    assert site.browser.get(back).status_code == 400, "of the sign-in before"
    kept = site.browser.http.cookies["fb_oidc"]
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=20)
    back = there.headers["Location"].removeprefix(site.browser.url)
    assert site.browser.get(back).status_code == 303
    again = Browser(site.browser.url)
    assert again.get(back, Cookie=f"fb_oidc={kept}").status_code == 403
    assert again.get("/").status_code == 302


def test_the_verifier_is_checked_by_the_provider(start: Start) -> None:
    """A code that was begun with another verifier is worth nothing."""
    site = start()
    begun = site.browser.get("/login/oidc")
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=20)
    state, nonce, verifier, following = site.browser.http.cookies["fb_oidc"].strip('"').split(".", 3)
    cookie = f"fb_oidc={state}.{nonce}.{verifier[::-1]}.{following}"
    back = there.headers["Location"].removeprefix(site.browser.url)
    assert Browser(site.browser.url).get(back, Cookie=cookie).status_code == 403


def test_who_is_refused_there_is_refused_here(start: Start) -> None:
    site = start({})
    answer = site.sign_in()
    assert (answer.status_code, "cancelled or refused" in visible(answer.text)) == (403, True)


def test_the_answer_of_another_issuer(start: Start) -> None:
    site = start()
    begun = site.browser.get("/login/oidc")
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=20)
    back = there.headers["Location"].removeprefix(site.browser.url)
    assert site.browser.get(f"{back}&iss=https://evil.example").status_code == 403


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"jwks_uri": "ftp://example.com"},
    ],
    ids=repr,
)
def test_metadata_that_cannot_be_trusted(start: Start, metadata: dict[str, Any]) -> None:
    site = start()
    site.provider.metadata = metadata
    answer = site.sign_in()
    assert (answer.status_code, "OIDC_ISSUER" in visible(answer.text)) == (502, True)


def test_a_provider_that_is_away(start: Start) -> None:
    site = start(OIDC_ISSUER=f"http://127.0.0.1:{free_port()}")
    assert site.sign_in().status_code == 502
    site.browser.sign_in()


def test_a_provider_that_hangs_holds_one_thread_and_is_not_asked_at_once_again(start: Start) -> None:
    asked, go, answered = Event(), Event(), []

    def hang(_environ: Any, start_response: Any) -> list[bytes]:
        asked.set()
        assert go.wait(20)
        answered.append(1)
        start_response("500 Internal Server Error", [])
        return [b""]

    with ExitStack() as stack:
        site = start(OIDC_ISSUER=stack.enter_context(serving(hang)))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        first = pool.submit(Browser(site.browser.url).get, "/login/oidc")
        assert asked.wait(20)
        assert site.browser.get("/login/oidc").status_code == 502
        assert answered == []
        go.set()
        assert first.result().status_code == 502
        assert site.browser.get("/login/oidc").status_code == 502
        assert answered == [1]


def test_failed_sign_ins_are_limited(start: Start) -> None:
    site = start({**ANN, "email": "bob@example.com"})
    codes = [site.sign_in().status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]


def test_a_change_of_the_list_ends_every_session(start: Start, redis_url: str) -> None:
    site = start()
    site.sign_in()
    cookie = f"fb_session={site.browser.http.cookies['fb_session']}"
    same, other = start(OIDC_ISSUER=site.provider.issuer), start(OIDC_ISSUER=site.provider.issuer, allow="@example.com")
    assert same.browser.get("/", Cookie=cookie).status_code == 200
    assert other.browser.get("/", Cookie=cookie).status_code == 302


# The configuration

FOUR = {
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_CLIENT_ID": "console",
    "OIDC_CLIENT_SECRET": "made-up-secret",
    "OIDC_ALLOW": "@example.com",
}


@pytest.mark.parametrize("name", FOUR)
def test_a_part_that_is_missing_is_a_wrong_configuration(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: required with OIDC_"):
        load(ServiceSettings, {**FOUR, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://id.example.com"),
        ("OIDC_ALLOW", "*"),
        ("OIDC_ALLOW", "role:"),
        ("OIDC_ALLOW", "@com"),
        ("OIDC_ALLOW", "example.com"),
        ("OIDC_ALLOW", ","),
    ],
)
def test_what_would_let_in_too_many_is_a_wrong_configuration(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load(ServiceSettings, {**FOUR, name: value})


claims = st.dictionaries(
    st.sampled_from(["email", "email_verified", "roles", "sub"]),
    st.none()
    | st.booleans()
    | st.text(max_size=20)
    | st.lists(st.text(max_size=5) | st.dictionaries(st.just("name"), st.none())),
)


@given(claims)
def test_odd_claims_let_nobody_in(odd: dict[str, Any]) -> None:
    assert not read_allow(["ann@example.com", "@example.org", "role:operator"]).admits(odd)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example.com/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("http://id.example.com", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_addresses_of_a_provider(url: str, safe: bool) -> None:
    assert is_safe(url) is safe

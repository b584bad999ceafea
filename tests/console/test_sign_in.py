"""Who may see the console: the password, the limit of attempts, sessions, and forms of other sites."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher
from redis import Redis

from app import create_app
from bridge.environment import ConfigError
from bridge.service import ServiceSettings
from bridge.settings import load
from console.attempts import MOST_OF_ALL, MOST_OF_ONE, counted_address
from console.pages.sign_in import local_path
from tests.console.browser import ENVIRON, Browser, visible
from tests.console.conftest import Servers
from tests.web import BEARER, PASSWORD, Web, start_web
from tools.sandbox.processes import ROOT, Processes, free_port

PAGES = ("/", "/deliveries", "/events/x", "/dead", "/connectors", "/tools", "/audit")
WRONG = "a-wrong-password"


def test_without_a_password_there_is_no_console(servers: Servers) -> None:
    browser = servers.browser(CONSOLE_PASSWORD="")
    for path in (*PAGES, "/login", "/static/console.css"):
        assert browser.get(path).status_code == 404
    assert browser.post("/login", {"password": ""}).status_code == 404
    assert browser.post("/logout").status_code == 404


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_what_is_not_configured_is_not_imported(password: str) -> None:
    """The web process starts as fast as without a console, and holds as little memory."""
    ask = (
        "import sys; from app import create_app; "
        f"create_app({{'WEBHOOK_TOKEN': {ENVIRON['WEBHOOK_TOKEN']!r}, 'CONSOLE_PASSWORD': {password!r}}}); "
        "names = ('console.pages', 'console.oidc', 'authlib', 'joserfc', 'argon2'); "
        "print(*(name for name in names if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == (["console.pages"] if password else [])


def test_signed_out_every_page_leads_to_the_sign_in(browser: Browser) -> None:
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login")
    assert browser.get("/login").status_code == 200


def test_sign_in_goes_to_the_page_that_was_asked_for(browser: Browser) -> None:
    asked = browser.get("/audit?before=1-1").headers["Location"]
    answer = browser.submit(asked, "/login", password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit?before=1-1")
    assert browser.get("/audit").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "evil",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_prepared_link_leads_nowhere_else(path: str) -> None:
    assert local_path(path) == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.post("/login", {"password": PASSWORD}).headers["Set-Cookie"]
    assert cookie.startswith("fb_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    ("changes", "headers"),
    [({}, {"X_Forwarded_Proto": "https"}), ({"CONSOLE_URL": "https://bridge.example.com"}, {})],
    ids=["proxy", "CONSOLE_URL"],
)
def test_behind_tls_the_cookie_needs_it(servers: Servers, changes: Any, headers: Any) -> None:
    browser = servers.browser(**changes)
    answer = browser.post("/login", {"password": PASSWORD}, **headers)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-fb_session=")
    assert "Secure" in cookie.split("; ")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    sent = cookie.partition(";")[0]
    assert browser.get("/", Cookie=sent, **headers).status_code == 200
    assert browser.get("/", Cookie=sent.removeprefix("__Host-"), **headers).status_code == 302


def test_signing_out_ends_the_session_on_the_server(browser: Browser) -> None:
    browser.sign_in()
    old = f"fb_session={browser.http.cookies['fb_session']}"
    assert browser.get("/", Cookie=old).status_code == 200
    assert browser.submit("/", "/logout").status_code == 303
    assert browser.get("/", Cookie=old).status_code == 302
    assert browser.get("/").status_code == 302


def test_a_new_sign_in_ends_the_session_before(browser: Browser) -> None:
    browser.sign_in()
    old = f"fb_session={browser.http.cookies['fb_session']}"
    browser.sign_in()
    assert browser.get("/").status_code == 200
    assert Browser(browser.url).get("/", Cookie=old).status_code == 302


@pytest.mark.parametrize(
    "changes",
    [{"CONSOLE_PASSWORD": "another-password"}, {"CONSOLE_SECRET": "a-secret-of-the-tests"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_of_password_or_secret_ends_every_session(servers: Servers, changes: dict[str, str]) -> None:
    browser = servers.browser().sign_in()
    url = servers.start()
    assert Browser(url).get("/", Cookie=_cookie(browser)).status_code == 200, "any process with the same settings"
    assert Browser(servers.start(**changes)).get("/", Cookie=_cookie(browser)).status_code == 302


def _cookie(browser: Browser) -> str:
    return f"fb_session={browser.http.cookies['fb_session']}"


def test_what_is_in_redis_makes_no_cookie(browser: Browser, redis: Redis) -> None:
    browser.sign_in()
    number, _, mac = browser.http.cookies["fb_session"].partition(".")
    keys = [key for key in redis.scan_iter() if isinstance(key, bytes)]
    stored = b"\n".join([*keys, *(redis.dump(key) or b"" for key in keys)])
    assert number.encode() not in stored
    assert mac.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_a_session_ends_by_itself(browser: Browser, redis: Redis) -> None:
    browser.sign_in()
    [key] = redis.keys("fb:test:session:*")
    assert 0 < redis.ttl(key) <= 12 * 3600
    redis.delete(key)
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("cookie", ["", "x", "a.b", f"{'A' * 43}.{'0' * 64}", "비밀.번호"])
def test_a_cookie_that_is_made_up(browser: Browser, cookie: str) -> None:
    answer = browser.request("GET", "/", {"Cookie": f"fb_session={cookie}".encode()})  # type: ignore[dict-item]
    assert answer.status_code == 302


def test_a_password_as_hash(servers: Servers) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    browser = servers.browser(CONSOLE_PASSWORD=hashed)
    assert browser.post("/login", {"password": hashed}).status_code == 401
    assert browser.post("/login", {"password": WRONG}).status_code == 401
    assert browser.sign_in().get("/").status_code == 200
    for _ in range(MOST_OF_ONE + 1):
        assert browser.get("/api/deliveries", **dict(BEARER)).status_code == 200
    assert browser.get("/api/deliveries", Authorization=f"Bearer {hashed}").status_code == 401


def test_a_password_in_korean_as_hash(servers: Servers) -> None:
    """For the sign-in only: the API's header can't carry it."""
    password = "비밀번호-여덟자"
    hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(password)
    browser = servers.browser(CONSOLE_PASSWORD=hashed)
    assert browser.post("/login", {"password": f"{password}요"}).status_code == 401
    assert browser.sign_in(password).get("/").status_code == 200


@pytest.mark.parametrize("is_hash", [False, True])
def test_wrong_bearers_are_counted_with_the_wrong_passwords_of_the_sign_in(servers: Servers, is_hash: bool) -> None:
    password = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD) if is_hash else PASSWORD
    browser = servers.browser(CONSOLE_PASSWORD=password)
    assert browser.get("/api/deliveries", **dict(BEARER)).status_code == 200
    codes = [
        browser.get("/api/deliveries", Authorization=f"Bearer {WRONG}").status_code for _ in range(MOST_OF_ONE + 1)
    ]
    assert codes == [401] * MOST_OF_ONE + [429]
    assert browser.post("/login", {"password": PASSWORD}).status_code == 429
    assert browser.get("/api/deliveries", **dict(BEARER)).status_code == 200


@pytest.mark.parametrize("value", ["$argon2id$v=19$m=64", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA", "$argon2"])
def test_half_a_hash_is_a_wrong_configuration(value: str) -> None:
    with pytest.raises(ConfigError, match="CONSOLE_PASSWORD: looks like an argon2 hash"):
        load(ServiceSettings, {"CONSOLE_PASSWORD": value})


def test_a_short_secret_is_a_wrong_configuration() -> None:
    with pytest.raises(ConfigError, match="CONSOLE_SECRET: should have at least 16 characters"):
        load(ServiceSettings, {"CONSOLE_SECRET": "short"})


# Attempts


def test_five_wrong_passwords_a_minute_from_one_address(servers: Servers, redis: Redis) -> None:
    """Counted for all processes; the right password is refused as well, other addresses are not."""
    processes = [servers.browser(), servers.browser()]
    for number in range(MOST_OF_ONE):
        answer = processes[number % 2].post("/login", {"password": WRONG})
        assert answer.status_code == 401
        assert 'role="alert"' in answer.text
    for process in processes:
        answer = process.post("/login", {"password": PASSWORD})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    Browser(processes[0].url, {"X-Forwarded-For": "192.0.2.2"}).sign_in()
    for key in redis.keys("fb:test:signin*"):
        assert 0 < redis.ttl(key) <= 60
        redis.zremrangebyrank(key, 0, 0)  # a minute after the first one
    processes[0].sign_in()


def test_who_goes_on_guessing_does_not_fill_the_log(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(MOST_OF_ONE + 20):
        browser.post("/login", {"password": WRONG})
    assert len([line for line in caplog.messages if "too many wrong passwords" in line]) == 1


def test_twenty_wrong_passwords_a_minute_in_all(browser: Browser) -> None:
    def attempt(address: int) -> int:
        return browser.post("/login", {"password": WRONG}, X_Forwarded_For=f"198.51.100.{address}").status_code

    assert [attempt(number) for number in range(MOST_OF_ALL)] == [401] * MOST_OF_ALL
    assert attempt(99) == 429
    assert browser.post("/login", {"password": PASSWORD}).status_code == 429


def test_right_passwords_are_not_counted(browser: Browser) -> None:
    for _ in range(MOST_OF_ALL + 1):
        browser.sign_in()


def test_attempts_at_the_same_time_do_not_slip_through(browser: Browser) -> None:
    codes: list[int] = []

    def attempt() -> None:
        one = Browser(browser.url, browser.headers)
        codes.append(one.post("/login", {"password": WRONG}).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [401] * MOST_OF_ONE + [429] * 10


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::"),
        ("", "unknown"),
        (None, "unknown"),
        ("x" * 5000, "unknown"),
    ],
)
def test_what_counts_as_one_caller(address: str | None, counted: str) -> None:
    assert counted_address(address) == counted


# Forms of other sites


def test_a_change_needs_the_token_of_the_session(servers: Servers) -> None:
    browser, other = servers.browser().sign_in(), servers.browser().sign_in()
    for path in changes(browser):
        for form in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": other.csrf}, {"csrf": "비밀"}):
            answer = browser.post(path, form)
            assert answer.status_code == 403, path
            assert "Nothing was changed" in answer.text


def changes(browser: Browser) -> list[str]:
    """Every address of the console that changes something, with made-up values."""
    app = create_app({**ENVIRON})
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("console.")]
    posts = [rule for rule in rules if "POST" in (rule.methods or ())]
    with app.test_request_context():
        values = [dict.fromkeys(rule.arguments, "x") for rule in posts]
        paths = [
            app.url_map.bind("").build(rule.endpoint, value, method="POST")
            for rule, value in zip(posts, values, strict=True)
        ]
    return [path for path in paths if path not in ("/login", "/logout")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec_Fetch_Site": "none"}, 303),
        ({"Origin": "https://bridge.example.com"}, 303),
        ({"Origin": "null"}, 303),
        ({}, 303),
    ],
    ids=repr,
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_requests_that_a_browser_marks(servers: Servers, path: str, headers: Any, status: int) -> None:
    browser = servers.browser(CONSOLE_URL="http://bridge.example.com").sign_in()
    assert browser.post(path, {"password": PASSWORD}, **headers).status_code == status


def test_the_api_takes_no_session(browser: Browser) -> None:
    browser.sign_in()
    assert browser.get("/api/deliveries").status_code == 401
    assert browser.get("/api/deliveries", Cookie=_cookie(browser)).status_code == 401


# Headers, and what is not Redis's fault


@pytest.mark.parametrize("path", ["/", "/login", "/static/console.js", "/audit?before=x"])
def test_every_answer_has_the_headers_of_protection(browser: Browser, path: str) -> None:
    browser.sign_in()
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers
    assert headers["Cache-Control"] == ("public, max-age=86400" if "static" in path else "no-store")


def test_without_redis_a_page_explains_it(servers: Servers) -> None:
    browser = Browser(servers.browser().sign_in().url)
    away = servers.browser(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    browser.url = away.url
    answer = away.post("/login", {"password": PASSWORD})
    assert answer.status_code == 503
    assert "REDIS_URL" in visible(answer.text)
    signed = servers.browser().sign_in()
    answer = away.get("/", Cookie=_cookie(signed))
    assert (answer.status_code, "REDIS_URL" in visible(answer.text)) == (503, True)
    assert away.get("/login").status_code == 200


# The real web process, whose gateway decides which bodies are read


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    return start_web(processes, valkey_url, "console", BRIDGE_INSTANCE="test")


def test_the_gateway_reads_the_forms_of_operators(web: Web, redis_url: str) -> None:
    browser = Browser(web.url).sign_in()
    assert browser.get("/").status_code == 200
    assert browser.post("/logout", {"note": "x" * 60_000}).status_code == 303
    assert browser.get("/").status_code == 302
    assert Browser(web.url).post("/login", {"password": PASSWORD, "more": "x" * 5000}).status_code in (401, 413)

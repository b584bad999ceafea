"""What goes to others and what is taken from them: who we are, what we keep, how much we read."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bridge.http import Answer, NoAnswer, new_session, send, without_halves
from bridge.version import VERSION
from connectors.translate.providers.base import ProviderError
from tests import hostile
from tests.connectors.translate.kinds import NAMES
from tests.hostile import answering, http, listening
from tests.test_deadlines import CLIENTS
from tools.sandbox.processes import ROOT

# Small, so that backslashes and halves of characters meet.
TEXTS = st.text(st.sampled_from(["\\", "u", "d", "8", "3", '"', "a", "\n", "가", "😀", "\ud83d", "\ude00", "\udc00"]))
MEBIBYTE = 1024 * 1024


def answer(body: bytes) -> Answer:
    return Answer(200, requests.structures.CaseInsensitiveDict(), body)


def ask(port: int, path: str = "/", **options: Any) -> Answer:
    with new_session() as session:
        return send(session, "GET", f"http://127.0.0.1:{port}{path}", **options)


@given(TEXTS, st.booleans())
def test_half_characters_become_the_replacement_character_and_all_else_stays(text: str, upper: bool) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # halves that belong together
    written = json.dumps({"text": text})
    if upper:
        written = re.sub(r"\\u[0-9a-f]{4}", lambda found: f"\\u{found[0][2:].upper()}", json.dumps({"text": whole}))
    assert json.loads(without_halves(written.encode())) == {"text": re.sub("[\ud800-\udfff]", "\ufffd", whole)}


def test_a_body_that_is_not_quite_utf_8_is_still_json() -> None:
    text = answer(b'\xef\xbb\xbf{"text": "\xed\xa0\xbd and \xff"}').json()["text"]
    assert text.encode() == text.encode("utf-8", "replace")
    assert text.endswith(" and \ufffd")


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (299, True), (300, False), (404, False)])
def test_an_answer_of_the_two_hundreds_is_a_success(status: int, ok: bool) -> None:
    assert Answer(status, requests.structures.CaseInsensitiveDict(), b"").ok is ok


def test_an_answer_knows_what_was_sent_and_does_not_show_it() -> None:
    """Errors are compared with it, so that none repeats a secret of the request."""
    for options in (
        {"data": "planted-secret 비밀".encode()},
        {"json_body": "planted-secret"},
        {"data": "planted-secret"},
    ):
        with listening(answering(http(200, b"{}"))) as port:
            found = ask(port, "/planted-path", headers={"X-Key": "planted-key"}, **options)
        for part in ("planted-secret", "/planted-path", "X-Key: planted-key"):
            assert part in found.request
        assert "planted" not in repr(found)
        assert ("비밀" in found.request) == isinstance(options.get("data"), bytes)
    with listening(answering(http(200, b"{}"))) as port:
        assert ask(port).request.endswith("\n"), "no body"


# How much is read


def test_an_answer_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    for size, fits in ((8 * MEBIBYTE, True), (8 * MEBIBYTE + 1, False)):
        with listening(answering(http(200, b" " * size))) as port:
            if fits:
                assert len(ask(port).body) == size
            else:
                with pytest.raises(NoAnswer, match="larger than 8388608 bytes") as caught:
                    ask(port)
                assert (caught.value.reason, caught.value.sent) == ("network", True)


def test_a_session_may_read_less() -> None:
    with (
        listening(answering(http(200, b" " * 2000))) as port,
        new_session(answer_bytes=1000) as session,
        pytest.raises(NoAnswer, match="larger than 1000 bytes"),
    ):
        send(session, "GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("client", [*NAMES, "slack webhook"])
def test_a_system_with_short_answers_may_not_send_long_ones(client: str) -> None:
    with listening(answering(http(200, b" " * (2 * MEBIBYTE + 1)))) as port:
        try:
            ended: object = CLIENTS[client](f"http://127.0.0.1:{port}")()
        except ProviderError as error:
            ended = error
    assert "the answer is larger than 2097152 bytes" in repr(ended)


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused() -> None:
    packed = gzip.compress(b" " * (200 * MEBIBYTE))
    behave = answering(http(200, packed, "Content-Encoding: gzip"))
    with listening(behave) as port, pytest.raises(NoAnswer, match="larger than"):
        ask(port)


def test_a_refusal_of_256_kibibytes_is_read_and_one_byte_more_is_not() -> None:
    for size, fits in ((262_144, True), (262_145, False)):
        with listening(answering(http(400, b" " * size))) as port:
            assert len(ask(port).body) == (size if fits else 0)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 300, 302])
def test_a_refusal_with_a_long_page_is_known_by_its_status(status: int) -> None:
    with listening(answering(http(status, b"x" * (9 * MEBIBYTE), "Retry-After: 7"))) as port:
        found = ask(port)
    assert (found.status, found.body, found.retry_after) == (status, b"", 7.0)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b'["\xff", '])
def test_json_that_is_nested_without_end_is_no_json(opening: str, start: bytes) -> None:
    body = start + opening.encode() * 100_000
    with listening(answering(http(200, body))) as port:
        assert ask(port).json() is None


def test_json_as_deep_as_the_limit_is_read_and_one_level_more_is_not() -> None:
    deep = b"[" * 201 + b"]" * 201
    with listening(answering(http(200, b"[" + deep + b"]"))) as port:
        assert ask(port).json() is None
    broad = b"[" + b"[[[]]]," * 100_000 + b"1]"
    for body in (deep, broad):
        with listening(answering(http(200, body))) as port:
            assert ask(port).json() == json.loads(body)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_recurses_without_end(client: str) -> None:
    """`RecursionError` is none of the errors that a client may end with."""
    for status in (200, 400, 500):
        with listening(answering(http(status, b'{"a":' * 100_000, "Content-Type: application/json"))) as port:
            try:
                outcome: object = CLIENTS[client](f"http://127.0.0.1:{port}")()
            except Exception as error:  # noqa: BLE001  its class is what is looked at
                outcome = error
        assert not isinstance(outcome, RecursionError)
        assert "Recursion" not in repr(outcome)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        http(200, b"not gzip", "Content-Encoding: gzip"),
    ],
    ids=lambda broken: repr(broken[:40]),
)
def test_what_is_no_http_is_no_answer(broken: bytes) -> None:
    def behave(connection: Any, stop: Any) -> None:
        hostile.request(connection)
        connection.sendall(broken)

    with listening(behave) as port, pytest.raises(NoAnswer) as caught:
        ask(port)
    assert (caught.value.reason, caught.value.sent) == ("network", True)
    assert "127.0.0.1" not in str(caught.value)


# Who we are and what we keep


class Listener:
    """Answers everything, and keeps what it received."""

    def __init__(self, *headers: str, status: int = 200) -> None:
        self.received: list[bytes] = []
        self._answer = http(status, b"{}", *headers)

    def __call__(self, connection: Any, stop: Any) -> None:
        while True:
            self.received.append(hostile.request(connection))
            connection.sendall(self._answer)

    def header(self, name: str) -> set[str]:
        lines = [
            line for request in self.received for line in request.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        ]
        return {line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:")}


def run(build: Callable[[str], Callable[[], object]], url: str, times: int = 1) -> None:
    call = build(url)
    for _ in range(times):
        with suppress(Exception):  # only what was sent is looked at
            call()


@pytest.mark.parametrize("client", CLIENTS)
def test_every_request_names_the_service_and_its_version(client: str) -> None:
    listener = Listener()
    with listening(listener) as port:
        run(CLIENTS[client], f"http://127.0.0.1:{port}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert listener.header("User-Agent") == {f"feedback-bridge/{project['version']}"}
    assert project["version"] == VERSION


@pytest.mark.parametrize("client", CLIENTS)
def test_cookies_are_neither_kept_nor_sent_back(client: str) -> None:
    listener = Listener("Set-Cookie: session=theirs; Path=/", "Set-Cookie: other=1; Path=/; Max-Age=9999")
    with listening(listener) as port:
        run(CLIENTS[client], f"http://127.0.0.1:{port}", times=3)
    assert len(listener.received) >= 3
    assert listener.header("Cookie") == set()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_client_follows_a_redirect(client: str, status: int) -> None:
    """The credentials would go with it."""
    elsewhere = Listener()
    with (
        listening(elsewhere) as port,
        listening(Listener(f"Location: http://127.0.0.1:{port}/", status=status)) as first,
    ):
        run(CLIENTS[client], f"http://127.0.0.1:{first}")
    assert elsewhere.received == []


@pytest.mark.parametrize("client", CLIENTS)
def test_netrc_is_ignored(client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` would put its entry for a host over our own credentials."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    listener = Listener()
    with listening(listener) as port:
        run(CLIENTS[client], f"http://127.0.0.1:{port}")
        with requests.Session() as plain:  # the file is one that `requests` would use
            plain.get(f"http://127.0.0.1:{port}/plain", timeout=10)
    assert any(b"/plain" in request and b"Basic" in request for request in listener.received)
    ours = [request for request in listener.received if b"/plain" not in request]
    assert ours
    assert all(b"Basic c29tZWJvZHk6ZWxzZQ" not in request for request in ours)


def test_a_request_that_can_not_be_made_is_no_defect() -> None:
    """A key with letters that no header takes, an address that is none: reported, and not with their content."""
    with new_session() as session:
        for url, headers in (
            ("http://127.0.0.1:1/", {"x-api-key": "비밀열쇠"}),
            ("http://127.0.0.1:1/", {"x-api-key": "line\nbreak"}),
            ("http://[broken/", {}),
            ("http:///nothing", {}),
            ("ftp://127.0.0.1/", {}),
            (f"http://{'x' * 70}.invalid/", {}),
        ):
            with pytest.raises(NoAnswer) as caught:
                send(session, "GET", url, headers=headers)
            assert (caught.value.reason, caught.value.sent) == ("network", False)
            assert "비밀" not in str(caught.value)
            assert "broken/" not in str(caught.value)

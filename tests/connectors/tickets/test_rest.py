"""The REST helper: what credentials are sent to, which redirects are followed, and what a refusal means."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bridge.http import NoAnswer
from bridge.settings import load
from connectors.base import Failed, Retry
from connectors.github.settings import Settings
from connectors.tickets.base import Refused
from connectors.tickets.rest import Rest

SECRET = "token-of-the-tests"


class Server(ThreadingHTTPServer):
    """Answers every request as `answer` does, and remembers (method, path, authorization)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: tuple[int, dict[str, str], Any] = (200, {}, {})
        self.seen: list[tuple[str, str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
        status, headers, body = (200, {}, {"moved": True}) if self.path == "/new" else self.server.answer
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    both = (Server(), Server())
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in both]
    for thread in threads:
        thread.start()
    yield both
    for server, thread in zip(both, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def rest_of(server: Server) -> Rest:
    settings = load(Settings, {"GITHUB_TOKEN": SECRET, "GITHUB_REPO": "acme/app", "GITHUB_API_URL": server.url})
    return Rest("Desk", settings, {"Authorization": f"Bearer {SECRET}"}, 2, lambda _answer: "advice")


def test_a_redirect_of_a_read_is_followed_within_the_origin(servers: tuple[Server, Server]) -> None:
    here, _ = servers
    here.answer = (301, {"Location": "/new"}, {})
    assert rest_of(here).one("GET", "/old") == {"moved": True}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_credentials_follow_no_redirect_to_another_origin(servers: tuple[Server, Server], status: int) -> None:
    here, other = servers
    here.answer = (status, {"Location": f"{other.url}/new"}, {})
    with pytest.raises(Refused) as refused:
        rest_of(here).one("GET", "/old")
    assert isinstance(refused.value.outcome, Failed)
    assert refused.value.outcome.reason == "config"
    assert other.seen == []


def test_a_write_follows_no_redirect(servers: tuple[Server, Server]) -> None:
    here, _ = servers
    here.answer = (307, {"Location": "/new"}, {})
    with pytest.raises(Refused):
        rest_of(here).one("POST", "/old", {})
    assert [path for _, path, _ in here.seen] == ["/old"]


def test_a_second_redirect_is_not_followed(servers: tuple[Server, Server]) -> None:
    here, _ = servers
    here.answer = (301, {"Location": "/again"}, {})
    with pytest.raises(Refused):
        rest_of(here).one("GET", "/old")
    assert len(here.seen) == 2


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (429, {"Retry-After": "7"}, {}, 7.0),
        (429, {}, {}, 60.0),
        (403, {"X-RateLimit-Remaining": "0"}, {}, 60.0),
        (403, {"Retry-After": "9"}, {}, 9.0),
        (403, {}, {"message": "You have exceeded a secondary rate limit"}, 60.0),
    ],
)
def test_a_403_may_be_a_rate_limit(
    servers: tuple[Server, Server], status: int, headers: dict[str, str], body: Any, wait: float
) -> None:
    here, _ = servers
    here.answer = (status, headers, body)
    with pytest.raises(Refused) as refused:
        rest_of(here).one("POST", "/cards", {})
    outcome = refused.value.outcome
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", wait)
    assert not refused.value.maybe_done


@pytest.mark.parametrize(("status", "maybe"), [(400, False), (404, False), (408, True), (409, False), (502, True)])
def test_what_may_have_been_carried_out_is_not_called_refused(
    servers: tuple[Server, Server], status: int, maybe: bool
) -> None:
    here, _ = servers
    here.answer = (status, {}, {})
    with pytest.raises(Refused) as refused:
        rest_of(here).one("POST", "/cards", {})
    assert (refused.value.status, refused.value.maybe_done) == (status, maybe)
    assert refused.value.gone == (status == 404)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_an_answer_of_another_shape_is_no_success(servers: tuple[Server, Server], body: Any) -> None:
    here, _ = servers
    here.answer = (200, {}, body)
    with pytest.raises(NoAnswer) as raised:
        rest_of(here).one("GET", "/cards")
    assert "GITHUB_API_URL" in str(raised.value)

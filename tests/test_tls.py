"""TLS and proxies on the way to others: who is trusted, and how a failure is named.

Each client is asked, because each could switch the verification off in its own way.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.http import Answer, NoAnswer, new_session, send
from tests import hostile
from tests.hostile import answering, http, listening
from tests.test_deadlines import CLIENTS
from tests.test_transport import Listener, run
from tests.tls import Authority
from tools.sandbox.processes import free_port

SECRET = "planted-secret"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def ask(url: str) -> Answer:
    with new_session() as session:
        return send(session, "POST", f"{url}/{SECRET}", headers={"Authorization": SECRET}, data=SECRET)


def failure(url: str) -> NoAnswer:
    with pytest.raises(NoAnswer) as caught:
        ask(url)
    assert SECRET not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    return caught.value


# Certificates


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # which would keep it from sending
@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_sends_anything_to_a_server_that_it_can_not_verify(client: str, authority: Authority) -> None:
    listener = Listener()
    with listening(listener, authority.server()) as port:
        run(CLIENTS[client], f"https://127.0.0.1:{port}")
    assert listener.received == []


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_trusts_the_bundle_of_the_operator(
    client: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle(tmp_path)))
    listener = Listener()
    with listening(listener, authority.server()) as port:
        run(CLIENTS[client], f"https://127.0.0.1:{port}")
    assert listener.received


def test_a_private_certificate_authority_is_named_with_its_variable(authority: Authority) -> None:
    with listening(answering(http(200, b"{}")), authority.server()) as port:
        error = failure(f"https://127.0.0.1:{port}")
    assert (error.reason, error.sent) == ("network", False)
    assert re.search(r"TLS certificate is not accepted: its issuer is not known; .*REQUESTS_CA_BUNDLE", str(error))


def test_a_self_signed_certificate_is_named(tmp_path: Path, self_signed: ssl.SSLContext) -> None:
    with listening(answering(http(200, b"{}")), self_signed) as port:
        error = failure(f"https://127.0.0.1:{port}")
    assert "it is self-signed" in str(error)
    assert not error.sent


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """The authority's own certificate is one."""
    import trustme

    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "own.pem"))
    ca.private_key_pem.write_to_path(str(tmp_path / "own.key"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    return context


def test_a_certificate_for_another_host_is_named(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle(tmp_path)))
    with listening(answering(http(200, b"{}")), authority.server("other.example.com")) as port:
        assert "it is for another address" in str(failure(f"https://127.0.0.1:{port}"))
        assert "it is for another host name" in str(failure(f"https://localhost:{port}"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_can_not_be_read_is_named(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    file = tmp_path / "bundle.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with listening(answering(http(200, b"{}")), authority.server()) as port:
        assert "REQUESTS_CA_BUNDLE names no certificates that can be read" in str(failure(f"https://127.0.0.1:{port}"))


def test_a_server_without_tls_is_named() -> None:
    def speaks_http(connection: socket.socket, stop: object) -> None:
        connection.recv(1000)
        connection.sendall(http(400, b""))

    with listening(speaks_http) as port:
        error = failure(f"https://127.0.0.1:{port}")
    assert re.search(r"no TLS connection \([A-Z0-9_]+\): does the server speak https", str(error))
    assert not error.sent


# Connections


def test_a_port_where_nobody_listens_and_a_name_that_does_not_exist() -> None:
    refused = failure(f"http://127.0.0.1:{free_port()}")
    assert (str(refused), refused.sent) == ("connection refused", False)
    unknown = failure("http://third-party.invalid")
    assert (str(unknown), unknown.sent) == ("host not found", False)


def test_a_connection_that_breaks_after_the_request_may_have_done_its_work() -> None:
    def drops(connection: socket.socket, stop: object) -> None:
        hostile.request(connection)

    with listening(drops) as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert (error.reason, error.sent) == ("network", True)


# Proxies


def tunnel_refusal(status: int) -> Callable[[socket.socket, object], None]:
    def refuse(connection: socket.socket, stop: object) -> None:
        with suppress(OSError):
            hostile.request(connection)
            connection.sendall(f"HTTP/1.1 {status} {SECRET}\r\nContent-Length: 0\r\n\r\n".encode())

    return refuse


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_named(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(tunnel_refusal(status)) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@127.0.0.1:{port}")
        error = failure("https://third-party.invalid")
    assert f"the proxy refused with {status}: look at HTTPS_PROXY" in str(error)
    assert ("user and password" in str(error)) is (status == 407)
    assert (error.reason, error.sent) == ("network", False)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_away_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://user:{SECRET}@127.0.0.1:{free_port()}")
    error = failure(f"{scheme}://third-party.invalid")
    assert "the proxy can't be reached: look at HTTPS_PROXY" in str(error)
    assert (error.reason, error.sent) == ("network", False)


def test_a_proxy_that_wants_credentials_for_plain_http_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(answering(http(407, b"who are you?"))) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        error = failure("http://third-party.invalid")
    assert "the proxy refused with 407" in str(error)
    assert not error.sent


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://", "://"])
def test_a_proxy_that_can_not_be_used_is_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert "HTTPS_PROXY" in str(failure("https://third-party.invalid"))

"""A session that may reach public addresses only: what is checked is the address that is connected to.

Names get their addresses from the test. Nothing is dialled but loopback, which a test allows by its number.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.http import Forbidden, NoAnswer, new_session, send
from bridge.http.deadline import resolver
from bridge.networks import RESERVED, is_public, literal_address
from tests.hostile import answering, http, listening
from tests.test_transport import Listener
from tests.tls import Authority

HERE = "127.0.0.1"
PRIVATE = [
    *("0.0.0.0", "10.1.2.3", "127.0.0.1", "127.8.8.8", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192", "198.18.0.1"),
    *("192.0.2.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1"),
    *("::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::1", "3fff::1", "5f00::1", "100::1"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
SPELLINGS = {
    "127.0.0.1": ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.01", "127.0.0.1."],
    "169.254.169.254": ["0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "１６９.254.169.254", "①⑥⑨.254.169.254"],
    "0.0.0.0": ["0", "0.0.0.0", "0x0"],
    "::1": ["::1", "[::1]", "0:0:0:0:0:0:0:1"],
    "10.0.0.1": ["::ffff:10.0.0.1", "[::ffff:a00:1]", "10.1"],
    "fe80::1": ["fe80::1%eth0"],
    "": ["localhost", "example.com", "a.1.2.3.4.example.com", "1.2.3.4.5", "0x", "256.1.1.1", "xn--p1ai", "가", ""],
}


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_or_reserved_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_any_other_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "example.com", "1.2.3", "8.8.8.8.8"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses())
def test_nothing_that_python_takes_for_private_is_public(address: Any) -> None:
    """Python keeps the registries too; its list changes with its version, ours does not."""
    if address in ipaddress.ip_network("64:ff9b::/96") or getattr(address, "ipv4_mapped", None):
        return  # the address within decides, which Python does not look at
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


@given(st.sampled_from(RESERVED), st.data())
def test_an_address_within_another_form_is_the_same_address(network: Any, data: st.DataObject) -> None:
    if network.version == 6:
        return
    inner = data.draw(st.ip_addresses(network=network))
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        assert not is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(inner))))


@pytest.mark.parametrize(("address", "host"), [(known, host) for known, hosts in SPELLINGS.items() for host in hosts])
def test_an_address_is_recognised_in_each_form_that_a_resolver_takes(address: str, host: str) -> None:
    assert literal_address(host) == address


# The connection


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`names("a.example", ["10.0.0.1"], ["127.0.0.1"])`: what a look-up of the name answers, the first time, the second
    time … The list that it returns gets the name at each look-up."""
    plain, answers, asked = socket.getaddrinfo, dict[str, list[list[str]]](), list[str]()

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return plain(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        except socket.gaierror:
            if args[3:4] == (socket.AI_NUMERICHOST,) or args[4:5] == (socket.AI_NUMERICHOST,):
                raise
        asked.append(host)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [entry for address in found for entry in plain(address, port, 0, socket.SOCK_STREAM)]

    def given_names(host: str, *lists: list[str]) -> list[str]:
        answers[host] = list(lists)
        return asked

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return given_names


def ask(url: str, allowed: Callable[[str], bool] = is_public) -> int:
    with new_session(allowed=allowed) as session:
        return send(session, "POST", url, data=b"text").status


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
def test_a_name_at_a_private_address_is_not_connected_to(address: str, names: Any) -> None:
    asked = names("inside.example", [address])
    with pytest.raises(Forbidden, match="private or reserved address") as caught:
        ask("http://inside.example/")
    assert not caught.value.sent
    assert asked == ["inside.example"]
    assert address not in str(caught.value)


def test_each_look_up_has_an_answer_of_its_own(names: Any) -> None:
    """Callers share a look-up that is under way, and none that has ended."""
    asked = names("often.example", *([f"127.0.0.{number}"] for number in range(1, 201)))
    for number in range(1, 201):
        assert resolver.find("often.example", 80, 5) == [(f"127.0.0.{number}", 80)]
    assert len(asked) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_private_address_in_the_url_is_not_connected_to(host: str) -> None:
    listener = Listener()
    with listening(listener) as port, pytest.raises(NoAnswer):
        ask(f"http://{host}:{port}/")
    assert listener.received == []


def test_localhost_is_not_connected_to() -> None:
    listener = Listener()
    with listening(listener) as port, pytest.raises(Forbidden):
        ask(f"http://localhost:{port}/")
    assert listener.received == []


def test_of_several_addresses_only_the_allowed_ones_are_tried(names: Any) -> None:
    names("mixed.example", ["10.0.0.1", "169.254.169.254", HERE])
    listener = Listener()
    with listening(listener) as port:
        assert ask(f"http://mixed.example:{port}/", lambda address: address == HERE) == 200
    assert len(listener.received) == 1


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(names: Any) -> None:
    """DNS rebinding: allowed at the first look-up, private at the second."""
    asked = names("rebind.example", [HERE], ["10.0.0.1"])
    listener = Listener()
    with listening(listener) as port, new_session(allowed=lambda address: address == HERE) as session:
        assert send(session, "POST", f"http://rebind.example:{port}/").status == 200
        assert asked == ["rebind.example"]
        assert listener.header("Host") == {f"rebind.example:{port}"}
        session.close()  # the next request looks the name up again
        with pytest.raises(Forbidden):
            send(session, "POST", f"http://rebind.example:{port}/")
    assert len(listener.received) == 1


def test_over_tls_the_name_is_asked_for_and_verified(
    names: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the connection is made to the address that was checked."""
    authority, asked_for = Authority(), list[str | None]()
    names("secure.example", [HERE])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle(tmp_path)))

    def remember(_socket: ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        asked_for.append(name)

    right, wrong = authority.server("secure.example"), authority.server("other.example")
    right.sni_callback = remember  # type: ignore[assignment]
    with listening(answering(http(200, b"")), right) as port:
        assert ask(f"https://secure.example:{port}/", lambda address: address == HERE) == 200
    assert asked_for == ["secure.example"]
    with listening(answering(http(200, b"")), wrong) as port, pytest.raises(NoAnswer, match="for another host name"):
        ask(f"https://secure.example:{port}/", lambda address: address == HERE)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_through_a_proxy_nothing_is_sent(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy would look the name up, and connect."""
    listener = Listener()
    with listening(listener) as port:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(Forbidden, match="a proxy would connect"):
            ask(f"{scheme}://inside.example/")
    assert listener.received == []


def test_a_redirect_to_a_private_address_is_not_followed(names: Any) -> None:
    inside = Listener()
    names("outside.example", [HERE])
    with listening(inside) as private:
        location = f"Location: http://127.0.0.2:{private}/"
        with listening(Listener(location, status=302)) as port:
            assert ask(f"http://outside.example:{port}/", lambda address: address == HERE) == 302
    assert inside.received == []


def test_a_session_without_the_limit_reaches_any_address() -> None:
    with listening(answering(http(204, b""))) as port, new_session() as session:
        assert send(session, "POST", f"http://127.0.0.1:{port}/").status == 204

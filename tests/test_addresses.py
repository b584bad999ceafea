"""Addresses are taken as they are meant or refused with a reason; a piece of a password never stands in that reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from bridge.addresses import PLAIN_OPTIONS, TLS_OPTIONS, redis_address, web_address
from tools.sandbox.processes import ROOT


def refusal(address: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        redis_address(address)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("redis://h", "redis://h"),
        ("redis://h:6379/", "redis://h:6379/"),
        ("REDIS://h:6379/1", "redis://h:6379/1"),
        ("Rediss://u:p@h:1", "rediss://u:p@h:1"),
        ("valkey://h/0", "redis://h/0"),
        ("valkeys://h/0", "rediss://h/0"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("unix:/run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ("unix://:pass@/run/redis.sock", "unix://:pass@/run/redis.sock"),
        ("redis://h/0?client_name=bridge", "redis://h/0?client_name=bridge"),
        ("redis://h/0?password=p%40ss", "redis://:p%40ss@h/0"),
        ("redis://h?username=u&password=p&db=3", "redis://u:p@h?db=3"),
        ("rediss://h?ssl_cert_reqs=CERT_NONE", "rediss://h?ssl_cert_reqs=none"),
        ("rediss://h?ssl_cert_reqs=required&ssl_check_hostname=true", None),
    ],
)
def test_addresses_of_redis_are_taken_as_they_are_meant(written: str, meant: str | None) -> None:
    assert redis_address(written) == (meant or written)


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("redis://h?family=0", "family"),
        ("redis://h?timeout=5s", "timeout"),
        ("redis://h?socket_timeout=60", "socket_timeout"),
        ("redis://h?socket_connect_timeout=60", "socket_connect_timeout"),
        ("redis://h?retry_on_timeout=true", "retry_on_timeout"),
        ("redis://h?health_check_interval=1", "health_check_interval"),
        ("redis://h?decode_responses=true", "decode_responses"),
        ("redis://h?encoding=utf-16", "encoding"),
        ("redis://h?protocol=3", "protocol"),
        ("redis://h?max_connections=1", "max_connections"),
        ("redis://h?db=x", "db"),
        ("redis://h?db=", "db"),
        ("redis://h?db=-1", "db"),
        ("redis://h?db=1&db=2", "twice"),
        ("redis://h?nonsense=1", "allowed are"),
        ("redis://h?ssl_cert_reqs=none", "rediss://"),
        ("unix:///x?ssl_ca_certs=/x", "rediss://"),
        ("rediss://h?ssl_cert_reqs=perhaps", "required or none"),
        ("rediss://h?ssl_check_hostname=maybe", "true or false"),
        ("rediss://h?ssl_ca_certs=/absent/ca.pem", "does not exist"),
        ("redis://h/first", "number of a database"),
        ("redis://h/0/1", "number of a database"),
        ("redis://u:p@h?password=q", "twice"),
        ("redis+sentinel://h:26379/mymaster/0", "Sentinel"),
        ("redis-cluster://h", "Cluster"),
        ("redis://h1:1,h2:2/0", "should be redis://"),
        ("redis://h:0", "should be redis://"),
        ("redis://h:port", "should be redis://"),
        ("redis://h:99999", "should be redis://"),
        ("redis://h/0#x", "%23"),
        ("redis://:pa#ss@h/0", "%23"),
        ("redis:///0", "should be redis://"),
        ("redis://", "should be redis://"),
        ("http://h", "should be redis://"),
        ("h:6379", "should be redis://"),
        ("redis://ｈｏｓｔ", "full-width"),
        ("redis://호스트", "should be redis://"),
        ("redis://h\n/0", "blanks"),
        ("redis://h o/0", "blanks"),
        ("unix:x", "three slashes"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix:///", "three slashes"),
    ],
)
def test_what_redis_py_would_not_understand_is_refused(address: str, names: str) -> None:
    assert names in refusal(address)


def test_files_of_certificates_are_looked_for(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("-")
    assert redis_address(f"rediss://h?ssl_ca_certs={file}") == f"rediss://h?ssl_ca_certs={file}"


SCHEMES = st.sampled_from(["redis://", "REDISS://", "unix:///", "unix:/", "valkey://", "redis:", ""])
ANY = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@given(SCHEMES, ANY, ANY)
def test_whatever_is_taken_makes_a_client(scheme: str, middle: str, query: str) -> None:
    """Without connecting: what redis-py finds wrong with an address it finds then."""
    try:
        address = redis_address(f"{scheme}{middle}?{query}")
    except ValueError:
        return
    Redis.from_url(address).connection_pool.make_connection()
    assert redis_address(address) == address


@given(st.sampled_from("#/?@:%[]& \n"), st.sampled_from(["redis://:{}@h/0", "redis://h?password={}", "unix:///x?{}"]))
def test_a_refusal_quotes_no_password(sign: str, form: str) -> None:
    announced = ""
    try:
        redis_address(form.format(f"tell-nobody-1{sign}tell-nobody-2"))
    except ValueError as error:
        announced = str(error)
    assert "tell-nobody" not in announced


def test_the_allowed_options_are_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in PLAIN_OPTIONS | TLS_OPTIONS)


# Addresses of other servers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://abc.example.com/api/", "https://abc.example.com/api"),
        ("HTTPS://abc.example.com", "https://abc.example.com"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("https://피드백.example.com", "https://피드백.example.com"),
    ],
)
def test_web_addresses_are_taken_as_they_are_meant(written: str, meant: str) -> None:
    assert web_address(written) == meant


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("abc.example.com", "https://"),
        ("ftp://abc.example.com", "https://"),
        ("https://", "https://"),
        ("https:///path", "https://"),
        ("https:/abc.example.com", "https://"),
        ("https://https://abc.example.com", "https://"),
        ("https://abc.example.com:port", "https://"),
        ("https://abc.example.com:70000", "https://"),
        ("https://abc.example.com:0", "1 to 65535"),
        ("https://user:tell-nobody@abc.example.com", "user name or password"),
        ("https://tell-nobody@abc.example.com", "user name or password"),
        ("https://@abc.example.com", "user name or password"),
        ("https://abc.example.com/v1?api-version=2", "'?'"),
        ("https://abc.example.com/v1?", "'?'"),
        ("https://abc.example.com/#/login", "'#'"),
        ("https://abc.example.com/a b", "blanks"),
        ("https://abc.example.com/\tx", "blanks"),
        ("https://abc.example.com/\u200b", "blanks"),
        ("ｈｔｔｐｓ://abc.example.com", "full-width"),
        ("https://abc．example．com", "full-width"),
        ("https:\\\\abc.example.com", "backslashes"),
        ("https://[abc", "https://"),
    ],
)
def test_web_addresses_that_would_lose_a_part_are_refused(address: str, names: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        web_address(address)
    assert names in str(caught.value)
    assert "tell-nobody" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = web_address(f"https://{text}")
    except ValueError:
        return
    assert web_address(address) == address


ODD_HOSTS = ["127。0。0。1", "127｡0｡0｡1", "127．0．0．1", "example。com", "①.example.com", "ℂ.example.com", "1‥2.com"]
ODD_HOSTS += [
    "127%2e0.0.1",
    "exa%6dple.com",
    "a..example.com",
    ".example.com",
    "a,b.example.com",
    "*.example.com",
    "a!",
]


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_a_host_that_clients_read_differently_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"the host should be a name|holds full-width characters"):
        web_address(f"http://{host}/hook", with_query=True)


@pytest.mark.parametrize(
    "host",
    ["예시.kr", "例え.jp", "bücher.example", "xn--bcher-kva.example", "a_b-c.example.", "[::1]", "l·l.cat", "h:80"],
)
def test_a_host_in_any_language_is_taken(host: str) -> None:
    assert web_address(f"https://{host}/hook") == f"https://{host}/hook"

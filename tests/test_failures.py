"""What people read when a request has no answer: the cause by its name, and nothing of the exception's own text."""

from __future__ import annotations

import errno
import ssl
from typing import Any

import pytest
import requests
from urllib3 import exceptions as urllib3

from bridge.http.failures import Forbidden, NoAnswer, no_answer_of

SECRET = "planted-secret"


def named(error: Exception, *, sent: bool = False) -> str:
    found = no_answer_of(error, sent=sent, connect_seconds=3.05, read_seconds=15)
    assert (found.reason, found.sent) == ("network", sent)
    assert SECRET not in str(found)
    return str(found)


def caused(error: Exception, cause: BaseException) -> Exception:
    """As after `raise error from cause`."""
    error.__cause__ = cause
    return error


def tls_error(kind: type[ssl.SSLError] = ssl.SSLError, **attributes: Any) -> ssl.SSLError:
    error = kind(1, SECRET)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        # X509_V_ERR_* of https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
        (10, "it has expired"),
        (18, "it is self-signed"),
        (19, "a self-signed certificate is in its chain"),
        (20, "its issuer is not known"),
        (21, "its issuer is not known"),
        (62, "it is for another host name"),
        (64, "it is for another address"),
        (26, "OpenSSL's error 26"),
    ],
)
def test_what_is_wrong_with_a_certificate(code: int, fault: str) -> None:
    error = requests.exceptions.SSLError(urllib3.SSLError(tls_error(ssl.SSLCertVerificationError, verify_code=code)))
    assert f"its TLS certificate is not accepted: {fault}; " in named(error)


def test_a_certificate_whose_fault_has_no_code() -> None:
    assert "OpenSSL's error 0; " in named(tls_error(ssl.SSLCertVerificationError))


def test_a_library_that_can_not_read_the_bundle_names_its_variable() -> None:
    for library in ("X509", "PEM"):
        assert "REQUESTS_CA_BUNDLE names no certificates" in named(tls_error(library=library, reason="NO_START_LINE"))
    missing = OSError(f"Could not find a suitable TLS CA certificate bundle, invalid path: {SECRET}")
    assert "REQUESTS_CA_BUNDLE names no certificates" in named(missing)
    for other in (OSError(SECRET), ConnectionError("CA certificate bundle")):
        assert named(other) == f"connection broken ({type(other).__name__})"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("WRONG_VERSION_NUMBER", " (WRONG_VERSION_NUMBER)"),
        ("A" * 60, f" ({'A' * 60})"),
        ("A" * 61, ""),
        (f"at {SECRET}", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_tls_failure_shows_openssl_s_own_word_and_no_text(reason: str | None, shown: str) -> None:
    error = requests.exceptions.SSLError(urllib3.SSLError(tls_error(library="SSL", reason=reason)))
    assert named(error) == f"no TLS connection{shown}: does the server speak https at this address?"


def test_a_tls_connection_that_breaks_after_the_request_is_a_broken_one() -> None:
    error = requests.exceptions.SSLError(urllib3.SSLError(tls_error(library="SSL", reason="UNEXPECTED_EOF")))
    assert named(error, sent=True) == "connection broken (SSLError)"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(errno.ECONNREFUSED, ""), (errno.EHOSTUNREACH, " (EHOSTUNREACH)"), (errno.ENETUNREACH, " (ENETUNREACH)"),
     (None, ""), (0, ""), (99_999, "")],
)  # fmt: skip
def test_a_refused_connection_shows_the_system_s_number_by_its_name(number: int | None, shown: str) -> None:
    error = caused(urllib3.NewConnectionError(None, SECRET), OSError(number, SECRET))  # type: ignore[arg-type]
    assert named(error) == f"connection refused{shown}"


@pytest.mark.parametrize(
    "error", [TimeoutError(SECRET), urllib3.ReadTimeoutError(None, "", SECRET), requests.exceptions.Timeout(SECRET)]  # type: ignore[arg-type]
)  # fmt: skip
def test_a_time_out_names_the_time_of_what_was_waited_for(error: Exception) -> None:
    for sent, text in ((True, "no answer within 15 s"), (False, "no connection within 3.05 s")):
        found = no_answer_of(error, sent=sent, connect_seconds=3.05, read_seconds=15)
        assert (found.reason, str(found), found.sent) == ("timeout", text, sent)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Tunnel connection failed: 407 {SECRET}", "the proxy refused with 407: "),
        (f"Tunnel connection failed: 502 {SECRET}", "the proxy refused with 502: "),
        (f"Tunnel connection failed: 5021 {SECRET}", "the proxy can't be reached: "),
        (SECRET, "the proxy can't be reached: "),
    ],
)
def test_a_proxy_that_refuses_is_named_with_its_status(text: str, shown: str) -> None:
    error = requests.exceptions.ProxyError(urllib3.ProxyError(SECRET, OSError(text)))
    assert named(error).startswith(shown)
    assert ("user and password" in named(error)) is ("407" in text)


def test_what_can_not_be_sent() -> None:
    assert named(requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")).startswith("a SOCKS")
    for error in (requests.exceptions.InvalidSchema(SECRET), ValueError(f"SOCKS {SECRET}")):
        assert named(error) == f"the request can't be sent ({type(error).__name__}): look at the address and the key"


def test_an_answer_that_can_not_be_unpacked() -> None:
    assert named(requests.exceptions.ContentDecodingError(SECRET), sent=True) == "the answer's compression is broken"
    assert named(requests.exceptions.ChunkedEncodingError(SECRET), sent=True) == (
        "connection broken (ChunkedEncodingError)"
    )


def test_a_cause_is_found_wherever_the_libraries_keep_it() -> None:
    """In the chain, in the arguments, in an attribute; also where the chain is a ring."""
    found = urllib3.NameResolutionError("host", None, OSError(SECRET))  # type: ignore[arg-type]
    in_attribute = requests.exceptions.ConnectionError(SECRET)
    in_attribute.reason = found  # type: ignore[attr-defined]
    in_context = requests.exceptions.ConnectionError(SECRET)
    in_context.__context__ = found
    ring = caused(ValueError(SECRET), TypeError(SECRET))
    caused(ring.__cause__, ring)  # type: ignore[arg-type]
    in_ring = caused(OSError(SECRET), ring)
    in_ring.args = (SECRET, ring, 5, found)
    for error in (
        requests.exceptions.ConnectionError(urllib3.MaxRetryError(None, "", found)),  # type: ignore[arg-type]
        in_attribute,
        in_context,
        in_ring,
    ):
        assert named(error) == "host not found"


def test_whether_the_request_may_have_arrived_is_kept() -> None:
    assert NoAnswer("network", "why", sent=True).sent
    assert not NoAnswer("network", "why", sent=False).sent


def test_a_host_that_may_not_be_reached_got_nothing() -> None:
    error = Forbidden()
    assert (error.reason, error.sent) == ("network", False)
    assert str(error) == "the host is at a private or reserved address, which is not allowed here"

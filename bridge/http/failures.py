"""Messages for requests without an answer: they help, and contain nothing of the request. Pure.

The texts of the exceptions of `requests` and `urllib3` are never passed on: they quote addresses, and addresses may
hold secrets.
"""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Iterator
from typing import Literal

import requests
from urllib3 import exceptions as urllib3

CA_BUNDLE = "for a private certificate authority set REQUESTS_CA_BUNDLE to a file with its certificate"
PROXY = "look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
CERTIFICATE_FAULTS = {
    10: "it has expired",
    18: "it is self-signed",
    19: "a self-signed certificate is in its chain",
    20: "its issuer is not known",
    21: "its issuer is not known",
    62: "it is for another host name",
    64: "it is for another address",
}
"""What people need to know of the codes of OpenSSL's X509_V_ERR_*, whose own texts may quote names."""


class NoAnswer(Exception):
    """The other side gave no usable answer. `sent`: whether the request may have arrived and been acted on."""

    def __init__(self, reason: Literal["timeout", "network"], what: str, *, sent: bool) -> None:
        self.reason: Literal["timeout", "network"] = reason
        self.sent = sent
        super().__init__(what)


class TooLarge(NoAnswer):
    """The answer has more bytes than the session reads."""

    def __init__(self, most: int) -> None:
        super().__init__("network", f"the answer is larger than {most} bytes", sent=True)


class Forbidden(NoAnswer):
    """The host is at no address that this session may reach. Nothing was sent."""

    def __init__(self, what: str = "the host is at a private or reserved address, which is not allowed here") -> None:
        super().__init__("network", what, sent=False)


def no_answer_of(error: Exception, *, sent: bool, connect_seconds: float, read_seconds: float) -> NoAnswer:
    """What an exception that a request ended with means for the caller."""
    causes = list(_causes(error))

    def first(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    def network(what: str) -> NoAnswer:
        return NoAnswer("network", what, sent=sent)

    if first(ssl.SSLCertVerificationError):
        return network(_certificate(first(ssl.SSLCertVerificationError)))
    if first(urllib3.ProxyError, requests.exceptions.ProxyError, requests.exceptions.InvalidProxyURL):
        return network(_proxy(causes))
    if first(urllib3.NameResolutionError):
        return network("host not found")
    if refused := first(urllib3.NewConnectionError):
        return network(f"connection refused{_number(refused)}")
    if first(TimeoutError, urllib3.TimeoutError, requests.exceptions.Timeout):
        what = f"no answer within {read_seconds:g} s" if sent else f"no connection within {connect_seconds:g} s"
        return NoAnswer("timeout", what, sent=sent)
    tls = first(ssl.SSLError)
    if _is_about_ca_bundle(error, tls):
        return network(f"REQUESTS_CA_BUNDLE names no certificates that can be read: {CA_BUNDLE}, or unset it")
    if tls and not sent:
        return network(f"no TLS connection{_openssl(tls)}: does the server speak https at this address?")
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return network(f"a SOCKS proxy is not supported: {PROXY}")
    if isinstance(error, ValueError):  # also what `requests` raises for addresses and headers that it can't send
        return network(f"the request can't be sent ({type(error).__name__}): look at the address and the key")
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return network("the answer's compression is broken")
    return network(f"connection broken ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it was raised for; urllib3 keeps those in its arguments too."""
    waiting, seen = [error], {id(error)}
    while waiting:
        current = waiting.pop(0)
        yield current
        further = (current.__cause__, current.__context__, *current.args, *vars(current).values())
        for one in further:
            if isinstance(one, BaseException) and id(one) not in seen:
                seen.add(id(one))
                waiting.append(one)


def _certificate(error: BaseException | None) -> str:
    code = getattr(error, "verify_code", 0)
    fault = CERTIFICATE_FAULTS.get(code, f"OpenSSL's error {code}")
    return f"its TLS certificate is not accepted: {fault}; {CA_BUNDLE}"


def _proxy(causes: list[BaseException]) -> str:
    # http.client words it so: "Tunnel connection failed: 407 Proxy Authentication Required".
    texts = [str(cause) for cause in causes if isinstance(cause, OSError)]
    found = next((match for text in texts if (match := re.match(r"Tunnel connection failed: (\d{3})\b", text))), None)
    if found:
        return proxy_refused(int(found[1]))
    return f"the proxy can't be reached: {PROXY}"


def proxy_refused(status: int) -> str:
    credentials = ", which must hold its user and password (http://user:password@host:port)" if status == 407 else ""
    return f"the proxy refused with {status}: {PROXY}{credentials}"


def _number(error: BaseException) -> str:
    numbers = (cause.errno for cause in _causes(error) if isinstance(cause, OSError))
    name = next((errno.errorcode[number] for number in numbers if number and number in errno.errorcode), "")
    return f" ({name})" if name and name != "ECONNREFUSED" else ""


def _openssl(error: BaseException) -> str:
    reason = str(getattr(error, "reason", "") or "")
    return f" ({reason})" if re.fullmatch(r"[A-Z0-9_]{1,60}", reason) else ""


def _is_about_ca_bundle(error: Exception, tls: BaseException | None) -> bool:
    """Where the file is missing `requests` raises a bare OSError; where it holds something else OpenSSL complains."""
    missing = type(error) is OSError and "CA certificate bundle" in str(error)
    return missing or getattr(tls, "library", "") in ("X509", "PEM")

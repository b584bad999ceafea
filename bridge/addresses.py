"""Addresses that an operator sets: checked whole, because a library takes half of a wrong one without a word.

No error quotes the address: it may hold a password, or be one.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

REDIS_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
PLAIN_OPTIONS = frozenset({"db", "username", "password", "client_name"})
TLS_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
TLS_OPTIONS = TLS_FILES | {"ssl_ca_path", "ssl_cert_reqs", "ssl_check_hostname"}
CERT_REQS = {"none": "none", "required": "required", "cert_none": "none", "cert_required": "required"}
_TIME_OUTS = "the service sets time-outs and retries itself"
_ANSWERS = "the service needs Redis's answers as they are"
REFUSED = {
    "timeout": _TIME_OUTS,
    "socket_timeout": _TIME_OUTS,
    "socket_connect_timeout": _TIME_OUTS,
    "socket_keepalive": _TIME_OUTS,
    "socket_read_size": _TIME_OUTS,
    "health_check_interval": _TIME_OUTS,
    "retry": _TIME_OUTS,
    "retry_on_error": _TIME_OUTS,
    "retry_on_timeout": _TIME_OUTS,
    "decode_responses": _ANSWERS,
    "encoding": _ANSWERS,
    "encoding_errors": _ANSWERS,
    "protocol": _ANSWERS,
    "legacy_responses": _ANSWERS,
    "max_connections": "the service sizes its connection pools itself",
    "connection_pool_class": "the service makes its connections itself",
    "family": "the host's name or address decides between IPv4 and IPv6",
}
"""Options of redis-py that would break the service, and why. Others than these are not named in an error: what looks
like an option may be a piece of a password."""

REDIS_FORM = (
    "should be redis://host:port/0, rediss://host:port/0 or unix:///path?db=0 (in a password # is %23, / is %2F, "
    "? is %3F, @ is %40)"
)
HOST = re.compile(r"[A-Za-z0-9_.\-\u0080-\U0010ffff]+|[0-9A-Fa-f:.]+(?:%\w+)?")
"""A name, in ASCII or in the letters of any language, or an IPv6 address."""
WEB_FORM = "should be an address such as https://example.com (or http://…)"


def web_address(text: str, with_query: bool = False) -> str:
    """An http(s) address, its scheme in lower case: a base for paths, without the slash at its end, or, `with_query`,
    an address that is used as it is. Raises ValueError."""
    parts = _split(text, WEB_FORM)
    if parts.scheme not in ("http", "https") or not parts.hostname or "://" in text[len(parts.scheme) + 3 :]:
        raise ValueError(WEB_FORM)
    if not _is_host(parts.hostname):
        raise ValueError("the host should be a name or an address in plain letters, digits, dots and hyphens")
    if parts.port == 0:
        raise ValueError("the port should be 1 to 65535")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "holds a user name or password, and the service would not send it: remove it from the address, and give "
            "the key in its own variable"
        )
    address = f"{parts.scheme}://{text.partition('://')[2]}"
    if with_query:
        if "#" in text:
            raise ValueError("should end before '#': what follows is for browsers, and is not sent")
        return address
    if "?" in text or "#" in text:
        raise ValueError("should end before '?' and '#': paths are appended to it")
    return address.rstrip("/")


def without_credentials(text: str) -> tuple[str, str | None, str | None]:
    """The address, and the user name and the password that it had before the host, decoded; None for each that it had
    not. An address that can't be read is returned as it is: `web_address` refuses it."""
    try:
        parts = urlsplit(text)
        user, password = parts.username, parts.password
    except ValueError:
        return text, None, None
    if user is None or parts.netloc not in text:
        return text, None, None
    address = text.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
    return address, unquote(user), None if password is None else unquote(password)


def redis_address(text: str) -> str:
    """An address that redis-py reads as it is meant. Raises ValueError."""
    parts = _split(text, REDIS_FORM)
    scheme = REDIS_SCHEMES.get(parts.scheme)
    if scheme is None and parts.scheme.startswith(("redis", "valkey")):
        raise ValueError("should be redis://, rediss:// or unix://: neither Sentinel nor Redis Cluster is supported")
    if scheme is None or "#" in text:
        raise ValueError(REDIS_FORM)
    options = _redis_options(parts, scheme)
    if scheme == "unix":
        if parts.hostname or not parts.path.startswith("/") or not parts.path.strip("/"):
            raise ValueError("should be unix:///path/of/the/socket, with three slashes")
    elif not parts.hostname or not parts.hostname.isascii() or parts.port == 0:
        raise ValueError(REDIS_FORM)
    elif parts.path not in ("", "/"):
        _check_database(parts.path[1:], "the part behind the host")
    netloc = _with_credentials(parts, options)
    query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in options.items())
    return f"{scheme}://{netloc}{parts.path}" + (f"?{query}" if query else "")


def _split(text: str, form: str) -> SplitResult:
    """urlsplit drops line ends and tabs silently, and its own errors quote what may be a piece of a password."""
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("holds blanks or invisible characters")
    if any("\uff00" <= character <= "\uffef" for character in text) or "\\" in text:
        raise ValueError("holds full-width characters or backslashes: type it in ASCII")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises ValueError
    except ValueError:
        raise ValueError(form) from None
    return parts


def _is_host(host: str) -> bool:
    """Whether no client changes the host: some read `127。0。0。1` or `①.example` as ASCII, and others refuse it."""
    odd = [letter for letter in host if not letter.isascii() and _in_ascii(letter).isascii()]
    return not odd and HOST.fullmatch(host) is not None and "" not in host.removesuffix(".").split(".")


def _in_ascii(letter: str) -> str:
    """As names of hosts are read: https://www.rfc-editor.org/rfc/rfc3490#section-3.1"""
    return unicodedata.normalize("NFKC", letter).replace("\u3002", ".")


def _redis_options(parts: SplitResult, scheme: str) -> dict[str, str]:
    allowed = PLAIN_OPTIONS | (TLS_OPTIONS if scheme == "rediss" else frozenset())
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ValueError("an option is given twice after '?'")
    for name in options:
        if name in REFUSED:
            raise ValueError(f"the option '{name}' is not allowed: {REFUSED[name]}")
        if name in TLS_OPTIONS and name not in allowed:
            raise ValueError(f"the option '{name}' needs rediss://: without TLS it has no effect")
        if name not in allowed:
            raise ValueError(f"holds an option that is not allowed; allowed are {', '.join(sorted(allowed))}")
        if not options[name]:
            raise ValueError(f"the option '{name}' is empty")
    return {name: _redis_option(name, value) for name, value in options.items()}


def _redis_option(name: str, value: str) -> str:
    if name == "db":
        _check_database(value, "the option 'db'")
    if name == "ssl_cert_reqs":
        if value.lower() not in CERT_REQS:
            raise ValueError("the option 'ssl_cert_reqs' should be required or none")
        return CERT_REQS[value.lower()]
    if name == "ssl_check_hostname" and value.lower() not in ("true", "false"):
        raise ValueError("the option 'ssl_check_hostname' should be true or false")
    if name in TLS_FILES and not Path(value).is_file():
        raise ValueError(f"the option '{name}' names a file that does not exist")
    return value


def _check_database(text: str, what: str) -> None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise ValueError(f"{what} should be the number of a database, such as 0")


def _with_credentials(parts: SplitResult, options: dict[str, str]) -> str:
    """Moves a user name and a password from the query to before the host: there the redactor knows them as secrets."""
    if {"username", "password"}.isdisjoint(options):
        return parts.netloc
    if parts.username or parts.password:
        raise ValueError("user name and password are given twice: before '@' and after '?'")
    user, password = options.pop("username", ""), options.pop("password", "")
    return f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"

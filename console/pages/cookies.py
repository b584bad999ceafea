"""Cookies of the console: never readable by scripts, and behind TLS never sent without it."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from console.pages import sessions

PREFIX = "__Host-"
"""Browsers take such a cookie only over TLS, from this host, for all paths (RFC 6265bis, 4.1.3)."""
SESSION_COOKIES = (sessions.COOKIE, PREFIX + sessions.COOKIE)


def is_tls(tls_only: bool) -> bool:
    """Whether the caller came over TLS. `tls_only`: CONSOLE_URL states that. Who makes up the header makes only their
    own cookies stricter."""
    return tls_only or request.is_secure or request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"


def session_cookie() -> str:
    return request.cookies.get(named(sessions.COOKIE), "")


def named(name: str) -> str:
    return PREFIX + name if g.tls else name


def set_cookie(answer: Response, name: str, value: str, seconds: int | None = None) -> None:
    """`seconds`: None for a cookie that ends with the browser."""
    answer.set_cookie(
        named(name),
        value,
        max_age=seconds,
        path="/",
        secure=g.tls,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(answer: Response, name: str) -> None:
    set_cookie(answer, name, "", 0)

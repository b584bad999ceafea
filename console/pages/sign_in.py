"""`/login` and `/logout`."""

from __future__ import annotations

import structlog
from flask import Blueprint, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from console.pages import sessions
from console.pages.console import Console, page
from console.pages.cookies import delete_cookie, session_cookie, set_cookie
from console.password import LONGEST_PASSWORD

log = structlog.get_logger("console")

BY_PASSWORD = "password"  # noqa: S105  the name of the way to sign in


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/login")
    def login() -> tuple[str, int] | Response:
        if g.session is not None:
            return redirect(local_path(request.args.get("next", "")))
        return form()

    @blueprint.post("/login")
    def sign_in() -> tuple[str, int] | Response:
        if console.password is None:
            return form("login.no_password", 403)
        password, given, address = console.password, request.form.get("password", ""), request.remote_addr
        verdict = console.attempts.check(address, lambda: len(given) <= LONGEST_PASSWORD and password.fits(given))
        if verdict.wait:
            if times := console.lines.count("too many"):
                log.warning("too many wrong passwords", address=address, seconds=verdict.wait, times=times)
            answer = make_response(form("login.too_many", 429, seconds=verdict.wait))
            answer.headers["Retry-After"] = str(verdict.wait)
            return answer
        if not verdict.is_right:
            log.warning("a wrong password", address=address)
            return form("login.wrong", 401)
        return signed_in(console, BY_PASSWORD, request.form.get("next", ""))

    @blueprint.post("/logout")
    def logout() -> Response:
        console.record("sign_out")
        console.sessions.end(session_cookie())
        answer = redirect(url_for("console.login", notice="signed_out"), 303)
        delete_cookie(answer, sessions.COOKIE)
        return answer

    def form(problem: str = "", status: int = 200, **values: int) -> tuple[str, int]:
        following = request.values.get("next", "")
        shown = g.t(problem, **values) if problem else ""
        return page("login", status, following=following, problem=shown, **ways(console))


def ways(console: Console) -> dict[str, bool]:
    """How one may sign in, for the page."""
    return {"by_password": console.password is not None, "by_oidc": console.provider is not None}


def signed_in(console: Console, who: str, following: str) -> Response:
    """Begins a session, ends the one before, and goes to the page that was asked for."""
    console.audit.add(who, "sign_in", "", request.remote_addr or "")
    console.sessions.end(session_cookie())
    answer = redirect(local_path(following), 303)
    set_cookie(answer, sessions.COOKIE, console.sessions.begin(who), sessions.SECONDS)
    return answer


def local_path(text: str) -> str:
    """The path if it leads to a page of this site, else `/`: nobody is sent elsewhere by a prepared link."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and " " not in text
    return text if is_local and len(text) < 2000 else "/"

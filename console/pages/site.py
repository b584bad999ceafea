"""The blueprint of the console: headers, language, session and CSRF around every page, and errors as pages."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, abort, g, make_response, redirect, request, url_for
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from console.pages import (
    audit_page,
    dead,
    deliveries,
    event,
    language,
    oidc_page,
    overview,
    preview_page,
    sign_in,
    tools,
)
from console.pages.console import Console, address_in, page
from console.pages.cookies import is_tls, named, session_cookie, set_cookie
from jobs.probe import is_full, sentence

log = structlog.get_logger("console")

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"
OPEN = {"console.login", "console.sign_in", "console.oidc", "console.oidc_callback", "console.static"}
"""Endpoints without a session."""
WITHOUT_TOKEN = {"console.sign_in", "console.logout"}
"""Changes without a CSRF token, see docs/decisions/0125-console-sessions.md."""
SAFE = {"GET", "HEAD", "OPTIONS"}
STATIC_SECONDS = 86_400


def make_blueprint(console: Console) -> Blueprint:
    blueprint = Blueprint(
        "console", "console", template_folder="templates", static_folder="static", static_url_path="/static"
    )
    service = console.configuration.service
    tls_only = bool(service.console_url and service.console_url.startswith("https:"))

    @blueprint.before_request
    def prepare() -> Response | None:
        chosen = request.args.get("language")
        _look_at_request(tls_only)
        if chosen and request.method == "GET":
            return _switched(chosen)
        if request.method not in SAFE and _is_from_elsewhere(service.console_url):
            abort(403, "elsewhere")
        if request.endpoint == "console.static":
            return None
        g.session = console.sessions.find(session_cookie())
        if g.session is None:
            return None if request.endpoint in OPEN else _to_login()
        if request.method not in SAFE and request.endpoint not in WITHOUT_TOKEN:
            given = request.form.get("csrf", "")
            if not hmac.compare_digest(given.encode("utf-8", "replace"), g.session.csrf.encode()):
                abort(403, "csrf")
        return None

    @blueprint.after_request
    def protect(answer: Response) -> Response:
        _protect(answer)
        is_static = request.endpoint == "console.static" and answer.status_code == 200
        answer.headers["Cache-Control"] = f"public, max-age={STATIC_SECONDS}" if is_static else "no-store"
        return answer

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[str, int] | Response:
        if error.response is not None or error.code is None or error.code < 400:
            return Response.force_type(error.get_response())
        kind = error.description if error.description in ("csrf", "elsewhere") else str(error.code)
        return page("error", error.code, kind=kind)

    @blueprint.errorhandler(RedisError)
    def no_redis(error: RedisError) -> tuple[str, int]:
        if times := console.lines.count("redis"):
            log.warning("a page could not be shown", because=sentence(error), times=times)
        return page("error", 503, kind="redis_full" if is_full(error) else "redis")

    for part in (sign_in, oidc_page, overview, deliveries, event, dead, tools, preview_page, audit_page):
        part.add(blueprint, console)
    return blueprint


def make_not_found(console: Console) -> Callable[[], Response | None]:
    """The page for an address that nothing has, for a person who is signed in; None for anybody else."""
    url = console.configuration.service.console_url
    tls_only = bool(url and url.startswith("https:"))

    def not_found() -> Response | None:
        wanted = request.accept_mimetypes.best_match(("application/json", "text/html"))
        if request.method not in SAFE or wanted != "text/html" or request.path.startswith(("/api/", "/webhook")):
            return None
        _look_at_request(tls_only)
        try:
            g.session = console.sessions.find(session_cookie())
        except RedisError:
            return None
        if g.session is None:
            return None
        answer = make_response(*page("error", 404, kind="address"))
        _protect(answer)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return not_found


def _look_at_request(tls_only: bool) -> None:
    g.tls = is_tls(tls_only)
    kept = request.args.get("language") or request.cookies.get(named(language.COOKIE))
    g.t = language.Translator(language.choose(kept, request.accept_languages))
    g.session = None


def _protect(answer: Response) -> None:
    answer.headers.update(HEADERS)
    if g.get("tls"):
        answer.headers["Strict-Transport-Security"] = HSTS


def _switched(chosen: str) -> Response:
    """The same page without the switch in its address; the choice is kept in a cookie."""
    answer = redirect(address_in(""))
    if chosen in language.LANGUAGES:
        set_cookie(answer, language.COOKIE, chosen, 366 * 86_400)
    return answer


def _to_login() -> Response:
    if request.method != "GET" or "fragment" in request.args:
        return redirect(url_for("console.login"))
    asked = request.full_path.removesuffix("?")
    return redirect(url_for("console.login", next=asked if asked != "/" else None))


def _is_from_elsewhere(console_url: str | None) -> bool:
    """Whether a browser marks the request as coming from another site. Programs send no such mark."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":  # `null` is what browsers send with Referrer-Policy: no-referrer
        return False
    ours = {request.host, urlsplit(console_url).netloc if console_url else ""}
    return urlsplit(origin).netloc not in ours

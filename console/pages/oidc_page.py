"""`/login/oidc`: to the OpenID provider and back."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Blueprint, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from console.pages.console import Console, page
from console.pages.cookies import delete_cookie, named, set_cookie
from console.pages.sign_in import local_path, signed_in, ways

log = structlog.get_logger("console")

COOKIE = "fb_oidc"
SECONDS = 600
"""For the sign-in at the provider."""
LONGEST_NAME = 200


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/login/oidc")
    def oidc() -> Response | tuple[str, int]:
        provider = _provider(console)
        from console.oidc import SignInFailed

        try:
            begun = provider.begin(_return_address(console))
        except SignInFailed as failure:
            return refused(failure.kind, str(failure), 502)
        answer = redirect(begun.url, 303)
        following = local_path(request.args.get("next", ""))
        set_cookie(answer, COOKIE, f"{begun.state}.{begun.nonce}.{begun.verifier}.{following}", SECONDS)
        return answer

    @blueprint.get("/login/oidc/callback")
    def oidc_callback() -> Response | tuple[str, int]:
        """The browser comes back from the provider."""
        provider, allow = _provider(console), console.configuration.service.oidc_allow
        from console.oidc import SignInFailed

        kept = request.cookies.get(named(COOKIE), "").split(".", 3)
        if len(kept) != 4 or not _same(kept[0], request.args.get("state", "")):
            # One that this browser has begun goes on: a prepared link cannot end it.
            return refused("login.oidc.expired", "the answer belongs to no sign-in of this browser", 400, ends=False)
        _, nonce, verifier, following = kept
        claims: dict[str, Any] = {}

        def is_proven() -> bool:
            claims.update(provider.finish(nonce, verifier, _return_address(console), request.args))
            return allow is not None and allow.admits(claims)

        try:
            # Each asks the provider: as many as there may be wrong passwords.
            verdict = console.attempts.check(request.remote_addr, is_proven)
        except SignInFailed as failure:
            return refused(failure.kind, str(failure), 502 if failure.kind.endswith("unavailable") else 403)
        if verdict.wait:
            return refused("login.oidc.too_many", "too many attempts", 429)
        if not verdict.is_right:
            return refused("login.oidc.not_allowed", "OIDC_ALLOW does not name this person", 403)
        answer = signed_in(console, name_of(claims), following)
        delete_cookie(answer, COOKIE)
        return answer

    def refused(kind: str, why: str, status: int, ends: bool = True) -> Response:
        if times := console.lines.count(kind):
            log.warning("no sign-in by OIDC", because=why, address=request.remote_addr, times=times)
        text = g.t(kind)
        shown = page("login", status, following="", problem=text, **ways(console))
        answer = make_response(shown)
        if ends:
            delete_cookie(answer, COOKIE)
        return answer


def _provider(console: Console) -> Any:
    if console.provider is None:
        abort(404)
    return console.provider


def _return_address(console: Console) -> str:
    base = console.configuration.service.console_url or f"{'https' if g.tls else 'http'}://{request.host}"
    return base + url_for("console.oidc_callback")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def name_of(claims: Mapping[str, Any]) -> str:
    """How the audit names the person: by the verified address, else by the provider's id."""
    address = claims.get("email") if claims.get("email_verified") is True else None
    return str(address or f"sub:{claims.get('sub')}")[:LONGEST_NAME]

"""A small OpenID provider on loopback, as strict as the specification: https://openid.net/specs/openid-connect-core-1_0.html

Metadata, authorization code with PKCE (S256 only, RFC 7636), a code that is valid once and for a minute, signed ID
tokens, user info. Each visitor of the authorization page is signed in as `person`. With `twist` a test changes an
answer, to show that a wrong answer is refused.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey

CODE_SECONDS = 60
TOKEN_SECONDS = 300


@dataclass
class OpenId:
    """One provider with one client. `in_userinfo`: claims that only the user info contains, as with some providers."""

    redirect_uri: str = ""
    issuer: str = ""
    client_id: str = "console-of-the-tests"
    client_secret: str = "made-up-client-secret-0001"
    person: dict[str, Any] = field(default_factory=dict)
    in_userinfo: tuple[str, ...] = ()
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    metadata: dict[str, Any] = field(default_factory=dict)
    """Values that replace those of its metadata."""
    twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    """Changes the claims of the ID token."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Replaces its own signature."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "of the tests", "use": "sig", "alg": "ES256"})

    def signed(self, claims: dict[str, Any], key: ECKey | None = None) -> str:
        return jwt.encode({"alg": "ES256", "kid": "of the tests"}, claims, key or self.key)


def create_app(provider: OpenId) -> Flask:
    app = Flask(__name__)

    @app.get("/.well-known/openid-configuration")
    def metadata() -> Response:
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
            "userinfo_endpoint": "userinfo",
        }
        return jsonify(
            {
                "issuer": provider.issuer,
                **{name: f"{provider.issuer}/{path}" for name, path in endpoints.items()},
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "scopes_supported": provider.scopes,
                "token_endpoint_auth_methods_supported": provider.auth_methods,
                "code_challenge_methods_supported": ["S256"],
                **provider.metadata,
            }
        )

    @app.get("/authorize")
    def authorize() -> Response | tuple[Response, int]:
        given = request.args
        if given.get("client_id") != provider.client_id or given.get("redirect_uri") != provider.redirect_uri:
            return jsonify(error="invalid_request"), 400  # never redirect to an address that is not registered
        scopes = given.get("scope", "").split()
        state = {"state": given["state"]} if "state" in given else {}
        if not provider.person:
            return _back({"error": "access_denied", **state})
        if given.get("response_type") != "code" or "openid" not in scopes or not given.get("nonce"):
            return _back({"error": "invalid_request", **state})
        if not set(scopes) <= set(provider.scopes):
            return _back({"error": "invalid_scope", **state})
        if given.get("code_challenge_method") != "S256" or len(given.get("code_challenge", "")) != 43:
            return _back({"error": "invalid_request", "error_description": "PKCE", **state})
        code = secrets.token_urlsafe(16)
        provider.codes[code] = {
            "nonce": given["nonce"],
            "challenge": given["code_challenge"],
            "scope": given["scope"],
            "until": str(time.time() + CODE_SECONDS),
        }
        return _back({"code": code, **state})

    def _back(parameters: dict[str, str]) -> Response:
        answer: Response = redirect(f"{provider.redirect_uri}?{urlencode(parameters)}")  # type: ignore[assignment]
        return answer

    @app.post("/token")
    def token() -> tuple[Response, int] | Response:
        if not _is_client():
            return jsonify(error="invalid_client"), 401
        form = request.form
        found = provider.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_good = (
            found is not None
            and form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == provider.redirect_uri
            and time.time() < float(found["until"])
            and secrets.compare_digest(found["challenge"], challenge)
        )
        if not is_good or found is None:
            return jsonify(error="invalid_grant"), 400
        access = secrets.token_urlsafe(16)
        provider.tokens.add(access)
        now = int(time.time())
        shown = {name: value for name, value in provider.person.items() if name not in provider.in_userinfo}
        claims = provider.twist(
            {
                "iss": provider.issuer,
                "aud": provider.client_id,
                "iat": now,
                "exp": now + TOKEN_SECONDS,
                "nonce": found["nonce"],
                **shown,
            }
        )
        id_token = provider.sign(claims) if provider.sign else provider.signed(claims)
        return jsonify(access_token=access, token_type="Bearer", expires_in=TOKEN_SECONDS, id_token=id_token)

    def _is_client() -> bool:
        basic = request.authorization
        if basic and basic.type == "basic" and "client_secret_basic" in provider.auth_methods:
            given = (unquote(basic.username or ""), unquote(basic.password or ""))
        elif "client_secret_post" in provider.auth_methods:
            given = (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        else:
            return False
        return given == (provider.client_id, provider.client_secret)

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify(keys=[provider.key.as_dict(private=False)])

    @app.get("/userinfo")
    def userinfo() -> tuple[Response, int] | Response:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or given not in provider.tokens:
            return jsonify(error="invalid_token"), 401
        return jsonify(provider.person)

    return app

"""Sign-in at an OpenID provider: authorization code with PKCE, state and nonce; the ID token is verified whole.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, by Authlib (extra `oidc`).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from bridge.http import NoAnswer, guard, new_session, send
from bridge.networks import is_loopback
from bridge.service import ServiceSettings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make. `none`, and those that our client secret could make, are refused."""
METADATA_SECONDS = 600
REST_SECONDS = 5.0
"""For which a provider that failed is not asked for its metadata again."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
ANSWER_BYTES = 512 * 1024
SECONDS = 10.0
"""For each request to the provider; a person waits."""


class SignInFailed(Exception):
    """The provider did not prove who it is; `kind` names a text of the console, the message is for the log."""

    def __init__(self, kind: str, why: str) -> None:
        self.kind = kind
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps until it comes back; `url`: where it is sent."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """Used by many threads."""

    def __init__(self, service: ServiceSettings) -> None:
        assert service.oidc_client_secret is not None
        self._issuer = service.oidc_issuer or ""
        self._client_id = service.oidc_client_id or ""
        self._secret = service.oidc_client_secret.get_secret_value()
        self._wants_roles = bool(service.oidc_allow and service.oidc_allow.roles)
        self._http = new_session(answer_bytes=ANSWER_BYTES)
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._until = self._rests = float("-inf")
        self._failure = ""

    def begin(self, redirect_uri: str) -> Begun:
        """Raises SignInFailed."""
        metadata = self._known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(metadata, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return Begun(url, state, nonce, verifier)

    def finish(self, nonce: str, verifier: str, redirect_uri: str, answer: Mapping[str, str]) -> Mapping[str, Any]:
        """The claims of the person who signed in. `answer`: the parameters with which the browser came back, whose
        state was compared. Raises SignInFailed."""
        metadata = self._known()
        if "error" in answer:
            raise SignInFailed("login.oidc.refused", f"the provider answered {answer['error'][:60]!r}")
        if answer.get("iss", metadata["issuer"]) != metadata["issuer"]:  # RFC 9207: another provider's answer
            raise SignInFailed("login.oidc.failed", "the answer names another issuer")
        token = self._token(metadata, redirect_uri, verifier, answer.get("code", ""))
        claims = self._verified(metadata, token, nonce)
        if "userinfo_endpoint" in metadata and not ("email" in claims and (not self._wants_roles or "roles" in claims)):
            found = self._get(metadata["userinfo_endpoint"], {"Authorization": f"Bearer {token['access_token']}"})
            if (
                found.get("sub") != claims["sub"]
            ):  # https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
                raise SignInFailed("login.oidc.failed", "the user info is about another subject")
            claims = {**found, **claims}
        return claims

    def _known(self) -> dict[str, Any]:
        """The provider's metadata, read again after a while.

        Anybody can cause a call of this, and the threads for that are few: one thread waits for a provider that hangs,
        the others take what was known, or fail.
        """
        if time.monotonic() < self._until:
            return self._metadata
        if not self._lock.acquire(blocking=False):
            if self._metadata:
                return self._metadata
            raise SignInFailed("login.oidc.unavailable", "the provider has not answered an earlier request yet")
        try:
            if time.monotonic() < self._rests:
                raise SignInFailed("login.oidc.unavailable", f"it is not asked again yet: {self._failure}")
            try:
                self._metadata = self._read()
            except SignInFailed as failure:
                self._rests, self._failure = time.monotonic() + REST_SECONDS, str(failure)
                raise
            self._until = time.monotonic() + METADATA_SECONDS
            return self._metadata
        finally:
            self._lock.release()

    def _read(self) -> dict[str, Any]:
        found = self._get(f"{self._issuer}/.well-known/openid-configuration")
        needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(isinstance(found.get(name), str) for name in needed):
            raise SignInFailed("login.oidc.unavailable", "the metadata of OIDC_ISSUER is not complete")
        if found["issuer"].rstrip("/") != self._issuer.rstrip("/"):
            raise SignInFailed("login.oidc.unavailable", "the metadata names another issuer than OIDC_ISSUER")
        places = [found[name] for name in (*needed[1:], "userinfo_endpoint") if name in found]
        if not all(isinstance(place, str) and is_safe(place) for place in places):
            raise SignInFailed("login.oidc.unavailable", "the metadata names an address without https")
        return found

    def _get(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = send(self._http, "GET", url, headers=headers, total_seconds=SECONDS)
        except NoAnswer as error:
            raise SignInFailed("login.oidc.unavailable", f"the provider does not answer: {error}") from None
        found = answer.json()
        if not answer.ok or not isinstance(found, dict):
            raise SignInFailed("login.oidc.unavailable", f"the provider answered {answer.status}")
        return found

    def _client(self, metadata: Mapping[str, Any], redirect_uri: str) -> OAuth2Session:
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        client = OAuth2Session(
            self._client_id,
            self._secret,
            token_endpoint_auth_method=next(
                (name for name in ("client_secret_basic", "client_secret_post") if name in methods),
                "client_secret_basic",
            ),
            scope=self._scope(metadata),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=SECONDS,
        )
        client.trust_env = False
        guard(client, 1, ANSWER_BYTES)
        return client

    def _scope(self, metadata: Mapping[str, Any]) -> str:
        """`roles` only where it is needed and known: some providers refuse what they do not know."""
        known = metadata.get("scopes_supported")
        asks = self._wants_roles and isinstance(known, list) and "roles" in known
        return "openid email profile roles" if asks else "openid email profile"

    def _token(self, metadata: Mapping[str, Any], redirect_uri: str, verifier: str, code: str) -> Mapping[str, Any]:
        try:
            with self._client(metadata, redirect_uri) as client:
                token = client.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=verifier, allow_redirects=False
                )
        except OAuthError as error:
            raise SignInFailed("login.oidc.failed", f"the code was refused: {str(error.error)[:60]!r}") from None
        except (NoAnswer, OSError, ValueError) as error:
            raise SignInFailed("login.oidc.unavailable", f"no token: {type(error).__name__}") from None
        if not isinstance(token, dict) or not all(
            isinstance(token.get(key), str) for key in ("id_token", "access_token")
        ):
            raise SignInFailed("login.oidc.failed", "the answer has no ID token")
        return token

    def _verified(self, metadata: Mapping[str, Any], token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        keys = self._get(metadata["jwks_uri"])
        try:
            registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
            decoded = jwt.decode(token["id_token"], key=KeySet.import_key_set(cast(Any, keys)), registry=registry)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self._client_id},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": token["access_token"]},
            )
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInFailed("login.oidc.failed", f"the ID token is not valid: {type(error).__name__}") from None
        return dict(claims)


def is_safe(url: str) -> bool:
    """https, or plain on this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))

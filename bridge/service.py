"""The service's own settings; connectors and sources bring theirs."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from bridge.addresses import redis_address
from bridge.console_access import Allowed, read_allow
from bridge.networks import Network, is_loopback, read_network
from bridge.settings import Settings, TextList, WebAddress, parse_list
from bridge.values import parts_of

WEEK = 7 * 86_400
YEAR = 366 * 86_400


def _check_redis_url(value: SecretStr) -> SecretStr:
    return SecretStr(redis_address(value.get_secret_value()))


SHORTEST_PASSWORD = 8
SHORTEST_SECRET = 16


HASH = re.compile(
    r"\$argon2(?:id|i|d)\$v=\d{1,3}\$m=\d{1,9},t=\d{1,5},p=\d{1,3}\$[A-Za-z0-9+/]{11,200}\$[A-Za-z0-9+/]{16,200}"
)
"""An argon2 hash as its library writes it (https://github.com/P-H-C/phc-string-format)."""


def _check_password(value: SecretStr) -> SecretStr:
    if value.get_secret_value().startswith("$argon2"):
        if not HASH.fullmatch(value.get_secret_value()):
            raise ValueError(
                "looks like an argon2 hash, but is not valid: it should be $argon2id$v=19$m=…,t=…,p=…$salt$hash (in "
                "single quotes in .env, because of the $ signs)"
            )
        return value
    if not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
        raise ValueError(
            "should be of ASCII letters, digits and signs: the JSON API takes it from an HTTP header. "
            "The argon2 hash of any password works, but for the sign-in only"
        )
    if len(value.get_secret_value()) < SHORTEST_PASSWORD:
        raise ValueError(f"should have at least {SHORTEST_PASSWORD} characters (openssl rand -hex 16 makes a good one)")
    return value


def _check_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"should have at least {SHORTEST_SECRET} characters (openssl rand -hex 32 makes a good one)")
    return value


def _parse_networks(value: object) -> object:
    parsed = parse_list(value)
    return (
        [read_network(text) if isinstance(text, str) else text for text in parsed]
        if isinstance(parsed, list)
        else parsed
    )


def _parse_allow(value: object) -> object:
    return read_allow(parts_of(value)) if isinstance(value, str) else value


def _check_issuer(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("should be an https address (http only on loopback)")
    if find_spec("authlib") is None:
        raise ValueError("needs the package Authlib: uv sync --extra oidc, or pip install -r requirements/oidc.txt")
    return address


def _check_dsn(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.username or not parts.path.rpartition("/")[2].isdecimal():
        raise ValueError("should be the DSN that Sentry shows for a project: https://<key>@<host>/<number>")
    if find_spec("sentry_sdk") is None:
        raise ValueError(
            "needs the package sentry-sdk: uv sync --extra sentry, or pip install -r requirements/sentry.txt"
        )
    return value


def _check_collector(address: str) -> str:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        raise ValueError("needs OpenTelemetry: uv sync --extra otel, or pip install -r requirements/otel.txt")
    return address


Language = Literal["en", "ko", "ja"]


def _check_instance(name: str) -> str:
    # Part of Redis keys and of Jira labels, which take no blanks.
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise ValueError("should be 1 to 40 characters of A-Z a-z 0-9 _ -")
    return name


class ServiceSettings(Settings):
    """What web, worker and the commands share."""

    redis_url: Annotated[SecretStr, AfterValidator(_check_redis_url)] = SecretStr("redis://127.0.0.1:6379/0")
    redis_tls_verify: bool = True
    # Of each process. A worker needs one to wait for jobs; clock, leases and deliveries share the others.
    redis_max_connections: Annotated[int, Field(ge=3, le=1000)] = 5
    connectors: TextList = Field(default=[])
    allowed_ips: Annotated[list[Network], BeforeValidator(_parse_networks)] = Field(default=[], min_length=1)
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    max_body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1_048_576
    console_password: Annotated[SecretStr, AfterValidator(_check_password)] | None = None
    console_url: WebAddress | None = None
    console_secret: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    oidc_issuer: Annotated[WebAddress, AfterValidator(_check_issuer)] | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_allow: Annotated[Allowed, BeforeValidator(_parse_allow)] | None = None
    reconcile_every: Annotated[int, Field(ge=0, le=WEEK)] = 300
    reconcile_lookback: Annotated[int, Field(ge=60, le=YEAR)] = 86_400
    alert_max_age: Annotated[int, Field(ge=0, le=YEAR)] = 86_400
    worker_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    # As long as a delivery may wait before it is dead (`jobs.delivery.schedule.GIVE_UP_AFTER`), and longer than a dead
    # letter waits until a success brings it back: what is retried or repeated must still be known.
    retention_days: Annotated[float, Field(ge=3, le=3650)] = 30
    bridge_instance: Annotated[str, AfterValidator(_check_instance)] = "default"
    bridge_language: Language = "en"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    sentry_dsn: Annotated[SecretStr, AfterValidator(_check_dsn)] | None = None
    otel_exporter_otlp_endpoint: Annotated[WebAddress, AfterValidator(_check_collector)] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    web_concurrency: Annotated[int, Field(ge=1, le=64)] = 1

    @property
    def has_console(self) -> bool:
        """Whether anybody can sign in."""
        return self.console_password is not None or self.oidc_issuer is not None

    @model_validator(mode="after")
    def _all_of_oidc(self) -> Self:
        """Nobody is let in by a provider of which a part is missing."""
        fields = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_allow")
        unset = [field for field in fields if getattr(self, field) is None]
        if 0 < len(unset) < len(fields):
            given = next(field for field in fields if field not in unset)
            problems = [f"{self.variable(f)}: required with {self.variable(given)}, but not set" for f in unset]
            raise ValueError("\n".join(problems))
        return self

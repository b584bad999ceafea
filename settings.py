"""The environment, read once and validated whole: every problem is told at once, by variable name.

A settings class is a pydantic model whose field names are the variables' names in lower case; `load()` fills it from
an environment. Each variable may also be given as NAME_FILE, a path whose content is the value. An empty value counts
as unset, so that a line left empty in `.env` means the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

T = TypeVar("T")
S = TypeVar("S", bound="Settings")

EXIT_BAD_CONFIG = 78  # EX_CONFIG of sysexits.h: process managers and operators can tell it from a crash


class ConfigError(Exception):
    """What is wrong with the environment: one `VARIABLE: what to do` line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class KeyMap(Generic[T]):
    """A value for each key with a default: `*=#feedback,2=#mobile`. A single plain value is the default.

    Keys are ABC project ids as text. `get()` answers None where neither the key nor `*` is there.
    """

    def __init__(self, values: Mapping[str, T]) -> None:
        self._values = dict(values)

    def get(self, key: object) -> T | None:
        return self._values.get(str(key), self._values.get("*"))

    def items(self) -> Iterator[tuple[str, T]]:
        return iter(self._values.items())

    def __repr__(self) -> str:
        return f"KeyMap({self._values!r})"


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise ValueError(f"'{part.strip()}' should be key=value")
        if key.strip() in pairs:
            raise ValueError(f"the key '{key.strip()}' is given twice")
        pairs[key.strip()] = value.strip()
    return pairs


def _parse_pairs(value: object) -> object:
    return _pairs(value) if isinstance(value, str) else value


def _parse_text_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "=" not in value:
        return KeyMap({"*": value.strip()})
    return KeyMap(_pairs(value))


def _parse_secret_map(value: object) -> object:
    try:
        parsed = _parse_text_map(value)
        if not isinstance(parsed, KeyMap):
            return parsed
        if not all(project == "*" or project.isdecimal() for project, _ in parsed.items()):
            raise ValueError  # a single key that holds a = looks like that, too
    except ValueError:
        # The usual message quotes the part that is wrong: here that part is a secret.
        raise ValueError("should be one key, or a list of project id=key, each project once (*=key: all)") from None
    return KeyMap({key: SecretStr(secret) for key, secret in parsed.items()})


def _parse_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or len(value) < len("http://x"):
        raise ValueError("should be an address that starts with https:// (or http://)")
    return value.rstrip("/")


def _check_redis_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        parts.port  # noqa: B018  raises ValueError
    except ValueError:
        parts = None
    # The words are ours: urlsplit's own quote what may be a piece of the password.
    if parts is None or parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
        raise ValueError(
            "should be redis://host:port/0, rediss://… or unix:///path (in a password # is %23, / is %2F, @ is %40)"
        )
    return value


def _check_password(value: SecretStr) -> SecretStr:
    if not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
        raise ValueError("should be of ASCII letters, digits and signs: it is sent in an HTTP header")
    return value


def _network(value: str) -> IPv4Network | IPv6Network:
    return ip_network(value, strict=False)


Pairs = Annotated[dict[str, str], BeforeValidator(_parse_pairs)]
"""`a=b,c=d`, in the order given."""
TextMap = Annotated[KeyMap[str], BeforeValidator(_parse_text_map)]
"""A KeyMap of texts."""
SecretMap = Annotated[KeyMap[SecretStr], BeforeValidator(_parse_secret_map)]
"""A KeyMap of secrets."""
TextList = Annotated[list[str], BeforeValidator(_parse_list)]
"""Comma-separated, blanks trimmed, empty parts dropped."""
WebAddress = Annotated[str, AfterValidator(_web_address)]
"""http(s) address without the trailing slash."""


class Settings(BaseModel):
    """Base of every settings class; see `load()`."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def _parse_tokens(value: object) -> object:
    parsed = _parse_list(value)
    return [SecretStr(token) for token in parsed] if isinstance(parsed, list) else parsed


def _check_tokens(tokens: list[SecretStr]) -> list[SecretStr]:
    if not tokens:
        raise ValueError("names no token")
    for token in tokens:
        text = token.get_secret_value()
        # ABC's own rule (CONTRACT: at least 16 of [A-Za-z0-9._-]); a token it can't hold would never match.
        if len(text) < 16 or not all(c.isascii() and (c.isalnum() or c in "._-") for c in text):
            raise ValueError("each token needs at least 16 characters of A-Z a-z 0-9 . _ -")
    return tokens


def _parse_networks(value: object) -> object:
    parsed = _parse_list(value)
    return (
        [_network(text) if isinstance(text, str) else text for text in parsed] if isinstance(parsed, list) else parsed
    )


def _parse_channels(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition(":") for part in value.split(",") if part.strip()]
    if not all(project.isdigit() and channel.isdigit() for project, _, channel in pairs):
        raise ValueError("should be a list of project:channel ids, such as 1:1,1:2")
    return [(int(project), int(channel)) for project, _, channel in pairs]


Channels = Annotated[list[tuple[int, int]], BeforeValidator(_parse_channels)]
"""`project:channel` ids of ABC."""
Language = Literal["en", "ko", "ja"]


class ServiceSettings(Settings):
    """What web, worker and the commands share; connectors bring their own (`connectors/<name>/settings.py`)."""

    webhook_token: Annotated[list[SecretStr], BeforeValidator(_parse_tokens), AfterValidator(_check_tokens)] = []
    redis_url: Annotated[SecretStr, AfterValidator(_check_redis_url)] = SecretStr("redis://127.0.0.1:6379/0")
    redis_tls_verify: bool = True
    connectors: TextList = []
    abc_api_url: WebAddress | None = None
    abc_api_key: SecretMap = KeyMap({})
    allowed_ips: Annotated[list[IPv4Network | IPv6Network], BeforeValidator(_parse_networks), Field(min_length=1)] = []
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    max_body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1_048_576
    console_password: Annotated[SecretStr, AfterValidator(_check_password)] | None = None
    reconcile_every: Annotated[int, Field(ge=0)] = 300
    reconcile_lookback: Annotated[int, Field(ge=60)] = 86_400
    alert_max_age: Annotated[int, Field(ge=0)] = 86_400
    reconcile_channels: Channels = []
    worker_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    retention_days: Annotated[float, Field(gt=0, le=3650)] = 30
    # Part of Redis keys and of Jira labels, which take no blanks.
    bridge_instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "default"
    bridge_language: Language = "en"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    web_concurrency: Annotated[int, Field(ge=1, le=64)] = 1


def load(cls: type[S], environ: Mapping[str, str]) -> S:
    """Fills `cls` from `environ`.

    Raises ConfigError naming every variable that is wrong; a value is never part of the message (it may be a secret).
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in cls.model_fields:
        name = field.upper()
        try:
            value = read_variable(name, environ)
        except ConfigError as error:
            problems += error.problems
            continue
        if value is not None:
            values[field] = value
    try:
        settings = cls.model_validate(values)
    except ValidationError as error:
        problems += [_problem(detail) for detail in error.errors(include_input=False, include_url=False)]
    if problems:
        raise ConfigError(problems)
    return settings


def read_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of `name`, or the content of the file that `name`_FILE names; None when neither is set.

    Raises ConfigError when both are set or the file can't be read.
    """
    value = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise ConfigError([f"{name}: set either {name} or {name}_FILE, not both"])
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{name}_FILE: can't read {path}: {type(error).__name__}"]) from None
    return value or None


def _problem(detail: Any) -> str:
    variable = str(detail["loc"][0]).upper() if detail["loc"] else ""
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "missing":
        message = "required, but not set"
    return f"{variable}: {message}" if variable else message

"""Systems that accept messages by POST to a secret address, which belongs to one channel."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, field_validator

from bridge.http import SMALL_ANSWER_BYTES, Answer, NoAnswer, new_session, send
from bridge.settings import KeyMap, secret_map
from connectors.alerts.contents import Content
from connectors.alerts.flow import AlertConnector
from connectors.alerts.poster import Marker, Posted, Refused, Target, may_be_done
from connectors.alerts.settings import AlertSettings, check_keys, host_of
from connectors.answers import code_of, refused
from connectors.base import Check, Connector, Failed, Reason, Retry, Spec, Tools, note


def _parse_addresses(value: object) -> object:
    """A single address may contain `=` in its query; a list begins with a project or `*`."""
    alone = isinstance(value, str) and value.strip().startswith(("https://", "http://")) and "," not in value
    return secret_map(f"*={value}" if alone else value, "address")


def _check_addresses(values: KeyMap[SecretStr]) -> KeyMap[SecretStr]:
    if not all(host_of(address.get_secret_value()) for _, address in values.items()):
        raise ValueError("each should be an address that begins with https:// (http:// on loopback only)")
    return values


AddressMap = Annotated[
    KeyMap[SecretStr],
    BeforeValidator(_parse_addresses),
    AfterValidator(check_keys),
    AfterValidator(_check_addresses),
]
"""A KeyMap of secret addresses."""


class WebhookSettings(AlertSettings):
    """Each address is a channel. Projects with the same address share its name, its rate and its breaker.

    A system with its own hosts sets HOST and PATH: an address at such a host must have such a path, including its
    query. EXAMPLE shows one.
    """

    CHANNELS = "webhook_url"
    HOST: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    PATH: ClassVar[re.Pattern[str]] = re.compile(r"")
    EXAMPLE: ClassVar[str] = ""

    webhook_url: AddressMap

    @field_validator("webhook_url")
    @classmethod
    def _check_paths(cls, values: KeyMap[SecretStr]) -> KeyMap[SecretStr]:
        for address in (secret.get_secret_value() for _, secret in values.items()):
            path = urlsplit(address)._replace(scheme="", netloc="").geturl()
            if cls.HOST.fullmatch(host_of(address)) and not cls.PATH.fullmatch(path):
                raise ValueError(f"should be the address that is shown for a webhook: {cls.EXAMPLE}")
        return values

    def addresses(self) -> dict[str, str]:
        """The address of each channel, by the name of the channel."""
        found: dict[str, str] = {}
        for project, address in self.webhook_url.items():
            found.setdefault(
                address.get_secret_value(), "webhook" if project == "*" else f"webhook of project {project}"
            )
        return {name: address for address, name in found.items()}

    def channel_of(self, project: int | str) -> str | None:
        secret = self.webhook_url.get(project)
        names = {address: name for name, address in self.addresses().items()}
        return names[secret.get_secret_value()] if secret else None


LONGEST_REST = 3600.0
"""Seconds."""
GONE = (401, 403, 404, 410)
DEFECT = "this is a defect of Feedback Bridge: please report it"


class WebhookPoster:
    """Posts `body` to the address of the channel. An adapter sets `system`, `gone` and other values that differ; it
    implements `body`, and `code` if the system has codes for its errors."""

    system: str
    gone: str
    """The advice if the system refuses the address itself; `{webhook_url}` is the name of the variable."""
    refusals: ClassVar[Mapping[str, tuple[Reason, str]]] = {}
    """Codes that are final, with the reason and what to do."""
    headers: ClassVar[dict[str, str]] = {}
    query: ClassVar[dict[str, str]] = {}
    shows_itself: ClassVar[bool] = False
    """Whether the system answers a GET of the address in the same way as an accepted message."""

    def __init__(self, settings: WebhookSettings, pool: int) -> None:
        self._settings = settings
        self._addresses = settings.addresses()
        self._session = new_session(pool, answer_bytes=SMALL_ANSWER_BYTES)

    def body(self, content: Content) -> dict[str, Any]:
        """The JSON of one message. Pure."""
        raise NotImplementedError

    def code(self, answer: Answer) -> object:
        """The system's own error code; None if the answer has none."""
        return mapping(answer).get("code")

    def result(self, answer: Answer) -> dict[str, str]:
        """The values that are recorded with a success."""
        del answer
        return {}

    def is_taken(self, answer: Answer) -> bool:
        """Whether an answer with a success status is from the system itself: another server may be at the address."""
        return answer.ok

    def refusal(self, answer: Answer) -> Refused | None:
        """The error that an answer means; None for a success."""
        if not answer.ok:
            return self.refused(answer)
        if self.is_taken(answer):
            return None
        why = f"the answer is not from {self.system}; the message may have been posted"
        return Refused(Retry(why, "ambiguous"), maybe_done=True)

    def doubt(self, address: str) -> str:  # noqa: ARG002
        """What looks wrong about an address that is accepted nevertheless; "" for nothing. For `flask check`."""
        return ""

    def too_many(self, after: float | None) -> Refused:
        """The error that asks to wait; `after`: seconds, None if the system names no time."""
        return Refused(Retry(f"{self.system} refused: too many messages", "rate_limited", after))

    def message(self, content: Content, target: Target, marker: Marker) -> dict[str, Any]:  # noqa: ARG002
        return self.body(content)

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        address, body = self._addresses[target.channel], self.message(content, target, marker)
        answer = send(self._session, "POST", address, headers=self.headers, params=self.query, json_body=body)
        if refusal := self.refusal(answer):
            raise refusal
        return Posted(self.result(answer), rest=rest_of(answer))

    def refused(self, answer: Answer) -> Refused:
        """The error by the code if it is known, else by the status. It never quotes the body, which may contain the
        secret address."""
        code = str(self.code(answer))
        if code in self.refusals:
            return self.failed(code, *self.refusals[code])
        if answer.status in GONE:
            return self.failed(str(answer.status), "auth", self.gone)
        shown = code_of(self.code(answer), [answer.request])
        outcome = refused(self.system, answer.status, shown, answer.retry_after)
        return Refused(outcome, maybe_done=may_be_done(answer.status))

    def failed(self, code: str, reason: Reason, advice: str) -> Refused:
        advice = advice.format(webhook_url=self._settings.variable("webhook_url"))
        return Refused(Failed(f"{self.system} refused ({code}): {advice}", reason))

    def check(self) -> Iterator[Check]:
        """Checks each address by a GET, which posts nothing."""
        variable = self._settings.variable("webhook_url")
        for channel, address in self._addresses.items():
            yield self._reached(channel, address)
            if doubt := self.doubt(address):
                yield note(f"{variable}, {channel}: {doubt}")
        if not self.shows_itself:
            yield note(f"only a message shows whether {variable} works: flask send-test")

    def _reached(self, channel: str, address: str) -> Check:
        variable = self._settings.variable("webhook_url")
        try:
            answer = send(self._session, "GET", address)
        except NoAnswer as error:
            return Check(False, f"{self.system}, {channel}: {error}; look at {variable}")
        if not self.shows_itself:
            return Check(True, f"{self.system} is reached ({channel})")  # any answer counts
        if answer.ok and self.is_taken(answer):
            return Check(True, f"{self.system} has the {channel}")
        why = f"the answer is not from {self.system}" if answer.ok else self.refused(answer).outcome.why
        return Check(False, f"{channel}: {why}; look at {variable}")


def webhook_spec(settings: type[WebhookSettings], poster: type[WebhookPoster], *locates: str) -> Spec:
    """The declaration of an adapter: the object `SPEC` of its package. `locates`: see Spec."""

    def build(given: WebhookSettings, tools: Tools) -> Connector:
        return AlertConnector(given, tools, poster(given, tools.concurrency))

    return Spec(
        kind=settings.PREFIX,
        settings=settings,
        default_events=("ISSUE_STATUS_CHANGE",),
        build=build,
        locates=frozenset(locates),
    )


def mapping(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; empty if it has none."""
    body = answer.json()
    return body if isinstance(body, dict) else {}


def rest_of(answer: Answer) -> float:
    """Seconds until the system accepts the next message; 0 if it accepts more now. Reads the headers of most systems:
    `X-RateLimit-Remaining` with `X-RateLimit-Reset-After` or `X-RateLimit-Reset`."""
    if answer.headers.get("X-RateLimit-Remaining", "").strip() != "0":
        return 0.0
    after = answer.headers.get("X-RateLimit-Reset-After") or answer.headers.get("X-RateLimit-Reset")
    seconds = seconds_of(after)
    return seconds if seconds <= LONGEST_REST else 0.0  # a larger number is a time, not a duration


def seconds_of(value: object) -> float:
    """A number of seconds, perhaps with a fraction; 0 if the value is not a number."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0

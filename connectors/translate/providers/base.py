"""What a provider is, and what all of them share: one request, a checked answer, a refusal as an outcome.

No word of a refusal is passed on, for it may repeat the user's text or the key: only codes, and only where they look
like one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import requests

from bridge.http import READ_SECONDS, SMALL_ANSWER_BYTES, Answer, NoAnswer, new_session, send
from connectors.answers import code_of, no_answer, reason_of
from connectors.base import Check, Failed, Reason, Retry
from connectors.translate.codes import Languages
from connectors.translate.language import base
from connectors.translate.parts import Limits

if TYPE_CHECKING:
    from connectors.translate.settings import TranslateSettings

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,59}")


class ProviderError(Exception):
    """There is no translation; `outcome` is what that means for the delivery. `smaller`: whether a smaller request may
    succeed; `returned`: what the provider returned instead of a translation, where it answered, and was paid."""

    def __init__(self, outcome: Retry | Failed, *, smaller: bool = False, returned: str = "") -> None:
        self.outcome = outcome
        self.smaller = smaller
        self.returned = returned
        super().__init__(outcome.why)

    @property
    def about_text(self) -> bool:
        """Whether it is this text that was refused, so that another may succeed."""
        return isinstance(self.outcome, Failed) and self.outcome.reason == "client_error"


class Provider(Protocol):
    """One per process, used by many threads at once."""

    @property
    def who(self) -> Who: ...

    def limits(self) -> Limits:
        """What one request may hold. May ask the server, and raises ProviderError."""

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        """One request: an answer for each text, in order. The texts are within `limits` and none is blank.

        Raises ProviderError; never tries the same request twice.
        """

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        """Whether the key is accepted and each language can be translated into, by the requests that a delivery makes.
        Raises ProviderError."""


@dataclass(frozen=True, slots=True)
class Who:
    """A provider as people and operators know it."""

    name: str
    address: str
    """The field of the settings with its address."""
    keys: tuple[str, ...]
    """The fields with its credentials; none where it needs none."""
    variable: Callable[[str], str]
    """The variable of a field: Settings.variable."""

    @property
    def address_variable(self) -> str:
        return self.variable(self.address)

    @property
    def key_variable(self) -> str:
        """The variables of the credentials; of the address where there are none."""
        return " and ".join(map(self.variable, self.keys)) or self.address_variable


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code of a provider means for a delivery."""

    reason: Reason
    what: str
    again: bool = False


def ask(
    session: requests.Session,
    who: Who,
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    json_body: Any = None,
    data: Any = None,
    read_seconds: float = READ_SECONDS,
) -> Answer:
    """One request. No answer is worth another try whatever happened: at worst a translation is paid for twice.

    Raises ProviderError.
    """
    try:
        return send(session, method, url, headers=headers, json_body=json_body, data=data, read_seconds=read_seconds)
    except NoAnswer as error:
        outcome = no_answer(who.name, error)
        raise ProviderError(outcome, smaller=outcome.reason == "timeout") from None


class HttpProvider:
    """A provider that is asked over HTTP: one request, and its answer or the ProviderError that it means. An adapter
    names itself and its error codes."""

    name: ClassVar[str]
    """For people."""
    address: ClassVar[str]
    """The field of the settings with its address."""
    keys: ClassVar[tuple[str, ...]] = ()
    """The fields with its credentials; none where it needs none."""
    meanings: ClassVar[Mapping[str, Meaning]] = {}
    """By error code."""
    used_up: ClassVar[frozenset[str]] = frozenset()
    """Codes of a quota that is used up."""
    wrong: ClassVar[frozenset[str]] = frozenset()
    """Codes of a key that is wrong."""
    too_long: ClassVar[frozenset[str]] = frozenset()
    """Codes after which a smaller request may succeed."""

    def __init__(
        self, settings: TranslateSettings, session: requests.Session | None = None, read_seconds: float = READ_SECONDS
    ) -> None:
        self.who = Who(self.name, self.address, self.keys, settings.variable)
        self._url: str = getattr(settings, self.address)
        self._headers: dict[str, str] = {}
        self._session = session or new_session(answer_bytes=SMALL_ANSWER_BYTES)
        self._read_seconds = read_seconds

    def codes(self, answer: Answer) -> Sequence[str]:  # noqa: ARG002
        """The error codes of an answer."""
        return []

    def refused(self, answer: Answer) -> ProviderError:
        """What an answer means that is no success."""
        codes = self.codes(answer)
        if self.used_up.intersection(codes):
            return out_of_quota(self.who, answer)
        if self.wrong.intersection(codes):
            return wrong_key(self.who, answer)
        error = refusal(self.who, answer, codes, self.meanings)
        return ProviderError(error.outcome, smaller=error.smaller or bool(self.too_long.intersection(codes)))

    def ask(self, method: str, path: str = "", read_seconds: float = 0, **body: Any) -> Answer:
        """Any answer. `read_seconds`: 0 for those of the provider. Raises ProviderError where none came."""
        seconds, url = read_seconds or self._read_seconds, f"{self._url}{path}"
        return ask(self._session, self.who, method, url, headers=self._headers, read_seconds=seconds, **body)

    def taken(self, answer: Answer) -> Answer:
        """Raises ProviderError for a refusal, also for one inside a success."""
        if not answer.ok:
            raise self.refused(answer)
        if hidden := inner(answer):
            raise self.refused(hidden)
        return answer


def refusal(who: Who, answer: Answer, codes: Iterable[str] = (), meanings: Mapping[str, Meaning] = {}) -> ProviderError:
    """What an answer that is no success means. `codes`: its error codes; `meanings`: those that are known."""
    codes = list(codes)
    shown = list(dict.fromkeys([*(code for code in codes if code in meanings), *_shown(codes, answer)]))
    why = f"{who.name} answered {answer.status}" + (f" ({', '.join(shown)})" if shown else "")
    for code in shown:
        if meaning := meanings.get(code):
            what = meaning.what.format(key=who.key_variable, address=who.address_variable)
            if meaning.again:
                return ProviderError(Retry(f"{why}: {what}", meaning.reason, answer.retry_after))
            return ProviderError(Failed(f"{why}: {what}", meaning.reason))
    if answer.status in (401, 403) and not isinstance(answer.json(), dict | list):
        blocked = "a proxy or firewall on the way may have blocked the request"
        return ProviderError(
            Failed(f"{why}, and not in its own format: {blocked}; check {who.address_variable}", "config")
        )
    if answer.status in (401, 403):
        return wrong_key(who, answer, shown)
    if answer.status in (404, 405, 410) or 300 <= answer.status < 400:
        return ProviderError(Failed(f"{why}: not the address of its API; check {who.address_variable}", "config"))
    reason, again = reason_of(answer.status)
    outcome = Retry(why, reason, answer.retry_after) if again else Failed(why, reason)
    return ProviderError(outcome, smaller=answer.status in (413, 414))


def _shown(codes: Iterable[str], answer: Answer) -> list[str]:
    return list(dict.fromkeys(shown for code in codes if (shown := code_of(code, [answer.request]))))


def wrong_key(who: Who, answer: Answer, codes: Sequence[str] = ()) -> ProviderError:
    shown = _shown(codes, answer)
    why = f"{who.name} answered {answer.status}" + (f" ({', '.join(shown)})" if shown else "")
    what = f"the key is missing, wrong or may not translate; check {who.key_variable}"
    return ProviderError(Failed(f"{why}: {what}", "auth"))


def out_of_quota(who: Who, answer: Answer, otherwise: str = "") -> ProviderError:
    """`otherwise`: what else the same answer may mean, as a sentence."""
    what = "the quota is used up: raise it, or wait for the next period. It is asked again every 15 minutes, for 3 days"
    what += f". {otherwise}" if otherwise else ""
    return ProviderError(Failed(f"{who.name} answered {answer.status}: {what}", "quota"))


def not_understood(who: Who, what: str) -> ProviderError:
    """A success that is none, such as a proxy's page. Worth another try: it is the provider's fault, and it may be
    over."""
    return ProviderError(Retry(f"{who.name}: {what}", "server_error"))


def no_translation(who: Who, returned: str) -> ProviderError:
    """An answer in the right form, which was paid for, and holds no translation."""
    return ProviderError(Retry(f"{who.name} returned {returned}", "client_error"), returned=returned)


def inner(answer: Answer) -> Answer | None:
    """A refusal inside a success: the answer with the status that its error object names, or 500; None when there is no
    error object."""
    reply = answer.json() if answer.ok else None
    reply = reply[0] if isinstance(reply, list) and reply else reply
    if not isinstance(reply, dict) or not reply.get("error"):
        return None
    error = reply["error"]
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal() and len(code) < 4) else 0
    return replace(answer, status=number if 400 <= number < 600 else 500)


def error_of(answer: Answer) -> dict[str, Any]:
    """The object `error` of an answer, which may be in a list; empty where there is none."""
    reply = answer.json()
    reply = reply[0] if isinstance(reply, list) and reply else reply
    error = reply.get("error") if isinstance(reply, dict) else None
    return error if isinstance(error, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """Those at the start of a list; none where it is no list."""
    return [one for one in value[:20] if isinstance(one, dict)] if isinstance(value, list) else []


def checked(who: Who, answers: Any, texts: Sequence[str]) -> list[str]:
    """The translations, when they have the form that was asked for: a text for each text.

    Raises ProviderError.
    """
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise not_understood(who, "the answer holds no translations")
    if len(answers) != len(texts):
        raise no_translation(who, f"{len(answers)} translations for {len(texts)} texts")
    return answers


def listed(known: Collection[str]) -> str:
    """Languages as an error names them: not more than fit."""
    codes = sorted(code for code in known if CODE.fullmatch(code))
    return ", ".join(codes[:60]) + (" …" if len(codes) > 60 else "")


def language_checks(
    who: Who, targets: Iterable[str], languages: Languages, known: Collection[str]
) -> Generator[Check, None, list[str]]:
    """A line for each language; the value of `yield from` are those that the provider has. `known`: its codes now."""
    has = []
    for target in targets:
        line = language_check(who, target, languages.code(target), known)
        yield line
        has += [target] if line.ok else []
    return has


def language_check(who: Who, target: str, code: str | None, known: Collection[str]) -> Check:
    """Whether the provider has the language. `code`: what a translation into it asks for, None when there is none."""
    if code is not None and code.lower() in {one.lower() for one in known}:
        return Check(
            True, f"{who.name} translates into {target}" + ("" if code.lower() == target.lower() else f" ({code})")
        )
    regions = sorted(one for one in known if base(one) == base(target) and CODE.fullmatch(one))
    advice = f"it has {', '.join(regions)}" if regions else f"it has {listed(known)}"
    return Check(False, f"{who.name} has no language {target}: {advice}; check {who.variable('translate_target')}")

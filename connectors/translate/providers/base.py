"""What a provider is, and what all of them share: one request, a checked answer, trouble told as an outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from connectors.answers import no_answer, refused_answer
from connectors.base import Check, Failed, Retry
from connectors.translate.language import base
from connectors.translate.parts import Limits
from transport import READ_SECONDS, Answer, NoAnswer, send


class ProviderTrouble(Exception):
    """There is no translation; `outcome` says what that means for the delivery."""

    def __init__(self, outcome: Retry | Failed) -> None:
        self.outcome = outcome
        super().__init__(outcome.why)


class Provider(Protocol):
    """One per process, used by many threads at once."""

    @property
    def who(self) -> Who: ...

    @property
    def limits(self) -> Limits: ...

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        """One request: a translation for each text, in order, none of them empty. The texts are within `limits` and
        none is blank. Raises ProviderTrouble; never tries twice."""

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        """Asks without translating: is the key good, are the languages there? Raises ProviderTrouble."""


@dataclass(frozen=True, slots=True)
class Who:
    """A provider as people and operators know it."""

    name: str
    address_variable: str
    key_variable: str


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

    Raises ProviderTrouble.
    """
    try:
        return send(session, method, url, headers=headers, json_body=json_body, data=data, read_seconds=read_seconds)
    except NoAnswer as trouble:
        raise ProviderTrouble(no_answer(who.name, trouble)) from None


def refusal(who: Who, answer: Answer, texts: Sequence[str] = ()) -> ProviderTrouble:
    """What an answer that is no success means."""
    if answer.status in (401, 403):
        return wrong_key(who, answer)
    if answer.status in (404, 405, 410) or 300 <= answer.status < 400:
        return ProviderTrouble(
            Failed(
                f"{who.name} answered {answer.status}: not the address of its API; check {who.address_variable}",
                "config",
            )
        )
    return ProviderTrouble(refused_answer(who.name, answer, words_of(answer, texts)))


def wrong_key(who: Who, answer: Answer) -> ProviderTrouble:
    # Their words are not passed on: they may repeat a part of the key.
    why = f"{who.name} answered {answer.status}: the key is missing, wrong or has no right to translate; "
    return ProviderTrouble(Failed(why + f"check {who.key_variable}", "auth"))


def out_of_quota(who: Who, answer: Answer) -> ProviderTrouble:
    why = (
        f"{who.name} answered {answer.status}: the quota is used up; raise it or wait for the next period, then replay"
    )
    return ProviderTrouble(Failed(why, "quota"))


def not_understood(who: Who, what: str) -> ProviderTrouble:
    """A success that is none. Worth another try: it is the provider's fault, and it may be over."""
    return ProviderTrouble(Retry(f"{who.name}: {what}", "server_error"))


def words_of(answer: Answer, texts: Sequence[str] = ()) -> str:
    """What the other side says in its JSON about an error, without the users' texts; "" when it says nothing."""
    said = answer.json()
    for key in ("error", "message"):
        if isinstance(said, dict) and key in said:
            said = said[key]
    if not isinstance(said, str):
        return ""
    for text in texts:
        said = said.replace(text, "<text>")
    return said


def checked(who: Who, answers: Any, texts: Sequence[str]) -> list[str]:
    """The translations, when they are what was asked for: a text for each text, none empty.

    Raises ProviderTrouble.
    """
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise not_understood(who, "the answer holds no translations")
    if len(answers) != len(texts):
        raise not_understood(who, f"{len(answers)} translations for {len(texts)} texts")
    if not all(answer.strip() for answer in answers):
        raise not_understood(who, "an empty translation")
    return answers


def language_checks(who: Who, targets: Sequence[str], known: Collection[str]) -> Iterator[Check]:
    """Whether each language is among the provider's, by its own code or by its base."""
    codes = {code.lower() for code in known}
    for target in targets:
        there = target.lower() in codes or any(base(code) == target.lower() for code in codes)
        why = "" if there else f": not among its languages ({', '.join(sorted(known))}); check TRANSLATE_TARGET"
        yield Check(there, f"{who.name} translates into {target}{why}")

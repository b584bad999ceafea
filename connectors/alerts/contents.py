"""The content of a message about an event: texts for people, not yet escaped or cut for any system. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.settings import Language
from bridge.text import cut, inert, is_blank, utf16_length
from connectors.alerts import quotation as quoting
from connectors.alerts.texts import TEXTS, Texts, ro
from sources.abc.models import AbcEvent, Issue
from sources.base import Event

# Our own, for a message that can be read at a glance: ABC's web app allows names of 30, its API any length.
NAME_MAX = 150
STATUS_MAX = 60
SUMMARY_MAX = 300
URL_MAX = 2000
UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket of an issue. `label`: its key or number; `url`: its address, "" where none is known."""

    label: str = ""
    url: str = ""


NO_TICKET = Ticket()


@dataclass(frozen=True, slots=True)
class Fact:
    """One line below a message. `url`: where `value` leads, "" for nowhere."""

    title: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One event. Each line of `quotation` begins with "> "; `status`: the issue's, as the source calls it."""

    sentence: str
    quotation: str = ""
    facts: tuple[Fact, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """Many events in one message: a line for each."""

    head: str
    lines: tuple[str, ...]

    def fitted(self, limit: int, longest: int, length: Callable[[str], int]) -> list[str]:
        """The lines, each cut to its share of `limit` and to `longest`, by `length`."""
        share = (limit - length(self.head)) // max(1, len(self.lines)) - 1
        return [cut(line, min(share, longest), length=length) for line in self.lines]


Content = Alert | Digest


def alert(event: Event, language: Language, ticket: Ticket, field: str) -> Alert | None:
    """None where there is no message for an event of that name. `field`: the one of a feedback that is shown; the
    others may be personal."""
    text = sentence(event, language)
    if text is None:
        return None
    issue = _issue(event)
    quoted = quotation(event, field)
    return Alert(text, quoted, tuple(facts(event, language, ticket)), issue.status if issue else "")


def digest(events: Sequence[Event], language: Language) -> Digest:
    found = [(sentence(event, language), _issue(event)) for event in events]
    lines = [f"• {text} (#{issue.id})" if issue else f"• {text}" for text, issue in found if text]
    return Digest(TEXTS[language].digest.format(count=len(events)), tuple(lines))


def sentence(event: Event, language: Language) -> str | None:
    """What happened; None where there is nothing to report about an event of that name."""
    texts = TEXTS[language]
    if not isinstance(event, AbcEvent):
        title = _name(event.summary.title, texts, SUMMARY_MAX) if event.summary else ""
        return f"{event.source}: {title or _name(event.name, texts) or UNKNOWN}"
    if event.name == "FEEDBACK_CREATION":
        return texts.feedback_created.format(channel=_named(event.channel, texts))
    if event.issue is None:
        return None
    if event.name == "ISSUE_STATUS_CHANGE":
        return _status_sentence(event, event.issue, texts)
    templates = {"ISSUE_CREATION": texts.issue_created, "ISSUE_ADDITION": texts.feedback_added}
    return templates[event.name].format(name=_named(event.issue, texts)) if event.name in templates else None


def quotation(event: Event, field: str) -> str:
    """What the user wrote, where the event brings it; "" else."""
    value = event.feedback.fields.get(field) if isinstance(event, AbcEvent) and event.feedback else None
    return quoting.quotation(value) if isinstance(value, str) else ""


def facts(event: Event, language: Language, ticket: Ticket = NO_TICKET) -> list[Fact]:
    """Where it happened, and to which issue, feedback and ticket; of an event of another source its name, who caused it
    and where a person looks at it."""
    texts = TEXTS[language]
    if not isinstance(event, AbcEvent):
        return list(_facts_of_summary(event, texts))
    found = []
    if event.project:
        found.append(Fact(texts.project, _named(event.project, texts)))
    if event.channel and event.name != "FEEDBACK_CREATION":
        found.append(Fact(texts.channel, _named(event.channel, texts)))
    if event.issue:
        found.append(Fact(texts.issue, f"#{event.issue.id}"))
    if event.feedback:
        found.append(Fact(texts.feedback, f"#{event.feedback.id}"))
    if label := _name(ticket.label, texts):
        found.append(Fact(texts.ticket, label, ticket.url if label == ticket.label else ""))
    return found


def safe_url(url: str) -> str:
    """`url` where it is a web address that ends no link of a chat's (`<address|text>`); else ""."""
    return url if len(url) <= URL_MAX and re.fullmatch(r"https?://[^\s<>|]+", url) else ""


def _issue(event: Event) -> Issue | None:
    return event.issue if isinstance(event, AbcEvent) else None


def _facts_of_summary(event: Event, texts: Texts) -> Iterator[Fact]:
    if name := _name(event.name, texts):
        yield Fact(texts.event, name)
    if event.summary and (who := _name(event.summary.who, texts)):
        yield Fact(texts.who, who)
    if event.summary and (address := _name(event.summary.link, texts)):
        yield Fact(texts.link, address, safe_url(event.summary.link))


def _status_sentence(event: AbcEvent, issue: Issue, texts: Texts) -> str:
    status = _status(issue.status, texts)
    if event.previous_status in ("", issue.status):
        return texts.status_is.format(name=_named(issue, texts), status=status)
    previous = _status(event.previous_status, texts)
    return texts.status_changed.format(name=_named(issue, texts), previous=previous, status=status, ro=ro(status))


def _status(status: str, texts: Texts) -> str:
    return texts.statuses.get(status) or _name(status, texts, STATUS_MAX) or UNKNOWN


def _named(thing: Any, texts: Texts) -> str:
    """The name of an issue, project or channel on one line; its number where it has none that a person can see."""
    if thing is None:
        return UNKNOWN
    return _name(thing.name, texts) or f"#{thing.id}"


def _name(text: str, texts: Texts, limit: int = NAME_MAX) -> str:
    """On one line, without the quotation marks that our sentences put around a name: else a name could end itself and
    go on as a sentence of ours. Empty for what nobody can see."""
    line = inert(text)
    return "" if is_blank(line) else cut(line.translate(texts.inner_quotes), limit, length=utf16_length)

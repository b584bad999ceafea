"""The content of a message about an event: texts for people, not yet escaped or cut for any system. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.service import Language
from bridge.text import cut, inert, is_blank, utf16_length
from connectors import texts
from connectors.alerts import quotation as quoting
from sources import title_of
from sources.abc.models import AbcEvent, Issue
from sources.base import Event
from sources.tickets import TicketEvent

# Our own limits, to keep messages short: ABC's web app allows names of 30 characters, its API allows any length.
NAME_MAX = 150
STATUS_MAX = 60
SUMMARY_MAX = 300
URL_MAX = 2000
UNKNOWN = "?"
LINE_MIN = 60
"""The least length of a digest's line after a cut: a shorter line does not show what happened."""
REST_LENGTH = 10
"""Room for the last line, which counts the events that are not shown."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket of an issue. `label`: its key or number; `url`: its address, "" if unknown."""

    label: str = ""
    url: str = ""


NO_TICKET = Ticket()


@dataclass(frozen=True, slots=True)
class Fact:
    """One line below a message. `url`: the link of `value`, "" for no link."""

    title: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message about one event. Each line of `quotation` begins with "> "; `status`: the issue's, as the source spells
    it."""

    sentence: str
    quotation: str = ""
    facts: tuple[Fact, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """One message about many events, with a line for each."""

    head: str
    lines: tuple[str, ...]

    def text(self, limit: int, length: Callable[[str], int]) -> str:
        """The whole digest, at most `limit` by `length`."""
        return cut("\n".join([self.head, *self.fitted(limit, limit, length)]), limit, length=length)

    def fitted(self, limit: int, longest: int, length: Callable[[str], int]) -> list[str]:
        """The lines that fit into `limit` together with the head, each at most `longest`, by `length`. If not all lines
        fit with at least LINE_MIN, the last line counts the others: "… +57"."""
        lines = [cut(line, longest, length=length) for line in self.lines]
        lengths = [length(line) for line in lines]
        room = limit - length(self.head)
        count, share = len(lines), _share(lengths, room)
        while share < LINE_MIN and count:
            count -= 1
            share = _share([REST_LENGTH, *lengths[:count]], room)
        shown = [cut(line, share, length=length) for line in lines[:count]]
        rest = len(lines) - count
        return [*shown, f"… +{rest}"] if rest else shown


Content = Alert | Digest


def alert(event: Event, language: Language, ticket: Ticket, field: str) -> Alert | None:
    """The message about an event; None if there is none for an event of that name. `field`: the only field of a
    feedback that is shown; the others may be personal."""
    text = sentence(event, language)
    if text is None:
        return None
    issue = _issue(event)
    quoted = quotation(event, field)
    return Alert(text, quoted, tuple(facts(event, language, ticket)), issue.status if issue else "")


def digest(lines: Sequence[str], language: Language) -> Digest:
    return Digest(texts.DIGEST[language].format(count=len(lines)), tuple(lines))


def line(event: Event, language: Language) -> str:
    """The line of an event in a digest."""
    text, issue = sentence(event, language) or UNKNOWN, _issue(event)
    return f"• {text} (#{issue.id})" if issue else f"• {text}"


def sentence(event: Event, language: Language) -> str | None:
    """The sentence about what happened; None if there is none for an event of that name."""
    if not isinstance(event, AbcEvent):
        return f"{title_of(event.source)}: {_occurrence(event, language)}"
    if event.name == "FEEDBACK_CREATION":
        return texts.FEEDBACK_CREATED[language].format(channel=_named(event.channel, language))
    if event.issue is None:
        return None
    if event.name == "ISSUE_STATUS_CHANGE":
        return _status_sentence(event, event.issue, language)
    happened = {"ISSUE_CREATION": texts.ISSUE_CREATED, "ISSUE_ADDITION": texts.FEEDBACK_ADDED}.get(event.name)
    return happened[language].format(name=_named(event.issue, language)) if happened else None


def quotation(event: Event, field: str) -> str:
    """The user's text, or a comment on a ticket, if the event contains it; else ""."""
    value = event.feedback.fields.get(field) if isinstance(event, AbcEvent) and event.feedback else None
    if isinstance(event, TicketEvent):
        value = event.comment
    return quoting.quotation(value) if isinstance(value, str) else ""


def facts(event: Event, language: Language, ticket: Ticket = NO_TICKET) -> list[Fact]:
    """The lines below a message. For an event of ABC: project, channel, issue, feedback and ticket. For an event of
    another source: its name, who caused it, the ticket and the link."""
    if not isinstance(event, AbcEvent):
        return list(_facts_of_summary(event, language, ticket))
    found = []
    if event.project:
        found.append(Fact(texts.PROJECT[language], _named(event.project, language)))
    if event.channel and event.name != "FEEDBACK_CREATION":
        found.append(Fact(texts.CHANNEL[language], _named(event.channel, language)))
    if event.issue:
        found.append(Fact(texts.ISSUE[language], f"#{event.issue.id}"))
    if event.feedback:
        found.append(Fact(texts.FEEDBACK[language], f"#{event.feedback.id}"))
    if label := _name(ticket.label, language):
        found.append(Fact(texts.TICKET[language], label, ticket.url if label == ticket.label else ""))
    return found


def safe_url(url: str) -> str:
    """`url` if it is a web address without characters that end a link in a chat (`<address|text>`); else ""."""
    return url if len(url) <= URL_MAX and re.fullmatch(r"https?://[^\s<>|]+", url) else ""


def _share(lengths: Sequence[int], room: int) -> int:
    """The most characters for each of these lines, so that all of them fit into `room`, with a line break before each.
    Long lines get the room that short lines do not need. At least LINE_MIN if no line must be cut."""
    for index, length in enumerate(sorted(lengths)):
        share = room // (len(lengths) - index) - 1
        if length > share:
            return share
        room -= length + 1
    return max([LINE_MIN, *lengths])


def _issue(event: Event) -> Issue | None:
    return event.issue if isinstance(event, AbcEvent) else None


def _occurrence(event: Event, language: Language) -> str:
    """The subject and what happened to it; if the source has no text for that, the name of the event."""
    name = _name(event.name.removeprefix(f"{event.source}."), language) or UNKNOWN
    summary = event.summary
    if summary is None:
        return name
    limits = {"why": SUMMARY_MAX}
    values = {
        key: _name(value, language, limits.get(key, STATUS_MAX)) or UNKNOWN for key, value in summary.values.items()
    }
    happened = texts.OCCURRENCES.get(summary.what)  # a plug-in's source may have its own key
    what = happened[language].format(**values, ro=texts.ro(values.get("status", ""))) if happened else ""
    title = _name(summary.title, language, SUMMARY_MAX)
    if title and (what or summary.about):
        title = texts.QUOTED[language].format(title=title)
    to_what = " ".join(part for part in (_name(summary.about, language), title) if part)
    if not to_what or (summary.about and not what):
        what = what or name
    return " – ".join(part for part in (to_what, what) if part)


def _facts_of_summary(event: Event, language: Language, ticket: Ticket) -> Iterator[Fact]:
    if name := _name(event.name, language):
        yield Fact(texts.EVENT[language], name)
    if event.summary and (who := _name(event.summary.who, language)):
        yield Fact(texts.WHO[language], who)
    if isinstance(event, TicketEvent) and (label := _name(ticket.label, language)):
        yield Fact(texts.TICKET[language], label, ticket.url)
    if event.summary and (address := _name(event.summary.link, language)):
        yield Fact(texts.LINK[language], address, safe_url(event.summary.link))


def _status_sentence(event: AbcEvent, issue: Issue, language: Language) -> str:
    name, status = _named(issue, language), _status(issue.status, language)
    if event.previous_status in ("", issue.status):
        return texts.STATUS_IS[language].format(name=name, status=status)
    previous, ro = _status(event.previous_status, language), texts.ro(status)
    return texts.STATUS_CHANGED[language].format(name=name, previous=previous, status=status, ro=ro)


def _status(status: str, language: Language) -> str:
    known = texts.STATUSES.get(status)
    return known[language] if known else _name(status, language, STATUS_MAX) or UNKNOWN


def _named(thing: Any, language: Language) -> str:
    """The name of an issue, project or channel on one line; its number if the name has no visible characters."""
    if thing is None:
        return UNKNOWN
    return _name(thing.name, language) or f"#{thing.id}"


def _name(text: str, language: Language, limit: int = NAME_MAX) -> str:
    """A name on one line, without the quotation marks that our sentences put around names: otherwise a name could end
    the quotation and imitate our text. Empty if nothing is visible."""
    line = inert(text)
    return "" if is_blank(line) else cut(line.translate(texts.INNER_QUOTES[language]), limit, length=utf16_length)

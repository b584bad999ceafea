"""The flow of a message: already known? → note → post → result; many waiting messages become a digest.

One message for each event. It shows the change that the event names, even if the issue has changed again since.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from bridge.http import NoAnswer
from connectors.alerts.contents import Content, digest
from connectors.alerts.looking import Looker, needs_look
from connectors.alerts.poster import Locating, Marker, Posted, Poster, Refused, Showing, Target
from connectors.alerts.settings import AlertSettings
from connectors.alerts.tickets import Tickets
from connectors.alerts.writer import Writer
from connectors.answers import no_answer
from connectors.base import (
    Check,
    Context,
    Destination,
    Done,
    Failed,
    LeaseLost,
    Links,
    Outcome,
    Preview,
    Retry,
    Skipped,
    Tools,
)
from sources.abc.models import AbcEvent
from sources.base import Event
from sources.tickets import TicketEvent

DIGEST_FROM = 10
"""From this number of waiting messages on, the messages for a channel become one."""
LOOKING_SECONDS = 20.0
"""The most time for the look-ups before a digest."""
OURS = "the bridge itself wrote this comment, with a feedback or about a status"


class AlertConnector:
    """Keeps the note `posting` before it posts: {channel, thread, at}. If the note exists, an earlier attempt may have
    posted, so the connector looks for the message first. An answer that shows that nothing was posted clears the
    note."""

    def __init__(self, settings: AlertSettings, tools: Tools, poster: Poster, *, threads: bool = False) -> None:
        """`threads`: whether later messages about an issue are replies to its first one."""
        self._settings = settings
        self._tools = tools
        self._poster = poster
        self._threads = threads
        self._writer = Writer(settings, tools.language, poster.system)
        self._looker = Looker(settings, poster)
        self._tickets = Tickets(tools, settings.ticket_url)
        # No digests with threads: each message belongs to its issue's thread.
        self.crowd = sys.maxsize if threads else DIGEST_FROM

    def _channel(self, event: Event) -> str | None:
        return self._settings.channel_of(_project(event))

    def destination(self, event: Event) -> Destination:
        channel = self._channel(event)
        if channel is None:
            return Destination(f"{self._tools.name} (no channel)")
        return Destination(f"{self._tools.name} {channel}", self._settings.rate, self._settings.BURST)

    def deliver(self, event: Event, context: Context) -> Outcome:
        channel = self._channel(event)
        if channel is None:
            return self._no_channel(event)
        return self._known(event, context, channel) or self._post_one(event, context, channel)

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:
        channel = self._channel(event)
        if channel is None:
            return self._no_channel(event)
        if _is_ours(event):
            return Skipped(OURS)
        ticket = self._tickets.known(event, links)
        content = self._writer.alert(event, ticket)
        if isinstance(content, Skipped | Failed):
            return content
        target = Target(channel, self._thread(event, links, channel))
        marker = Marker(self._tools.scope, (self._tools.delivery_of(event),))
        notes = ["before the message is sent, the issue's ticket is read from ABC"] if self._tickets.asks(event) else []
        if self._settings.digest_template:
            line = self._writer.line(event, ticket)
            notes.append(f"its line in a digest: {line if isinstance(line, str) else line.why}")
        if isinstance(self._poster, Showing):
            shown = self._poster.message(content, target, marker)
        else:
            shown = asdict(content)
            notes.append(f"the JSON for {self._poster.system} is not shown: its poster has no method `message`")
        return Preview(self.destination(event).name, shown, tuple(notes))

    def gather(self, waiting: Sequence[tuple[Event, Context]]) -> list[Outcome | None]:
        """Posts one digest for all deliveries whose message is missing.

        Messages that may have been posted before are looked up one by one. If this takes too long, or fails, the rest
        of them is retried later.
        """
        channel = self._channel(waiting[0][0])  # the same for all: they share a destination
        if channel is None:
            return [self._no_channel(event) for event, _ in waiting]
        outcomes: dict[str, Outcome | None] = {context.delivery_id: None for _, context in waiting}
        missing: list[tuple[Event, Context, str]] = []
        until, failure = time.monotonic() + LOOKING_SECONDS, None
        for event, context in waiting:
            with suppress(LeaseLost):
                late = self._later() if time.monotonic() >= until else None
                put_off = (failure or late) if needs_look(event, context) else None
                outcome = put_off or self._known(event, context, channel)
                if outcome is None:
                    line = self._writer.line(event, self._tickets.known(event, context.links))
                    if isinstance(line, str):
                        missing.append((event, context, line))
                    else:
                        outcome = line
                elif isinstance(outcome, Retry) and outcome.reason != "not_yet":
                    failure = outcome  # the look-ups of the others would fail for the same reason
                outcomes[context.delivery_id] = outcome
        return list({**outcomes, **self._post_digest(missing, channel)}.values())

    def check(self) -> Iterator[Check]:
        return self._poster.check()

    def address_of(self, event: Event, result: Mapping[str, Any]) -> str:
        channel = self._channel(event)
        if channel is None or not isinstance(self._poster, Locating):
            return ""
        try:
            return self._poster.address_of(channel, result)
        except (NoAnswer, Refused):
            return ""

    def _no_channel(self, event: Event) -> Skipped:
        variable, project = self._settings.variable(self._settings.CHANNELS), _project(event)
        if project == "*":
            return Skipped(f"{event.name} belongs to no ABC project, and {variable} has no default (*)")
        return Skipped(f"{variable} names no channel for project {project}, and no default (*)")

    def _known(self, event: Event, context: Context, channel: str) -> Outcome | None:
        """The outcome, if it is known without a post; None if the message must be posted (again)."""
        if _is_ours(event):
            return Skipped(OURS)
        if "done" in context.notes:
            return Done(context.notes["done"])  # replayed: a message is posted once
        if not needs_look(event, context):
            return None
        posting = context.notes.get("posting")
        thread = posting["thread"] if posting else self._thread(event, context.links, channel)
        target = Target(posting["channel"] if posting else channel, thread)
        found = self._looker.look(event, context, target, self._marker(context))
        return self._done(event, context, channel, found, found=True) if isinstance(found, Posted) else found

    def _post_one(self, event: Event, context: Context, channel: str) -> Outcome:
        content = self._writer.alert(event, self._tickets.of(event, context.links))
        if isinstance(content, Skipped | Failed):
            return content
        target = Target(channel, self._thread(event, context.links, channel))
        _note(context, target)
        posted = self._post([context], content, target)
        return self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted

    def _post_digest(self, missing: Sequence[tuple[Event, Context, str]], channel: str) -> dict[str, Outcome]:
        """The outcome of each delivery. A delivery whose lease was lost has no outcome and no line in the digest."""
        ours = []
        for event, context, line in missing:
            with suppress(LeaseLost):
                _note(context, Target(channel))
                ours.append((event, context, line))
        if len(ours) == 1:
            with suppress(LeaseLost):
                event, context, _ = ours[0]
                return {context.delivery_id: self._post_one(event, context, channel)}
        if len(ours) < 2:
            return {}
        content = digest([line for _, _, line in ours], self._tools.language)
        posted = self._post([context for _, context, _ in ours], content, Target(channel))
        return {
            context.delivery_id: self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted
            for event, context, _ in ours
        }

    def _post(self, contexts: Sequence[Context], content: Content, target: Target) -> Posted | Outcome:
        """Posts one message for all these deliveries; each has the note `posting`."""
        system = self._poster.system
        try:
            posted = self._poster.post(content, target, self._marker(*contexts))
            with suppress(Exception):  # the message was posted, also if this fails
                contexts[0].charge(math.ceil(posted.rest * self._settings.rate))
            return posted
        except NoAnswer as error:
            if error.sent:
                return Retry(f"{system}: {error}; the message may have been posted", "ambiguous")
            outcome: Outcome = no_answer(system, error)
        except Refused as refused:
            if target.thread and refused.thread_gone:
                for context in contexts:
                    _note(context, Target(target.channel))
                return self._post(contexts, content, Target(target.channel))
            outcome = refused.outcome
            if refused.maybe_done:
                return outcome
        for context in contexts:
            with suppress(LeaseLost):  # the worker that has taken over then looks for the message, which does no harm
                context.keep(posting=None)
        return outcome

    def _done(self, event: Event, context: Context, channel: str, posted: Posted, found: bool = False) -> Done:
        if self._threads and _has_thread(event) and posted.thread:
            context.links.set(str(event.subject), event.creation, channel=channel, thread=posted.thread)
        result = dict(posted.result)
        if found:
            result["found"] = "posted by an earlier attempt"
        elif unsure := context.notes.get("unsure"):
            result["unsure"] = unsure
        return Done(result)

    def _thread(self, event: Event, links: Links, channel: str) -> str:
        if not self._threads or (issue := self._issue(event, links)) is None:
            return ""
        link = links.get(*issue)
        # If the configured channel has changed, a new thread begins there: threads can't move.
        return link.get("thread", "") if link.get("channel") == channel else ""

    def _issue(self, event: Event, links: Links) -> tuple[str, str] | None:
        """The subject and creation of the issue to whose thread the message belongs; None for no thread. A comment on a
        ticket belongs to the ticket's issue."""
        if isinstance(event, TicketEvent) and event.comment is not None:
            return self._tickets.issue_of(event, links)
        return (str(event.subject), event.creation) if _has_thread(event) else None

    def _marker(self, *contexts: Context) -> Marker:
        return Marker(self._tools.scope, tuple(context.delivery_id for context in contexts))

    def _later(self) -> Retry:
        why = f"many other messages were looked up in {self._poster.system} first, and that took too long"
        return Retry(why, "not_yet", 5.0)


def _note(context: Context, target: Target) -> None:
    """`at` is by the ledger's clock. Raises LeaseLost."""
    context.keep(posting={"channel": target.channel, "thread": target.thread, "at": context.now()})


def _project(event: Event) -> str:
    return str(event.project.id) if isinstance(event, AbcEvent) and event.project else "*"


def _is_ours(event: Event) -> bool:
    return isinstance(event, TicketEvent) and event.is_our_comment


def _has_thread(event: Event) -> bool:
    return isinstance(event, AbcEvent) and event.issue is not None

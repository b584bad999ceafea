"""One message for each event, written as the event reports it, even when the issue has moved on since."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from bridge.http import NoAnswer
from connectors import patience
from connectors.answers import no_answer
from connectors.base import Check, Context, Destination, Done, LeaseLost, Outcome, Retry, Skipped, Tools
from connectors.slack.client import Posted, Way
from connectors.slack.errors import THREAD_GONE, CannotTell, Refused
from connectors.slack.render import Message, marker, marks, render, render_digest
from connectors.slack.settings import SlackSettings
from sources.abc.client import AbcError
from sources.abc.models import AbcEvent, Issue, Named
from sources.base import Event

BURST = 3
"""Slack takes short bursts above its rate; from longer ones it may also hide messages instead of refusing them."""
CLOCK_SECONDS = 600.0
"""How far the ledger's clock may be from Slack's for a look-up to find the message."""
DIGEST_FROM = 10
"""How many messages must wait for a channel before they are sent as one."""
TICKET_SECONDS = 3.0
"""For asking ABC for a ticket's number, which a message can do without: an ABC that hangs must not hold its slots."""
LOOKING_SECONDS = 20.0
"""After this the look-ups for a digest end."""
_LATER = Retry("many were looked up in Slack before this one, and that took long", "not_yet", 5.0)


class SlackConnector:
    """Keeps the note `posting` before it posts: {channel, thread, at}. A note found means that an earlier
    attempt may have posted, so it looks first; an answer that says that nothing was posted clears the note."""

    def __init__(self, settings: SlackSettings, tools: Tools, way: Way) -> None:
        self._settings = settings
        self._tools = tools
        self._way = way
        # In threads each message has its own place.
        self.crowd = sys.maxsize if settings.slack_threads else DIGEST_FROM

    def destination(self, event: Event) -> Destination:
        where = self._channel(event) or "webhook"
        return Destination(f"{self._tools.name} {where}", self._settings.slack_rate, BURST)

    def deliver(self, event: Event, context: Context) -> Outcome:
        channel = self._channel(event)
        return self._known(event, context, channel) or self._tell(event, context, channel)

    def gather(self, waiting: Sequence[tuple[Event, Context]]) -> list[Outcome | None]:
        """One digest for all whose message is not there yet, so that the whole crowd costs its channel one message.

        Those that may have been sent before are looked up one by one; where that takes long, or fails, the rest
        of them comes later.
        """
        channel = self._channel(waiting[0][0])  # of all: they wait for one destination
        outcomes: dict[str, Outcome | None] = {context.delivery_id: None for _, context in waiting}
        untold: list[tuple[Event, Context]] = []
        until, failure = time.monotonic() + LOOKING_SECONDS, None
        for event, context in waiting:
            with suppress(LeaseLost):
                late = _LATER if time.monotonic() >= until else None
                put_off = (failure or late) if _needs_look(event, context) else None
                outcome = put_off or self._known(event, context, channel)
                if outcome is None:
                    untold.append((event, context))
                elif isinstance(outcome, Retry) and outcome.reason != "not_yet":
                    failure = outcome  # what keeps us from looking one up keeps us from looking up the others
                outcomes[context.delivery_id] = outcome
        return list({**outcomes, **self._tell_together(untold, channel)}.values())

    def check(self) -> Iterator[Check]:
        return self._way.check(list(dict.fromkeys(channel for _, channel in self._settings.slack_channel.items())))

    def _channel(self, event: Event) -> str:
        return self._settings.slack_channel.get(_project(event)) or ""

    def _message(self, event: Event, context: Context, metadata: dict[str, Any]) -> Message | None:
        ticket, url = self._ticket(event, context)
        field = self._settings.slack_feedback_field
        return render(event, self._tools.language, metadata, ticket=ticket, ticket_url=url, feedback_field=field)

    def _ticket(self, event: Event, context: Context) -> tuple[str, str | None]:
        """The issue's ticket and its address: by SLACK_TICKET_URL, else by the record of the connector that keeps
        tickets, else by that one's settings."""
        if not isinstance(event, AbcEvent) or event.issue is None or event.project is None:
            return "", None
        external = self._external_id(event, event.project, event.issue)
        if external and (template := self._settings.slack_ticket_url.get(event.project.id)):
            return external, template
        for system in self._tools.tickets:
            link = context.links.of(system.name).get(str(event.subject), event.creation)
            key, url = link.get("key", ""), link.get("url", "")
            if key and url and external in ("", key, key.rpartition("-")[2]):
                return key, url
            if external and (url := system.address(event.project.id, external)):
                return external, url
        return external, None

    def _external_id(self, event: AbcEvent, project: Named, issue: Issue) -> str:
        """The event's; where it names none, the one that ABC may have got since. A message reports what happened then,
        so nothing else is read again, and it does without when ABC can't be read: an alert doesn't wait."""
        abc = self._tools.abc
        if issue.external_id or abc is None or event.name == "ISSUE_CREATION":
            return issue.external_id
        try:
            found = abc.get_issue(project.id, issue.id, seconds=TICKET_SECONDS)
        except AbcError:
            return ""
        return found.external_id if issue.is_same(found) else ""

    def _known(self, event: Event, context: Context, channel: str) -> Outcome | None:
        """What came of it before; None when the message has to be posted (again)."""
        if self._settings.slack_bot_token and not channel:
            return Skipped(f"SLACK_CHANNEL names no channel for project {_project(event)}, and no default (*)")
        if "done" in context.notes:
            return Done(context.notes["done"])  # replayed: a message is sent once
        return self._look(event, context, channel) if _needs_look(event, context) else None

    def _look(self, event: Event, context: Context, channel: str) -> Outcome | None:
        posting = context.notes.get("posting")
        if posting:
            channel, thread = posting["channel"], posting["thread"]
            oldest = latest = posting["at"]
        else:
            # What is sent again, or found by reconcile, may have been sent before the ledger was wiped, with this mark.
            thread = self._thread(event, context, channel)
            oldest, latest = event.occurred, context.now()
        since, until = max(0.0, oldest - CLOCK_SECONDS), latest + CLOCK_SECONDS
        try:
            is_it = partial(marks, instance=self._tools.scope, delivery=context.delivery_id)
            posted = self._way.find(is_it, channel, thread, since, until)
        except CannotTell as why:
            return self._unsure(context, str(why), bool(posting))
        except NoAnswer as failure:
            return no_answer("Slack", failure)
        except Refused as refused:
            return refused.outcome
        if posted:
            return self._done(event, context, channel, posted, found=True)
        if posting:
            left = patience.left(posting["at"], context.now(), patience.SETTLE_SECONDS)
            return _settling(
                min(left, patience.LOOK_EVERY), "Slack does not show the message yet, and may still post it"
            )
        # One look at the end is enough: a channel may have many of these, and each look is a request.
        left = patience.left_after_wipe(context, event.occurred)
        older = "the event is older than our records (Redis is new, or was wiped)"
        return _settling(left, f"{older}, so its message may be on its way to Slack")

    def _unsure(self, context: Context, why: str, tried: bool) -> Outcome | None:
        if self._settings.slack_when_unsure == "never":
            doubt = "Slack did not confirm the message" if tried else "it may have been told before Redis was wiped"
            unsure = {"unsure": f"may never have been posted: {why}"}
            return Skipped(f"{doubt}, and SLACK_WHEN_UNSURE=never", unsure)
        context.keep(unsure=f"{'posted again' if tried else 'may have been posted before'}: {why}")
        return None

    def _tell(self, event: Event, context: Context, channel: str) -> Outcome:
        message = self._message(event, context, marker(self._tools.scope, context.delivery_id))
        if message is None:
            return Skipped(f"there is no Slack message for {event.name}")
        thread = self._thread(event, context, channel)
        _note(context, channel, thread)
        posted = self._post([context], message, channel, thread)
        return self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted

    def _tell_together(self, untold: Sequence[tuple[Event, Context]], channel: str) -> dict[str, Outcome]:
        """Outcomes by delivery; those that are not ours any more have none, and no line in the digest."""
        ours = []
        for event, context in untold:
            with suppress(LeaseLost):
                _note(context, channel)
                ours.append((event, context))
        if len(ours) == 1:
            with suppress(LeaseLost):
                return {ours[0][1].delivery_id: self._tell(*ours[0], channel)}
        if len(ours) < 2:
            return {}
        mark = marker(self._tools.scope, *(context.delivery_id for _, context in ours))
        message = render_digest([event for event, _ in ours], self._tools.language, mark)
        posted = self._post([context for _, context in ours], message, channel)
        return {
            context.delivery_id: self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted
            for event, context in ours
        }

    def _post(self, contexts: Sequence[Context], message: Message, channel: str, thread: str = "") -> Posted | Outcome:
        """Posts once, for all these deliveries, which have a note of it."""
        try:
            return self._way.post(message, channel, thread)
        except NoAnswer as failure:
            if failure.sent:
                return Retry(f"Slack: {failure}; the message may have been posted", "ambiguous")
            outcome: Outcome = no_answer("Slack", failure)
        except Refused as refused:
            if thread and refused.error in THREAD_GONE:
                for context in contexts:
                    _note(context, channel)
                return self._post(contexts, message, channel)
            outcome = refused.outcome
            if refused.maybe_done:
                return outcome
        for context in contexts:
            with suppress(LeaseLost):  # whoever has it now looks for what is not there, which does no harm
                context.keep(posting=None)
        return outcome

    def _done(self, event: Event, context: Context, channel: str, posted: Posted, found: bool = False) -> Done:
        if self._settings.slack_threads and _has_thread(event) and posted.ts:
            # A reply whose first message is gone comes back without a thread: it is the first one of a new thread.
            thread = posted.thread or posted.ts
            context.links.set(str(event.subject), event.creation, channel=channel, thread=thread)
        result = {"channel": posted.channel, "ts": posted.ts, "thread": posted.thread}
        if found:
            result["found"] = "posted by an earlier attempt"
        elif unsure := context.notes.get("unsure"):
            result["unsure"] = unsure
        return Done({key: value for key, value in result.items() if value})

    def _thread(self, event: Event, context: Context, channel: str) -> str:
        if not self._settings.slack_threads or not _has_thread(event):
            return ""
        link = context.links.get(str(event.subject), event.creation)
        # Another channel set since: threads can't move, so a new one begins there.
        return link.get("thread", "") if link.get("channel") == channel else ""


def _note(context: Context, channel: str, thread: str = "") -> None:
    """`at` is by the ledger's clock. Raises LeaseLost."""
    context.keep(posting={"channel": channel, "thread": thread, "at": context.now()})


def _needs_look(event: Event, context: Context) -> bool:
    return bool(context.notes.get("posting")) or not context.remembers(event.occurred)


def _settling(left: float, why: str) -> Retry | None:
    """Whether Slack may still be at work on what we gave up waiting for, and show it only later."""
    return Retry(f"{why}: looking again before it is posted", "not_yet", left) if left else None


def _project(event: Event) -> str:
    return str(event.project.id) if isinstance(event, AbcEvent) and event.project else "*"


def _has_thread(event: Event) -> bool:
    return isinstance(event, AbcEvent) and event.issue is not None

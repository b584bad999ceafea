"""One message for each event, told as the event tells it, even when the issue has moved on since."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from connectors.answers import no_answer
from connectors.base import Check, Context, Destination, Done, Outcome, Retry, Skipped, Tools
from connectors.slack.client import Posted, Way
from connectors.slack.errors import THREAD_GONE, CannotTell, Refused
from connectors.slack.render import Message, marker, render, render_digest
from connectors.slack.settings import SlackSettings
from sources.abc.client import AbcError
from sources.event import Event
from transport import NoAnswer

BURST = 3
"""Slack takes short bursts above its rate; from longer ones it may also hide messages instead of refusing them."""
CLOCK_SECONDS = 600.0
"""How far this machine's clock may be from Slack's for a look-up to find the message."""


DIGEST_FROM = 10
"""How many messages must wait for a channel before they are told as one."""


class SlackConnector:
    """Keeps the note `posting` before it posts: {channel, thread, age}. A note found means that an earlier attempt may
    have posted, so it looks first; an answer that says that nothing was posted clears the note."""

    def __init__(self, settings: SlackSettings, tools: Tools, way: Way) -> None:
        self._settings = settings
        self._tools = tools
        self._way = way
        # In threads each message has its own place.
        self.crowd = sys.maxsize if settings.slack_threads else DIGEST_FROM

    def destination(self, event: Event) -> Destination:
        where = self._channel(event) or "webhook"
        return Destination(f"slack {where}", self._settings.slack_rate, BURST)

    def deliver(self, event: Event, context: Context) -> Outcome:
        channel = self._channel(event)
        if self._settings.slack_bot_token and not channel:
            return Skipped(f"SLACK_CHANNEL names no channel for project {_project(event)}, and no default (*)")
        if told := context.notes.get("done"):
            return Done(told)  # replayed: a message is told once
        posting = context.notes.get("posting")
        metadata = marker(self._tools.instance, context.delivery_id)
        outcome: Outcome | None = None
        if posting:
            told_by = marker(self._tools.instance, posting["digest"]) if posting.get("digest") else metadata
            outcome = self._look(event, context, channel, told_by)
        elif event.origin == "reconcile":
            outcome = self._told_before(event, context, channel, metadata)
        if outcome:
            return outcome
        message = self._message(event, metadata)
        if message is None:
            return Skipped(f"there is no Slack message for {event.name}")
        return self._post(event, context, message, channel, self._thread(event, context, channel))

    def gather(self, told: Sequence[tuple[Event, Context]]) -> list[Outcome]:
        """One digest for those of which nothing can have been posted yet; the others go their own way."""
        fresh = [(event, context) for event, context in told if not context.notes and event.origin == "webhook"]
        if len(fresh) < 2:
            return [self.deliver(event, context) for event, context in told]
        channel = self._channel(fresh[0][0])
        digest = f"digest-{uuid4().hex}"
        metadata = marker(self._tools.instance, digest)
        message = render_digest([event for event, _ in fresh], self._tools.language, metadata)
        posted = self._try([context for _, context in fresh], message, channel, "", digest)
        together = {
            context.delivery_id: self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted
            for event, context in fresh
        }
        return [together.get(context.delivery_id) or self.deliver(event, context) for event, context in told]

    def check(self) -> Iterator[Check]:
        return self._way.check(list(dict.fromkeys(channel for _, channel in self._settings.slack_channel.items())))

    def _channel(self, event: Event) -> str:
        return self._settings.slack_channel.get(_project(event)) or ""

    def _message(self, event: Event, metadata: dict[str, Any]) -> Message | None:
        return render(
            event,
            self._tools.language,
            metadata,
            ticket=self._ticket(event),
            ticket_url=self._settings.slack_ticket_url.get(_project(event)),
            feedback_field=self._settings.slack_feedback_field,
        )

    def _ticket(self, event: Event) -> str:
        """The event's ticket; where it names none, the one that ABC may have got since. A message tells what happened
        then, so nothing else is read anew, and it does without when ABC can't be read: an alert doesn't wait."""
        issue, abc = event.issue, self._tools.abc
        if issue is None or event.project is None:
            return ""
        if issue.external_id or abc is None or event.name == "ISSUE_CREATION":
            return issue.external_id
        try:
            return abc.get_issue(event.project.id, issue.id).external_id
        except AbcError:
            return ""

    def _look(self, event: Event, context: Context, channel: str, metadata: Mapping[str, Any]) -> Outcome | None:
        """What an earlier attempt came to; None when the message has to be posted (again)."""
        posting = context.notes["posting"]
        # By the ledger's clock, which all workers share; only the distance to Slack's own is left to the margin.
        posted_about = time.time() - (context.age - float(posting["age"]))
        oldest, latest = posted_about - CLOCK_SECONDS, posted_about + CLOCK_SECONDS
        try:
            posted = self._way.find(metadata, posting["channel"], posting["thread"], oldest, latest)
        except CannotTell as why:
            return self._unsure(context, str(why))
        except NoAnswer as trouble:
            return no_answer("Slack", trouble)
        except Refused as refused:
            return refused.outcome
        return self._done(event, context, channel, posted, found=True) if posted else None

    def _told_before(self, event: Event, context: Context, channel: str, metadata: Mapping[str, Any]) -> Outcome | None:
        """Reconcile finds what we never saw, or what we told before the ledger was wiped: the marker is the same. Where
        we can't look, the first is far more likely."""
        thread = self._thread(event, context, channel)
        try:
            latest = time.time() + CLOCK_SECONDS
            posted = self._way.find(metadata, channel, thread, event.occurred - CLOCK_SECONDS, latest)
        except (CannotTell, Refused):
            return None
        except NoAnswer as trouble:
            return no_answer("Slack", trouble)
        return self._done(event, context, channel, posted, found=True) if posted else None

    def _unsure(self, context: Context, why: str) -> Outcome | None:
        if self._settings.slack_when_unsure == "never":
            unsure = f"may never have been posted: {why}"
            return Skipped("Slack did not confirm the message, and SLACK_WHEN_UNSURE=never", {"unsure": unsure})
        context.keep(unsure=f"posted again: {why}")
        return None

    def _post(self, event: Event, context: Context, message: Message, channel: str, thread: str) -> Outcome:
        posted = self._try([context], message, channel, thread)
        return self._done(event, context, channel, posted) if isinstance(posted, Posted) else posted

    def _try(
        self, contexts: Sequence[Context], message: Message, channel: str, thread: str, digest: str = ""
    ) -> Posted | Outcome:
        """Posts once, with a note before, in every delivery that the message is for."""
        for context in contexts:
            context.keep(posting={"channel": channel, "thread": thread, "age": context.age, "digest": digest})
        try:
            return self._way.post(message, channel, thread)
        except NoAnswer as trouble:
            if trouble.sent:
                return Retry(f"Slack: {trouble}; the message may have been posted", "ambiguous")
            outcome: Outcome = no_answer("Slack", trouble)
        except Refused as refused:
            if thread and refused.error in THREAD_GONE:
                return self._try(contexts, message, channel, "", digest)
            outcome = refused.outcome
            if refused.maybe_done:
                return outcome
        for context in contexts:
            context.keep(posting=None)
        return outcome

    def _done(self, event: Event, context: Context, channel: str, posted: Posted, found: bool = False) -> Done:
        if self._settings.slack_threads and event.issue and posted.ts:
            # A reply whose first message is gone comes back without a thread: it is the first one of a new thread.
            context.links.set("slack", event.entity, channel=channel, thread=posted.thread or posted.ts)
        result = {"channel": posted.channel, "ts": posted.ts, "thread": posted.thread}
        if found:
            result["found"] = "posted by an earlier attempt"
        elif unsure := context.notes.get("unsure"):
            result["unsure"] = unsure
        return Done({key: value for key, value in result.items() if value})

    def _thread(self, event: Event, context: Context, channel: str) -> str:
        if not self._settings.slack_threads or event.issue is None:
            return ""
        link = context.links.get("slack", event.entity)
        # Another channel set since: threads can't move, so a new one begins there.
        return link.get("thread", "") if link.get("channel") == channel else ""


def _project(event: Event) -> str:
    return str(event.project.id) if event.project else "*"

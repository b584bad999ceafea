"""Adds comments only once: each ends with a marker, and the flow looks for the marker before it writes."""

from __future__ import annotations

from bridge.http import NoAnswer
from connectors import patience
from connectors.base import Context, Retry
from connectors.tickets.base import Halt, Refused, TicketApi
from connectors.tickets.markers import Marker
from sources.abc.models import Feedback, Issue
from sources.base import seconds_of


def comment_once(
    api: TicketApi, key: str, body: str, marker: Marker, context: Context, about: Issue | Feedback
) -> bool:
    """Adds `body`, which ends with `marker`, unless a comment of our own account already ends with it. Returns whether
    it was added. `about`: the entity of the marker.

    Keeps the note `commenting` before it writes: {marker, at}. If a delivery has two comments, a note about the second
    one means that the first one exists.
    """
    for comment in api.comments(key, marker.earliest):
        if marker.ends(comment.body, comment.made, api.markup.hidden) and api.is_ours(comment.author):
            return False
    earlier = context.notes.get("commenting")
    if earlier and earlier["marker"] == marker.text:
        left = patience.left(earlier["at"], context.now(), patience.SETTLE_SECONDS)
    else:  # the note may have been deleted with a Redis that was wiped
        left = patience.left_after_wipe(context, seconds_of(about.createdAt) or 0.0)
    if left > 0:
        why = "an earlier attempt's comment may still be on its way: looking again before it is sent"
        raise Halt(Retry(why, "not_yet", min(left, patience.LOOK_EVERY)))
    context.keep(commenting={"marker": marker.text, "at": context.now()})
    try:
        api.add_comment(key, body)
    except Refused as refusal:
        if not refusal.maybe_done:
            context.keep(commenting=None)
        raise
    except NoAnswer as error:
        if error.sent:
            raise Halt(ambiguous(api.title, error)) from None
        context.keep(commenting=None)
        raise
    return True


def ambiguous(title: str, error: NoAnswer) -> Retry:
    """A request was sent and its result is unknown: the next attempt looks for the effect before it sends again."""
    return Retry(f"{title}: {error}; it may still have been done, so the next attempt looks first", "ambiguous")

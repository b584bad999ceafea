"""Comments that appear once: each ends with a mark, which is looked for before it is written."""

from __future__ import annotations

from connectors import patience
from connectors.base import Context, Retry
from connectors.jira.errors import Halt, JiraRefusal, ambiguous
from connectors.jira.markers import carries
from connectors.jira.port import JiraPort
from transport import NoAnswer


def comment_once(port: JiraPort, key: str, body: str, marker: str, context: Context) -> bool:
    """Adds `body`, which ends with `marker`, unless a comment with that mark is there. Tells whether it was added.

    Keeps the note `commenting` before it writes: {marker, at}. Where a delivery has two comments, the earlier one is
    known to be there when the note speaks of the later one.
    """
    if any(carries(comment, marker) for comment in port.comments(key)):
        return False
    earlier = context.notes.get("commenting")
    if earlier and earlier["marker"] == marker:
        left = patience.left(earlier["at"], context.now(), patience.SETTLE_SECONDS)
        if left > 0:
            why = "an earlier attempt's comment may still be on its way: looking again before it is sent"
            raise Halt(Retry(why, "not_yet", min(left, patience.LOOK_EVERY)))
    context.keep(commenting={"marker": marker, "at": context.now()})
    try:
        port.add_comment(key, body)
    except JiraRefusal as refusal:
        if refusal.not_done:
            context.keep(commenting=None)
        raise
    except NoAnswer as trouble:
        if trouble.sent:
            raise Halt(ambiguous(trouble)) from None
        context.keep(commenting=None)
        raise
    return True

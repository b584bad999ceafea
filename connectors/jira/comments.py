"""Comments that appear once: each ends with a mark, which is looked for before it is written."""

from __future__ import annotations

import time

from connectors.base import Context, Retry
from connectors.jira import patience
from connectors.jira.errors import Halt, JiraRefusal, ambiguous
from connectors.jira.markers import carries
from connectors.jira.port import JiraPort
from transport import NoAnswer


def comment_once(port: JiraPort, key: str, body: str, marker: str, context: Context) -> bool:
    """Adds `body`, which ends with `marker`, unless a comment with that mark is there. Tells whether it was added."""
    if any(carries(comment, marker) for comment in port.comments(key)):
        return False
    since = context.notes.get("commenting")
    if since:
        left = patience.left(float(since), time.time(), context.age, patience.SETTLE_SECONDS)
        if left > 0:
            why = "an earlier attempt's comment may still be on its way: looking again before it is sent"
            raise Halt(Retry(why, "not_yet", min(left, patience.LOOK_EVERY)))
    context.keep(commenting=time.time())
    try:
        port.add_comment(key, body)
    except JiraRefusal as refusal:
        if refusal.not_done:
            context.keep(commenting=0)
        raise
    except NoAnswer as trouble:
        if trouble.sent:
            raise Halt(ambiguous(trouble)) from None
        context.keep(commenting=0)
        raise
    return True

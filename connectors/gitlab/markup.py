"""GitLab's Markdown: GitHub's, and what GitLab does besides. Pure. https://docs.gitlab.com/user/markdown/"""

from __future__ import annotations

import re
from dataclasses import replace

from connectors.tickets.markup import MARKDOWN, UNSEEN

# References to users, issues, merge requests, snippets, milestones, epics and labels, and addresses of these.
_REFERENCE = re.compile(
    r"""
      [@\#!$%&~] (?= [\w"] ) | \[ (?= [a-z_]{1,30}: ) | (?<! [A-Za-z0-9] ) GL (?= -[0-9] )
    | :// (?= [^\s]{1,200}? / (?: - | issues | merge_requests | work_items | epics | milestones | commit ) / )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# GitLab carries out a line such as `/close` with the rights of the token: a backslash makes it text.
# https://docs.gitlab.com/user/project/quick_actions/
_QUICK_ACTION = re.compile(r"(?<!\S)/")


def unlinked(text: str) -> str:
    """The text with a zero-width space in whatever would notify somebody or become a reference."""
    return _REFERENCE.sub(lambda found: found.group() + UNSEEN, text)


def _escape(text: str) -> str:
    return _QUICK_ACTION.sub(r"\\/", MARKDOWN.escape(unlinked(text)))


# GitLab takes 1,048,576 characters: with GitHub's 65,536 a page of 30 tickets is less than MAX_ANSWER_BYTES.
MARKUP = replace(MARKDOWN, title_limit=255, escape=_escape)

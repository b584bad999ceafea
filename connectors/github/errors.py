"""What GitHub's refusals mean."""

from __future__ import annotations

import re

from bridge.http import Answer
from connectors.answers import Messages
from connectors.tickets.advice import Advice

# Such as `issues=write; metadata=read`.
_PERMISSIONS = re.compile(r"[a-z_]{1,40}=[a-z]{1,10}(?:[,;] ?[a-z_]{1,40}=[a-z]{1,10}){0,9}")


def _named(answer: Answer) -> str:
    permissions = answer.headers.get("X-Accepted-GitHub-Permissions", "")
    return f" ({permissions})" if _PERMISSIONS.fullmatch(permissions) else ""


ADVICE = Advice(
    "repository",
    broken="wrong or expired",
    needed="a fine-grained token needs the repository permission Issues (read and write), a classic one the scope repo",
    denied="the repository is archived, or the organization does not admit the token",
    known=Messages(
        "Bad credentials",
        "Not Found",
        "Moved Permanently",
        "Validation Failed",
        "Problems parsing JSON",
        "Server Error",
        "Issues are disabled for this repo",
        "Issues has been disabled in this repository.",
        "This issue was deleted",
        "Resource not accessible by personal access token",
        "Resource not accessible by integration",
        "Repository was archived so is read-only.",
        "Must have admin rights to Repository.",
        "Resource protected by organization SAML enforcement.{...}",
        "body is too long (maximum is {} characters)",
        "title is too long (maximum is {} characters)",
    ),
    fields=("title", "body", "labels", "state", "state_reason", "name"),
    more={410: "the issue was deleted, or issues are switched off in the repository ({})"},
    named=_named,
)

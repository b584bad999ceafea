"""What GitHub's refusals mean, with the variable or permission to look at. Pure."""

from __future__ import annotations

import re

from bridge.http import Answer
from connectors.answers import Messages
from connectors.github.settings import Settings
from connectors.tickets.rest import messages_in

KNOWN = Messages(
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
)
FIELDS = ("title", "body", "labels", "state", "state_reason", "name")
# Such as `issues=write; metadata=read`.
_PERMISSIONS = re.compile(r"[a-z_]{1,40}=[a-z]{1,10}(?:[,;] ?[a-z_]{1,40}=[a-z]{1,10}){0,9}")
NEEDED = "a fine-grained token needs the repository permission Issues (read and write), a classic one the scope repo"


def explain(settings: Settings, answer: Answer) -> str:
    token, repo = settings.variable("token"), settings.variable("repo")
    permissions = answer.headers.get("X-Accepted-GitHub-Permissions", "")
    wanted = f" ({permissions})" if _PERMISSIONS.fullmatch(permissions) else ""
    advice = {
        401: f"the token is wrong or expired: renew {token}",
        403: f"{token} lacks a permission{wanted}: {NEEDED}; or the repository is archived, or the organization does "
        "not admit the token",
        404: f"{repo} is wrong, or {token} has no access to that repository: {NEEDED}",
        410: f"the issue was deleted, or issues are switched off in the repository ({repo})",
    }.get(answer.status, f"the repository was renamed or moved: correct {repo}" if answer.status < 400 else "")
    return "; ".join(filter(None, [advice, *messages_in(answer, KNOWN, FIELDS)]))

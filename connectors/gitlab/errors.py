"""What GitLab's refusals mean, with the variable or permission to look at. Pure.

https://docs.gitlab.com/api/rest/troubleshooting/
"""

from __future__ import annotations

from bridge.http import Answer
from connectors.answers import Messages
from connectors.gitlab.settings import Settings
from connectors.tickets.rest import messages_in

KNOWN = Messages(
    "{} Unauthorized",
    "{} Forbidden",
    "{} Not found",
    "{} Not Found",
    "{} Project Not Found",
    "{} Issue Not Found",
    '{} (Bad request) "{}" not given',
    "{} is missing",
    "is too long (maximum is {} characters)",
    "can't be blank",
    "invalid_token",
    "insufficient_scope",
    "Token is expired. You can either do re-authorization or token refresh.",
    "Token was revoked. You have to re-authorize from the user.",
    "The request requires higher privileges than provided by the access token.",
)
FIELDS = ("title", "description", "labels", "state_event", "body", "note")
NEEDED = "it needs the scope api, and its account a role in the project"


def explain(settings: Settings, answer: Answer) -> str:
    token, project = settings.variable("token"), settings.variable("project")
    advice = {
        401: f"the token is wrong, expired or revoked: renew {token}",
        403: f"{token} lacks a permission: {NEEDED}; or the project is archived, or has no issues",
        404: f"{project} is wrong, or {token} has no access to that project: {NEEDED}",
    }.get(answer.status, f"the project was renamed or moved: correct {project}" if answer.status < 400 else "")
    return "; ".join(filter(None, [advice, *messages_in(answer, KNOWN, FIELDS)]))

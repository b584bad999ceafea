"""What GitLab's refusals mean. https://docs.gitlab.com/api/rest/troubleshooting/"""

from __future__ import annotations

from connectors.answers import Messages
from connectors.tickets.advice import Advice

ADVICE = Advice(
    "project",
    broken="wrong, expired or revoked",
    needed="it needs the scope api, and its account a role in the project",
    denied="the project is archived, or has no issues",
    known=Messages(
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
    ),
    fields=("title", "description", "labels", "state_event", "body", "note"),
)

"""What Jira's refusals mean, with the variable or permission to look at. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.http import Answer
from connectors.answers import code_of, refused
from connectors.base import Failed, Reason, Retry
from connectors.jira.messages import FIELD, WITHHELD, known
from connectors.jira.settings import OWN_FIELDS, Settings
from connectors.tickets.base import Refused

DEFINITE_MIN, DEFINITE_MAX = 300, 499
ADVICE: Mapping[int, str] = {
    401: "the credentials are wrong or expired: renew {api_token} (with the {email} it belongs to) or {pat}; "
    "an API token with scopes works only with {url}=https://api.atlassian.com/ex/jira/<cloud id>",
    403: "the account lacks the permission, Jira wants a captcha solved (sign in once in a browser), or an allow-list "
    "of addresses or a proxy is in the way",
    404: "look at {url}, {project}, and whether the account may see the project",
    410: "that part of Jira's API was removed: on Jira Cloud leave {type} at auto",
}
SCOPE = "the API token lacks a scope: it needs read:jira-user, read:jira-work and write:jira-work"
NOT_SIGNED_IN = frozenset({"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED", "OUT"})
"""Values of X-Seraph-LoginReason. Jira then answers as to an anonymous visitor: "not found" for what exists."""
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,59}")


class JiraRefusal(Refused):
    """Jira answered with an error.

    `message`: its messages, as far as they are passed on; `fields`: those about single fields; `limit`: which rate
    limit, by `RateLimit-Reason`; `advice`: what to do, where the status alone does not show it.
    """

    def __init__(
        self,
        settings: Settings,
        status: int,
        message: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        limit: str = "",
        advice: str = "",
    ) -> None:
        self.message = message
        self.fields = dict(fields or {})
        advice = advice or ADVICE.get(status, "").format_map(_Variables(settings))
        # Jira's message comes last: it may be long, and what is kept of an outcome is not.
        what = "; ".join(part for part in (advice, limit, message) if part)
        outcome = refused("Jira", status, what, retry_after)
        if 300 <= status < 400:
            url = settings.variable("url")
            outcome = Failed(f"Jira answers with a redirect: set {url} to the target of the redirect", "config")
        # A 408 or 5xx may come from something between us and Jira, or from a listener that failed after the ticket was
        # made.
        maybe_done = not DEFINITE_MIN <= status <= DEFINITE_MAX or status == 408
        super().__init__(outcome, gone=status in (404, 410), maybe_done=maybe_done, status=status)


class _Variables(dict[str, str]):
    """The variable of each field of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __missing__(self, field: str) -> str:
        return self._settings.variable(field)


def refusal_of(answer: Answer, settings: Settings, *, reads: bool) -> JiraRefusal | None:
    """What an answer refuses; None for a success. Headers come before the status: with wrong or expired credentials
    some sites answer as to an anonymous visitor (404, 400, or a search with no results).

    `reads`: the request changes nothing. What was changed was changed, whoever Jira took us for.
    """
    reasons = {part.upper() for part in CODE.findall(answer.headers.get("X-Seraph-LoginReason", ""))}
    anonymous = reasons & NOT_SIGNED_IN
    if answer.ok and not (anonymous and reads):
        return None
    if anonymous and (answer.ok or answer.status in (400, 401, 403, 404, 410)):
        return JiraRefusal(settings, 401, f"Jira treats our requests as anonymous ({', '.join(sorted(anonymous))})")
    messages, fields = _messages_of(answer.json())
    denied, limit = (_code_in(answer, name) for name in ("X-Authentication-Denied-Reason", "RateLimit-Reason"))
    shown = dict.fromkeys([*messages, *fields.values(), *([denied] if denied else [])])
    advice = SCOPE if any("scope does not match" in message for message in messages) else ""
    return JiraRefusal(settings, answer.status, "; ".join(shown), fields, answer.retry_after, limit, advice)


def create_outcome_of(refusal: JiraRefusal, settings: Settings, project: str) -> Retry | Failed:
    """The outcome where Jira would not make a ticket: names the field and the variable that sets it."""
    if refusal.status != 400:
        return refusal.outcome
    advice = [field_advice(name, text, settings) for name, text in refusal.fields.items()]
    reason: Reason = "config" if advice else "client_error"
    why = "; ".join(advice) or refusal.message or "no reason given"
    return Failed(f"Jira refused to create a ticket in {project}: {why}", reason)


def search_outcome_of(refusal: JiraRefusal, settings: Settings, project: str) -> Retry | Failed:
    """The outcome where Jira refused the search for a marker: names the project and the field."""
    if refusal.status != 400 or not refusal.message:
        return refusal.outcome
    what = f"{settings.variable('project')}: {project} does not exist, or the account may not see it"
    field = settings.marker_field
    also = f"; or {settings.variable('marker_field')}: {field} can't be searched" if field else ""
    return Failed(f"Jira refused to search for the ticket: {what}{also}", "config")


VARIABLES = {**OWN_FIELDS, "priority": "priority", "labels": "labels"}


def field_advice(name: str, text: str, settings: Settings) -> str:
    """What to do about a field that Jira complains of."""
    variable, marker_field = settings.variable, settings.variable("marker_field")
    if name == (settings.marker_field or "labels"):
        where = f"{variable('labels')} and our marker" if name == "labels" else marker_field
        return f"{name} ({where}): {text} Put the field on the project's create screen" + (
            f", or name a text field of that screen in {marker_field}" if name == "labels" else ""
        )
    if name in VARIABLES:
        return f"{name}: {text} See {variable(VARIABLES[name])}"
    return f'{name}: {text} Set it in {variable("fields")}: {{"{name}": …}}'


def _code_in(answer: Answer, header: str) -> str:
    """`CAPTCHA_CHALLENGE` of `CAPTCHA_CHALLENGE; login-url=…`."""
    return code_of(answer.headers.get(header, "").partition(";")[0].strip(), [answer.request])


def _messages_of(answer: Any) -> tuple[list[str], dict[str, str]]:
    """Jira's messages of a known form, and those by field."""
    if not isinstance(answer, dict):
        return [], {}
    messages = answer.get("errorMessages")
    texts = messages if isinstance(messages, list) else [messages, answer.get("errorMessage"), answer.get("message")]
    errors = answer.get("errors")
    named = errors.items() if isinstance(errors, dict) else ()
    fields = {name: known(text) or WITHHELD for name, text in named if FIELD.fullmatch(name)}
    return [text for text in map(known, texts[:20]) if text], fields

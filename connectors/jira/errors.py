"""What Jira's refusals mean, with the variable or permission to look at. Pure.

Exception
├── JiraRefusal       Jira answered, and not with success
├── IncompleteSearch  a search that ended before all was seen: what it did not show may exist
├── NoAnswer          (bridge.http) nothing usable came back; `sent`: whether Jira may have acted
└── Halt              a step has come to the outcome of the whole attempt
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.http import Answer
from connectors.answers import code_of, refused
from connectors.base import Failed, Outcome, Reason, Retry
from connectors.jira.messages import FIELD, WITHHELD, known

DEFINITE_MIN, DEFINITE_MAX = 300, 499
ADVICE: Mapping[int, str] = {
    401: "the credentials are wrong or expired: renew JIRA_API_TOKEN (with the JIRA_EMAIL it belongs to) or JIRA_PAT; "
    "an API token with scopes works only with JIRA_URL=https://api.atlassian.com/ex/jira/<cloud id>",
    403: "the account lacks the permission, Jira wants a captcha solved (sign in once in a browser), or an allow-list "
    "of addresses or a proxy is in the way",
    404: "look at JIRA_URL, JIRA_PROJECT, and whether the account may see the project",
    410: "that part of Jira's API is gone: on Jira Cloud leave JIRA_TYPE at auto",
}
SCOPE = "the API token lacks a scope: it needs read:jira-user, read:jira-work and write:jira-work"
NOT_SIGNED_IN = frozenset({"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED", "OUT"})
"""Values of X-Seraph-LoginReason. Jira then goes on as for an anonymous visitor: it does not find what is there."""
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,59}")


class JiraRefusal(Exception):
    """Jira answered with an error.

    `message`: its messages, as far as they are passed on; `fields`: those about single fields; `limit`: which rate
    limit, by `RateLimit-Reason`; `advice`: what to do, where the status alone does not show it.
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        limit: str = "",
        advice: str = "",
    ) -> None:
        self.status = status
        self.message = message
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        self.limit = limit
        self.advice = advice or ADVICE.get(status, "")
        super().__init__(f"Jira answered {status}: {message}")

    @property
    def gone(self) -> bool:
        return self.status in (404, 410)

    @property
    def not_done(self) -> bool:
        """Whether it is certain that nothing was done. A 408 or 5xx may come from something between us and Jira, or
        from a listener that failed after the ticket was made."""
        return DEFINITE_MIN <= self.status <= DEFINITE_MAX and self.status != 408


class IncompleteSearch(Exception):
    """More results than are looked at: "not among the first `seen`" is not "does not exist"."""

    def __init__(self, seen: int) -> None:
        self.seen = seen
        super().__init__(f"the search has more than {seen} results")


class Halt(Exception):
    """Ends an attempt with `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(repr(outcome))


def refusal_of(answer: Answer, *, reads: bool) -> JiraRefusal | None:
    """What an answer refuses; None for a success. Headers come before the status: with wrong or expired credentials
    some sites answer as to an anonymous visitor (404, 400, or a search with no results).

    `reads`: the request changes nothing. What was changed was changed, whoever Jira took us for.
    """
    reasons = {part.upper() for part in CODE.findall(answer.headers.get("X-Seraph-LoginReason", ""))}
    anonymous = reasons & NOT_SIGNED_IN
    if answer.ok and not (anonymous and reads):
        return None
    if anonymous and (answer.ok or answer.status in (400, 401, 403, 404, 410)):
        return JiraRefusal(401, f"Jira takes us for an anonymous visitor ({', '.join(sorted(anonymous))})")
    messages, fields = _messages_of(answer.json())
    denied, limit = (_code_in(answer, name) for name in ("X-Authentication-Denied-Reason", "RateLimit-Reason"))
    shown = dict.fromkeys([*messages, *fields.values(), *([denied] if denied else [])])
    advice = SCOPE if any("scope does not match" in message for message in messages) else ""
    return JiraRefusal(answer.status, "; ".join(shown), fields, answer.retry_after, limit, advice)


def outcome_of(refusal: JiraRefusal) -> Retry | Failed:
    """The outcome of an attempt that `refusal` ended."""
    if 300 <= refusal.status < 400:
        return Failed("Jira answers with a redirect: set JIRA_URL to the address that it leads to", "config")
    # Jira's message comes last: it may be long, and what is kept of an outcome is not.
    what = "; ".join(part for part in (refusal.advice, refusal.limit, refusal.message) if part)
    return refused("Jira", refusal.status, what, refusal.retry_after)


def create_outcome_of(refusal: JiraRefusal, project: str, marker_field: str) -> Retry | Failed:
    """The same for a ticket that Jira would not make: names the field and the variable that sets it."""
    if refusal.status != 400:
        return outcome_of(refusal)
    advice = [field_advice(name, text, marker_field) for name, text in refusal.fields.items()]
    reason: Reason = "config" if advice else "client_error"
    why = "; ".join(advice) or refusal.message or "no reason given"
    return Failed(f"Jira refused to create a ticket in {project}: {why}", reason)


def search_outcome_of(refusal: JiraRefusal, project: str, marker_field: str | None) -> Retry | Failed:
    """The same for the search for a marker, which names the project and the field."""
    if refusal.status != 400 or not refusal.message:
        return outcome_of(refusal)
    what = f"JIRA_PROJECT: {project} does not exist, or the account may not see it"
    also = f"; or JIRA_MARKER_FIELD: {marker_field} can't be searched" if marker_field else ""
    return Failed(f"Jira refused to search for the ticket: {what}{also}", "config")


def field_advice(name: str, text: str, marker_field: str) -> str:
    """What to do about a field that Jira complains of."""
    if name == marker_field:
        where = "JIRA_LABELS and our marker" if name == "labels" else "JIRA_MARKER_FIELD"
        return f"{name} ({where}): {text} Put the field on the project's create screen" + (
            ", or name a text field that is there in JIRA_MARKER_FIELD" if name == "labels" else ""
        )
    variable = {
        "project": "JIRA_PROJECT",
        "issuetype": "JIRA_ISSUE_TYPE",
        "priority": "JIRA_PRIORITY",
        "labels": "JIRA_LABELS",
        "summary": "JIRA_SUMMARY_TEMPLATE",
        "description": "JIRA_DESCRIPTION_TEMPLATE",
    }.get(name)
    return f"{name}: {text} See {variable}" if variable else f'{name}: {text} Set it in JIRA_FIELDS: {{"{name}": …}}'


def ambiguous(error: object) -> Retry:
    """Something was sent and the result is unknown: the next attempt looks before it sends again."""
    return Retry(f"Jira: {error}; it may have been done all the same, so the next attempt looks first", "ambiguous")


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

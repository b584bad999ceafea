"""What Jira's refusals mean, in words that tell the operator which variable or permission to look at. Pure.

Exception
├── JiraRefusal    Jira answered, and not with success
├── NoAnswer       (transport.py) nothing usable came back; `sent` tells whether Jira may have acted
└── Halt           a step has come to the outcome of the whole attempt
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.answers import refused
from connectors.base import Failed, Outcome, Reason, Retry

DEFINITE_MIN, DEFINITE_MAX = 300, 499
ADVICE: Mapping[int, str] = {
    401: "the credentials are wrong or expired: renew JIRA_API_TOKEN (with the JIRA_EMAIL it belongs to) or JIRA_PAT",
    403: "the account lacks the permission, or Jira wants a captcha solved: sign in once in a browser",
    404: "look at JIRA_URL, JIRA_PROJECT, and whether the account may see the project",
    410: "that part of Jira's API is gone: on Jira Cloud leave JIRA_TYPE at auto",
}


class JiraRefusal(Exception):
    """Jira answered with an error.

    `said`: its words; `fields`: what it says of single fields; `limit`: which rate limit, by `RateLimit-Reason`.
    """

    def __init__(
        self,
        status: int,
        said: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        limit: str = "",
    ) -> None:
        self.status = status
        self.said = said
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        self.limit = limit
        super().__init__(f"Jira answered {status}: {said}")

    @property
    def gone(self) -> bool:
        return self.status in (404, 410)

    @property
    def not_done(self) -> bool:
        """Whether it is certain that nothing was done. A 408 or 5xx may come from something between us and Jira, or
        from a listener that failed after the ticket was made."""
        return DEFINITE_MIN <= self.status <= DEFINITE_MAX and self.status != 408


class Halt(Exception):
    """Ends an attempt with `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(repr(outcome))


def outcome_of(refusal: JiraRefusal) -> Retry | Failed:
    """The outcome of an attempt that `refusal` ended."""
    if 300 <= refusal.status < 400:
        return Failed("Jira answers with a redirect: set JIRA_URL to the address that it leads to", "config")
    # Their words come last, for they may be long, and what is kept of an outcome is not.
    said = "; ".join(part for part in (ADVICE.get(refusal.status, ""), refusal.limit, refusal.said) if part)
    return refused("Jira", refusal.status, said, refusal.retry_after)


def create_outcome_of(refusal: JiraRefusal, project: str, marker_field: str) -> Retry | Failed:
    """The same for a ticket that Jira would not make: names the field and the variable that sets it."""
    if refusal.status != 400:
        return outcome_of(refusal)
    advice = [field_advice(name, text, marker_field) for name, text in refusal.fields.items()]
    reason: Reason = "config" if advice else "client_error"
    why = "; ".join(advice) or refusal.said or "no reason given"
    return Failed(f"Jira refused to create a ticket in {project}: {why}", reason)


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


def ambiguous(trouble: object) -> Retry:
    """Something was sent and its fate is unknown: the next attempt looks before it sends again."""
    return Retry(f"Jira: {trouble}; it may have been done all the same, so the next attempt looks first", "ambiguous")

"""The JIRA_… variables."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

import bridge.settings as service
from bridge.settings import Credential, KeyMap, Pairs, TextList, TextMap, WebAddress, is_id
from bridge.text import utf16_length
from connectors.jira.templates import check_template

# https://confluence.atlassian.com/adminjiraserver/changing-the-project-key-format-938847081.html
PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]+")
OWN_FIELDS = {
    "project": "JIRA_PROJECT",
    "issuetype": "JIRA_ISSUE_TYPE",
    "summary": "JIRA_SUMMARY_TEMPLATE",
    "description": "JIRA_DESCRIPTION_TEMPLATE",
}
"""What JIRA_FIELDS may not set, and which variable does."""
LABEL_LIMIT = 255  # UTF-16 units; Jira's refusal names it: "maximum length for single labels"
ABC_STATUSES = ("INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING")


def _check_projects(projects: KeyMap[str]) -> KeyMap[str]:
    for abc_project, key in projects.items():
        if abc_project != "*" and not is_id(abc_project):
            raise ValueError(f"'{abc_project}' is no ABC project id (a number, or * for all others)")
        if not PROJECT_KEY.fullmatch(key):
            raise ValueError(f"'{key}' is no Jira project key (capital letters and digits, as in PROJ-123)")
    return projects


def _check_labels(labels: list[str]) -> list[str]:
    for label in labels:
        if utf16_length(label) > LABEL_LIMIT or any(character.isspace() for character in label):
            raise ValueError("Jira's labels have no blanks and at most 255 characters")
    return labels


def _parse_fields(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        fields = json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "it"
        raise ValueError(f"is no JSON ({where})") from None
    if not isinstance(fields, dict):
        raise ValueError('should be a JSON object such as {"customfield_10010": "text"}')  # noqa: TRY004
    for name in fields:
        if name in OWN_FIELDS:
            raise ValueError(f"'{name}' is set by {OWN_FIELDS[name]}")
    labels = fields.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError("'labels' should be a list of texts")
    _check_labels(labels)
    return fields


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _check_status_map(pairs: dict[str, str]) -> dict[str, str]:
    for abc_status in pairs:
        if abc_status not in ABC_STATUSES:
            raise ValueError(f"'{abc_status}' is no ABC status ({', '.join(ABC_STATUSES)})")
    return pairs


class Settings(service.Settings):
    """The JIRA_… variables, read at start."""

    jira_url: WebAddress
    jira_type: Literal["auto", "cloud", "datacenter"] = "auto"
    # Validated where they are, each by its own name, so that all errors are reported at once.
    jira_email: str | None = None
    jira_api_token: Annotated[Credential | None, Field(validate_default=True)] = None
    jira_pat: Annotated[Credential | None, Field(validate_default=True)] = None
    jira_project: Annotated[TextMap, AfterValidator(_check_projects)]
    jira_issue_type: str = "Task"
    jira_labels: Annotated[TextList, AfterValidator(_check_labels), Field(default_factory=list)]
    jira_priority: str | None = None
    jira_fields: Annotated[dict[str, Any], BeforeValidator(_parse_fields), Field(default_factory=dict)]
    jira_status_map: Annotated[Pairs, AfterValidator(_check_status_map), Field(default_factory=dict)]
    jira_webhook_secret: SecretStr | None = None
    jira_external_id: Literal["number", "key"] = "number"
    jira_summary_template: Annotated[str | None, AfterValidator(check_template)] = None
    jira_description_template: Annotated[str | None, AfterValidator(check_template)] = None
    jira_search_lag: Annotated[float, Field(ge=0, le=3600)] = 120
    """Seconds that Jira Cloud's search may lag behind (eventually consistent: seconds, at times minutes)."""
    jira_rate: Annotated[float, Field(ge=0.001, le=1000)] = 10
    """Deliveries a second, each of which is a few calls."""
    jira_marker_field: Annotated[str | None, Field(pattern=r"^customfield_[0-9]{1,10}$")] = None
    """A text field that carries the marker where labels are not on the create screen."""
    jira_former_accounts: Annotated[TextList, Field(default_factory=list)]
    """Account ids (Cloud), or user names or keys (Data Center), that the bridge used before: what they made is ours."""
    jira_public_comments: bool = False
    """Whether customers of Jira Service Management see our comments."""

    @field_validator("jira_api_token")
    @classmethod
    def _complete(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        email = info.data.get("jira_email")
        if email and token is None:
            raise ValueError("required together with JIRA_EMAIL")
        if token is not None and not email:
            raise ValueError("JIRA_EMAIL is required, too: the address of the account that the token is of")
        return token

    @field_validator("jira_pat")
    @classmethod
    def _one_way(cls, pat: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        basic = bool(info.data.get("jira_email")) or bool(info.data.get("jira_api_token"))
        token_is_wrong = "jira_api_token" not in info.data  # reported already
        if pat is None and not basic and not token_is_wrong:
            raise ValueError("set JIRA_EMAIL and JIRA_API_TOKEN (Jira Cloud), or JIRA_PAT (Jira Data Center)")
        if pat is not None and basic:
            raise ValueError("set either JIRA_PAT, or JIRA_EMAIL and JIRA_API_TOKEN, not both")
        if pat is not None and info.data.get("jira_type") == "cloud":
            raise ValueError("Jira Cloud (JIRA_TYPE=cloud) takes JIRA_EMAIL and JIRA_API_TOKEN")
        return pat

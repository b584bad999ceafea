"""The JIRA_… variables."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from bridge.settings import Credential, TextMap, WebAddress, named
from bridge.text import utf16_length
from connectors.tickets.settings import Labels, ReturningSettings, Seconds, containers

# https://confluence.atlassian.com/adminjiraserver/changing-the-project-key-format-938847081.html
PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]+")
NO_KEY = "no Jira project key (capital letters and digits, as in PROJ-123)"
OWN_FIELDS = {
    "project": "project",
    "issuetype": "issue_type",
    "summary": "summary_template",
    "description": "description_template",
}
"""What JIRA_FIELDS may not set, and which field of the settings does."""
LABEL_LIMIT = 255  # UTF-16 units; Jira's refusal names it: "maximum length for single labels"


def _check_labels(labels: list[str]) -> list[str]:
    for label in labels:
        if utf16_length(label) > LABEL_LIMIT or any(character.isspace() for character in label):
            raise ValueError("Jira's labels have no blanks and at most 255 characters")
    return labels


def _parse_fields(value: object, info: ValidationInfo) -> object:
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
            raise ValueError(f"'{name}' is set by {named(info, OWN_FIELDS[name])}")
    labels = fields.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError("'labels' should be a list of texts")
    _check_labels(labels)
    return fields


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


class Settings(ReturningSettings):
    """The JIRA_… variables, read at start."""

    PREFIX = "jira"
    CONTAINER = "project"
    ADDRESS = "url"

    url: WebAddress
    type: Literal["auto", "cloud", "datacenter"] = "auto"
    # Validated where they are, each by its own name, so that all errors are reported at once.
    email: str | None = None
    api_token: Annotated[Credential | None, Field(validate_default=True)] = None
    pat: Annotated[Credential | None, Field(validate_default=True)] = None
    project: Annotated[TextMap, AfterValidator(containers(PROJECT_KEY, NO_KEY))]
    issue_type: str = "Task"
    labels: Annotated[Labels, AfterValidator(_check_labels)]
    priority: str | None = None
    fields: Annotated[dict[str, Any], BeforeValidator(_parse_fields), Field(default_factory=dict)]
    search_lag: Seconds = 120
    """Seconds that Jira Cloud's search may lag behind (eventually consistent: seconds, at times minutes)."""
    marker_field: Annotated[str | None, Field(pattern=r"^customfield_[0-9]{1,10}$")] = None
    """A text field that carries the marker where labels are not on the create screen."""
    public_comments: bool = False
    """Whether customers of Jira Service Management see our comments."""

    @field_validator("api_token")
    @classmethod
    def _complete(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        email = info.data.get("email")
        if email and token is None:
            raise ValueError(f"required together with {named(info, 'email')}")
        if token is not None and not email:
            raise ValueError(
                f"{named(info, 'email')} is required, too: the address of the account that the token is of"
            )
        return token

    @field_validator("pat")
    @classmethod
    def _one_way(cls, pat: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        basic = bool(info.data.get("email")) or bool(info.data.get("api_token"))
        token_is_wrong = "api_token" not in info.data  # reported already
        both = f"{named(info, 'email')} and {named(info, 'api_token')}"
        if pat is None and not basic and not token_is_wrong:
            raise ValueError(f"set {both} (Jira Cloud), or {named(info, 'pat')} (Jira Data Center)")
        if pat is not None and basic:
            raise ValueError(f"set either {named(info, 'pat')}, or {both}, not both")
        if pat is not None and info.data.get("type") == "cloud":
            raise ValueError(f"Jira Cloud ({named(info, 'type')}=cloud) takes {both}")
        return pat

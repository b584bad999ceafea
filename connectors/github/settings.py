"""The GITHUB_… variables, and what an externalIssueId names."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from bridge.settings import Credential, TextList, TextMap, WebAddress
from connectors.tickets.names import Names
from connectors.tickets.settings import TicketSettings, containers

REPO = r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/(?!\.{1,2}(?:#|$))[A-Za-z0-9._-]{1,100}"
NAMES = Names(re.compile(REPO + r"#[1-9][0-9]{0,17}"), "#")
NO_REPO = "no repository such as acme/app"
STATUSES = ("open", "closed", "closed:not_planned")
LABEL_LIMIT = 50
"""Characters: https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels"""


def _check_labels(labels: list[str]) -> list[str]:
    if any(len(label) > LABEL_LIMIT for label in labels):
        raise ValueError(f"GitHub's labels have at most {LABEL_LIMIT} characters")
    return labels


class Settings(TicketSettings):
    PREFIX = "github"
    CONTAINER = "repo"

    token: Credential
    repo: Annotated[TextMap, AfterValidator(containers(re.compile(REPO), NO_REPO))]
    api_url: WebAddress = "https://api.github.com"
    labels: Annotated[TextList, AfterValidator(_check_labels), Field(default_factory=list)]
    # 80 writes a minute, and a delivery is one or two; with the burst of 15 there is room for both.
    # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
    rate: Annotated[float, Field(ge=0.001, le=1000)] = 1
    search_lag: Annotated[float, Field(ge=0, le=3600)] = 60
    """Seconds that GitHub's lists and search may lag behind."""

    @field_validator("status_map")
    @classmethod
    def _known(cls, statuses: dict[str, str], _info: ValidationInfo) -> dict[str, str]:
        for status in statuses.values():
            if status not in STATUSES:
                raise ValueError(f"'{status}' is no status of a GitHub issue ({', '.join(STATUSES)})")
        return statuses


def site_of(api_url: str) -> str:
    """The address for people: `https://github.com` of `https://api.github.com`, `https://HOST` of
    `https://HOST/api/v3`."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("api.") if parts.path == "" else parts.netloc
    return f"{parts.scheme}://{host}{parts.path.removesuffix('/api/v3')}"


def url_of(api_url: str, key: str) -> str:
    return f"{site_of(api_url)}/{NAMES.container_of(key)}/issues/{NAMES.number_of(key)}"


def address_of(settings: Settings, project: int, external_id: str) -> str:
    """Where a person finds the issue of an ABC project; see TicketSystem.address."""
    repo = settings.repo.get(project)
    key = NAMES.key_of(external_id, repo) if repo else None
    return url_of(settings.api_url, key) if key else ""

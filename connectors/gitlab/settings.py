"""The GITLAB_… variables, and what an externalIssueId names."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator

from bridge.settings import Credential, Rate, TextMap, WebAddress
from connectors.tickets.names import Names
from connectors.tickets.settings import (
    Labels,
    ReturningSettings,
    StatusBack,
    StatusMap,
    containers,
    short,
    statuses,
    statuses_back,
)

# A project has an id, and a path below its groups. https://docs.gitlab.com/user/reserved_names/
PROJECT = re.compile(r"[1-9][0-9]{0,17}|(?:(?!-|\.{1,2}/)[\w.-]{1,255}/){1,20}(?!-|\.{1,2}$)[\w.-]{1,255}", re.ASCII)
KEY = re.compile(
    r"(?:[1-9][0-9]{0,17}|(?:(?!-|\.{1,2}/)[\w.-]{1,255}/){1,20}(?!-|\.{1,2}\#)[\w.-]{1,255})\#[1-9][0-9]{0,17}",
    re.ASCII,
)
NAMES = Names(KEY, "#")
LABEL_LIMIT = 255


class Settings(ReturningSettings):
    PREFIX = "gitlab"
    CONTAINER = "project"
    ADDRESS = "url"

    url: WebAddress = "https://gitlab.com"
    token: Credential
    project: Annotated[TextMap, AfterValidator(containers(PROJECT, "no GitLab project: an id, or a path as acme/app"))]
    labels: Annotated[Labels, AfterValidator(short("GitLab's labels", LABEL_LIMIT))]
    status_map: Annotated[StatusMap, AfterValidator(statuses("GitLab issue", "opened", "closed"))]
    status_back: Annotated[StatusBack, AfterValidator(statuses_back("GitLab issue", "opened", "closed"))]
    # 300 notes a minute, and a delivery writes one or two. https://docs.gitlab.com/rate_limits/content_creation/
    rate: Rate = 2


def path_of(container: str) -> str:
    """The project in the REST API, below the server's address."""
    return f"/api/v4/projects/{quote(container, safe='')}"


def url_of(settings: Settings, key: str) -> str:
    """The address for people; "" where only the project's id is known."""
    project = NAMES.container_of(key)
    return "" if project.isdecimal() else f"{settings.url}/{project}/-/issues/{NAMES.number_of(key)}"

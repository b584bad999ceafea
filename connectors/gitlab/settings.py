"""The GITLAB_… variables, and what an externalIssueId names."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from bridge.settings import Rate, TextMap, WebAddress
from connectors.tickets.names import Names
from connectors.tickets.settings import IssueSettings, containers

# A project has an id, and a path below its groups. https://docs.gitlab.com/user/reserved_names/
PROJECT = re.compile(r"[1-9][0-9]{0,17}|(?:(?!-|\.{1,2}/)[\w.-]{1,255}/){1,20}(?!-|\.{1,2}$)[\w.-]{1,255}", re.ASCII)
KEY = re.compile(
    r"(?:[1-9][0-9]{0,17}|(?:(?!-|\.{1,2}/)[\w.-]{1,255}/){1,20}(?!-|\.{1,2}\#)[\w.-]{1,255})\#[1-9][0-9]{0,17}",
    re.ASCII,
)
NAMES = Names(KEY, "#")


class Settings(IssueSettings):
    PREFIX = "gitlab"
    CONTAINER = "project"
    ADDRESS = "url"
    TITLE = "GitLab"
    STATUSES = ("opened", "closed")

    url: WebAddress = "https://gitlab.com"
    project: Annotated[TextMap, AfterValidator(containers(PROJECT, "no GitLab project: an id, or a path as acme/app"))]
    # 300 notes a minute, and a delivery writes one or two. https://docs.gitlab.com/rate_limits/content_creation/
    rate: Rate = 2


def url_of(settings: Settings, key: str) -> str:
    """The address for people; "" where only the project's id is known."""
    project = NAMES.container_of(key)
    return "" if project.isdecimal() else f"{settings.url}/{project}/-/issues/{NAMES.number_of(key)}"

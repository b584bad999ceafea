"""The GITHUB_… variables, and what an externalIssueId names."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bridge.settings import Rate, TextMap, WebAddress
from connectors.tickets.names import Names
from connectors.tickets.settings import IssueSettings, Seconds, containers

REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/(?!\.{1,2}#)[A-Za-z0-9._-]{1,100}#[1-9][0-9]{0,17}")
NAMES = Names(KEY, "#")


class Settings(IssueSettings):
    PREFIX = "github"
    CONTAINER = "repo"
    ADDRESS = "api_url"
    TITLE = "GitHub"
    # https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels
    LONGEST_LABEL = 50
    STATUSES = ("open", "closed", "closed:not_planned")
    FURTHER = ("closed:duplicate",)

    repo: Annotated[TextMap, AfterValidator(containers(REPO, "no repository such as acme/app"))]
    api_url: WebAddress = "https://api.github.com"
    # 80 writes a minute, and a delivery is one or two; with the burst of 15 there is room for both.
    # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
    rate: Rate = 1
    search_lag: Seconds = 60
    """Seconds that GitHub's lists and search may lag behind."""


def url_of(settings: Settings, key: str) -> str:
    """The address for people: on github.com for api.github.com, on HOST for HOST/api/v3."""
    api = urlsplit(settings.api_url)
    host = api.netloc if api.path else api.netloc.removeprefix("api.")
    site = f"{api.scheme}://{host}{api.path.removesuffix('/api/v3')}"
    return f"{site}/{NAMES.container_of(key)}/issues/{NAMES.number_of(key)}"

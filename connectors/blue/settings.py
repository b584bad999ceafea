"""The BLUE_… variables, and what an externalIssueId names."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bridge.settings import Credential, Rate, TextMap, WebAddress
from connectors.tickets.names import Names
from connectors.tickets.settings import ReturningSettings, containers

ID_OR_SLUG = r"[A-Za-z0-9_-]{1,100}"
# Blue's ids have 25 characters (cuid): what is shorter is another system's number or key.
NAMES = Names(re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{16,64}"), "/")
DONE = "done"
"""In BLUE_STATUS_MAP: marked as done, whatever the list."""


class Settings(ReturningSettings):
    PREFIX = "blue"
    CONTAINER = "workspace"
    ADDRESS = "api_url"

    api_url: WebAddress = "https://api.blue.app/graphql"
    token_id: Credential
    token_secret: Credential
    org: Annotated[str, Field(pattern=f"^{ID_OR_SLUG}$")]
    workspace: Annotated[TextMap, AfterValidator(containers(re.compile(ID_OR_SLUG), "no id or slug of a workspace"))]
    list: Annotated[TextMap, AfterValidator(containers(re.compile(r".+"), "no list"))]
    # 60 searches and 20 bulk changes a minute; a delivery is at most one of each, and most are neither.
    rate: Rate = 0.5

    @model_validator(mode="after")
    def _check_each_has_a_list(self) -> Settings:
        lacking = [project for project, _ in self.workspace.items() if self.list.get(project) is None]
        if lacking:
            who = "the default (*)" if lacking[0] == "*" else f"ABC project {lacking[0]}"
            what = f"{self.variable('workspace')} names a workspace for {who}, and this names no list for it"
            raise ValueError(f"{self.variable('list')}: {what}: add {lacking[0]}=… or *=…")
        return self

    def list_of(self, project: int | str) -> str:
        """The list for new tickets of an ABC project that has a workspace."""
        return str(self.list.get(project))


def url_of(_settings: Settings, _key: str) -> str:
    """Blue documents no address of a record."""
    return ""

"""GitLab Issues as a ticket system.

https://docs.gitlab.com/api/issues/. A ticket's marker is a comment in its text, not a label: a label for each ticket
would fill the project's list of labels, and GitLab drops labels of an account with the role Guest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from bridge.http import Answer
from bridge.text import cut
from connectors import patience
from connectors.base import Check, Failed
from connectors.gitlab.errors import ADVICE
from connectors.gitlab.markup import MARKUP, unlinked
from connectors.gitlab.settings import NAMES, PROJECT, Settings, url_of
from connectors.tickets.base import Draft, Fence, Moved, NoWay, Refused, Ticket
from connectors.tickets.issues import COMMENT_PAGES, PAGE, IssueTracker, made

MOVES = 5
ALL = {"scope": "all", "state": "all"}
PLACE_OF = "query($id: IssueID!) { issue(id: $id) { reference(full: true) } }"
LABELLING = 15  # the access level of the role Planner. https://docs.gitlab.com/user/permissions/


class GitLabApi(IssueTracker[Settings]):
    container = "GitLab project"
    names, markup, advice = NAMES, MARKUP, ADVICE
    search_lag = patience.SETTLE_SECONDS  # lists read the database
    account, login, author, comment_path = "/api/v4/user", "username", "author", "notes"
    full_name = "path_with_namespace"
    issues_off = ("issues_access_level", "disabled")
    impossible: ClassVar = {"title": "x" * (MARKUP.title_limit + 1)}
    labelling = "Planner or Reporter"
    text, opened = "description", "opened"

    def __init__(self, settings: Settings, pool: int) -> None:
        super().__init__(settings, pool)
        self._paths: dict[str, str] = {}  # by container: the project's path, which an id does not show

    def path_of(self, container: str) -> str:
        return f"/api/v4/projects/{quote(container, safe='')}"

    def new_ticket(self, draft: Draft) -> dict[str, Any]:
        title = cut(unlinked(draft.title), MARKUP.title_limit, length=MARKUP.units)
        return {"title": title, "description": draft.text, "labels": ",".join(self._settings.labels)}

    def read(self, id_or_key: str) -> Ticket:
        """A moved issue is closed, and names the id of the copy in another project."""
        key = id_or_key
        for _ in range(MOVES):
            with self._rest.reading():
                raw = self._rest.one("GET", self.path(key))
                if raw["state"] != "closed" or not raw.get("moved_to_id"):
                    return self.ticket_of(raw, NAMES.container_of(key))
                key = self._place_of(int(raw["moved_to_id"]), key)
        raise Refused(Failed(f"{id_or_key} was moved more than {MOVES} times", "not_found"))

    def _place_of(self, issue: int, before: str) -> str:
        """REST finds an issue by its project only."""
        query = {"query": PLACE_OF, "variables": {"id": f"gid://gitlab/Issue/{issue}"}}
        found = self._rest.one("POST", "/api/graphql", query)["data"]["issue"]
        if found is None:
            raise Refused(Failed(f"{before} was moved to a project that {self.token} has no access to", "auth"))
        return str(found["reference"])

    def newest(self, login: str, since: str) -> dict[str, str]:
        return {"author_username": login, "created_after": since, **ALL, "order_by": "created_at", "sort": "desc"}

    def changed(self, since: str) -> dict[str, str]:
        return {"updated_after": since, **ALL, "order_by": "updated_at", "sort": "asc"}

    def search(self, container: str, login: str, text: str) -> list[Any]:
        query = {"author_username": login, **ALL, "search": text, "in": "description", "sort": "asc"}
        return self._rest.page(f"{self.path_of(container)}/issues", **query, per_page=str(PAGE))[0]

    def comment_pages(self, path: str, since: float) -> Iterator[list[Any]]:  # noqa: ARG002  GitLab has no such filter
        return self._rest.pages(path, PAGE, COMMENT_PAGES, order_by="created_at", sort="desc")

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        if ticket.status == target:
            return Moved(ticket.status)
        fence()
        change = {"state_event": "close" if target == "closed" else "reopen"}
        with self._rest.reading():
            status = self.status_of(self._rest.one("PUT", self.path(ticket.key), change))
        if status != target:  # GitLab ignores a change that the account may not make
            return NoWay(f"GitLab left the issue {status}: the account of {self.token} needs the role {self.labelling}")
        return Moved(status, before=ticket.status)

    def moved_at(self, ticket: Ticket) -> float:
        with self._rest.reading():
            events, _ = self._rest.page(f"{self.path(ticket.key)}/resource_state_events", per_page="100")
            return max((made(raw) for raw in events if raw["state"] in ("closed", "reopened", "opened")), default=0.0)

    def url_of(self, key: str) -> str:
        container = NAMES.container_of(key)
        return url_of(self._settings, f"{self._paths.get(container, container)}#{NAMES.number_of(key)}")

    def about_token(self, answer: Answer) -> Iterator[Check]:  # noqa: ARG002
        try:
            token = self._rest.one("GET", "/api/v4/personal_access_tokens/self")
        except Refused:
            return  # no access token of this kind, or an older GitLab: the projects show what works
        scopes = token.get("scopes")
        if isinstance(scopes, list) and "api" not in scopes:
            yield Check(False, f"{self.token} lacks the scope api")
        yield from self.expires(token.get("expires_at"))

    def drops_labels(self, repository: Mapping[str, Any]) -> bool:
        """Where the project names the access level of the account."""
        given = repository.get("permissions")
        accesses = given.values() if isinstance(given, dict) else ()
        levels = [access.get("access_level") for access in accesses if isinstance(access, dict)]
        return max((level for level in levels if isinstance(level, int)), default=LABELLING) < LABELLING

    def key_of(self, raw: Mapping[str, Any], asked: str) -> str:
        """A project goes by the name that the settings have for it, its id or its path: both lead to the same one."""
        path = str(raw["references"]["full"]).rpartition("#")[0]
        if not PROJECT.fullmatch(path):
            raise ValueError("no path of a project")
        container = self._settings.container_of(asked, str(raw["project_id"]), path)
        self._paths[container] = path
        return f"{container}#{raw['iid']}"

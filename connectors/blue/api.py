"""Blue as a ticket system: a ticket is a record in a list, its status the list's title, or `done`.

https://blue.cc/api. A ticket's marker is a tag: the search for texts lags, the filter by tags does not. Operations were
renamed in 2026 (`createTodo` is `createRecord`), so the names that exist are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from connectors import patience
from connectors.base import Check, note
from connectors.blue.errors import explain, judge
from connectors.blue.markup import MARKUP, as_html, as_text
from connectors.blue.settings import DONE, NAMES, Settings, url_of
from connectors.tickets.base import Comment, Created, Draft, Fence, IncompleteSearch, Moved, NoWay, Refused, Ticket
from connectors.tickets.graphql import GraphQL, Name, arguments_of
from connectors.tickets.markers import Marker
from connectors.tickets.rest import text_of
from sources.base import seconds_of

PAGE, PAGES, COMMENT_PAGES = 50, 10, 20
LIST = 500
"""The largest page that Blue answers with."""
COLOR = "#4a9fff"
NEWER = {
    "createTodo": "createRecord",
    "updateTodos": "updateRecords",
    "todo": "record",
    "todoLists": "recordLists",
    "todoQueries": "recordQueries",
    "project": "workspace",
}
"""By the name of an operation until 2026: the name since."""
RECORD = "{ id done createdAt updatedAt createdBy { id } tags { title } todoList { id title project { id slug } } }"
READ_ONLY = ("VIEW_ONLY", "COMMENT_ONLY")


class BlueApi:
    title = "Blue"
    container = "Blue workspace"
    names = NAMES
    markup = MARKUP
    search_lag = patience.SETTLE_SECONDS

    def __init__(self, settings: Settings, pool: int) -> None:
        self._settings = settings
        token_id, secret = settings.token_id.get_secret_value(), settings.token_secret.get_secret_value()
        # The second set is that of the older API, which the newer one takes, too.
        headers = {"blue-token-id": token_id, "blue-token-secret": secret, "blue-org-id": settings.org}
        headers |= {"X-Bloo-Token-ID": token_id, "X-Bloo-Token-Secret": secret, "X-Bloo-Company-ID": settings.org}
        meanings = partial(explain, settings), partial(judge, settings)
        self._blue = GraphQL(self.title, settings, headers, pool, *meanings, NEWER)
        self._workspaces: dict[str, tuple[str, str]] = {}
        """By container: the ids of the organization and the workspace, which filters need."""
        self._titles: dict[str, str] = {}
        """Of lists, by id, as they were seen last."""
        self._me = ""

    def prepare(self, draft: Draft) -> dict[str, Any]:
        variable, title = self._settings.variable("list"), self._settings.list_of(draft.project)
        there = _find(self._lists(draft.container), title)
        if there is None:
            raise ValueError(f"{variable}: the workspace {draft.container} has no list '{title}'")
        return {"todoListId": there, **self.new_ticket(draft), "placement": Name("TOP"), "notify": False}

    def new_ticket(self, draft: Draft) -> dict[str, Any]:
        tags = [{"title": text, "color": COLOR} for text in (*self._settings.labels, draft.marker)]
        return {"title": draft.title, "description": as_html(draft.text), "tags": tags}

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        with self._blue.reading():
            ticket = self._ticket(self._ask("createTodo", {"input": request}, RECORD, container), container)
            return Created(ticket.id, ticket.key)

    def read(self, id_or_key: str) -> Ticket:
        with self._blue.reading():
            record = self._ask("todo", {"id": NAMES.number_of(id_or_key)}, RECORD)
            return self._ticket(record, NAMES.container_of(id_or_key))

    def find(self, container: str, marker: Marker) -> list[Ticket]:
        return sorted(self._records(container, PAGE, tagTitles=list(marker.texts)), key=lambda ticket: ticket.made)

    def changed_since(self, container: str, since: float) -> Iterator[Ticket]:
        """Blue documents no filter by the time of a change: looks at the first 5,000 records of the workspace."""
        found: list[Ticket] = []
        with suppress(IncompleteSearch):
            for ticket in self._records(container, LIST):
                found += [ticket] if ticket.changed >= since else []
        yield from sorted(found, key=lambda ticket: ticket.changed)

    def _records(self, container: str, size: int, **wanted: Any) -> Iterator[Ticket]:
        """Raises IncompleteSearch behind the last one of PAGES pages, where there are more."""
        wanted |= {**self._in(container), "showCompleted": True}
        for page in range(PAGES):
            where = arguments_of({"filter": wanted, "limit": size, "skip": page * size})
            shown = f"{{ todos{where} {{ items {RECORD} pageInfo {{ hasNextPage }} }} }}"
            with self._blue.reading():
                result = self._ask("todoQueries", {}, shown)["todos"]
                found = [self._ticket(record, container) for record in result["items"]]
                more = result["pageInfo"]["hasNextPage"]
            yield from found
            if not more:
                return
        raise IncompleteSearch(PAGES * size)

    def comments(self, key: str, since: float) -> Iterator[Comment]:
        of = {"categoryId": NAMES.number_of(key), "category": Name("TODO"), "orderBy": Name("createdAt_DESC")}
        shown = "{ comments { text createdAt user { id } } pageInfo { hasNextPage } }"
        for page in range(COMMENT_PAGES):
            with self._blue.reading():
                answer = self._ask("commentList", {**of, "first": PAGE, "skip": page * PAGE}, shown)
                raws, more = answer["comments"], answer["pageInfo"]["hasNextPage"]
                comments = [Comment(text_of(raw["text"]), text_of(raw["user"]["id"]), _seconds(raw)) for raw in raws]
            yield from comments
            if not more or (comments and comments[-1].made < since):
                return

    def new_comment(self, body: str) -> dict[str, Any]:
        return {"html": as_html(body), "text": as_text(body)}

    def add_comment(self, key: str, body: str) -> None:
        about = {"category": Name("TODO"), "categoryId": NAMES.number_of(key)}
        self._ask("createComment", {"input": {**self.new_comment(body), **about}}, "{ id }", NAMES.container_of(key))

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        if self.called(ticket, [target]):
            return Moved(ticket.status)
        container = NAMES.container_of(ticket.key)
        there = None if target == DONE else _find(self._lists(container), target)
        if target != DONE and there is None:
            variable = self._settings.variable("status_map")
            return NoWay(f"{variable}: the workspace {container} has no list '{target}'")
        change: dict[str, Any] = {"done": True} if target == DONE else {"todoListId": there}
        if target != DONE and ticket.status == DONE:
            change["done"] = False
        fence()
        # Not with the mutations for one record: one of them toggles, and another may give the record another id.
        self._ask(
            "updateTodos",
            {"input": {**change, "filter": {**self._in(container), "todoIds": [ticket.id]}}},
            "",
            container,
        )
        now = self.read(ticket.key)
        if now.status == ticket.status:
            account = f"the role of the account of {self._settings.variable('token_id')}"
            return NoWay(f"Blue left the record in '{ticket.status}': {account} may not allow this change")
        return Moved(now.status, before=ticket.status)

    def initial_status(self, request: Mapping[str, Any]) -> str:
        return self._titles.get(request["todoListId"], "")

    def called(self, ticket: Ticket, names: Iterable[str]) -> list[str]:
        if ticket.status == DONE:
            return [name for name in names if name == DONE]
        own = (ticket.detail, ticket.status.casefold())
        return [name for name in names if name != DONE and (name in own or name.casefold() in own)]

    def moved_at(self, ticket: Ticket) -> float:  # noqa: ARG002
        """Blue documents no history of a record, and another change than that of the status makes it newer."""
        return 0.0

    def is_ours(self, author: Any) -> bool:
        if not self._me:
            with self._blue.reading():
                self._me = str(self._ask("currentUser", {}, "{ id }")["id"])
        return author in (self._me, *self._settings.former_accounts)

    def url_of(self, key: str) -> str:
        return url_of(self._settings, key)

    def why_hidden(self, container: str) -> str:
        try:
            self._ask("project", {"id": container}, "{ id }", container)
        except Refused as refusal:
            if not refusal.gone:
                raise
            return f"{self._settings.variable('token_id')} no longer gives access to the workspace {container}"
        return ""

    def check_account(self) -> Iterator[Check]:
        with self._blue.reading():
            name = str(self._ask("currentUser", {}, "{ id fullName }")["fullName"])
        yield Check(True, f"signed in as {name[:100]}")

    def check_container(self, container: str) -> Iterator[Check]:
        settings = self._settings
        with self._blue.reading():
            workspace = self._ask("project", {"id": container}, "{ id archived accessLevel }", container)
            level, archived = str(workspace["accessLevel"]), workspace["archived"]
        if archived:
            yield Check(False, f"{container}: the workspace is archived")
        if level in READ_ONLY:
            what = (
                f"{container}: no record can be created: the access level of {settings.variable('token_id')} is {level}"
            )
            yield Check(False, f"{what}; it needs Member or higher")
        lists = self._lists(container)
        for project, name in settings.containers.items():
            if name == container:
                title = settings.list_of(project)
                there = _find(lists, title) is not None
                yield Check(
                    there, f"{settings.variable('list')}: {container} has {'the' if there else 'no'} list '{title}'"
                )
        named = [("status_map", target) for target in settings.status_map.values()]
        named += [("status_back", target) for target in settings.status_back]
        for field, target in dict.fromkeys(named):
            if target != DONE and _find(lists, target) is None:
                yield Check(False, f"{settings.variable(field)}: {container} has no list '{target}'")
        if DONE in settings.status_map.values():
            yield note(f"{container}: only the first change shows whether the role may mark records as done")

    def _lists(self, workspace: str) -> list[tuple[str, str]]:
        """Ids and titles, in their order."""
        of = next(iter(self._blue.takes("todoLists") & {"projectId", "workspaceId"}), "projectId")
        with self._blue.reading():
            found = self._ask("todoLists", {of: self._ids(workspace)[1]}, "{ id title position }")
            ordered = sorted(found, key=lambda raw: raw["position"])
            lists = [(text_of(raw["id"]), text_of(raw["title"])) for raw in ordered]
        self._titles.update(lists)
        return lists

    def _in(self, workspace: str) -> dict[str, Any]:
        """The part of a filter that every one needs. What it does not know it does not refuse: only ids are sure."""
        org, project = self._ids(workspace)
        return {"companyIds": [org], "projectIds": [project]}

    def _ids(self, workspace: str) -> tuple[str, str]:
        if workspace not in self._workspaces:
            with self._blue.reading():
                found = self._ask("project", {"id": workspace}, "{ id company { id } }", workspace)
                self._workspaces[workspace] = str(found["company"]["id"]), str(found["id"])
        return self._workspaces[workspace]

    def _ticket(self, raw: Mapping[str, Any], asked: str) -> Ticket:
        """`asked`: the workspace that was asked; a record may have been moved to another one."""
        there, project = raw["todoList"], raw["todoList"]["project"]
        container = self._settings.container_of(asked, str(project["id"]), str(project["slug"]))
        key = f"{container}/{raw['id']}"
        if not NAMES.key.fullmatch(key):
            raise ValueError("no id of a record")
        author = raw["createdBy"]["id"] if raw["createdBy"] else ""
        tags = tuple(str(tag["title"]) for tag in raw["tags"])
        changed = seconds_of(str(raw.get("updatedAt"))) or 0.0
        status = DONE if raw["done"] else str(there["title"])
        return Ticket(text_of(raw["id"]), key, status, tags, author, _seconds(raw), str(there["id"]), changed)

    def _ask(self, name: str, arguments: Mapping[str, Any], selection: str, container: str = "") -> Any:
        """`name`: the older one. `container`: for what is refused without the header that names it."""
        headers = {"blue-workspace-id": container, "X-Bloo-Project-ID": container} if container else None
        return self._blue.ask(name, arguments, selection, headers)


def _find(lists: list[tuple[str, str]], wanted: str) -> str | None:
    """The id of a list by its id or title; of several with one title the first."""
    for same in (lambda id, _: id == wanted, lambda _, title: title.casefold() == wanted.casefold()):
        for id, title in lists:
            if same(id, title):
                return id
    return None


def _seconds(raw: Mapping[str, Any]) -> float:
    return seconds_of(raw["createdAt"]) or 0.0

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator

from bridge.http import Answer
from bridge.settings import Credential, TextMap, WebAddress
from bridge.text import utf16_length
from connectors.base import Check, Connector, Spec, Tools
from connectors.patience import SETTLE_SECONDS
from connectors.tickets import DEFAULT_EVENTS, ticket_kind
from connectors.tickets.base import Comment, Created, Draft, Fence, IncompleteSearch, Moved, NoWay, Refused, Ticket
from connectors.tickets.connector import TicketConnector
from connectors.tickets.markers import Marker
from connectors.tickets.markup import Markup, cut_markup
from connectors.tickets.names import Names
from connectors.tickets.rest import Rest
from connectors.tickets.settings import TicketSettings, containers
from sources.base import seconds_of

BOARD = re.compile(r"[a-z][a-z0-9]{0,30}")
NAMES = Names(key=re.compile(r"[a-z][a-z0-9]{0,30}/[1-9][0-9]{0,17}"), separator="/")  # a whole key is ops/12
PAGE, PAGES = 50, 20
PLAIN = Markup(
    limit=10_000,
    title_limit=120,
    units=utf16_length,
    escape=lambda text: text,  # the desk shows plain text: nothing in it can do anything
    quote=lambda text, room: cut_markup(text, room, utf16_length),
    bold=lambda text: text,
)


class Settings(TicketSettings):
    """DESK_URL, DESK_TOKEN, DESK_BOARD, and what every ticket system has: DESK_STATUS_MAP, DESK_LABELS, DESK_RATE …"""

    PREFIX = "desk"
    CONTAINER = "board"  # the field that maps ABC projects to containers
    ADDRESS = "url"  # the field with the address of the API

    url: WebAddress
    token: Credential
    board: Annotated[TextMap, AfterValidator(containers(BOARD, "no name of a board"))]


class DeskApi:
    title = "Desk"
    container = "board"
    names = NAMES
    markup = PLAIN
    search_lag = SETTLE_SECONDS  # never less: a request that we gave up may still be worked on

    def __init__(self, settings: Settings, pool: int) -> None:
        self._settings = settings
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        self._rest = Rest(self.title, settings, headers, pool, self._explain)
        self._account = ""

    def _explain(self, answer: Answer) -> str:
        variable = self._settings.variable
        return {
            401: f"renew {variable('token')}",
            403: f"{variable('token')} lacks the permission to write to the board",
            404: f"{variable('board')} is wrong, or {variable('token')} has no access to that board",
        }.get(answer.status, "")

    def prepare(self, draft: Draft) -> dict[str, Any]:
        return {"title": draft.title, "text": draft.text, "tags": [*self._settings.labels, draft.marker]}

    def create(self, container: str, request: Mapping[str, Any]) -> Created:
        with self._rest.reading():
            key = f"{container}/{int(self._rest.one('POST', f'/boards/{container}/cards', request)['number'])}"
            return Created(id=key, key=key)

    def read(self, id_or_key: str) -> Ticket:
        with self._rest.reading():
            return _ticket(self._rest.one("GET", _path(id_or_key)), NAMES.container_of(id_or_key))

    def find(self, container: str, marker: Marker) -> Iterator[Ticket]:
        for text in marker.texts:  # the second form is of versions before; it counts where the creation time is known
            yield from self._tagged(container, text)

    def _tagged(self, container: str, text: str) -> Iterator[Ticket]:
        for page in range(1, PAGES + 1):
            cards, _ = self._rest.page(f"/boards/{container}/cards", tag=text, page=str(page))
            with self._rest.reading():
                yield from [_ticket(card, container) for card in cards]
            if len(cards) < PAGE:
                return
        raise IncompleteSearch(PAGES * PAGE)

    def comments(self, key: str, since: float) -> Iterator[Comment]:  # noqa: ARG002  this API has no such filter
        with self._rest.reading():
            notes, _ = self._rest.page(f"{_path(key)}/notes")
            yield from [Comment(note["text"], note["author"], seconds_of(note["created"]) or 0.0) for note in notes]

    def add_comment(self, key: str, body: str) -> None:
        self._rest.one("POST", f"{_path(key)}/notes", {"text": body})

    def move(self, ticket: Ticket, target: str, fence: Fence) -> Moved | NoWay:
        if ticket.status == target:
            return Moved(ticket.status)
        columns = self._rest.one("GET", f"/boards/{NAMES.container_of(ticket.key)}").get("columns", [])
        if target not in columns:
            variable = self._settings.variable("status_map")
            return NoWay(f"{variable}: the board has no column '{target}'")
        fence()  # still ours? Right before each change
        try:
            self._rest.one("PUT", f"{_path(ticket.key)}/column", {"column": target})
        except Refused as refusal:
            if refusal.status == 409:
                return NoWay(f"the board has no way from '{ticket.status}' to '{target}'")
            raise
        return Moved(target, before=ticket.status)

    def is_ours(self, author: Any) -> bool:
        if not self._account:
            with self._rest.reading():  # around every [...] on an answer: one of another shape is no crash
                self._account = str(self._rest.one("GET", "/me")["id"])
        return str(author) in (self._account, *self._settings.former_accounts)

    def url_of(self, key: str) -> str:
        return url_of(self._settings, key)

    def why_hidden(self, container: str) -> str:
        try:
            self._rest.one("GET", f"/boards/{container}")
        except Refused as refusal:
            if refusal.gone:
                return f"{self._settings.variable('token')} has no access to the board {container} any more"
            raise
        return ""

    def check_account(self) -> Iterator[Check]:
        yield Check(True, f"signed in as the account {self._rest.one('GET', '/me').get('id')}")

    def check_container(self, container: str) -> Iterator[Check]:
        may_write = bool(self._rest.one("GET", f"/boards/{container}").get("may_write"))
        what = "cards can be created" if may_write else f"{self._settings.variable('token')} may not write here"
        yield Check(may_write, f"{container}: {what}")


def _path(key: str) -> str:
    return f"/boards/{quote(NAMES.container_of(key))}/cards/{NAMES.number_of(key)}"


def _ticket(card: Mapping[str, Any], board: str) -> Ticket:
    key = f"{board}/{int(card['number'])}"
    made = seconds_of(card["created"]) or 0.0
    return Ticket(key, key, str(card["column"]), tuple(card["tags"]), card["author"], made)


def url_of(settings: Settings, key: str) -> str:
    return f"{settings.url}{_path(key)}"


def build(settings: Settings, tools: Tools) -> Connector:
    return TicketConnector(settings, tools, DeskApi(settings, tools.concurrency))


SPEC = Spec(
    kind="desk",
    settings=Settings,
    default_events=DEFAULT_EVENTS,
    build=build,
    needs=frozenset({"abc"}),
    tickets=ticket_kind(NAMES, url_of),
)

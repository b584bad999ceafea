"""The stand-in for Jira: Cloud (`search/jql`, which lags; e-mail, token) or Data Center (old search; personal token).

https://developer.atlassian.com/cloud/jira/platform/rest/v2/, https://docs.atlassian.com/software/jira/docs/api/REST/latest/
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tools.sandbox.changes import TicketSystem
from tools.sandbox.jira_rules import JqlError, Rules, Transition, creation_errors, edit_errors, parse_jql, text_problem
from tools.sandbox.times import now

EMAIL = "bridge@example.com"
TOKEN = "demo-jira-token"
Deployment = Literal["Cloud", "Server"]
RESOLUTIONS = {"1": "Done", "2": "Won't Do"}
BY_UPDATE = re.compile(r"order\s+by\s+updated\s+asc\s*$", re.IGNORECASE)
MINUTES = re.compile(r"-(\d{1,6})m")
"""A time as "minutes ago": the only form that does not depend on a time zone."""
ASCENDING = re.compile(r"order\s+by\s+created(\s+asc)?\s*$", re.IGNORECASE)
PERSON: Mapping[str, str] = {"accountId": "5b10-person", "name": "mina", "key": "JIRAUSER10200", "displayName": "Mina"}
"""A person who works in Jira; Cloud shows the account id, Data Center the name and the key."""


class JiraRefusal(Exception):
    """`{"errorMessages": […], "errors": {field: why}}`, or another text (`body`)."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        self.status, self.messages, self.errors = status, list(messages), dict(errors or {})
        super().__init__(f"{status} {messages} {errors}")


@dataclass
class Ticket:
    id: str
    key: str
    project: str
    fields: dict[str, Any]
    status: str
    created: str
    visible_at: float
    """The time from which the search finds it (seconds of the monotonic clock)."""
    creator: Mapping[str, str] = field(default_factory=dict)
    """The account that created the ticket: Jira sets it, and nobody can change it. `fields["reporter"]` can be
    changed."""
    resolution: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    updated: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)
    """The ticket's changes of status, as in the changelog."""


@dataclass
class Jira(TicketSystem):
    """The data of Jira; the routes are in jira_routes.py. `search_lag`: seconds until Cloud's search finds a ticket."""

    deployment: Deployment = "Cloud"
    email: str = EMAIL
    token: str = TOKEN
    search_lag: float = 0.0
    permissions: set[str] = field(
        default_factory=lambda: {"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"}
    )
    rules: Rules = field(default_factory=Rules)
    projects: dict[str, str] = field(default_factory=lambda: {"PROJ": "10000", "MOBILE": "10100"})
    tickets: dict[str, Ticket] = field(default_factory=dict)
    """By key."""
    moved: dict[str, str] = field(default_factory=dict)
    """Old key: new key."""
    wrong_login: Literal["refused", "anonymous"] = "refused"
    """The answer to wrong or expired credentials: 401, or (as on some sites) the answers for an anonymous visitor, with
    the failure only in a header."""

    def __post_init__(self) -> None:
        self._last_number: dict[str, int] = {}
        self._last_id = 10_000
        self._last_comment = 0

    @property
    def cloud(self) -> bool:
        return self.deployment == "Cloud"

    @property
    def account(self) -> Mapping[str, str]:
        """The account of the credentials."""
        ids = {"accountId": "5b10-demo"} if self.cloud else {"name": "bridge", "key": "JIRAUSER10100"}
        return {**ids, "displayName": "Feedback Bridge"}

    def authorization(self) -> str:
        """The Authorization header that the stand-in accepts."""
        if self.cloud:
            return "Basic " + base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        return f"Bearer {self.token}"

    def create(self, body: Mapping[str, Any], by: Mapping[str, str] = PERSON) -> Ticket:
        fields = body.get("fields")
        fields = fields if isinstance(fields, Mapping) else {}
        self.need("CREATE_ISSUES", "You do not have permission to create issues in this project.")
        errors = creation_errors(self.rules, self.projects, fields)
        if errors:
            raise JiraRefusal(400, errors=errors)
        with self.lock:
            place = fields["project"]
            project = place.get("key") or next(
                key for key, number in self.projects.items() if number == str(place["id"])
            )
            self._last_id += 1
            key, moment = self._next_key(project), now(zone="+0000")
            ticket = Ticket(
                id=str(self._last_id),
                key=key,
                project=project,
                fields={"reporter": by, **fields},
                creator=by,
                status=self.rules.first_status,
                created=moment,
                visible_at=time.monotonic() + (self.search_lag if self.cloud else 0),
                updated=moment,
            )
            ticket.properties = {item["key"]: item["value"] for item in body.get("properties") or []}
            self.tickets[key] = ticket
            self.created_count += 1
        return ticket

    def edit(self, ticket: Ticket, fields: Mapping[str, Any]) -> None:
        self.need("EDIT_ISSUES", "You do not have permission to edit issues in this project.")
        errors = edit_errors(self.rules, fields)
        if errors:
            raise JiraRefusal(400, errors=errors)
        with self.lock:
            ticket.fields.update(fields)
            ticket.updated = now(zone="+0000")

    def comment(
        self, ticket: Ticket, text: Any, by: Mapping[str, str] = PERSON, properties: Any = None
    ) -> dict[str, Any]:
        """`properties`: `[{"key": "sd.public.comment", "value": {"internal": true}}]` hides the comment from customers
        in Jira Service Management; in other projects it has no effect."""
        self.need("ADD_COMMENTS", "You do not have the permission to comment on this issue.")
        if not isinstance(text, str) or not text.strip():
            raise JiraRefusal(400, errors={"comment": "Comment body can not be empty!"})
        if text_problem(text):
            raise JiraRefusal(400, errors={"comment": text_problem(text)})
        with self.lock:
            self._last_comment += 1
            moment = now(zone="+0000")
            shown = {"author": by, "body": text, "created": moment, "updated": moment}
            comment = {"id": str(self._last_comment), **shown, "properties": properties or []}
            ticket.comments.append(comment)
        return comment

    def transitions(self, ticket: Ticket) -> list[Transition]:
        """The transitions from the ticket's status."""
        ways = self.rules.transitions
        return [
            way for way in ways if way.target != ticket.status and (way.sources is None or ticket.status in way.sources)
        ]

    def move_status(
        self, ticket: Ticket, transition: str, fields: Mapping[str, Any], by: Mapping[str, str] = PERSON
    ) -> None:
        self.need("TRANSITION_ISSUES", "You do not have permission to transition this issue.")
        with self.lock:
            way = next((way for way in self.transitions(ticket) if way.id == transition), None)
            if way is None:
                words = f"It seems that you have tried to perform a workflow operation ({transition}) that is not valid"
                raise JiraRefusal(400, f"{words} for the current state of this issue ({ticket.key}).")
            given = fields.get("resolution") or {}
            resolution = given.get("name") or RESOLUTIONS.get(str(given.get("id")))
            if way.resolution and not resolution:
                raise JiraRefusal(400, errors={"resolution": "Resolution is required."})
            if resolution and not way.resolution:
                words = "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown."
                raise JiraRefusal(400, errors={"resolution": words})
            before = ticket.status
            ticket.status, ticket.resolution, ticket.updated = way.target, resolution, now(zone="+0000")
            item = {"field": "status", "from": before, "to": ticket.status}
            ticket.history.append({"created": ticket.updated, "author": by, "items": [item]})
            self.changed({"ticket": ticket, "before": before, "by": by})

    def find(self, key_or_id: str) -> Ticket:
        """The ticket, by key (also the old key of a moved ticket) or id."""
        self.need("BROWSE_PROJECTS", "", status=404)
        with self.lock:
            key = key_or_id.upper()
            while key in self.moved:
                key = self.moved[key]
            ticket = self.tickets.get(key) or next((t for t in self.tickets.values() if t.id == key_or_id), None)
        if ticket is None:
            raise JiraRefusal(404, "Issue does not exist or you do not have permission to see it.")
        return ticket

    def search(self, jql: str, reconcile: list[int] | None = None) -> list[Ticket]:
        """The tickets, newest first, unless the query orders by creation. A ticket that is newer than the lag is found
        only if its id is in `reconcile`."""
        try:
            clauses = parse_jql(jql)
        except JqlError as error:
            raise JiraRefusal(400, str(error)) from None
        for name, values in clauses:
            if name == "project" and not all(v in self.projects or v in self.projects.values() for v in values):
                raise JiraRefusal(400, f"The value '{values[0]}' does not exist for the field 'project'.")
        moment, fresh = time.monotonic(), [str(number) for number in reconcile or []]
        with self.lock:
            seen = [t for t in self.tickets.values() if t.visible_at <= moment or t.id in fresh]
            found = [ticket for ticket in seen if all(self._matches(ticket, *clause) for clause in clauses)]
            if BY_UPDATE.search(jql):
                return sorted(found, key=lambda ticket: ticket.updated)
            return found if ASCENDING.search(jql) else found[::-1]

    def delete(self, key: str) -> None:
        """A person deletes a ticket."""
        with self.lock:
            del self.tickets[key]

    def move(self, key: str, project: str) -> Ticket:
        """A person moves a ticket to another project: it gets a new key, and the old key still finds it."""
        with self.lock:
            ticket = self.tickets.pop(key)
            ticket.key, ticket.project = self._next_key(project), project
            self.tickets[ticket.key] = ticket
            self.moved[key] = ticket.key
        return ticket

    def need(self, permission: str, words: str, status: int = 403) -> None:
        if permission not in self.permissions:
            raise JiraRefusal(status, words or "Issue does not exist or you do not have permission to see it.")

    def _next_key(self, project: str) -> str:
        self._last_number[project] = self._last_number.get(project, 0) + 1
        return f"{project}-{self._last_number[project]}"

    def _matches(self, ticket: Ticket, name: str, values: list[str]) -> bool:
        match name:
            case "project":
                return ticket.project in values or self.projects[ticket.project] in values
            case "labels":
                return bool(set(values) & set(ticket.fields.get("labels") or []))
            case "status":
                return self.rules.statuses[ticket.status][0] in values or ticket.status in values
            case "updated" if ago := MINUTES.fullmatch(values[0]):
                return datetime.fromisoformat(ticket.updated) >= datetime.now(UTC) - timedelta(minutes=int(ago[1]))
            case "created" | "updated":
                return True  # other forms of a time are accepted, but do not filter here
            case _ if name.startswith("cf["):
                text = str(ticket.fields.get(f"customfield_{name[3:-1]}") or "")
                return any(value.strip('"').lower() in text.lower() for value in values)
            case _:
                return ticket.key in values or ticket.id in values

"""What is Jira's own in the tests of ticket systems."""

from __future__ import annotations

from dataclasses import dataclass

from tests.connectors.tickets.world import World as TicketWorld
from tools.sandbox.jira import Ticket

STATUS_MAP = "INIT=To Do,IN_PROGRESS=In Progress,ON_REVIEW=In Review,RESOLVED=Done"


@dataclass
class World(TicketWorld):
    kind = "jira"
    first = "PROJ-1"
    create = "/issue$"
    comment = "/comment$"
    opened = "To Do"
    closed = "Done"

    def ticket(self, key: str = "PROJ-1") -> Ticket:
        return self.sandbox.jira.tickets[key]

    def tickets(self) -> list[str]:
        return sorted(self.sandbox.jira.tickets)

    def bodies(self, key: str = "PROJ-1") -> list[str]:
        return [comment["body"] for comment in self.ticket(key).comments]

    def description(self, key: str = "PROJ-1") -> str:
        return str(self.ticket(key).fields["description"])

    def status(self, key: str) -> str:
        return self.sandbox.jira.rules.statuses[self.ticket(key).status][0]

    def move(self, key: str, status: str) -> None:
        jira, ticket = self.sandbox.jira, self.ticket(key)
        way = next(way for way in jira.transitions(ticket) if jira.rules.statuses[way.target][0] == status)
        jira.move_status(ticket, way.id, {"resolution": {"name": "Done"}} if way.resolution else {})

    def made(self) -> int:
        return self.sandbox.jira.created_count

    def hide_new(self, seconds: float) -> None:
        self.sandbox.jira.search_lag = seconds
        if not self.sandbox.jira.cloud:  # its search shows what is new at once
            nothing = {"issues": [], "total": 0, "startAt": 0, "maxResults": 50}
            self.sandbox.faults.add("status", system="jira", path="/search$", times=None, status=200, body=nothing)

    def delete(self, key: str) -> None:
        self.sandbox.jira.delete(key)

    def read_only(self) -> None:
        self.sandbox.jira.permissions -= {"CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"}

"""Each ticket system with an ABC User Feedback on loopback, and the connector between them, built as the worker builds
it: what the promises that all of them keep are tested with."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import SecretStr

import connectors
from bridge.service import Language
from bridge.settings import KeyMap, load
from connectors.base import Connector, Outcome, Spec, Tools
from connectors.tickets.connector import TicketConnector
from connectors.tickets.markup import Markup
from connectors.tickets.names import Names
from connectors.tickets.render import Writer
from connectors.tickets.settings import TicketSettings
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.base import Subject
from sources.tickets import Ticket, TicketEvent
from tests.connectors.context import MemoryContext, MemoryLinks
from tools.sandbox.abc_store import DEMO_KEY, ChannelRow, IssueRow
from tools.sandbox.app import Sandbox


@dataclass
class World(ABC):
    """A ticket system's own part is a subclass: `tests/connectors/<kind>/world.py`, which its contract.py names.

    `variables` go to the connector that `connector()` builds; `links` outlive attempts and deliveries; `label`: of the
    connector instance; `elsewhere`: Tools.served_elsewhere.
    """

    sandbox: Sandbox
    variables: dict[str, str]
    language: Language = "en"
    label: str = ""
    elsewhere: dict[str, str] = field(default_factory=dict)
    links: MemoryLinks = field(default_factory=MemoryLinks)
    built: Connector | None = None

    kind: ClassVar[str]
    first: ClassVar[str]
    """The key of the first ticket."""
    number: ClassVar[str] = "1"
    """What ABC stores of it."""
    create: ClassVar[str]
    comment: ClassVar[str]
    """The paths of these requests, for faults."""
    opened: ClassVar[str]
    closed: ClassVar[str]
    """The statuses that the variables map INIT and RESOLVED to."""

    @abstractmethod
    def tickets(self) -> list[str]:
        """The keys of all tickets, sorted."""

    @abstractmethod
    def description(self, key: str) -> str:
        """The text of a ticket, as the system has it."""

    @abstractmethod
    def bodies(self, key: str) -> list[str]:
        """The comments of a ticket."""

    @abstractmethod
    def status(self, key: str) -> str:
        """The status of a ticket, as outcomes name it."""

    @abstractmethod
    def move(self, key: str, status: str) -> None:
        """A person brings the ticket to `opened` or `closed`."""

    @abstractmethod
    def made(self) -> int:
        """How many tickets were ever made."""

    @abstractmethod
    def hide_new(self, seconds: float) -> None:
        """What is created from now on is not shown by searches for so long."""

    @abstractmethod
    def delete(self, key: str) -> None: ...

    @abstractmethod
    def read_only(self) -> None:
        """The account may read, but neither create nor change anything."""

    @property
    def spec(self) -> Spec:
        return connectors.find(self.kind)

    @property
    def name(self) -> str:
        """Of the connector instance."""
        return f"{self.kind}.{self.label}" if self.label else self.kind

    @property
    def container(self) -> str:
        """The variable that maps ABC projects to containers."""
        settings = self.spec.settings
        assert issubclass(settings, TicketSettings)
        return settings.variables()[settings.CONTAINER]

    def connector(self) -> Connector:
        if self.built is None:
            abc = AbcClient(f"{self.sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
            tools = Tools(
                *(self.name, "test", self.language, {"abc": abc}, 4),
                events=self.spec.routing[0],
                served_elsewhere=self.elsewhere,
            )
            self.built = self.spec.build(load(self.spec.settings, self.variables, self.label), tools)
        return self.built

    def set(self, **variables: str) -> None:
        self.variables |= variables
        self.built = None

    def issue(self, name: str = "Payment fails", **values: Any) -> IssueRow:
        return self.sandbox.abc.create_issue(1, {"name": name, "description": "on iOS", **values})

    def marker(self, issue: IssueRow) -> str:
        """The marker of the issue's ticket, as it has to be."""
        return f"abc-test-1-{issue.id}-t{Issue(id=issue.id, createdAt=issue.createdAt).creation}"

    def feedback_marker(self, feedback: int) -> str:
        row = self.sandbox.abc.feedbacks[feedback]
        return f"abc-feedback-test-1-{feedback}-t{Feedback(id=feedback, createdAt=row.createdAt).creation}"

    def context(self, **values: Any) -> MemoryContext:
        return MemoryContext(links=self.links, **values)

    def wipe(self) -> None:
        """What a wiped Redis means to a connector."""
        self.links.values.clear()

    def wiped(self) -> MemoryContext:
        """An attempt right after Redis was wiped, about something that happened before."""
        self.wipe()
        now = time.time() + 1
        return self.context(born=now, clock=now)

    def created(self, issue: IssueRow | int, context: MemoryContext | None = None) -> Outcome:
        return self.deliver("ISSUE_CREATION", issue, context)

    def deliver_created_at(self, issue: IssueRow, context: MemoryContext) -> Outcome:
        """Its creation, as ABC announces it: with the time."""
        return self.deliver("ISSUE_CREATION", Issue(id=issue.id, createdAt=issue.createdAt), context)

    def status_changed(self, issue: IssueRow | int, context: MemoryContext | None = None) -> Outcome:
        return self.deliver("ISSUE_STATUS_CHANGE", issue, context)

    def added(self, feedback: int, issue: IssueRow | int, context: MemoryContext | None = None) -> Outcome:
        return self.deliver("ISSUE_ADDITION", issue, context, feedback=Feedback(id=feedback))

    def moved(self, context: MemoryContext | None = None, key: str = "") -> Outcome:
        """The event of a ticket's change, as its source reads it. It holds no status: that must be read."""
        container, separator, number = (key or self.first).rpartition(self.names.separator)
        subject = Subject(self.kind, "issue", container, number)
        ticket = Ticket(number, f"{container}{separator}{number}")
        event = TicketEvent(self.kind, "e", f"{self.kind}.moved", subject, 0.0, {}, ticket, moves=True)
        return self.connector().deliver(event, context or self.context())

    @property
    def names(self) -> Names:
        connector = self.connector()
        assert isinstance(connector, TicketConnector)
        return connector._api.names

    def deliver(
        self,
        name: str,
        issue: IssueRow | Issue | int,
        context: MemoryContext | None = None,
        project: int = 1,
        **parts: Any,
    ) -> Outcome:
        """The event holds as little as it may: what the connector needs it must read."""
        about = issue if isinstance(issue, Issue) else Issue(id=issue if isinstance(issue, int) else issue.id)
        event = AbcEvent(
            id="e",
            source="abc",
            name=name,
            subject=Subject("abc", "issue", project, about.id),
            occurred=0.0,
            body={},
            project=Named(id=project, name="Demo project"),
            channel=Named(id=1, name="App reviews"),
            issue=about,
            **parts,
        )
        return self.connector().deliver(event, context or self.context())

    def channel(self) -> ChannelRow:
        return self.sandbox.abc.channels[1]

    def feedback(self, **values: Any) -> int:
        return self.sandbox.abc.create_feedback(1, values or {"message": "It crashes"}).id

    def requests(self) -> Callable[[], list[str]]:
        """Lists what reaches the ticket system from now on: every request goes through a fault that delays it by
        nothing."""
        rule = self.sandbox.faults.add("delay", system=self.kind, times=None)
        start = len(self.sandbox.faults.fired)

        def seen() -> list[str]:
            rule.times = 0
            return [f"{fired['method']} {fired['path']}" for fired in self.sandbox.faults.fired[start:]]

        return seen


def functions(settings: type[TicketSettings], variables: dict[str, str], markup: Markup) -> dict[str, Any]:
    """For FUNCTIONS in contract.py: what becomes of a user's text in this markup."""
    writer = Writer(load(settings, variables), markup, "test", "en")
    return {
        "escape": markup.literal,
        "cut": lambda text: markup.cut(text, 1_000),
        "title": lambda text: writer.title(text, 1),
        "comment": lambda text: writer.feedback_comment(1, text, {"m": text}, "marker"),
    }

"""A Jira and an ABC User Feedback on loopback, and the connector between them, built as the worker builds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.settings import KeyMap, Language, load
from connectors import jira
from connectors.base import Connector, Outcome, Tools
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.base import Subject
from tests.connectors.context import MemoryContext, MemoryLinks
from tools.sandbox.abc_store import DEMO_KEY, ChannelRow, IssueRow
from tools.sandbox.app import Sandbox
from tools.sandbox.jira import EMAIL, TOKEN, Ticket
from tools.sandbox.server import running

STATUS_MAP = "INIT=To Do,IN_PROGRESS=In Progress,ON_REVIEW=In Review,RESOLVED=Done"


@dataclass
class World:
    """`variables` go to the connector that `connector()` builds; `links` outlive attempts and deliveries."""

    sandbox: Sandbox
    variables: dict[str, str]
    language: Language = "en"
    links: MemoryLinks = field(default_factory=MemoryLinks)
    built: Connector | None = None

    def connector(self) -> Connector:
        if self.built is None:
            abc = AbcClient(f"{self.sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
            tools = Tools(name="jira", instance="test", language=self.language, abc=abc, concurrency=4)
            self.built = jira.SPEC.build(load(jira.SPEC.settings, self.variables), tools)
        return self.built

    def set(self, **variables: str) -> None:
        self.variables |= variables
        self.built = None

    def issue(self, name: str = "Payment fails", **values: Any) -> IssueRow:
        return self.sandbox.abc.create_issue(1, {"name": name, "description": "on iOS", **values})

    def marker(self, issue: IssueRow) -> str:
        """The label of the issue's ticket, as it has to be."""
        return f"abc-test-1-{issue.id}-t{Issue(id=issue.id, createdAt=issue.createdAt).creation}"

    def feedback_marker(self, feedback: int) -> str:
        row = self.sandbox.abc.feedbacks[feedback]
        return f"abc-feedback-test-1-{feedback}-t{Feedback(id=feedback, createdAt=row.createdAt).creation}"

    def ticket(self, key: str = "PROJ-1") -> Ticket:
        return self.sandbox.jira.tickets[key]

    def tickets(self) -> list[str]:
        return sorted(self.sandbox.jira.tickets)

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

    def bodies(self, key: str = "PROJ-1") -> list[str]:
        return [comment["body"] for comment in self.ticket(key).comments]

    def requests(self) -> Callable[[], list[str]]:
        """Counts what reaches Jira from now on: every request goes through a fault that delays it by nothing."""
        rule = self.sandbox.faults.add("delay", system="jira", times=None)
        start = len(self.sandbox.faults.fired)

        def seen() -> list[str]:
            rule.times = 0
            return [f"{fired['method']} {fired['path']}" for fired in self.sandbox.faults.fired[start:]]

        return seen


def _world(sandbox: Sandbox) -> World:
    cloud = sandbox.jira.cloud
    credentials = {"JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN} if cloud else {"JIRA_PAT": TOKEN}
    return World(sandbox, {"JIRA_URL": f"{sandbox.url}/jira", "JIRA_PROJECT": "PROJ", **credentials})


@pytest.fixture
def world() -> Iterator[World]:
    """With Jira Cloud."""
    with running() as sandbox:
        yield _world(sandbox)


@pytest.fixture
def datacenter() -> Iterator[World]:
    with running(deployment="Server") as sandbox:
        yield _world(sandbox)


@pytest.fixture(params=["Cloud", "Server"])
def either(request: pytest.FixtureRequest) -> Iterator[World]:
    """With each kind of Jira."""
    with running(deployment=request.param) as sandbox:
        yield _world(sandbox)

"""What the tests of all connectors that post messages share: events, what a connector is built with, outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bridge.service import Language
from connectors.alerts.contents import Content, Digest, alert, digest, line
from connectors.alerts.tickets import linked
from connectors.base import Connector, Context, Failed, Outcome, Retry, Skipped, TicketSystem, Tools
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.base import Event, Subject


def status_change(
    name: str = "Cannot log in",
    previous: str = "INIT",
    status: str = "IN_PROGRESS",
    *,
    project: int = 1,
    issue: int = 3,
    ticket: str | None = "",
    created: str = "",
) -> Event:
    return AbcEvent(
        id="e1",
        source="abc",
        name="ISSUE_STATUS_CHANGE",
        subject=Subject("abc", "issue", project, issue),
        occurred=1_795_367_330.9,
        body={},
        project=Named(id=project, name="My Project"),
        issue=Issue(id=issue, name=name, status=status, externalIssueId=ticket, createdAt=created),
        previous_status=previous,
    )


def other(name: str, **values: Any) -> Event:
    """An event of another name; `values` replace the usual ones."""
    usual: dict[str, Any] = {
        "project": Named(id=1, name="My Project"),
        "channel": Named(id=7, name="Website"),
        "feedback": Feedback.model_validate({"id": 17, "message": "It fails.", "userEmail": "someone@example.com"}),
        "issue": Issue(id=3, name="Cannot log in", status="INIT"),
    }
    return AbcEvent(
        id="e2",
        source="abc",
        name=name,
        subject=Subject("abc", "issue", 1, 3),
        occurred=0.0,
        body={},
        **(usual | values),
    )


def digest_of(events: Sequence[Event], language: Language) -> Digest:
    """With the built-in lines."""
    return digest([line(event, language) for event in events], language)


def tools(
    name: str, language: Language = "en", abc: AbcClient | None = None, tickets: tuple[TicketSystem, ...] = ()
) -> Tools:
    """`name`: of the connector instance."""
    return Tools(
        name=name, instance="test", language=language, apis={"abc": abc} if abc else {}, concurrency=4, tickets=tickets
    )


def attempt(connector: Connector, context: Context, event: Event | None, secrets: Sequence[str]) -> Outcome:
    """One attempt; no outcome may hold a secret."""
    outcome = connector.deliver(event or status_change(), context)
    assert not any(secret in repr(outcome) for secret in secrets)
    return outcome


def why(outcome: Outcome) -> str:
    assert isinstance(outcome, Retry | Failed | Skipped), outcome
    return outcome.why


def functions(render: Callable[[Content], object]) -> dict[str, Callable[[str], object]]:
    """For FUNCTIONS in contract.py. `render`: makes what is sent of a content."""

    def about(text: str) -> Event:
        named = Named(id=1, name=text)
        feedback = Feedback.model_validate({"id": 1, "message": text})
        issue = Issue(id=1, name=text, description=text, status=text)
        return other("ISSUE_ADDITION", project=named, channel=named, feedback=feedback, issue=issue)

    def message(text: str) -> object:
        content = alert(about(text), "en", linked(text, "https://tracker.test/{id}"), "message")
        assert content
        return render(content)

    return {"message": message, "digest": lambda text: render(digest_of([about(text)] * 3, "ko"))}

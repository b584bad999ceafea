"""A registered connector as the worker builds it, with the stand-ins around it: for what holds for all connectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import connectors
from connectors.base import Check, Connector, Done, Failed, Outcome, Reason, Retry, Skipped, Spec
from jobs.configuration import configure
from jobs.runtime import Runtime
from sources.abc.events import parse
from sources.abc.models import AbcEvent
from sources.base import Event
from tests.connectors.context import MemoryContext
from tests.connectors.contract import Case
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox

USER = "비밀로 해 주세요 keep-this-private"
"""What a person wrote: in no outcome, and in no line of a check."""
MOST_ATTEMPTS = 60


@dataclass
class World:
    """A connector as the worker builds it, and the stand-ins around it."""

    kind: str
    case: Case
    sandbox: Sandbox
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def spec(self) -> Spec:
        return connectors.find(self.kind)

    def variables(self, label: str = "", **changes: str) -> dict[str, str]:
        """`changes` are named without a label, too."""
        own = {**self.case.variables(self.sandbox.url), **changes}
        return {f"{name}__{label.upper()}" if label else name: value for name, value in own.items()}

    def build(self, label: str = "", **changes: str) -> Connector:
        name = f"{self.kind}.{label}" if label else self.kind
        environ = {"WEBHOOK_TOKEN": "a-token-for-this-test", "CONNECTORS": name}
        abc = {"ABC_API_URL": f"{self.sandbox.url}/abc", "ABC_API_KEY": DEMO_KEY}
        return Runtime(configure({**environ, **abc, **self.variables(label, **changes)})).connectors[name]

    def never_unsure(self) -> dict[str, str]:
        """Where what was sent can't be looked up: no message is posted twice."""
        return {} if self.case.finds_again else {f"{self.kind.upper()}_WHEN_UNSURE": "never"}

    def event(self, name: str = "", text: str = USER) -> AbcEvent:
        """An event that ABC User Feedback has just sent, about entities that exist there."""
        name, abc, number = name or self.spec.default_events[0], self.sandbox.abc, next(self.numbers)
        issue = abc.create_issue(1, {"name": f"issue {number}"})
        issue.name, issue.description = f"{text}{number}" if text.strip() else text, text
        feedback = abc.create_feedback(1, {"message": "x"})
        feedback.data["message"] = text
        if name == "ISSUE_ADDITION":
            abc.attach(feedback.id, issue.id)
        if name == "ISSUE_STATUS_CHANGE":
            issue.status = "RESOLVED"
        times = {"createdAt": feedback.createdAt, "updatedAt": feedback.updatedAt}
        data = {
            "project": {"id": 1, "name": "Demo project"},
            "channel": {"id": 1, "name": "App reviews"},
            "feedback": {"id": feedback.id, **times, **feedback.data, "issues": []},
            "issue": issue.as_event(),
            "addedIssue": issue.as_event(),
            "previousStatus": "INIT",
        }
        return parse({"event": name, "data": data}, "default")

    def deliver(self, connector: Connector, event: Event, context: MemoryContext | None = None) -> Outcome:
        """One attempt. Whatever happens, its outcome holds no secret and nothing that a person wrote."""
        outcome = connector.deliver(event, context or self.context(event))
        assert isinstance(outcome, Done | Skipped | Retry | Failed)
        self.assert_discreet(outcome)
        if isinstance(outcome, Retry | Failed):
            assert outcome.reason in get_args(Reason)
            assert outcome.why.isprintable()
        return outcome

    def context(self, event: Event, **values: Any) -> MemoryContext:
        return MemoryContext(delivery_id=f"{event.id}.{self.kind}", **values)

    def settle(self, connector: Connector, event: Event, context: MemoryContext | None = None) -> Outcome:
        """Attempts as the job layer makes them, until one is final."""
        context = context or self.context(event)
        for _ in range(MOST_ATTEMPTS):
            outcome = self.deliver(connector, event, context)
            if not isinstance(outcome, Retry):
                return outcome
            context = context.next_attempt(later=5.0 if outcome.after is None else outcome.after)
        raise AssertionError(f"still not settled: {outcome}")

    def check(self, connector: Connector) -> list[Check]:
        lines = list(connector.check())
        assert lines, "a check has at least one line"
        self.assert_discreet(lines)
        return lines

    def assert_discreet(self, shown: object) -> None:
        for hidden in (USER, *USER.split()[-1:], *self.case.secrets, DEMO_KEY):
            assert hidden not in repr(shown)

    def effects(self) -> int:
        return self.case.effects(self.sandbox)

    def echo(self) -> dict[str, Any]:
        """The body of a refusal that repeats what was sent, in every field that systems have for errors."""
        text = " ".join([USER, *self.case.secrets])
        names = ("error", "message", "msg", "code", "detail", "error_description", "status", "type")
        one = dict.fromkeys(names, text)
        return {**one, "error": {**one, "errors": [one], "details": [one]}, "errors": [one], "errorMessages": [text]}

    def refuse(self, status: int, body: Any = None, **where: Any) -> None:
        headers = {"Retry-After": "17"} if status == 429 else {}
        body = self.echo() if body is None else body
        self.sandbox.faults.add("status", times=None, status=status, headers=headers, body=body, **where)

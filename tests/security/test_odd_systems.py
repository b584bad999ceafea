"""Whatever the third party of any registered connector answers, an attempt ends with an outcome, and nothing happens
twice. The promises of single systems are in test_odd_answers.py."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings

from connectors.base import Connector, Done, Failed, Outcome, Retry, Skipped
from tests.connectors.context import MemoryContext
from tests.connectors.contract import all_cases, cases_of
from tests.connectors.world import World
from tests.security.corruption import Corrupting, Corruption, corruptions
from tests.security.fuzz import SECONDS
from tools.sandbox.app import create_sandbox
from tools.sandbox.server import running

ATTEMPTS = 6
FEWER = 4
"""The examples are shared among the connectors."""


class OddWorld(World):
    """The stand-ins, of which one answers wrongly, and the connector."""

    corrupting: Corrupting
    connector: Connector
    once: int
    """How many effects one delivery has."""

    def _repr_pretty_(self, printer: object, _cycle: bool) -> None:
        """For Hypothesis: a failing example is about the corruption, not about all that the stand-ins hold."""
        printer.text("OddWorld")  # type: ignore[attr-defined]

    def attempt(self, context: MemoryContext, event: object) -> Outcome:
        outcome = self.connector.deliver(event, context)  # type: ignore[arg-type]
        assert isinstance(outcome, Done | Skipped | Retry | Failed)
        shown = repr(outcome) + json.dumps(context.notes) + repr(getattr(context.links, "values", ""))
        assert not [secret for secret in self.case.secrets if secret in shown]
        assert len(shown) < 100_000, "an answer is kept whole"
        return outcome


@pytest.fixture(scope="module", params=list(all_cases()), ids="-".join)
def world(request: pytest.FixtureRequest) -> Iterator[OddWorld]:
    kind, name = request.param
    case = cases_of(kind)[name]
    sandbox = create_sandbox(**case.options)
    corrupting = Corrupting(sandbox.app.wsgi_app)
    sandbox.app.wsgi_app = corrupting  # type: ignore[method-assign]
    with running(sandbox):
        case.prepare(sandbox)
        made = OddWorld(kind, case, sandbox)
        made.corrupting = corrupting
        made.connector = made.build(**made.never_unsure())
        made.settle(made.connector, made.event())
        made.once = made.effects()
        yield made


@pytest.mark.timeout(SECONDS)
@settings(max_examples=settings().max_examples // FEWER)
@given(corruption=corruptions())
@example(corruption=Corruption(node=9, value="1e400"))  # the account's number, of an issue that GitLab lists
def test_an_odd_answer_leads_to_an_outcome_and_at_most_one_effect(world: OddWorld, corruption: Corruption) -> None:
    event, before = world.event(), world.effects()
    context = world.context(event)
    world.corrupting.start(world.case.system, corruption)
    outcome = world.attempt(context, event)
    world.corrupting.start(world.case.system, None)
    for _ in range(ATTEMPTS - 1):
        if isinstance(outcome, Done | Skipped):
            break
        context = context.next_attempt(later=200.0)
        outcome = world.attempt(context, event)
    assert world.effects() - before <= world.once, outcome

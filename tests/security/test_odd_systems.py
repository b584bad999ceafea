"""Whatever the third party of any registered connector answers, an attempt ends with an outcome, and nothing happens
twice. The promises of single systems are in test_odd_answers.py."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    once: dict[str, int]
    """How many effects one delivery has, by the name of its event."""

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
    sandbox.app.wsgi_app = corrupting
    with running(sandbox):
        case.prepare(sandbox)
        made = OddWorld(kind, case, sandbox)
        made.corrupting = corrupting
        made.connector = made.build(**made.never_unsure())
        made.once = {}
        for name in made.spec.default_events:
            before = made.effects()
            made.settle(made.connector, made.event(name))
            made.once[name] = made.effects() - before
        yield made


@pytest.mark.timeout(SECONDS)
@settings(max_examples=settings().max_examples // FEWER)
@given(number=st.integers(0, 3), corruption=corruptions())
@example(0, Corruption(node=9, value="1e400"))  # the account's number, of an issue that GitLab lists
@example(0, Corruption(at=1, node=32, value="1e400"))  # the title of a list in Blue
def test_an_odd_answer_leads_to_an_outcome_and_at_most_one_effect(
    world: OddWorld, number: int, corruption: Corruption
) -> None:
    """`number`: which of the events that the connector acts on."""
    names = world.spec.default_events
    name = names[number % len(names)]
    event, before = world.event(name), world.effects()
    context = world.context(event)
    world.corrupting.start(world.case.system, corruption)
    outcome = world.attempt(context, event)
    world.corrupting.start(world.case.system, None)
    for _ in range(ATTEMPTS - 1):
        if isinstance(outcome, Done | Skipped):
            break
        context = context.next_attempt(later=200.0)
        outcome = world.attempt(context, event)
    assert world.effects() - before <= world.once[name], outcome


@pytest.mark.parametrize("value", ["1e400", '{"a": 1}'])
def test_an_odd_comment_leads_to_an_outcome(world: OddWorld, value: str) -> None:
    """A delivery that is replayed looks for its comment: in the second answer, behind the ticket."""
    if world.case.world is None:
        pytest.skip("no ticket system")
    event = world.event("ISSUE_ADDITION")
    world.settle(world.connector, event)
    for node in range(6):
        world.corrupting.start(world.case.system, Corruption(at=1, node=node, value=value))
        world.attempt(world.context(event), event)
    world.corrupting.start(world.case.system, None)

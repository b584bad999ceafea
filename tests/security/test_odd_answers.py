"""Whatever a third party answers, a connector ends its attempt with an outcome, and its effect exists at most once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Connector, Done, Failed, Outcome, Retry, Skipped
from jobs.configuration import configure
from jobs.runtime import Runtime
from sources.abc.client import AbcClient, AbcError
from sources.abc.events import parse
from sources.abc.models import AbcEvent
from sources.abc.settings import ApiSettings
from sources.base import Event
from tests.connectors.context import MemoryContext
from tests.connectors.translate.kinds import NAMES as PROVIDERS
from tests.connectors.translate.kinds import kind_of
from tests.security.corruption import Corrupting, Corruption, corruptions
from tests.security.fuzz import SECONDS
from tools.sandbox import translators
from tools.sandbox.app import Sandbox, create_sandbox
from tools.sandbox.server import running
from tools.sandbox.service import environment

ATTEMPTS = 4
numbers = itertools.count(1)


@dataclass(repr=False)
class World:
    """The stand-ins, and every connector as the worker builds it, once for each translator."""

    sandbox: Sandbox
    corrupting: Corrupting
    connectors: dict[str, Mapping[str, Connector]]
    secrets: list[str]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """For Hypothesis: a failing example is about the corruption, not about all that the stand-ins hold."""
        printer.text("World")

    def issue_event(self, name: str) -> AbcEvent:
        issue = self.sandbox.abc.create_issue(1, {"name": f"Issue {next(numbers)}", "description": "설명"})
        data: dict[str, Any] = {"issue": issue.as_event(), "project": {"id": 1, "name": "Demo"}}
        if name == "ISSUE_STATUS_CHANGE":
            self.sandbox.abc.set_status(issue.id, "RESOLVED")
            data |= {"issue": issue.as_event(), "previousStatus": "INIT"}
        if name == "ISSUE_ADDITION":
            feedback = self.sandbox.abc.create_feedback(1, {"message": "결제가 안 돼요"})
            self.sandbox.abc.attach(feedback.id, issue.id)
            shown = self.sandbox.abc.feedback_event(feedback)
            data |= {"feedback": shown, "channel": {"id": 1, "name": "App"}, "addedIssue": data.pop("issue")}
        return parse({"event": name, "data": data}, "default")

    def feedback_event(self) -> AbcEvent:
        feedback = self.sandbox.abc.create_feedback(1, {"message": f"로그인이 자꾸 풀려요 {next(numbers)}"})
        data = {"channel": {"id": 1, "name": "App"}, "project": {"id": 1, "name": "Demo"}}
        shown = {"feedback": self.sandbox.abc.feedback_event(feedback), **data}
        return parse({"event": "FEEDBACK_CREATION", "data": shown}, "default")

    def attempts(self, connector: Connector, event: Event, system: str, corruption: Corruption) -> list[Outcome]:
        """The first attempt meets the odd answers; the later ones, minutes apart, meet none."""
        context = MemoryContext(delivery_id=f"{event.id}.connector")
        self.corrupting.start(system, corruption)
        outcomes = [self._attempt(connector, event, context)]
        self.corrupting.start(system, None)
        while not isinstance(outcomes[-1], Done) and len(outcomes) < ATTEMPTS:
            context = context.next_attempt(later=200.0)
            outcomes.append(self._attempt(connector, event, context))
        return outcomes

    def _attempt(self, connector: Connector, event: Event, context: MemoryContext) -> Outcome:
        outcome = connector.deliver(event, context)
        assert isinstance(outcome, Done | Skipped | Retry | Failed)
        shown = repr(outcome) + json.dumps(context.notes) + repr(getattr(context.links, "values", ""))
        assert not [secret for secret in self.secrets if secret in shown]
        assert len(shown) < 100_000, "an answer is kept whole"
        if isinstance(outcome, Done | Skipped):
            json.dumps(dict(outcome.result))
        return outcome


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    sandbox = create_sandbox()
    corrupting = Corrupting(sandbox.app.wsgi_app)
    sandbox.app.wsgi_app = corrupting
    with running(sandbox):
        env = environment(sandbox.url, "redis://127.0.0.1:1/0")
        env |= {"SLACK_EVENTS": "*"}
        own = {name: kind_of(name).variables(name, sandbox.url) for name in PROVIDERS}
        built = {name: Runtime(configure(env | own[name])).connectors for name in PROVIDERS}
        secrets = [translators.KEY, *(env[name] for name in ("ABC_API_KEY", "JIRA_API_TOKEN", "SLACK_BOT_TOKEN"))]
        yield World(sandbox, corrupting, built, secrets)


NAMES = st.sampled_from(["ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION"])


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("system", ["abc", "jira"])
@given(name=NAMES, corruption=corruptions())
def test_an_issue_has_at_most_one_ticket(world: World, system: str, name: str, corruption: Corruption) -> None:
    event = world.issue_event(name)
    world.attempts(world.connectors["deepl"]["jira"], event, system, corruption)
    assert event.issue
    tickets = [one for one in world.sandbox.jira.tickets.values() if one.fields["summary"] == event.issue.name]
    assert len(tickets) <= 1
    assert all(len(ticket.comments) <= 2 for ticket in tickets)


@pytest.mark.timeout(SECONDS)
@given(name=NAMES, corruption=corruptions())
def test_an_event_is_announced_at_most_once(world: World, name: str, corruption: Corruption) -> None:
    """Where an answer of Slack is no answer, the message is looked up before it is sent again."""
    event = world.issue_event(name)
    before = len(world.sandbox.slack.messages)
    outcomes = world.attempts(world.connectors["deepl"]["slack"], event, "slack", corruption)
    posted = [message.text for message in world.sandbox.slack.messages[before:]]
    assert len(posted) <= 1, (posted, outcomes)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("provider", PROVIDERS)
@given(corruption=corruptions())
def test_a_translation_is_a_text_or_is_missing(world: World, provider: str, corruption: Corruption) -> None:
    event = world.feedback_event()
    world.attempts(world.connectors[provider]["translate"], event, provider, corruption)
    assert event.feedback
    written = world.sandbox.abc.feedbacks[event.feedback.id].data.get("translatedMessage", "")
    assert isinstance(written, str)
    assert len(written) < 2_000, "an answer far longer than its source was accepted"


@pytest.mark.timeout(SECONDS)
@given(corruption=corruptions())
def test_the_translator_survives_odd_answers_of_abc(world: World, corruption: Corruption) -> None:
    world.attempts(world.connectors["deepl"]["translate"], world.feedback_event(), "abc", corruption)


@pytest.mark.timeout(SECONDS)
@settings(max_examples=15)
@given(corruption=corruptions())
def test_a_search_at_abc_ends(world: World, corruption: Corruption) -> None:
    """With what it found, or with AbcError; in a bounded number of requests."""
    client = _abc(world)
    for search in (
        lambda: client.search_issues(1, {"id": 1}, limit=2),
        lambda: client.search_feedbacks(1, 1, {}, limit=2),
    ):
        world.corrupting.start("abc", corruption)
        found = 0
        try:
            for _ in itertools.islice(search(), 5_000):
                found += 1
        except AbcError:
            pass
        assert world.corrupting.requests < 3_000


def _abc(world: World) -> AbcClient:
    settings = configure(environment(world.sandbox.url, "redis://127.0.0.1:1/0")).apis["abc"]
    assert isinstance(settings, ApiSettings)
    assert settings.abc_api_url
    return AbcClient(settings.abc_api_url, settings.abc_api_key)

"""What holds for every connector that posts to a secret address (connectors/alerts/webhook.py), over real HTTP.

A new one joins by being registered: its stand-in and its variables are those of its contract tests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest

import connectors
from bridge.environment import ConfigError
from bridge.redaction import MASK, Redactor, secrets_of
from bridge.settings import load
from connectors.alerts.flow import AlertConnector
from connectors.alerts.webhook import WebhookSettings
from connectors.base import Done, Failed, LeaseLost, Outcome, Retry, Skipped, TicketSystem
from sources.base import Event, Subject, Summary
from tests.connectors.alerts.world import attempt, other, status_change, tools, why
from tests.connectors.context import MemoryContext
from tests.connectors.contract import Case, cases_of
from tools.sandbox.app import Sandbox
from tools.sandbox.server import running

KINDS = [kind for kind in connectors.REGISTRY if issubclass(connectors.find(kind).settings, WebhookSettings)]


@dataclass
class World:
    kind: str
    case: Case
    sandbox: Sandbox

    @property
    def variable(self) -> str:
        return f"{self.kind.upper()}_WEBHOOK_URL"

    @property
    def address(self) -> str:
        return self.case.variables(self.sandbox.url)[self.variable]

    def build(self, label: str = "", tickets: tuple[TicketSystem, ...] = (), **changes: str) -> AlertConnector:
        """`changes` are variables without the connector's name."""
        spec = connectors.find(self.kind)
        given = {"WEBHOOK_URL": self.address, **changes}
        ending = f"__{label.upper()}" if label else ""
        environ = {f"{self.kind.upper()}_{name}{ending}": value for name, value in given.items()}
        name = f"{self.kind}.{label}" if label else self.kind
        connector = spec.build(load(spec.settings, environ, label), tools(name, tickets=tickets))
        assert isinstance(connector, AlertConnector)
        return connector

    def deliver(self, connector: AlertConnector, context: MemoryContext, event: Event | None = None) -> Outcome:
        return attempt(connector, context, event, self.case.secrets)

    def fail(self, kind: Any, **details: Any) -> None:
        self.sandbox.faults.add(kind, system=self.case.system, **details)

    @property
    def messages(self) -> int:
        return self.case.effects(self.sandbox)


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    case = cases_of(request.param)["webhook"]
    with running() as sandbox:
        yield World(request.param, case, sandbox)


def context(**values: Any) -> MemoryContext:
    return MemoryContext(delivery_id="e1.webhook", **values)


def done(outcome: Outcome) -> bool:
    assert isinstance(outcome, Done), outcome
    return "unsure" not in outcome.result


# Channels


def test_an_event_is_one_message(world: World) -> None:
    assert done(world.deliver(world.build(), context()))
    assert world.messages == 1


def test_a_project_without_an_address_is_skipped_with_that_reason(world: World) -> None:
    connector = world.build(WEBHOOK_URL=f"2={world.address}")
    outcome = world.deliver(connector, context(), status_change(project=9))
    assert outcome == Skipped(f"{world.variable} names no channel for project 9, and no default (*)")
    assert connector.destination(status_change(project=9)).per_second == 0, "it takes no turn of a webhook's rate"
    assert world.messages == 0


def test_an_event_without_an_abc_project_goes_to_the_default(world: World) -> None:
    subject = Subject("logto", "user", "", "u1")
    event = Event("logto", "e9", "User.Created", subject, 0.0, {}, summary=Summary("User kim was created"))
    assert done(world.deliver(world.build(), context(), event))
    outcome = world.deliver(world.build(WEBHOOK_URL=f"2={world.address}"), context(), event)
    assert outcome == Skipped(f"User.Created belongs to no ABC project, and {world.variable} has no default (*)")


def test_projects_with_one_address_share_its_limit(world: World) -> None:
    url = world.address
    connector = world.build(WEBHOOK_URL=f"1={url},2={url},3={url}0")
    names = [connector.destination(status_change(project=project)).name for project in (1, 2, 3)]
    assert names == [f"{world.kind} webhook of project {project}" for project in (1, 1, 3)]


def test_an_instance_names_its_own_variable(world: World) -> None:
    connector = world.build("mobile", WEBHOOK_URL=f"2={world.address}")
    assert f"{world.variable}__MOBILE" in why(world.deliver(connector, context()))
    assert connector.destination(status_change(project=2)).name == f"{world.kind}.mobile webhook of project 2"


def test_many_that_wait_are_one_message(world: World) -> None:
    waiting = [(status_change(), MemoryContext(delivery_id=f"e{number}.webhook")) for number in range(12)]
    outcomes = world.build().gather(waiting)
    assert len(outcomes) == 12
    assert all(outcome and done(outcome) for outcome in outcomes)
    assert world.messages == 1


def test_of_24_events_in_half_a_minute_no_more_wait_than_one_digest_takes(world: World) -> None:
    connector = world.build()
    where = connector.destination(status_change())
    assert where.per_second > 0
    assert where.burst + 30 * where.per_second >= 24 - connector.crowd


# Once


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500"])
@pytest.mark.parametrize("choice", ["twice", "never"])
def test_a_lost_answer_is_sent_again_or_not_as_the_operator_chooses(
    world: World, fault: str, choice: Literal["twice", "never"]
) -> None:
    if fault == "500":
        world.fail("status", status=500)
    else:
        world.fail(fault)
    connector, first = world.build(WHEN_UNSURE=choice), context()
    assert isinstance(world.deliver(connector, first), Retry)
    outcome = world.deliver(connector, first.next_attempt())
    assert world.messages == (fault == "drop_after") + (choice == "twice")
    if choice == "twice":
        assert isinstance(outcome, Done)
        assert outcome.result["unsure"].startswith("posted again: ")
    else:
        assert isinstance(outcome, Skipped)
        assert outcome.why.endswith(f"did not confirm the message, and {world.kind.upper()}_WHEN_UNSURE=never")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 429, 503])
def test_a_refusal_leaves_no_doubt(world: World, status: int) -> None:
    world.fail("status", status=status, body={"free": "text"})
    first = context()
    assert isinstance(world.deliver(world.build(), first), Retry | Failed)
    assert not first.notes.get("posting")
    assert done(world.deliver(world.build(), first.next_attempt()))
    assert world.messages == 1


def test_nobody_listening_leaves_no_doubt(world: World) -> None:
    first = context()
    outcome = world.deliver(world.build(WEBHOOK_URL=world.address.replace(world.sandbox.url, "http://[::1]:9")), first)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert not first.notes.get("posting")


@pytest.mark.parametrize(("choice", "messages"), [("twice", 1), ("never", 0)])
def test_what_may_have_been_posted_before_redis_was_wiped(world: World, choice: str, messages: int) -> None:
    outcome = world.deliver(world.build(WHEN_UNSURE=choice), context(born=time.time() - 60))
    assert isinstance(outcome, Done if choice == "twice" else Skipped)
    assert "unsure" in outcome.result
    assert world.messages == messages


def test_a_replay_of_what_is_done_posts_nothing(world: World) -> None:
    assert world.deliver(world.build(), context(notes={"done": {}})) == Done({})
    assert world.messages == 0


def test_who_lost_the_lease_posts_nothing(world: World) -> None:
    with pytest.raises(LeaseLost):
        world.build().deliver(status_change(), context(lease_lost=True))
    assert world.messages == 0


def test_the_note_is_kept_before_the_message_and_holds_no_secret(world: World) -> None:
    seen: list[int] = []
    first = context(on_keep=lambda _: seen.append(world.messages))
    world.deliver(world.build(), first)
    assert seen == [0]
    assert not any(secret in repr(first.kept) for secret in world.case.secrets)


# Refusals


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_webhook_that_is_gone_is_a_matter_of_the_address(world: World, status: int) -> None:
    world.fail("status", status=status, body="<html>no</html>")
    outcome = world.deliver(world.build("mobile"), context())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, f"{world.variable}__MOBILE" in outcome.why) == ("auth", True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(world: World, status: int) -> None:
    """It would take the message, and the secret address, elsewhere."""
    world.fail("status", status=status, headers={"Location": world.address})
    assert isinstance(world.deliver(world.build(), context()), Failed)
    assert world.messages == 0


@pytest.mark.parametrize("status", [500, 502, 503, 418])
def test_nothing_of_a_strange_answer_is_passed_on(world: World, status: int) -> None:
    world.fail("status", status=status, body="what stands in between")
    assert why(world.deliver(world.build(), context())).endswith(f" answered {status}")


def test_an_event_without_a_message_is_skipped(world: World) -> None:
    outcome = world.deliver(world.build(), context(), other("NEWER_EVENT"))
    assert why(outcome).endswith("message for NEWER_EVENT")


def test_a_template_replaces_the_text(world: World) -> None:
    template = r"{{ text }}\n{{ ticket.url }}"
    assert done(world.deliver(world.build(TEMPLATE=template), context()))
    empty = world.deliver(world.build(TEMPLATE="{% if false %}x{% endif %}"), context())
    assert empty == Skipped(f"{world.kind.upper()}_TEMPLATE is empty for this event")
    assert world.messages == 1


# Variables


SECRET = "0123456789abcdef0123456789abcdef"
NO_ADDRESS = "each should be an address that begins with https:// (http:// on loopback only)"
ONE = "should be one address, or a list of project id=address"


def problems(kind: str, value: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(connectors.find(kind).settings, {f"{kind.upper()}_WEBHOOK_URL": value})
    assert SECRET[:8] not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "required, but not set"),
        (f"http://chat.example.com/{SECRET}", NO_ADDRESS),
        (f"http://192.0.2.1/{SECRET}", NO_ADDRESS),
        (f"http://169.254.169.254/{SECRET}", NO_ADDRESS),
        (f"ftp://example.com/{SECRET}", NO_ADDRESS),
        (f"https://[{SECRET}", NO_ADDRESS),
        (f"mobile=https://example.com/{SECRET}", ONE),
        (f"https://example.com/{SECRET},https://example.com/{SECRET}", ONE),
        (f"https://example.com/{SECRET},2=https://example.com/{SECRET}", ONE),
        (f"https://example.com/{SECRET} {SECRET}", "should hold ASCII letters, digits and signs only"),
    ],
)
def test_a_mistake_names_its_variable(kind: str, value: str, problem: str) -> None:
    assert problems(kind, value).startswith(f"{kind.upper()}_WEBHOOK_URL: {problem}")


def test_the_parts_of_an_address_are_masked_everywhere(world: World) -> None:
    settings = load(connectors.find(world.kind).settings, {world.variable: f"*={world.address},2={world.address}0"})
    redact = Redactor(secrets_of(settings))
    for secret in (world.address, *world.case.secrets):
        assert secret not in redact(f"before {secret} after")
        assert MASK in redact(secret)


def test_an_address_may_have_a_query(world: World) -> None:
    mark = "&" if "?" in world.address else "?"
    settings = load(connectors.find(world.kind).settings, {world.variable: f"{world.address}{mark}a=1%2F2&b=c"})
    assert isinstance(settings, WebhookSettings)
    assert settings.addresses() == {"webhook": f"{world.address}{mark}a=1%2F2&b=c"}


# flask check


def test_check_reaches_each_address_and_posts_nothing(world: World) -> None:
    checks = list(world.build(WEBHOOK_URL=f"*={world.address},2={world.address}").check())
    assert [check.ok for check in checks if not check.is_note] == [True]
    assert "webhook" in checks[0].what
    assert world.messages == 0
    assert not any(secret in repr(checks) for secret in world.case.secrets)


def test_check_reports_what_is_not_reached(world: World) -> None:
    world.fail("drop_before")
    first = next(iter(world.build("mobile").check()))
    assert not first.ok
    assert first.what.endswith(f"look at {world.variable}__MOBILE")

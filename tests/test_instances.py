"""Further instances of a connector (`slack.mobile`), ticket systems that must not overlap, and plug-ins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import connectors
from bridge.environment import ConfigError
from connectors.base import Destination, Skipped, Spec, TicketKind
from jobs.accept import Acceptor
from jobs.configuration import configure
from jobs.routing import Route
from jobs.runtime import Runtime
from sources import REGISTRY as SOURCES
from sources.abc.events import parse
from tests.connectors.alerts.world import status_change
from tests.connectors.context import MemoryContext
from tests.jobs.world import World, status_event
from tests.plug_ins import Folder
from tools.sandbox.server import running
from tools.sandbox.slack import TOKEN

BASE = {"WEBHOOK_TOKEN": "a-token-for-this-test", "SLACK_BOT_TOKEN": TOKEN, "SLACK_CHANNEL": "#feedback"}
TWO = {**BASE, "CONNECTORS": "slack,slack.mobile"}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        configure(environ)
    return raised.value.problems


def settings_of(environ: dict[str, str], name: str) -> Any:
    return configure(environ).connectors[name]


def test_an_instance_reads_its_own_variable_and_else_the_one_without_a_label() -> None:
    environ = {**TWO, "SLACK_CHANNEL__MOBILE": "#mobile", "SLACK_THREADS": "true"}
    assert settings_of(environ, "slack").channel.get(1) == "#feedback"
    mobile = settings_of(environ, "slack.mobile")
    assert mobile.channel.get(1) == "#mobile"
    assert mobile.bot_token.get_secret_value() == TOKEN
    assert mobile.threads is True


def test_an_instances_secret_may_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("xoxb-of-mobile\n")
    mobile = settings_of({**TWO, "SLACK_BOT_TOKEN__MOBILE_FILE": str(path)}, "slack.mobile")
    assert mobile.bot_token.get_secret_value() == "xoxb-of-mobile"


def test_a_dash_means_not_set_for_this_instance() -> None:
    hook = "http://127.0.0.1:9/services/T0/B0/x"
    changes = {"SLACK_BOT_TOKEN__MOBILE": "-", "SLACK_CHANNEL__MOBILE": "-", "SLACK_WEBHOOK_URL__MOBILE": hook}
    mobile = settings_of({**TWO, **changes}, "slack.mobile")
    assert (mobile.bot_token, list(mobile.channel.items())) == (None, [])


def test_an_instance_may_be_named_without_the_plain_connector() -> None:
    configuration = configure({**TWO, "CONNECTORS": "slack.mobile"})
    assert list(configuration.connectors) == ["slack.mobile"]


def test_each_instance_has_its_own_events_and_filter() -> None:
    environ = {**TWO, "SLACK_EVENTS__MOBILE": "ISSUE_*", "SLACK_FILTER": "project.id == 1"}
    plain, mobile = configure(environ).routes
    assert (plain.patterns, mobile.patterns) == (("ISSUE_STATUS_CHANGE",), ("ISSUE_*",))
    assert (plain.filter_variable, mobile.filter_variable) == ("SLACK_FILTER", "SLACK_FILTER")


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"SLACK_CHANNEL__MOBILE": "a/b"}, "SLACK_CHANNEL__MOBILE"),
        ({"SLACK_CHANNEL": "a/b", "CONNECTORS": "slack.mobile"}, "SLACK_CHANNEL"),
        ({"SLACK_CHANNEL__MOBILE": "-"}, "SLACK_CHANNEL__MOBILE"),
        ({"SLACK_RATE__MOBILE": "fast"}, "SLACK_RATE__MOBILE"),
        ({"SLACK_EVENTS__MOBILE": "NOTHING"}, "SLACK_EVENTS__MOBILE"),
        ({"SLACK_FILTER__MOBILE": "1 +"}, "SLACK_FILTER__MOBILE"),
        ({"SLACK_WEBHOOK_URL__MOBILE": "http://127.0.0.1/x"}, "SLACK_WEBHOOK_URL__MOBILE"),
    ],
)
def test_errors_name_the_variable_as_the_operator_wrote_it(changes: dict[str, str], variable: str) -> None:
    (problem,) = problems({**TWO, **changes})
    assert problem.startswith(f"{variable}:")


def test_a_variable_that_can_t_be_read_is_not_also_reported_as_missing() -> None:
    """Where the settings have a prefix, and where the instance has a label."""
    jira = {"JIRA_URL": "https://jira.test", "JIRA_PAT": "pat-of-a-test", "JIRA_PROJECT__EU": "'PROJ'"}
    abc = {"ABC_API_URL": "https://abc.test", "ABC_API_KEY": "key-of-a-test"}
    (problem,) = problems({**BASE, **abc, **jira, "CONNECTORS": "jira.eu"})
    assert problem.startswith("JIRA_PROJECT__EU: the quotes")


@pytest.mark.parametrize("name", ["slack.", "slack.a-b", "slack.a.b", "slack.한글", "slack._", "smoke.mobile"])
def test_a_name_that_cannot_be_an_instance_is_refused(name: str) -> None:
    assert problems({**BASE, "CONNECTORS": name})[0].startswith("CONNECTORS: ")


def test_a_variable_with_the_label_of_no_instance_is_reported() -> None:
    found = configure({**TWO, "SLACK_THREADS__DESKTOP": "true"})
    assert found.warnings == ("SLACK_THREADS__DESKTOP: CONNECTORS names no instance with the label 'desktop'",)
    assert found.doubts == ()


def test_a_label_in_lower_case_is_reported_with_the_right_variable() -> None:
    """Also if the right variable is set: the other one is not read."""
    for changes in ({}, {"SLACK_CHANNEL__MOBILE": "#right"}):
        found = configure({**TWO, **changes, "SLACK_CHANNEL__mobile": "#wrong"})
        (doubt,) = found.doubts
        assert doubt == "SLACK_CHANNEL__mobile: is not read: write it in upper case, SLACK_CHANNEL__MOBILE"
        assert found.warnings == ()


def test_each_instance_posts_its_message_once(redis: Redis) -> None:
    with running() as sandbox:
        api = f"{sandbox.url}/slack/api"
        environ = {**TWO, "SLACK_API_URL": api, "SLACK_THREADS": "true"}
        configuration = configure(environ)
        built: Any = Runtime(configuration).connectors
        redis.set("fb:test:born", "1")  # the ledger is older than the event
        world = World(redis, built)
        world.acceptor = Acceptor(world.ledger, [Route(name, ("*",)) for name in built])
        accepted = world.accept(status_event(3, 1))
        world.run()
        for name in built:
            assert world.state(accepted, name) == "done"
            world.deliverer.deliver(f"{accepted.event_id}.{name}")  # finished: a second run changes nothing
        assert len(sandbox.slack.messages) == 2, "both instances post to one channel, and each posts its own message"
        links = [key.decode() for key in redis.scan_iter("fb:test:link:*")]
        assert len(links) == 2, "each has its own thread"


def test_destinations_begin_with_the_name_of_the_instance() -> None:
    built = Runtime(configure(TWO)).connectors
    destinations = [connector.destination(status_change()) for connector in built.values()]
    assert destinations == [Destination("slack #feedback", 1, 3), Destination("slack.mobile #feedback", 1, 3)]


JIRA = {
    "WEBHOOK_TOKEN": "a-token-for-this-test",
    "ABC_API_URL": "http://abc.test",
    "ABC_API_KEY": "key",
    "JIRA_URL": "https://jira.test",
    "JIRA_EMAIL": "a@example.com",
    "JIRA_API_TOKEN": "token",
}


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("AA", "BB", "every other ABC project (*)"),
        ("*=AA,2=AA", "2=BB", "ABC project 2"),
        ("*=AA", "2=BB", None),
        ("1=AA", "2=BB", None),
    ],
)
def test_two_ticket_systems_do_not_serve_one_project(first: str, second: str, overlap: str | None) -> None:
    environ = {**JIRA, "CONNECTORS": "jira,jira.eu", "JIRA_PROJECT": first, "JIRA_PROJECT__EU": second}
    if overlap is None:
        assert list(configure(environ).connectors) == ["jira", "jira.eu"]
    else:
        (problem,) = problems(environ)
        assert problem.startswith(f"JIRA_PROJECT__EU: {overlap} already has its tickets in jira (JIRA_PROJECT)")


@pytest.mark.parametrize(
    ("changed", "variables"),
    [
        ({"JIRA_EVENTS": "FEEDBACK_CREATION"}, ["JIRA_EVENTS", "JIRA_EVENTS"]),
        ({"JIRA_EVENTS__EU": "FEEDBACK_CREATION"}, ["JIRA_EVENTS", "JIRA_EVENTS__EU"]),
    ],
    ids=["inherited", "own"],
)
def test_a_ticket_system_names_the_variable_that_brought_it_the_event(
    changed: dict[str, str], variables: list[str]
) -> None:
    environ = {**JIRA, "CONNECTORS": "jira,jira.eu", "JIRA_PROJECT": "1=AA", "JIRA_PROJECT__EU": "2=BB"}
    built = Runtime(configure(environ | changed)).connectors
    event = parse(json.loads(SOURCES["abc"].samples("FEEDBACK_CREATION").body), "default")
    outcomes = {name: connector.deliver(event, MemoryContext()) for name, connector in built.items()}
    assert outcomes == {
        name: Skipped(f"{name} does nothing on FEEDBACK_CREATION: look at {variable}")
        for name, variable in zip(built, variables, strict=True)
    }


# Plug-ins


GOOD = """
from bridge.settings import Settings
from connectors.base import Spec


class PagerSettings(Settings):
    PREFIX = "pager"
    number: int


SPEC = Spec(kind="pager", settings=PagerSettings, default_events=("ISSUE_*",), build=lambda settings, tools: None)
"""


def install(folder: Folder, code: str) -> None:
    folder.install("connectors", "pager", code, "pager-plug-in", "SPEC")


def test_an_installed_plug_in_is_a_connector_like_ours(folder: Folder) -> None:
    install(folder, GOOD)
    configuration = configure(
        {**BASE, "CONNECTORS": "pager,pager.night", "PAGER_NUMBER": "1", "PAGER_NUMBER__NIGHT": "2"}
    )
    numbers = [settings.number for settings in configuration.connectors.values()]  # type: ignore[attr-defined]
    assert numbers == [1, 2]
    assert [route.connector for route in configuration.routes] == ["pager", "pager.night"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise RuntimeError('no')", "can't be imported: RuntimeError"),
        ("SPEC = 1", "does not name a Spec of the kind 'pager'"),
        (GOOD.replace('kind="pager"', 'kind="other"'), "does not name a Spec of the kind 'pager'"),
        (GOOD.replace("build=lambda", "version=0, build=lambda"), "is written for version 0 of the contract"),
        (GOOD.replace("build=", "needs=frozenset({'abc', 'logto'}), build="), "can't be imported: ValueError"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named_with_its_package(folder: Folder, code: str, why: str) -> None:
    install(folder, code)
    (problem,) = problems({**BASE, "CONNECTORS": "pager"})
    assert problem.startswith("CONNECTORS: the plug-in 'pager' of pager-plug-in 1.2")
    assert why in problem


def test_a_plug_in_for_the_first_version_of_the_contract_is_still_taken(folder: Folder) -> None:
    install(folder, GOOD.replace("build=lambda", "version=1, build=lambda"))
    assert list(configure({**BASE, "CONNECTORS": "pager", "PAGER_NUMBER": "1"}).connectors) == ["pager"]


@pytest.mark.parametrize("source", ["logto", "unheard_of"])
def test_a_plug_in_that_needs_a_source_without_an_api_is_refused(folder: Folder, source: str) -> None:
    install(folder, GOOD.replace("build=", f"needs=frozenset({{'{source}'}}), build="))
    (problem,) = problems({**BASE, "CONNECTORS": "pager", "PAGER_NUMBER": "1"})
    assert problem == f"CONNECTORS: pager needs the API of '{source}', which is not a source with an API"


def test_every_registered_connector_declares_its_kind() -> None:
    for kind in connectors.REGISTRY:
        spec = connectors.find(kind)
        assert isinstance(spec, Spec)
        assert spec.kind == kind
        assert spec.tickets is None or isinstance(spec.tickets, TicketKind)

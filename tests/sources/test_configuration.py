"""SOURCES: which sources there are, what each needs, and what is probably a mistake."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridge.environment import ConfigError
from connectors import find
from jobs.configuration import configure
from jobs.routing import Route, plan
from sources.base import Event, Subject
from sources.bridge.events import ABOUT
from sources.configuration import configure_sources

TOKEN = {"WEBHOOK_TOKEN": "token-of-the-tests-0001"}
KEY = {"LOGTO_SIGNING_KEY": "abcdefghijklmnopqrstuvwxyz012345"}


def problems(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configure_sources(environ)
    return caught.value.problems


def test_abc_is_the_source_where_none_is_listed() -> None:
    assert list(configure_sources(TOKEN).chosen) == ["abc"]
    assert problems({}) == [
        "WEBHOOK_TOKEN: required, but not set; use the same text as in the webhook of ABC User Feedback"
    ]


def test_each_listed_source_needs_its_secret() -> None:
    assert list(configure_sources({"SOURCES": "abc, Logto,logto", **TOKEN, **KEY}).chosen) == ["abc", "logto"]
    assert problems({"SOURCES": "abc,logto", **TOKEN}) == [
        "LOGTO_SIGNING_KEY: required by the source logto, but not set"
    ]
    assert list(configure_sources({"SOURCES": "logto", **KEY}).chosen) == ["logto"], "ABC is not needed then"


def test_a_source_that_does_not_exist_is_named() -> None:
    [problem] = problems({"SOURCES": "abc,logtoo", **TOKEN})
    assert problem.startswith(
        "SOURCE_LOGTOO_SECRET: required by the source logtoo, but not set (the built-in sources are"
    )
    assert "logto," in problem or "logto)" in problem


@pytest.mark.parametrize("name", ["crm-eu", "crm.eu", "c r m", "고객", "_crm", "c" * 31])
def test_a_source_whose_name_can_be_no_variable_is_refused(name: str) -> None:
    [problem] = problems({"SOURCES": f"abc,{name}", **TOKEN})
    assert problem.startswith(f"SOURCES: '{name}' should be one of abc,")


GOOD = "a-secret-of-these-tests"
CRM = {"SOURCES": "crm", "SOURCE_CRM_SECRET": GOOD}


def test_a_generic_source_needs_a_secret_alone() -> None:
    found = configure_sources(CRM)
    source, proof = found.proofs()["crm"]
    assert (source.name, source.events) == ("crm", ())
    assert proof.may_hold({"x-bridge-token": GOOD})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SECRET": "short"}, "SOURCE_CRM_SECRET: each secret needs at least 8 characters"),
        ({"SECRET": "with a blank in it"}, "SOURCE_CRM_SECRET: should hold ASCII letters"),
        ({"SCHEME": "hmac"}, "SOURCE_CRM_SCHEME: should be 'token', 'hmac-sha256-hex'"),
        ({"SCHEME": "hmac-sha256-hex"}, "SOURCE_CRM_HEADER: required with hmac-sha256-hex"),
        ({"SCHEME": "hmac-sha256-base64"}, "SOURCE_CRM_HEADER: required with hmac-sha256-base64"),
        (
            {"SCHEME": "standard-webhooks", "HEADER": "x-sign"},
            "SOURCE_CRM_HEADER: has no effect",
        ),
        ({"SCHEME": "standard-webhooks", "PREFIX": "v1"}, "SOURCE_CRM_PREFIX: has no effect"),
        ({"SCHEME": "standard-webhooks", "SECRET": "whsec_not?base64"}, "SOURCE_CRM_SECRET: the text after whsec_"),
        ({"HEADER": "x_signature"}, "SOURCE_CRM_HEADER: should be the name of a header"),
        ({"EVENT": "type"}, "SOURCE_CRM_EVENT: should be body.path.to.it or header.Name"),
        ({"EVENT": "body."}, "SOURCE_CRM_EVENT: should be body.path.to.it or header.Name"),
        ({"ID": "header.X Id"}, "SOURCE_CRM_ID: should be body.path.to.it or header.Name"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_mistake_in_a_generic_source_is_named_by_its_variable(changes: dict[str, str], problem: str) -> None:
    [found] = problems({**CRM, **{f"SOURCE_CRM_{name}": value for name, value in changes.items()}})
    assert found.startswith(problem)
    assert GOOD not in found


def test_the_fixed_header_of_standard_webhooks_may_be_named() -> None:
    named = {"SOURCE_CRM_SCHEME": "standard-webhooks", "SOURCE_CRM_HEADER": "Webhook-Signature"}
    assert configure_sources({**CRM, **named}).used["crm"].name == "crm"


def test_a_variable_of_a_generic_source_that_is_not_listed_is_a_warning() -> None:
    found = configure({**TOKEN, "SOURCE_CRM_SECRET": GOOD})
    assert found.warnings == ("SOURCE_CRM_SECRET: SOURCES does not name crm; its requests are answered 404",)
    assert found.doubts == ()


def test_a_misspelled_variable_of_a_generic_source_is_named() -> None:
    doubts = configure({**CRM, "SOURCE_CRM_SCHEMA": "token"}).doubts
    assert doubts == ("SOURCE_CRM_SCHEMA: there is no such variable; did you mean SOURCE_CRM_SCHEME?",)


def test_events_of_a_generic_source_are_routed_by_their_name() -> None:
    slack = {"CONNECTORS": "slack", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/made-up-token"}
    [route] = configure({**CRM, **slack, "SLACK_EVENTS": "crm.order.*"}).routes
    assert route.wants("crm.order.created")
    assert not route.wants("crm.invoice.created")
    with pytest.raises(ConfigError) as caught:
        configure({**TOKEN, **slack, "SLACK_EVENTS": "crm.order.*"})
    assert caught.value.problems[0].startswith("SLACK_EVENTS: 'crm.order.*' matches none of")


@pytest.mark.parametrize("kind", ["jira", "translate"])
def test_what_acts_on_abc_gets_nothing_of_others(kind: str) -> None:
    """Whatever the patterns match."""
    event = Event("crm", "e1", "crm.order.created", Subject("crm", "event", "", "e1"), 0.0, {})
    route = Route(kind, ("*",), sources=find(kind).needs)
    assert route.wants(event.name)
    assert plan(event, [route]) == []
    assert [row.connector for row in plan(event, [Route("slack", ("*",))])] == ["slack"]


@pytest.mark.parametrize("key", ["short", "abcdefghijklmnopqrstuvwxyz012345,short", ","])
def test_a_short_key_is_refused_and_not_repeated(key: str) -> None:
    [problem] = problems({"SOURCES": "logto", "LOGTO_SIGNING_KEY": key})
    assert problem.startswith("LOGTO_SIGNING_KEY: each signing key needs at least 16 characters")
    assert "short" not in problem.replace("shorter", "")


def test_a_secret_of_a_source_that_is_not_listed_is_a_warning() -> None:
    found = configure({**TOKEN, **KEY})
    assert found.warnings == ("LOGTO_SIGNING_KEY: SOURCES does not name logto; its requests are answered 404",)
    assert found.doubts == ()
    assert configure({**TOKEN, **KEY, "SOURCES": "abc,logto"}).warnings == ()


def test_the_keys_of_sources_are_masked() -> None:
    configuration = configure({**TOKEN, **KEY, "SOURCES": "abc,logto"})
    assert configuration.redact(f"{TOKEN['WEBHOOK_TOKEN']} {KEY['LOGTO_SIGNING_KEY']}") == "<secret> <secret>"


def test_the_service_itself_is_no_source_to_list() -> None:
    [problem] = problems({"SOURCES": "abc,bridge", **TOKEN})
    assert problem.startswith("SOURCES: bridge is the service itself, and always on")


def test_events_of_the_service_itself_can_be_routed() -> None:
    slack = {"CONNECTORS": "slack", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/made-up-token"}
    [route] = configure({**TOKEN, **slack, "SLACK_EVENTS": "bridge.*"}).routes
    assert list(route.expected()) == [f"bridge.{name}" for name in ABOUT]

"""Settings that are valid, and have no effect or contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridge.environment import ConfigError
from jobs.configuration import configure

ABC = {"ABC_API_URL": "https://abc.test", "ABC_API_KEY": "key-of-a-test"}
BASE = {"WEBHOOK_TOKEN": "token-of-the-tests-0001", **ABC}
SLACK = {"CONNECTORS": "slack", "SLACK_BOT_TOKEN": "xoxb-of-the-tests", "SLACK_CHANNEL": "#feedback"}
JIRA = {
    "CONNECTORS": "jira",
    "JIRA_URL": "https://jira.test",
    "JIRA_PAT": "pat-of-a-test",
    "JIRA_PROJECT": "PROJ",
}
TRANSLATE = {"TRANSLATE_PROVIDER": "libretranslate", "LIBRETRANSLATE_URL": "http://127.0.0.1:5000"}
ONE = {**TRANSLATE, "CONNECTORS": "translate"}
TWO = {**TRANSLATE, "CONNECTORS": "translate,translate.ja", "TRANSLATE_TARGET__JA": "ja"}
SECRETS = {"github": "GITHUB_WEBHOOK_SECRET", "crm": "SOURCE_CRM_SECRET"}


def notes(*parts: Mapping[str, str], **variables: str) -> tuple[str, ...]:
    environ = dict(BASE)
    for part in (*parts, variables):
        environ |= part
    return configure(environ).notes


@pytest.mark.parametrize(
    ("events", "sources", "meant"),
    [
        ("github.*", "abc", "github"),
        ("github.issues.closed", "abc", "github"),
        ("gitlab.Issue*", "abc", "gitlab"),
        ("github.*", "abc,github", ""),
        ("github.unheard.of", "abc,github", ""),  # unknown events are kept, and can be routed
        ("git*", "abc,github", ""),
        ("git*", "abc", "github, gitlab"),
        ("*", "github", ""),
        ("*.created", "crm", ""),
        ("crm.*", "abc,crm", ""),
        ("!github.*", "abc", ""),
        ("ISSUE_CREATION", "github", "abc"),
        ("bridge.*", "abc", ""),
    ],
)
def test_a_pattern_for_events_of_a_source_that_is_not_listed_is_noted(events: str, sources: str, meant: str) -> None:
    why = f"matches only events of {meant}, which SOURCES does not list: no webhook brings them"
    secrets = {variable: "secret-of-a-test" for name, variable in SECRETS.items() if name in sources}
    expected = (f"SLACK_EVENTS: '{events}': {why}",) if meant else ()
    assert notes(SLACK, secrets, SLACK_EVENTS=events, SOURCES=sources) == expected


def test_patterns_with_the_same_reason_are_one_note() -> None:
    [note] = notes(SLACK, SLACK_EVENTS="github.issues.opened,ISSUE_CREATION,github.issues.closed")
    assert note.startswith("SLACK_EVENTS: 'github.issues.opened', 'github.issues.closed': matches only")


@pytest.mark.parametrize(
    ("settings", "variable", "events", "why"),
    [
        (JIRA, "JIRA_EVENTS", "github.*", "has no effect: jira acts on events of abc only"),
        (
            JIRA,
            "JIRA_EVENTS",
            "FEEDBACK_CREATION",
            "has no effect: jira acts on ISSUE_ADDITION, ISSUE_CREATION, ISSUE_STATUS_CHANGE only",
        ),
        (JIRA, "JIRA_EVENTS", "ISSUE_CREATION", ""),
        (JIRA, "JIRA_EVENTS", "*", ""),
        (
            ONE,
            "TRANSLATE_EVENTS",
            "ISSUE_CREATION",
            "has no effect: translate acts on FEEDBACK_CREATION, ISSUE_ADDITION only",
        ),
        (ONE, "TRANSLATE_EVENTS", "ISSUE_*", ""),
        (ONE, "TRANSLATE_EVENTS", "github.*", "has no effect: translate acts on events of abc only"),
        (SLACK, "SLACK_EVENTS", "bridge.nope", "matches no event of the service itself; there are bridge."),
        (SLACK, "SLACK_EVENTS", "bridge.nope*", "matches no event of the service itself; there are bridge."),
        (SLACK, "SLACK_EVENTS", "bridge.dead_letter", ""),
    ],
)
def test_a_pattern_on_which_a_connector_does_nothing_is_noted(
    settings: Mapping[str, str], variable: str, events: str, why: str
) -> None:
    github = {"SOURCES": "abc,github", "GITHUB_WEBHOOK_SECRET": "secret-of-a-test"}
    found = notes(settings, github, {variable: events})
    assert len(found) == bool(why)
    assert all(note.startswith(f"{variable}: '{events}': {why}") for note in found)


def test_the_default_patterns_of_every_connector_have_an_effect() -> None:
    for part in (SLACK, JIRA, ONE):
        assert notes(part) == ()


def refusals(variables: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configure({**BASE, **TWO, **variables})
    return caught.value.problems


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ({}, "TRANSLATE_FIELDS__JA"),
        ({"TRANSLATE_FIELDS": "message=translatedMessage"}, "TRANSLATE_FIELDS"),
        ({"TRANSLATE_FIELDS__JA": "title=translatedMessage"}, "TRANSLATE_FIELDS__JA"),
        ({"TRANSLATE_FILTER__JA": "project.id == 1"}, "TRANSLATE_FIELDS__JA"),
        ({"TRANSLATE_FILTER": "project.id == 1"}, "TRANSLATE_FIELDS__JA"),
    ],
    ids=["the same fields", "inherited fields", "from another field", "one filter", "the same filter"],
)
def test_two_translators_that_write_the_same_field_are_refused(variables: dict[str, str], variable: str) -> None:
    [problem] = refusals(variables)
    assert problem.startswith(
        f"{variable}: translate.ja and translate (TRANSLATE_FIELDS) both write into the field 'translatedMessage' of "
        "the same feedback: name another field in TRANSLATE_FIELDS__JA, or "
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"TRANSLATE_FIELDS__JA": "message=messageJa"},
        {"TRANSLATE_FIELDS": "message=message_{lang}"},
        {"TRANSLATE_FILTER": "project.id == 1", "TRANSLATE_FILTER__JA": "project.id == 2"},
    ],
    ids=["other fields", "a field for each language", "different filters"],
)
def test_two_translators_that_write_different_fields_are_accepted(variables: dict[str, str]) -> None:
    assert list(configure({**BASE, **TWO, **variables}).connectors) == ["translate", "translate.ja"]

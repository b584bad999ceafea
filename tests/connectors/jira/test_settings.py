"""Mistakes in the JIRA_… variables are reported at start, by name, all at once, without values that may be secret."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.jira.settings import Settings

GOOD = {
    "JIRA_URL": "https://example.atlassian.net/",
    "JIRA_EMAIL": "bridge@example.com",
    "JIRA_API_TOKEN": "token-token",
    "JIRA_PROJECT": "PROJ",
}


def problems(**changes: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(Settings, {**GOOD, **changes})
    return caught.value.problems


def test_the_least_configuration_is_enough() -> None:
    settings = load(Settings, GOOD)
    assert settings.url == "https://example.atlassian.net"
    assert settings.project.get(7) == "PROJ"
    assert (settings.type, settings.issue_type, settings.external_id) == ("auto", "Task", "number")
    assert (settings.status_map, settings.search_lag, settings.marker_field) == ({}, 120, None)


def test_a_project_for_each_abc_project() -> None:
    settings = load(Settings, {**GOOD, "JIRA_PROJECT": "1=WEB,2=APP"})
    assert [settings.project.get(number) for number in (1, 2, 3)] == ["WEB", "APP", None]


def test_everything_missing_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(Settings, {})
    announced = "\n".join(caught.value.problems)
    assert "JIRA_URL: required" in announced
    assert "JIRA_PROJECT: required" in announced
    assert "JIRA_PAT: set JIRA_EMAIL and JIRA_API_TOKEN" in announced


@pytest.mark.parametrize(
    ("changes", "announced"),
    [
        ({"JIRA_API_TOKEN": ""}, "JIRA_API_TOKEN: required together with JIRA_EMAIL"),
        ({"JIRA_EMAIL": ""}, "JIRA_API_TOKEN: JIRA_EMAIL is required, too"),
        ({"JIRA_PAT": "pat-pat-pat"}, "JIRA_PAT: set either"),
        (
            {"JIRA_EMAIL": "", "JIRA_API_TOKEN": "", "JIRA_PAT": "pat-pat-pat", "JIRA_TYPE": "cloud"},
            "JIRA_PAT: Jira Cloud (JIRA_TYPE=cloud) takes JIRA_EMAIL",
        ),
        ({"JIRA_URL": "example.atlassian.net"}, "JIRA_URL: should be an address"),
        ({"JIRA_TYPE": "server"}, "JIRA_TYPE: "),
        ({"JIRA_PROJECT": "PROJ-1"}, "JIRA_PROJECT: 'PROJ-1' is no Jira project key"),
        ({"JIRA_PROJECT": "web=PROJ"}, "JIRA_PROJECT: 'web' is not an ABC project id"),
        ({"JIRA_LABELS": "voc,two words"}, "JIRA_LABELS: Jira's labels have no blanks"),
        ({"JIRA_FIELDS": "{"}, "JIRA_FIELDS: is no JSON (line 1, column 2)"),
        ({"JIRA_FIELDS": "[1]"}, "JIRA_FIELDS: should be a JSON object"),
        ({"JIRA_FIELDS": '{"summary": "x"}'}, "JIRA_FIELDS: 'summary' is set by JIRA_SUMMARY_TEMPLATE"),
        ({"JIRA_FIELDS": '{"labels": "x"}'}, "JIRA_FIELDS: 'labels' should be a list"),
        ({"JIRA_STATUS_BACK": "Done=CLOSED"}, "JIRA_STATUS_BACK: 'CLOSED' is not an ABC status (INIT, ON_REVIEW,"),
        ({"JIRA_STATUS_MAP": "In Progress=3"}, "JIRA_STATUS_MAP: 'In Progress' is not an ABC status"),
        (
            {"JIRA_STATUS_MAP": "OPEN=To Do"},
            "JIRA_STATUS_MAP: 'OPEN' is not an ABC status (INIT, ON_REVIEW, IN_PROGRESS,",
        ),
        ({"JIRA_STATUS_MAP": "RESOLVED=Done,CLOSED=Done"}, "JIRA_STATUS_MAP: 'CLOSED' is not an ABC status"),
        ({"JIRA_STATUS_MAP": "resolved=Done"}, "JIRA_STATUS_MAP: 'resolved' is not an ABC status"),
        ({"JIRA_FIELDS": '{"customfield_1": NaN}'}, "JIRA_FIELDS: is no JSON"),
        ({"JIRA_FIELDS": '{"x": ' + "[" * 100_000}, "JIRA_FIELDS: is no JSON"),
        ({"JIRA_FIELDS": '{"labels": [5]}'}, "JIRA_FIELDS: 'labels' should be a list of texts"),
        ({"JIRA_MARKER_FIELD": "customfield_\u0661"}, "JIRA_MARKER_FIELD: "),
        ({"JIRA_PUBLIC_COMMENTS": "internal"}, "JIRA_PUBLIC_COMMENTS: "),
        ({"JIRA_STATUS_MAP": "RESOLVED"}, "JIRA_STATUS_MAP: 'RESOLVED' should be key=value"),
        ({"JIRA_EXTERNAL_ID": "id"}, "JIRA_EXTERNAL_ID: "),
        ({"JIRA_SEARCH_LAG": "-1"}, "JIRA_SEARCH_LAG: "),
        ({"JIRA_MARKER_FIELD": "Marker"}, "JIRA_MARKER_FIELD: "),
        ({"JIRA_SUMMARY_TEMPLATE": "{{ issue.name"}, "JIRA_SUMMARY_TEMPLATE: line 1: "),
        (
            {"JIRA_DESCRIPTION_TEMPLATE": "a\nb {{ isue.name }}"},
            "JIRA_DESCRIPTION_TEMPLATE: line 2: 'isue' is undefined",
        ),
        ({"JIRA_DESCRIPTION_TEMPLATE": "{{ issue.naem }}"}, "JIRA_DESCRIPTION_TEMPLATE: line 1: "),
        ({"JIRA_DESCRIPTION_TEMPLATE": "{{ ''.__class__.__mro__ }}"}, "JIRA_DESCRIPTION_TEMPLATE: line 1: "),
    ],
)
def test_a_mistake_is_reported_by_its_variable(changes: dict[str, str], announced: str) -> None:
    found = problems(**changes)
    assert len(found) == 1, found
    assert found[0].startswith(announced)


def test_a_wrong_value_is_not_repeated_where_it_may_be_secret() -> None:
    assert "pat-pat-pat" not in "\n".join(problems(JIRA_PAT="pat-pat-pat"))

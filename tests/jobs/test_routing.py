"""Which connector acts on which event, and what is reported of those that none acts on."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.environment import ConfigError
from jobs.ledger.values import Planned
from jobs.routing import Route, make_route, plan
from sources import EVENTS
from sources.abc.events import parse
from sources.base import Event, Subject
from sources.facts import facts_of
from sources.reading import plain
from sources.tickets import Ticket, TicketEvent
from tools.sandbox.processes import ROOT

DATA: dict[str, Any] = {
    "project": {"id": 1, "name": "Demo"},
    "channel": {"id": 2, "name": "Web"},
    "feedback": {"id": 3, "rating": 2, "message": "느려요", "tags": ["slow", "ui"], "issues": []},
    "issue": {"id": 4, "name": "Slow start", "status": "INIT"},
    "addedIssue": {"id": 4, "name": "Slow start", "status": "INIT"},
    "previousStatus": "ON_REVIEW",
}
PARTS = {
    "FEEDBACK_CREATION": ("project", "channel", "feedback"),
    "ISSUE_CREATION": ("project", "issue"),
    "ISSUE_STATUS_CHANGE": ("project", "issue", "previousStatus"),
    "ISSUE_ADDITION": ("project", "channel", "feedback", "addedIssue"),
}


def event(name: str = "FEEDBACK_CREATION", **changes: Any) -> Event:
    data = {part: DATA[part] for part in PARTS[name]} | changes
    return parse({"event": name, "data": data}, "test")


def acts_on(patterns: str | None, default: tuple[str, ...] = ("ISSUE_CREATION",)) -> set[str]:
    route = make_route("slack", patterns, None, default, ("SLACK_EVENTS", "SLACK_FILTER"))
    return {name for name in EVENTS if route.wants(name)}


def why_not(condition: str, about: Event) -> str:
    [planned] = plan(about, [make_route("slack", "*", condition, (), ("SLACK_EVENTS", "SLACK_FILTER"))])
    assert (planned.state == "skipped") == bool(planned.why)
    return planned.why


# Patterns


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (None, {"ISSUE_CREATION"}),
        ("*", set(EVENTS)),
        ("FEEDBACK_CREATION", {"FEEDBACK_CREATION"}),
        ("ISSUE_*", {"ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION"}),
        ("*_CREATION", {"FEEDBACK_CREATION", "ISSUE_CREATION"}),
        ("ISSUE_*,!ISSUE_ADDITION", {"ISSUE_CREATION", "ISSUE_STATUS_CHANGE"}),
        ("!ISSUE_ADDITION , ISSUE_*", {"ISSUE_CREATION", "ISSUE_STATUS_CHANGE"}),
        ("!ISSUE_*", {name for name in EVENTS if not name.startswith("ISSUE_")}),
        (
            "logto.User.*,!*.Deleted",
            {name for name in EVENTS if name.startswith("logto.User.")} - {"logto.User.Deleted"},
        ),
        ("logto.SomethingNew", set()),
        ("ISSUE_CREATION,,ISSUE_CREATION,", {"ISSUE_CREATION"}),
    ],
)
def test_patterns_choose_and_leave_out(patterns: str | None, expected: set[str]) -> None:
    assert acts_on(patterns) == expected


@pytest.mark.parametrize(
    "patterns", ["ISSUE_CREATED", "issue_creation", "ISSUE_*,FEEDBACK", "!X", "!", "!!ISSUE_*", ","]
)
def test_a_pattern_that_matches_nothing_is_a_mistake(patterns: str) -> None:
    with pytest.raises(ConfigError) as caught:
        acts_on(patterns)
    [problem] = caught.value.problems
    assert problem.startswith("SLACK_EVENTS: ")
    assert "ISSUE_STATUS_CHANGE" in problem


def test_a_pattern_without_an_end_is_a_mistake() -> None:
    assert acts_on("*" * 200) == set(EVENTS)
    with pytest.raises(ConfigError) as caught:
        acts_on("*" * 201)
    assert f"'{'*' * 99}…'" in caught.value.problems[0], "a hundred characters of it are quoted"


def test_a_mistake_is_reported_with_the_variable_in_which_the_operator_wrote_it() -> None:
    variables = ("SLACK_MOBILE_EVENTS", "SLACK_MOBILE_FILTER")
    with pytest.raises(ConfigError) as caught:
        make_route("slack.mobile", "NOPE", "project.id ==", (), variables)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == list(variables)


@given(st.text(max_size=30))
def test_patterns_are_right_or_reported(patterns: str) -> None:
    problems: list[str] = []
    try:
        assert acts_on(patterns or None) <= set(EVENTS)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.startswith("SLACK_EVENTS: ") for problem in problems)


# Filters


EXAMPLE = "project.id == 1 and feedback.rating <= 2"


def test_the_documented_example() -> None:
    assert why_not(EXAMPLE, event()) == ""
    assert why_not(EXAMPLE, event(project={"id": 2})) == "excluded by SLACK_FILTER"
    assert why_not(EXAMPLE, event(feedback={"id": 3, "rating": 5})) == "excluded by SLACK_FILTER"


@pytest.mark.parametrize(
    ("condition", "name", "passes"),
    [
        ('event == "ISSUE_CREATION"', "ISSUE_CREATION", True),
        ('event == "ISSUE_CREATION"', "FEEDBACK_CREATION", False),
        ('channel.name == "Web"', "FEEDBACK_CREATION", True),
        ("channel.id == 2", "ISSUE_CREATION", False),
        ('issue.status == "INIT"', "ISSUE_CREATION", True),
        ('issue.name =~ ".*start.*"', "ISSUE_ADDITION", True),
        ("issue.id == addedIssue.id", "ISSUE_ADDITION", True),
        ("issue == null", "FEEDBACK_CREATION", True),
        ("feedback == null", "ISSUE_CREATION", True),
        ('previousStatus == "ON_REVIEW"', "ISSUE_STATUS_CHANGE", True),
        ('"slow" in feedback.tags', "FEEDBACK_CREATION", True),
        ('"fast" in feedback.tags', "FEEDBACK_CREATION", False),
        ('feedback.message == "느려요"', "FEEDBACK_CREATION", True),
        ("feedback.length == null and feedback.keys == null", "FEEDBACK_CREATION", True),
        ('feedback["rating"] == 2', "FEEDBACK_CREATION", True),
        ("feedback.message.length == 3", "FEEDBACK_CREATION", True),
        ("feedback.rating != null and feedback.rating <= 2", "FEEDBACK_CREATION", True),
        ("feedback.rating != null and feedback.rating <= 2", "ISSUE_CREATION", False),
        ("not (feedback.rating == 2)", "FEEDBACK_CREATION", False),
    ],
)
def test_a_filter_reads_the_payload(condition: str, name: str, passes: bool) -> None:
    assert (why_not(condition, event(name)) == "") is passes


@pytest.mark.parametrize(
    "feedback",
    [{"id": 3}, {"id": 3, "rating": None}, {"id": 3, "rating": "two"}, {"id": 3, "rating": {"value": 2}}],
)
def test_what_a_filter_cannot_judge_is_skipped_with_why(feedback: dict[str, Any]) -> None:
    """Not an error (the webhook is answered 200), not silent (the delivery is shown), not a guess."""
    why = why_not(EXAMPLE, event(feedback=feedback))
    assert why.startswith("SLACK_FILTER does not apply to this event: ")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("project.id = 1", "syntax error"),
        ("project.id ==", "syntax error"),
        ("(project.id == 1", "SLACK_FILTER"),
        ("'open", "syntax error"),
        ('feedback.message =~ "("', "regular expression"),
        ("projcet.id == 1", "there is no 'projcet'"),
        ("rating <= 2 and stars == 1", "there is no 'stars'"),
        ("$now == issue.createdAt", "there is no 'now'"),
        ("1 / 0 == 1", "division by zero"),
    ],
)
def test_a_mistake_in_a_filter_is_reported_at_start(condition: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_route("slack", None, condition, ("*",), ("SLACK_EVENTS", "SLACK_FILTER"))
    assert all(problem.startswith("SLACK_FILTER: ") for problem in caught.value.problems)
    assert expected in str(caught.value)


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        make_route("slack", "NOTHING,NEITHER", "x == 1 and y == 2", ("*",), ("SLACK_EVENTS", "SLACK_FILTER"))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "SLACK_EVENTS",
        "SLACK_EVENTS",
        "SLACK_FILTER",
        "SLACK_FILTER",
    ]


WORDS = st.sampled_from(
    [*EXAMPLE.split(), "feedback", "issue", "null", "(", ")", "[", "]", ".", "'", "1", "in", "=~", "/", "**"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_a_filter_is_right_or_reported(condition: str) -> None:
    problems: list[str] = []
    try:
        route = make_route("slack", None, condition or None, ("*",), ("SLACK_EVENTS", "SLACK_FILTER"))
        assert plan(event(), [route])[0].state in ("queued", "skipped")
    except ConfigError as error:
        problems = error.problems
    assert all(problem.startswith("SLACK_FILTER: ") for problem in problems)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "condition",
    [
        EXAMPLE,
        "feedback.value / feedback.rating > 1",
        "feedback.value % feedback.rating == 1",
        "feedback.rating ** feedback.rating > 1",
        '"x" in feedback.value',
        "feedback.value[0] == 1",
        'feedback["value"].x.y == 1',
        'feedback.value =~ "a+"',
        "feedback.value + feedback.rating == 2",
        "feedback.value > feedback.rating or issue.name == feedback.value",
        "not feedback.value",
        "feedback.value",
    ],
)
@given(value=VALUES, rating=VALUES)
def test_hostile_data_never_breaks_a_filter(condition: str, value: Any, rating: Any) -> None:
    """Users write what is in a feedback: whatever it is, the event is planned, and why fits into the ledger."""
    about = event(feedback={"id": 3, "value": value, "rating": rating, "message": "text"})
    [planned] = plan(about, [make_route("slack", "*", condition, (), ("SLACK_EVENTS", "SLACK_FILTER"))])
    assert planned.state in ("queued", "skipped")
    assert json.dumps(planned.why).isascii()
    assert "\\ud" not in json.dumps(planned.why)


def test_facts_have_every_name_and_nothing_else() -> None:
    about = event(tenant={"id": 9}, event="FORGED")
    facts = facts_of(about)
    own = {"project", "channel", "feedback", "issue", "addedIssue", "previousStatus", "ticket", "actor"}
    assert facts.keys() == {"event", "source", "data"} | own
    assert (facts["source"], facts["data"]) == ("abc", about.body["data"])
    assert facts["event"] == "FEEDBACK_CREATION"


# Planning


def test_each_connector_that_wants_the_event_gets_one_delivery() -> None:
    routes = [
        make_route("translate", None, None, ("FEEDBACK_CREATION",), ("TRANSLATE_EVENTS", "TRANSLATE_FILTER")),
        make_route("jira", None, None, ("ISSUE_*",), ("JIRA_EVENTS", "JIRA_FILTER")),
        make_route("slack", "*", "issue.id == 5", (), ("SLACK_EVENTS", "SLACK_FILTER")),
    ]
    assert plan(event("ISSUE_CREATION"), routes) == [
        Planned("jira"),
        Planned("slack", "skipped", "excluded by SLACK_FILTER"),
    ]
    assert plan(event(), [Route("jira", ("ISSUE_*",))]) == []
    assert plan(event(), []) == []


def moved(source: str = "jira", *, moves: bool = True, implied: bool = False) -> TicketEvent:
    subject, ticket = Subject(source, "issue", "", 7), Ticket("7", "PROJ-7")
    return TicketEvent(source, "id", f"{source}.issue_updated", subject, 1.0, {}, ticket, moves=moves, implied=implied)


def test_a_connector_gets_the_changes_of_its_own_tickets_whatever_its_patterns_and_filter() -> None:
    """Those are about events of ABC."""
    made = make_route("jira", "ISSUE_*", "project.id == 9", (), ("JIRA_EVENTS", "JIRA_FILTER"))
    route = replace(made, sources=frozenset({"abc"}), tickets=True, back="jira")
    assert plan(moved(), [route]) == [Planned("jira")]
    assert plan(moved(implied=True), [replace(route, tickets=False)]) == [Planned("jira")]
    assert plan(moved(moves=False), [route]) == []
    assert plan(moved("github"), [route]) == []
    assert plan(moved(), [replace(route, back="")]) == []
    assert plan(replace(event(), source="jira"), [route]) == [], "no event about a ticket"
    assert plan(event("ISSUE_CREATION"), [route]) == [Planned("jira", "skipped", "excluded by JIRA_FILTER")]


def test_why_a_connector_does_not_get_an_event() -> None:
    made = make_route("jira", "ISSUE_*", "project.id == 1", (), ("JIRA_EVENTS", "JIRA_FILTER"))
    route = replace(made, sources=frozenset({"abc"}), back="jira")
    assert route.why_not(moved()) == route.why_not(event("ISSUE_CREATION")) == ""
    assert replace(route, condition=None).why_not(event("ISSUE_CREATION")) == ""
    assert route.why_not(event("ISSUE_CREATION", project={"id": 2})) == "excluded by JIRA_FILTER"
    assert route.why_not(moved("github")) == "jira acts on events of abc only"
    assert route.why_not(event()) == "JIRA_EVENTS does not name FEEDBACK_CREATION"
    implied = replace(event("ISSUE_ADDITION"), implied=True)
    assert route.why_not(implied).startswith("ISSUE_ADDITION is implied by another event")


def test_a_connector_gets_events_of_its_sources_only() -> None:
    anything = Route("slack", ("*",))
    assert anything.takes(moved())
    assert anything.takes(event())
    for source, taken in (("abc", True), ("jira", False)):
        route = replace(anything, sources=frozenset({source}))
        assert (route.acts_on("abc"), route.takes(event()), route.takes(moved())) == (taken, taken, not taken)


def test_only_a_connector_that_keeps_tickets_gets_implied_events() -> None:
    implied = replace(event("ISSUE_ADDITION"), implied=True)
    assert Route("jira", ("ISSUE_*",), tickets=True).takes(implied)
    assert not Route("jira", ("FEEDBACK_*",), tickets=True).takes(implied)
    assert not Route("slack", ("ISSUE_*",)).takes(implied)
    assert Route("slack", ("ISSUE_*",)).takes(event("ISSUE_ADDITION"))


def test_an_event_is_routed_by_each_of_its_names() -> None:
    comment = replace(moved(), comment="text")
    assert Route("slack", ("jira.comment",)).takes(comment)
    assert Route("slack", ("jira.issue_updated",)).takes(comment)
    assert not Route("slack", ("jira.*", "!jira.comment")).takes(comment)
    assert not Route("slack", ("jira.comment",)).takes(moved())


def test_the_names_that_a_connector_may_get_are_known() -> None:
    assert list(Route("slack", ("ISSUE_*", "logto.*"), known=("ISSUE_CREATION", "jira.x")).expected()) == [
        "ISSUE_CREATION"
    ]


def test_a_pattern_may_name_any_event_of_a_source_in_use_only() -> None:
    names = ("SLACK_EVENTS", "SLACK_FILTER")
    assert make_route("slack", "crm.anything", None, (), names, ["abc", "crm"]).patterns == ("crm.anything",)
    with pytest.raises(ConfigError) as caught:
        make_route("slack", "abc.anything", None, (), names, ["abc", "crm"])
    abc = "FEEDBACK_CREATION, ISSUE_CREATION, ISSUE_ADDITION, ISSUE_STATUS_CHANGE"
    assert caught.value.problems == [f"SLACK_EVENTS: 'abc.anything' matches none of {abc}, crm.*"]
    with pytest.raises(ConfigError) as caught:
        make_route("slack", ",", None, (), names, ["abc"])
    assert caught.value.problems == [f"SLACK_EVENTS: names no event; there are {abc}"]


@pytest.mark.parametrize(
    "name",
    [
        "한글",
        "deal won",
        "取引 成立",
        "Größe geändert",
        "مكالمة",
        "👍🏽 won",
        "a\u200bb",
        "i\u202e\u2066x",
        "x" * 500,
        "a  b\tc",
    ],
)
def test_an_event_is_routed_by_its_name_as_the_sender_writes_it(name: str) -> None:
    """And as the operator's keyboard writes it: letters with their marks are one character, or several."""
    variables = ("SLACK_EVENTS", "SLACK_FILTER")
    for form in ("NFC", "NFD"):
        named = f"crm.{plain(unicodedata.normalize(form, name))}"
        for pattern in (name, unicodedata.normalize("NFD", name), f"{name[:3]}*"):
            route = make_route("slack", f"crm.{pattern}", None, (), variables, ["abc", "crm"])
            assert route.wants(named), (pattern, named)
            assert not make_route("slack", f"*,!crm.{pattern}", None, (), variables, ["abc", "crm"]).wants(named)
            assert not route.wants("crm.other")


@given(st.text(max_size=120).filter(lambda text: not set("*?[,") & set(text)))
def test_every_name_can_be_routed_by(name: str) -> None:
    pattern = f"crm.{name}".strip()
    route = make_route("slack", pattern, None, (), ("SLACK_EVENTS", "SLACK_FILTER"), ["abc", "crm"])
    assert route.wants(f"crm.{plain(name)}")


def test_a_name_of_several_parts_is_matched_whole() -> None:
    pattern = f"gitlab.{'x' * 80}.{'y' * 80}"
    assert make_route("slack", pattern, None, (), ("SLACK_EVENTS", "SLACK_FILTER")).patterns == (pattern,)


def test_a_route_keeps_what_the_operator_wrote() -> None:
    route = make_route("slack", None, None, ("ISSUE_*",), ("SLACK_EVENTS", "SLACK_FILTER"))
    assert route == Route("slack", ("ISSUE_*",), None, "SLACK_EVENTS", "SLACK_FILTER")


def test_the_engine_of_filters_is_loaded_only_where_a_filter_is_set() -> None:
    """It builds its grammar while it is imported: half of the time that web and worker would take to start."""
    code = "import sys, app, jobs.worker; sys.exit('rule_engine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

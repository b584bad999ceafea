"""Filters: where a mistake is, and what no event can do to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.environment import ConfigError
from jobs.filters import Condition
from jobs.routing import make_route

FACTS: dict[str, Any] = dict.fromkeys(
    ("event", "project", "channel", "feedback", "issue", "addedIssue", "previousStatus")
) | {"event": "FEEDBACK_CREATION", "feedback": {"id": 3, "message": "text", "tags": ["a"], "rating": 2}}


def about(**fields: Any) -> dict[str, Any]:
    return FACTS | {"feedback": {"id": 3, **fields}}


def mistakes(expression: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Condition(expression)
    return caught.value.problems


# At the start


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("project.id = 1", "at character 12 (`= 1`): syntax error (illegal character '='), in: project.id = 1"),
        ("project.id ==", "at the end: syntax error, in: project.id =="),
        ("project.id == 1 1", "at character 17 (`1`): syntax error, in: project.id == 1 1"),
        (
            "event == 'x' and\n  stars > 2",
            "at character 20 (`stars > 2`): there is no 'stars'; an event has actor, addedIssue,",
        ),
        ("$now == 1", "at character 1 (`$now == 1`): there is no 'now'"),
        ('feedback.x =~ "a("', "missing ), unterminated subpattern at character 2 of the regular expression 'a('"),
        ("feedback.a << feedback.b > 1", "at character 12 (`<< feedback.b > 1`): << can't be used"),
        ("1 << 9999999999 > 1", "at character 3 (`<< 9999999999 > 1`): << can't be used"),
        ("[event for event in feedback.tags]", "at character 8 (`for event in feedba…`): comprehensions can't be used"),
        ("feedback.a =~ feedback.b", "after =~ there must be a pattern in quotes"),
        ("feedback.a !~~ null", "after !~~ there must be a pattern in quotes"),
        ('"한".encode("punycode") == event', "encode can't be used: some encodings take quadratic time"),
        (r'feedback.a =~ "\bbug"', 'is a backspace: write patterns as r"..."'),
        ("9 ** (9 ** 9) == 1", "arithmetic error"),
        ("[1, 2][1e999999] == 1", "at character 8 (`1e999999] == 1`): a number of more than 400 digits"),
        ("9e400 + 9e400 == 1", "Overflow"),
        ("a" * 10_001, "has 10001 characters; the limit is 10000"),
        ("(" * 4000 + "event" + ")" * 4000 + " == 1 1", "syntax error"),
        (" or ".join(["event == 'x'"] * 151), "more than 150 levels"),
        ("not " * 1500 + "event", "more than 150 levels"),
        ("-" * 3000 + "1 == event", "more than 150 levels"),
        ("[" * 1000 + "]" * 1000 + " == event", "more than 150 levels"),
    ],
)
def test_a_mistake_is_shown_where_it_is(expression: str, expected: str) -> None:
    [problem] = mistakes(expression)
    assert expected in problem
    assert "\n" not in problem
    assert len(problem) < 700


def test_the_deepest_filter_that_is_taken_works_in_any_thread() -> None:
    """The engine calls itself for each level: one that fits at the start must fit where events are judged, too."""
    condition = Condition(" or ".join(f"issue.name == '{number}'" for number in range(145)))

    def deeper(levels: int) -> str | None:
        return deeper(levels - 1) if levels else condition.objection(FACTS | {"issue": {"name": "0"}})

    assert deeper(300) is None


# Any event


@pytest.mark.parametrize(
    ("expression", "fields", "why"),
    [
        ("feedback.a ** feedback.b > 1", {"a": 1e308, "b": 1e308}, "arithmetic error"),
        ("feedback.a + feedback.a > 1", {"a": 10**399}, None),
        ("feedback.a + feedback.a > 1", {"a": 9 * 10**400}, "Overflow"),
        ("feedback.a - 1 > 1", {"a": 10**4000}, "a number of more than 400 digits"),
        ("feedback.a + 1 > 1", {"a": float("inf")}, None),
        ("feedback.a - feedback.a > 1", {"a": float("inf")}, "InvalidOperation"),
        ("feedback.a > 1", {"a": float("nan")}, "InvalidOperation"),
        ("feedback.a % feedback.b == 1", {"a": 1e308, "b": 3}, "arithmetic error"),
        ("feedback.a / feedback.b == 1", {"a": 1, "b": 0}, "division by zero"),
        ("-feedback.a > 1", {"a": float("nan")}, ""),
        ("feedback.a.to_int == 1", {"a": "9" * 5000}, ""),
        ("feedback.a.encode(feedback.b) == 1", {"a": "한" * 9, "b": "punycode"}, "encode can't be used"),
        ("feedback.tags[feedback.a] == 1", {"tags": [1], "a": 1e308}, ""),
        ("feedback.a[feedback.b:] == 1", {"a": "x", "b": float("inf")}, ""),
        ('feedback.a =~ ".*"', {"a": "\ud800"}, None),
        ("feedback.x.y.z == 1", {"x": {"y": {}}}, ""),
        ("feedback.a == null", {"a": [[[0]]] * 700}, "more than 2000 values"),
        ("feedback.a.to_set.length > 1", {"a": [1, 2]}, "to_set can't be used"),
    ],
)
def test_no_event_makes_a_filter_raise(expression: str, fields: dict[str, Any], why: str | None) -> None:
    objection = Condition(expression).objection(about(**fields))
    if why:
        assert objection is not None
        assert why in objection
    elif why is None:
        assert objection is None


def test_levels_of_values_are_bounded() -> None:
    nested: Any = []
    for _ in range(60):
        nested = [nested]
    assert "50 levels" in str(Condition("feedback.id == 3").objection(about(a=nested)))


def test_an_exception_of_any_kind_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine has raised decimal's, OverflowError, RecursionError: whatever comes next must not lose events."""
    condition = Condition("event == 'x'")

    def fail(_: object) -> bool:
        raise LookupError("of a user's text")

    monkeypatch.setattr(condition._rule, "matches", fail)
    assert condition.objection(FACTS) == "LookupError"


def test_a_reason_never_quotes_the_event() -> None:
    for expression in (
        "feedback.message <= 2",
        "feedback.message + 1 == 2",
        "feedback.message.no.way > 1",
        "-feedback",
    ):
        why = Condition(expression).objection(about(message="secret of a user"))
        assert why
        assert "secret" not in why


NUMBERS = (
    st.integers() | st.floats() | st.integers(10**50, 10**60) | st.sampled_from([10**399, 10**1000, 1e308, -1e308])
)
VALUES = st.recursive(
    NUMBERS | st.none() | st.booleans() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", ">>", "==", "!=", "<", ">=", "in", "and", "or", "??"]
ATTRIBUTES = [
    "",
    ".length",
    ".floor",
    ".ceiling",
    ".to_int",
    ".to_flt",
    ".to_str",
    ".to_set",
    ".to_ary",
    ".keys",
    "[a]",
]
ATTRIBUTES += [
    ".as_lower",
    ".is_empty",
    ".is_nan",
    ".starts_with(feedback.a)",
    ".ends_with(feedback.b)",
    "[feedback.b]",
]
ATTRIBUTES += [".values", "[feedback.a:feedback.b]", "[:2]", "&.x", "&[feedback.a]"]
OPERANDS = st.builds("feedback.{}{}{}".format, st.sampled_from("ab"), *[st.sampled_from(ATTRIBUTES)] * 2)


@given(st.lists(OPERANDS, min_size=2, max_size=5), st.lists(st.sampled_from(OPERATORS), min_size=4), VALUES, VALUES)
def test_any_expression_judges_any_event(operands: list[str], operators: list[str], a: Any, b: Any) -> None:
    expression = operands[0] + "".join(f" {sign} {x}" for sign, x in zip(operators, operands[1:], strict=False))
    try:
        route = make_route("slack", "*", expression.replace("[a]", '["a"]'), (), ("SLACK_EVENTS", "SLACK_FILTER"))
    except ConfigError:
        return
    why = route.objection(about(a=a, b=b))
    assert json.dumps(why).isascii()
    assert len(why) < 300

"""A filter takes time in proportion to the event, whatever the filter asks and whatever users write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jobs.filters import Condition
from jobs.routing import make_route
from sources import EVENTS
from tests.jobs.test_filters import about
from tests.security.linear import assert_all_linear, assert_linear, cpu
from tests.web import event, start_web
from tools.sandbox.processes import Processes, free_port, start_valkey

EXPRESSIONS = [
    'feedback.a =~ "(a+)+$"',
    'feedback.a =~~ "(ㅋ|ㅋㅋ)+x"',
    r'feedback.a =~ ".*a.*b.*c.*d"',
    r'feedback.a =~~ "(\w+\s?)+$"',
    r'feedback.a =~~ "(?i)([a-z0-9]+[-.])*@(x{1,500}y){1,2}"',
    r'feedback.a !~~ "^(([^,]*,)*)+$"',
    'feedback.a.to_int == 1',
    'feedback.a.to_flt > 1',
    'feedback.a.to_ary.length > 9',
    '"needle" in feedback.a or feedback.a in feedback.a or feedback.a.starts_with(feedback.a)',
    'feedback.a + feedback.a + feedback.a == feedback.a.as_upper or feedback.a.as_lower > feedback.a',
]  # fmt: skip
UNITS = ["a", "ㅋ", "1", "a,", "x", "1.", "1e", " ", "\n", "\ud800", "\u0301", "😀", "word "]


def repeated(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit)) + "!"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_time_grows_with_the_text_and_no_faster(expression: str) -> None:
    condition = Condition(expression)
    texts = [repeated(unit) for unit in UNITS]
    assert_all_linear(lambda text: condition.objection(about(a=text)), texts)


@pytest.mark.parametrize(
    "value",
    [
        lambda size: list(range(size)),
        lambda size: [(2**61 - 1) * number for number in range(size)],  # all of one hash
        lambda size: [["x"]] * (size // 2),
        lambda size: {f"k{number}": None for number in range(size)},
        lambda size: json.loads("[" * min(size, 900) + "]" * min(size, 900)),
    ],
    ids=["numbers", "one hash", "arrays", "fields", "levels"],
)
def test_time_does_not_explode_with_the_number_of_values(value: Callable[[int], Any]) -> None:
    """Up to the bound it may be what it is; above, it is a look at the size."""
    asks = " or ".join(f"feedback.a == {number} or {number} in feedback.a" for number in range(30))
    condition = Condition(asks)
    at_most = max(cpu(condition.objection, about(a=value(1_900))), 0.05)
    assert cpu(condition.objection, about(a=value(1_000_000))) < at_most + 0.5 * 1_000_000 / 1_900 * at_most


def test_reading_one_field_does_not_cost_all_of_them() -> None:
    """The engine copies a dictionary each time that an expression passes through it."""
    condition = Condition(" and ".join(["feedback.a == 1"] * 140))
    few, many = ({"a": 1} | {f"k{number}": number for number in range(count)} for count in (1, 1_900))
    costs = [min(cpu(condition.objection, about(**fields)) for _ in range(3)) for fields in (few, many)]
    assert costs[1] < 20 * costs[0] + 0.02


@pytest.mark.parametrize(
    "pattern", ["*" * 190, "I*S*S*U*E*" + "*" * 190, "[A-Z]*" * 14, "?" * 14 + "*" * 170, "*[!x]" * 14]
)
def test_patterns_of_events_take_no_time(pattern: str) -> None:
    route = make_route("slack", f"*,{pattern}", None, (), ("SLACK_EVENTS", "SLACK_FILTER"))
    assert_linear(route.wants, lambda size: "ISSUE_" * (size // 6))
    assert all(route.wants(name) for name in EVENTS)


def test_the_receiver_takes_what_a_filter_cannot_judge(tmp_path: Any) -> None:
    """Each of these once held the receiver, or was answered 500 and lost after the sender's four attempts."""
    with Processes(tmp_path) as processes:
        valkey = free_port()
        start_valkey(processes, valkey)
        web = start_web(
            processes,
            f"redis://127.0.0.1:{valkey}/0",
            SLACK_FILTER='feedback.a - feedback.a == 0 and feedback.message =~ "(ㅋ+)+!"',
        )
        for number, a in enumerate(["1e308", "9" * 400, "9" * 3000, "1e-400", '"text"', "[" * 60 + "]" * 60, "1"]):
            body = event("FEEDBACK_CREATION", feedback={"id": number + 1, "a": 0, "message": "ㅋ" * 100_000},
                         project={"id": 1}, channel={"id": 1})  # fmt: skip
            reply = web.post(body.replace(b'"a": 0', f'"a": {a}'.encode()))
            assert reply.status == 200, a
            [delivery] = web.get(f"/api/events/{reply.json['event_id']}").json["deliveries"]
            assert delivery["state"] == "skipped"
            assert "SLACK_FILTER" in json.dumps(delivery)
        assert "Traceback" not in web.log()

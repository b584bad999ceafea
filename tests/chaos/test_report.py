"""The report's figures: sums over the runs, and how long each kind of fault was felt."""

from __future__ import annotations

from typing import Any

import pytest

from tools.chaos.__main__ import block_of, options
from tools.chaos.attack import Done
from tools.chaos.facts import Row
from tools.chaos.hooks import request_step
from tools.chaos.plan import Fault
from tools.chaos.report import Result, failures_of, recovery_of, summary

KILLED = Fault(1.0, "worker killed")
AT = 1_795_377_600.0  # 2026-11-22T20:00:00Z


def record(created: str, updated: str, attempts: int = 1) -> dict[str, Any]:
    times = {"created_at": f"2026-11-22T20:{created}.000Z", "updated_at": f"2026-11-22T20:{updated}.000Z"}
    return {**times, "state": "done", "attempts": attempts}


def test_a_fault_is_over_when_all_that_it_met_is_finished() -> None:
    done = Done(KILLED, AT + 9, AT + 10)
    met, before, after = record("00:08", "00:26"), record("00:01", "00:02"), record("00:11", "00:59")
    assert recovery_of([done], [met, before, after], AT + 60) == {"worker killed": [16.0]}
    assert recovery_of([done], [before, after], AT + 60) == {"worker killed": [0.0]}


def test_a_fault_that_was_ordered_is_felt_by_the_next_ones() -> None:
    done = Done(Fault(1.0, "answers lost", details={"times": 1}), AT + 9, AT + 10)
    records = [record("00:12", "00:20", attempts=2), record("00:12", "00:30")]
    assert recovery_of([done], records, AT + 60) == {"answers lost": [10.0]}


def test_what_was_lost_is_repaired_when_every_effect_exists() -> None:
    done = Done(Fault(1.0, "web away", 5.0), AT, AT + 10)
    assert recovery_of([done], [], AT + 42) == {"web away": [32.0]}


def result(seed: int, row: Row, quiet: bool = True) -> Result:
    return Result(
        seed, 10, [row], [Done(KILLED, 0, 0)], {"worker killed": [2.0]}, {"ledger lease.after"}, 1, 30.0, quiet
    )


def test_the_summary_adds_the_runs_up() -> None:
    text = summary([result(1, Row("tickets", 3)), result(2, Row("tickets", 4, ["issue 1"]))], ["ledger lease"])
    assert "2 seeds, 20 events, 2 faults, 2 processes ended and started again" in text
    assert "at 1 of 2 points; not at: ledger lease.before" in text
    assert "| tickets | 7        | 1       | 0        | 0     | 0      |" in text
    assert "| worker killed | 2        | 2.0 s                   | 2.0 s   |" in text
    assert text.endswith("seed 2: tickets missing: issue 1")


def test_a_run_that_never_became_quiet_does_not_hold() -> None:
    restless = result(3, Row("tickets", 1), quiet=False)
    assert not restless.holds
    assert "not quiet" in failures_of([restless])
    assert result(4, Row("tickets", 1)).holds


def test_steps_are_named_without_ids() -> None:
    base = "http://127.0.0.1:4000"
    assert request_step("POST", f"{base}/jira/rest/api/2/issue") == "jira POST /issue"
    assert request_step("PUT", f"{base}/abc/api/projects/1/issues/77") == "abc PUT /projects/*/issues/*"
    body = b'{"query": "mutation { createTodo(input: {title: \\"x\\"}) { id } }"}'
    assert request_step("POST", f"{base}/blue/graphql", body) == "blue POST /graphql/createTodo"
    assert request_step("POST", f"{base}/slack/api/chat.postMessage") == "slack POST /chat.postMessage"
    assert request_step("POST", f"{base}/libretranslate/translate?x=1") == "libretranslate POST /translate"


@pytest.mark.parametrize(
    ("arguments", "block"),
    [
        ("--seed 1 --seeds 20", "bin/chaos"),
        ("--self-test", "bin/chaos --self-test"),
        ("--each --jobs 2", "bin/chaos --each"),
        ("--each-step", "bin/chaos --each-step"),
        ("--scale 1", "bin/chaos --scale 1"),
    ],
)
def test_each_kind_of_run_has_a_block_for_its_figures(arguments: str, block: str) -> None:
    assert block_of(options([*arguments.split(), "--write"])) == block


@pytest.mark.parametrize(
    "arguments",
    [["--without", "lock"], ["--only", "worker killed"], ["--each", "--scale", "1"]],
    ids=["without", "only", "each at the real speed"],
)
def test_a_run_without_a_block_is_refused_before_it_begins(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options([*arguments, "--write"])
    assert f"reliability.md has no block for bin/chaos {arguments[0]}" in capsys.readouterr().err

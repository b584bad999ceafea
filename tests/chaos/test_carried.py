"""Each change of a status by a person is carried once, and the last one wins; what is lost or written twice is seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tools.chaos.carried import carried
from tools.chaos.facts import Facts, Row
from tools.chaos.statuses import BACK, THERE

Step = tuple[float, str, str, bool]
"""When (seconds), which side, to which status, and whether the service did it."""


def count(*steps: Step, project: int = 2, wiped_at: float = 0.0) -> tuple[Row, Row]:
    """Both rows for an issue of ABC (7) and its ticket."""
    system = {1: "jira", 2: "github", 4: "blue"}[project]
    writes, moves, status = [write(0, "INIT", ours=False, what="issue.create")], [], "INIT"
    for at, side, value, ours in steps:
        if side == "ticket":
            moves.append({"at": at, "system": system, "key": "k1", "status": value, "ours": ours})
        else:
            writes.append(write(at, value, ours))
            status = value
    issue = {"id": 7, "name": "A", "project": project, "status": status}
    state = {"abc": {"issues": [issue], "writes": writes}, "moves": moves}
    state |= {name: {"tickets": [{"key": "k1", "summary": "A"}] if name == system else []} for name in THERE}
    back, total = carried(Facts(state, (), {}, lost_before=bool(wiped_at), born=wiped_at))
    return back, total


def write(at: float, status: str, ours: bool, what: str = "issue.update", **more: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    values = {"status": status, **more}
    return {"at": moment, "by": "key" if ours else "python", "what": what, "entity": 7, "values": values}


def ends(row: Row) -> tuple[int, int, int, int]:
    return row.expected, len(row.repeated), len(row.wrong), len(row.limits)


def test_the_two_directions_of_a_run_fit() -> None:
    for system, back in BACK.items():
        assert all(THERE[system][here] == there for there, here in back.items())


def test_a_change_on_either_side_is_carried_once() -> None:
    there = [(10.0, "issue", "RESOLVED", False), (12.0, "ticket", "closed", True)]
    back, writes = count(*there, (50.0, "ticket", "open", False), (52.0, "issue", "INIT", True))
    assert ends(back) == (1, 0, 0, 0)
    assert ends(writes) == (2, 0, 0, 0)


def test_what_was_not_carried_is_wrong() -> None:
    back, _ = count((10.0, "ticket", "closed", False))
    assert back.wrong == ["issue 7 is INIT, its ticket closed"]


def test_a_write_that_no_person_caused_is_one_too_many() -> None:
    moved = [(10.0, "ticket", "closed", False), (12.0, "issue", "RESOLVED", True)]
    _, writes = count(*moved, (14.0, "ticket", "open", True), (16.0, "issue", "INIT", True))
    assert ends(writes) == (1, 2, 0, 0)


def test_a_reason_that_github_changes_in_two_steps_is_one_write() -> None:
    closed = [(10.0, "ticket", "closed", False), (12.0, "issue", "RESOLVED", True)]
    halves = [(22.0, "ticket", "open", True), (22.1, "ticket", "closed:not_planned", True)]
    back, writes = count(*closed, (20.0, "issue", "PENDING", False), *halves)
    assert ends(back) == (1, 0, 0, 0)
    assert ends(writes) == (2, 0, 0, 0)


def test_a_change_that_was_undone_before_the_service_looked_is_a_limit_whatever_matched_meanwhile() -> None:
    ours = [(10.0, "issue", "RESOLVED", False), (12.0, "ticket", "closed", True)]
    undone = [(20.0, "ticket", "open", False), (26.0, "issue", "IN_PROGRESS", False), (32.0, "ticket", "closed", False)]
    assert ends(count(*ours, *undone, (44.0, "ticket", "open", True))[0]) == (2, 0, 0, 1)
    assert ends(count(*ours, *undone[:2], (44.0, "issue", "RESOLVED", True))[0])[2] == 1, "they matched"


def test_an_undone_write_that_is_made_again_is_wrong_but_in_blue_at_once() -> None:
    def ends_of(undone: float, project: int) -> tuple[int, int, int, int]:
        was, is_now = ("Inbox", "done") if project == 4 else ("open", "closed")
        ours, again = (12.0, "ticket", is_now, True), (undone + 10, "ticket", is_now, True)
        steps = ((10.0, "issue", "RESOLVED", False), ours, (undone, "ticket", was, False), again)
        return ends(count(*steps, project=project)[0])

    assert ends_of(20.0, project=2) == (1, 0, 1, 0)
    assert ends_of(20.0, project=4) == (1, 0, 0, 1)
    assert ends_of(40.0, project=4) == (1, 0, 1, 0), "no worker is missed for so long"


def test_a_last_change_that_is_lost_is_wrong_but_for_the_limits() -> None:
    moved, undone = (20.0, "ticket", "closed", False), (30.0, "ticket", "open", True)
    assert ends(count(moved, undone)[0]) == (1, 0, 1, 0), "nobody changed the issue"
    assert ends(count((10.0, "issue", "ON_REVIEW", False), moved, undone)[0]) == (1, 0, 1, 0), "it was earlier"
    assert ends(count((18.0, "issue", "ON_REVIEW", False), moved, undone)[0]) == (1, 0, 0, 1), "at the same moment"
    assert ends(count(moved, (22.0, "ticket", "open", True))[0]) == (1, 0, 0, 1), "the write was under way"
    assert ends(count(moved, undone, wiped_at=25.0)[0]) == (1, 0, 0, 1), "Redis was wiped"
    assert ends(count(moved, undone, wiped_at=35.0)[0]) == (1, 0, 1, 0), "Redis was wiped later"
    there_and_back = [(22.0, "issue", "PENDING", False), (28.0, "issue", "INIT", False)]
    unseen = [moved, *there_and_back, (40.0, "issue", "RESOLVED", True)]
    assert ends(count(*unseen)[0]) == (1, 0, 0, 1), "it was undone"
    in_blue = (
        (10.0, "issue", "ON_REVIEW", False),
        (20.0, "ticket", "done", False),
        (30.0, "ticket", "In Progress", True),
    )
    assert ends(count(*in_blue, project=4)[0]) == (1, 0, 0, 1), "Blue has no history"


def test_a_status_that_a_save_of_the_ticket_s_number_restored_is_a_limit() -> None:
    writes = [write(0, "INIT", ours=False, what="issue.create"), write(10, "RESOLVED", ours=False)]
    writes += [write(10.1, "INIT", ours=True, externalIssueId="3"), write(30, "RESOLVED", True, externalIssueId="3")]
    issue = {"id": 7, "name": "A", "project": 2, "status": "RESOLVED"}
    state: dict[str, Any] = {"abc": {"issues": [issue], "writes": writes}, "moves": [], "github": {"tickets": []}}
    [_, row] = carried(Facts(state, (), {}))
    assert ends(row) == (2, 0, 0, 1)

"""A third party that was away: once it is back, everything that waited for it is on its way within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.system.world import KOREAN, World, running, summary
from tools.sandbox.processes import wait_for

AWAY = 10.0
WITHIN = 6.0
SLACK = 4.0  # for a machine that does much else at the same time
MANY = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("recovery"), JIRA_SEARCH_LAG="1", RECONCILE_EVERY="0") as world:
        yield world


def recovered_after(world: World, system: str, deliveries: int) -> float:
    """Seconds from the return of a system, which was away until now, until all is done."""
    time.sleep(AWAY)  # not a wait for something: the outage lasts that long
    assert len(world.unfinished()) >= MANY, summary(world.rows())
    world.gates[system].open()
    back = time.monotonic()
    world.wait_until_finished(deliveries, 40)
    return time.monotonic() - back


@pytest.mark.parametrize("system", ["libretranslate", "abc"])
def test_what_waited_for_a_translation_is_done_soon_after_the_return(world: World, system: str) -> None:
    known = len(world.rows())
    world.gates[system].shut()
    feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(MANY)]
    wait_for("the first failures", lambda: len(world.rows(state="retrying")) == MANY)
    seconds = recovered_after(world, system, known + MANY)
    print(f"{system}: all done {seconds:.1f} s after its return")
    assert [len(world.translations(feedback)) for feedback in feedbacks] == [1] * MANY
    assert seconds < WITHIN + SLACK


def test_what_waited_for_jira_is_done_soon_after_the_return(world: World) -> None:
    known = len(world.rows())
    world.gates["jira"].shut()
    issues = [world.service.open_issue(f"away {number}") for number in range(MANY)]
    wait_for("the first failures", lambda: len(world.rows(state="retrying")) == MANY)
    seconds = recovered_after(world, "jira", known + MANY)
    print(f"jira: all done {seconds:.1f} s after its return")
    assert [len(world.tickets(issue)) for issue in issues] == [1] * MANY
    assert seconds < WITHIN + SLACK


def test_dead_letters_of_a_key_that_was_refused_are_done_after_it_works_again(world: World) -> None:
    """Every request is answered 401; then the key works, and one more feedback is all that it takes."""
    known = len(world.rows())
    world.order(
        {"kind": "status", "system": "abc", "method": "GET", "path": r"/feedbacks/\d+$", "status": 401, "times": None}
    )
    feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(3)]
    wait_for("the dead letters", lambda: len(world.rows(state="dead")) == len(feedbacks))
    assert {row["reason"] for row in world.rows(state="dead")} == {"auth"}
    world.end_faults()
    feedbacks.append(world.service.write_feedback({"message": KOREAN}))
    wait_for("the translations", lambda: all(world.translations(feedback) for feedback in feedbacks), 15)
    world.wait_until_finished(known + 4)
    assert {row["state"] for row in world.rows()} == {"done"}

"""A run can be repeated: what happens and what goes wrong follow from the seed alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.chaos.attack import ACTIONS
from tools.chaos.plan import AT_STEP, KINDS, STEPS_A_RUN, plan, points_of, steps_of
from tools.chaos.statuses import STATUSES
from tools.chaos.story import PROJECTS, make_story
from tools.chaos.sweep import APART_SECONDS, sweep

STEPS = [f"jira POST /{number}" for number in range(10)]
SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(2, 200))
def test_the_same_seed_makes_the_same_story(seed: int, events: int) -> None:
    story = make_story(seed, events, 30)
    assert story == make_story(seed, events, 30)
    assert len(story) == events
    assert [action.at for action in story] == sorted(action.at for action in story)


@given(SEEDS, st.integers(2, 200))
def test_a_story_names_only_what_exists(seed: int, events: int) -> None:
    """And every change of status is one."""
    issues: dict[int, str] = {}
    feedbacks: set[int] = set()
    projects: dict[tuple[str, int], int] = {}
    for action in make_story(seed, events, 30):
        for named in (("issue", action.issue), ("feedback", action.feedback)):
            assert named[1] < 0 or projects.setdefault(named, action.project) == action.project
        match action.kind:
            case "feedback":
                feedbacks.add(action.feedback)
            case "feedback_with_issue":
                feedbacks.add(action.feedback)
                issues[action.issue] = "INIT"
            case "issue":
                issues[action.issue] = "INIT"
            case "status":
                assert action.text in STATUSES
                assert issues[action.issue] != action.text
                issues[action.issue] = action.text
            case "move":
                assert action.text in STATUSES
                assert action.issue in issues
            case "addition":
                assert action.issue in issues
                assert action.feedback in feedbacks


@given(SEEDS, st.permutations(STEPS))
def test_the_same_seed_plans_the_same_faults(seed: int, steps: list[str]) -> None:
    """In whatever order the steps were found; all within the story's time."""
    faults = plan(seed, 30, steps)
    assert faults == plan(seed, 30, STEPS)
    assert all(3 <= fault.at <= 24 for fault in faults)
    assert sum(fault.kind == AT_STEP for fault in faults) == STEPS_A_RUN


@given(SEEDS, st.integers(0, 40))
def test_no_kind_comes_again_before_all_came(seed: int, number: int) -> None:
    kinds = [fault.kind for fault in plan(seed, 30, [], number)]
    assert len(kinds) == number
    assert max((kinds.count(kind) for kind in KINDS), default=0) <= -(-number // len(KINDS))


def test_only_what_is_asked_for_goes_wrong() -> None:
    faults = plan(1, 30, STEPS, 2, ["Redis killed", "web killed"])
    assert sorted(fault.kind for fault in faults) == ["Redis killed", "web killed"]


def test_seeds_in_a_row_kill_before_and_after_every_step() -> None:
    found = [point for seed in range(5) for point in steps_of(seed, STEPS, 4)]
    assert sorted(found) == sorted((step, when) for step in STEPS for when in ("before", "after"))


def test_the_sweep_kills_once_at_every_point_and_each_has_a_story() -> None:
    points = points_of(STEPS)
    story, faults = sweep(points)
    kills = [fault for fault in faults if fault.kind == AT_STEP]
    assert [(kill.details["step"], kill.details["when"]) for kill in kills] == points
    assert sorted(points) == sorted((step, when) for step in STEPS for when in ("before", "after"))
    for kill in kills:
        announced = [action.kind for action in story if 0 < action.at - kill.at < APART_SECONDS]
        assert announced == len(PROJECTS) * ["feedback", "issue", "status", "addition"] + len(PROJECTS) * ["move"], (
            "in all projects"
        )


def test_every_kind_can_be_carried_out() -> None:
    assert ACTIONS.keys() == {*KINDS, AT_STEP}

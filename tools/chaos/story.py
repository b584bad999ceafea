"""Makes the story of a run: what happens at the source. Pure: the same seed gives the same story."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from tools.chaos.statuses import STATUSES, SYSTEMS

TEXTS = ("결제가 안 돼요", "로그인이 자꾸 풀려요", "다크 모드를 추가해 주세요", "앱이 자꾸 꺼져요 😭")
PROJECTS = tuple(SYSTEMS)
"""ABC's projects: each has its tickets in another system."""
Kind = Literal["feedback", "feedback_with_issue", "issue", "status", "addition", "move"]
SHARES: dict[Kind, int] = {
    "feedback": 30,
    "feedback_with_issue": 8,
    "issue": 22,
    "status": 28,
    "addition": 12,
    "move": 24,
}
"""How often each kind of action is chosen."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a person at `at` seconds. `issue` and `feedback`: numbers within the story, from 0; `text`: the
    feedback's text, the new issue's name, or the new status (for a ticket, too, as ABC's status); `project`: ABC's
    id."""

    at: float
    kind: Kind
    text: str
    issue: int = -1
    feedback: int = -1
    project: int = 1


def make_story(seed: int, events: int, seconds: float) -> list[Action]:
    """`events` actions over `seconds`, in order of time, in all projects. The first two make an issue and a feedback in
    the first project, the next two in the second, and so on."""
    dice = random.Random(f"story {seed}")
    times = sorted(dice.uniform(0, seconds) for _ in range(events))
    statuses: list[str] = []  # of each issue so far
    feedbacks = 0
    of_project: dict[int, tuple[list[int], list[int]]] = {project: ([], []) for project in PROJECTS}
    story = []
    for number, at in enumerate(times):
        kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
        project = dice.choice(PROJECTS)
        if number < 2 * len(PROJECTS):
            kind, project = ("issue", "feedback")[number % 2], PROJECTS[number // 2]
        its_issues, its_feedbacks = of_project[project]
        if kind in ("feedback", "feedback_with_issue"):
            issue = len(statuses) if kind == "feedback_with_issue" else -1
            story.append(Action(at, kind, f"{dice.choice(TEXTS)} {number}", issue, feedbacks, project))
            its_feedbacks.append(feedbacks)
            feedbacks += 1
            its_issues += [issue] if issue >= 0 else []
            statuses += ["INIT"] if issue >= 0 else []
        elif kind == "issue":
            story.append(Action(at, kind, issue_name(len(statuses)), len(statuses), project=project))
            its_issues.append(len(statuses))
            statuses.append("INIT")
        else:
            # People work on new issues: choose one of the latest.
            issue = dice.choice(its_issues[-8:])
            if kind == "status":
                statuses[issue] = dice.choice([status for status in STATUSES if status != statuses[issue]])
                story.append(Action(at, kind, statuses[issue], issue, project=project))
            elif kind == "move":
                story.append(Action(at, kind, dice.choice(STATUSES), issue, project=project))
            else:
                story.append(Action(at, kind, "", issue, dice.choice(its_feedbacks[-8:]), project))
    return story


def one_of_each(number: int, at: float) -> list[Action]:
    """A feedback, an issue, its change and the feedback added to it, in all projects: every job of the service."""
    story = []
    for project in PROJECTS:
        new = number * len(PROJECTS) + project - 1
        story += [
            Action(at, "feedback", f"{TEXTS[0]} {new}", feedback=new, project=project),
            Action(at, "issue", issue_name(new), issue=new, project=project),
            Action(at, "status", "RESOLVED", issue=new, project=project),
            Action(at, "addition", "", issue=new, feedback=new, project=project),
        ]
    return story


def one_move_each(number: int, at: float) -> list[Action]:
    """The ticket of each issue of `one_of_each` is moved."""
    first = number * len(PROJECTS) - 1
    return [Action(at, "move", "INIT", issue=first + project, project=project) for project in PROJECTS]


def issue_name(number: int) -> str:
    """A name that is unique in a story. Because of the quotes, a search for 1 does not find 10."""
    return f"이슈 '{number}'"

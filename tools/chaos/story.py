"""What happens at the source during a run: pure, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

STATUSES = ("INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING")
TEXTS = ("결제가 안 돼요", "로그인이 자꾸 풀려요", "다크 모드를 추가해 주세요", "앱이 자꾸 꺼져요 😭")
Kind = Literal["feedback", "feedback_with_issue", "issue", "status", "addition"]
SHARES: dict[Kind, int] = {"feedback": 30, "feedback_with_issue": 8, "issue": 22, "status": 28, "addition": 12}
"""Of a hundred actions."""


@dataclass(frozen=True, slots=True)
class Action:
    """At `at` seconds, somebody does something. `issue` and `feedback` count those that the story makes, from 0;
    `text` is the feedback's, the new issue's name, or the new status."""

    at: float
    kind: Kind
    text: str
    issue: int = -1
    feedback: int = -1


def tell(seed: int, events: int, seconds: float) -> list[Action]:
    """`events` actions over `seconds`, in order of time. The first two make an issue and a feedback."""
    dice = random.Random(f"story {seed}")
    times = sorted(dice.uniform(0, seconds) for _ in range(events))
    statuses: list[str] = []  # of each issue so far
    feedbacks = 0
    story = []
    for number, at in enumerate(times):
        kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
        if number < 2:
            kind = ("issue", "feedback")[number]
        if kind in ("feedback", "feedback_with_issue"):
            issue = len(statuses) if kind == "feedback_with_issue" else -1
            story.append(Action(at, kind, f"{dice.choice(TEXTS)} {number}", issue, feedbacks))
            feedbacks += 1
            statuses += ["INIT"] if kind == "feedback_with_issue" else []
        elif kind == "issue":
            story.append(Action(at, kind, issue_name(len(statuses)), len(statuses)))
            statuses.append("INIT")
        else:
            # People work on what is new: one of the latest.
            issue = dice.randrange(max(0, len(statuses) - 8), len(statuses))
            if kind == "status":
                statuses[issue] = dice.choice([status for status in STATUSES if status != statuses[issue]])
                story.append(Action(at, kind, statuses[issue], issue))
            else:
                story.append(Action(at, kind, "", issue, dice.randrange(max(0, feedbacks - 8), feedbacks)))
    return story


def one_of_each(number: int, at: float) -> list[Action]:
    """A feedback, an issue, its change and the feedback added to it: every job of the service."""
    return [
        Action(at, "feedback", f"{TEXTS[0]} {number}", feedback=number),
        Action(at, "issue", issue_name(number), issue=number),
        Action(at, "status", "IN_PROGRESS", issue=number),
        Action(at, "addition", "", issue=number, feedback=number),
    ]


def issue_name(number: int) -> str:
    """Unique in a story; the quotes keep 1 and 10 apart wherever it is looked for."""
    return f"이슈 '{number}'"

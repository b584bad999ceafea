"""The markers by which the bridge recognises its own tickets and comments, also beside other installations. Pure.

A marker is not a secret: anybody who may write in the container can copy it. So it counts only on tickets and comments
of our own account (`TicketApi.is_ours`).
"""

from __future__ import annotations

from dataclasses import dataclass

CLOCKS_APART = 300.0
"""Seconds by which the clocks of a ticket system and ABC User Feedback may differ."""
TAIL = 1000
"""How many characters at the end of a comment are searched."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` contains the entity's creation time, so that a reused id has another marker. `short` is the marker of
    earlier versions, without the time: it counts only on what was made after the entity (`since`, seconds since
    1970)."""

    text: str
    short: str
    since: float

    def is_text(self, found: str, made: float) -> bool:
        """Whether `found`, on something that was made at `made`, is this marker."""
        return found == self.text or (found == self.short and made > self.earliest)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.text, self.short)))

    @property
    def earliest(self) -> float:
        """Nothing that is older can have the marker; 0 if unknown."""
        return max(0.0, self.since - CLOCKS_APART)

    def ends(self, comment: str, made: float, hidden: tuple[str, str]) -> bool:
        """Whether the marker is the comment's last line. Elsewhere it may be a user's own text. `hidden`: the text
        before and after it (Markup.hidden)."""
        # Jira Cloud stores rich text and converts it back to markup, with additional backslashes.
        lines = comment[-TAIL:].replace("\\", "").split()
        frame = [part.strip() for part in hidden]
        found = lines[-3:] if any(frame) else ["", *lines[-1:], ""]
        return len(found) == 3 and [found[0], found[2]] == frame and self.is_text(found[1], made)


def ticket_marker(scope: str, project: int, issue: int, creation: str) -> Marker:
    """The marker of an issue's ticket. `scope`: Tools.scope."""
    return _marker(f"abc-{scope}-{project}-{issue}", creation)


def feedback_marker(scope: str, project: int, feedback: int, creation: str) -> Marker:
    return _marker(f"abc-feedback-{scope}-{project}-{feedback}", creation)


def status_marker(scope: str, project: int, issue: int, creation: str, status: str) -> Marker:
    return _marker(f"abc-status-{scope}-{project}-{issue}-{status}", creation)


def _marker(short: str, creation: str) -> Marker:
    """`creation`: the entity's `creation`. The letter `t` before it makes the two forms distinguishable: an instance's
    name, which comes before the ids, may end with a number."""
    return Marker(f"{short}-t{creation}", short, float(creation)) if creation else Marker(short, short, 0.0)

"""A mutant: one small change of a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: in which line (from 1), the text before and after it, and the whole file with the change.

    `inside`: the qualified name of the Python function that holds the change; "" elsewhere.
    """

    line: int
    before: str
    after: str
    text: str
    inside: str = ""

    @property
    def name(self) -> str:
        """Stays the same when lines are added above the change."""
        return f"{' '.join(self.before.split())}  =>  {' '.join(self.after.split()) or '(left out)'}"

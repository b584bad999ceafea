"""Whether the translations can be written: asked of ABC before anything is paid for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from connectors.translate.wishes import format_problem
from sources.abc.client import AbcClient

FRESH = 300.0
"""Seconds for which a field that could be written to is not asked about again. One that could not is asked about for
each delivery: after a person corrected it, a replay finds it good."""
MOST = 10_000
"""Fields that are remembered, over all channels."""


class Targets:
    """The fields that translations go into. One per process, used by many threads."""

    def __init__(self, abc: AbcClient, variable: str) -> None:
        """`variable`: the one that names the fields."""
        self._abc = abc
        self._variable = variable
        self._good: dict[tuple[int, int, str], float] = {}
        self._lock = threading.Lock()

    def problems(self, project: int, channel: int, keys: Iterable[str]) -> dict[str, str]:
        """Why a text can't be written into these fields of the channel, for each where that is so. Raises AbcError."""
        now = time.monotonic()
        with self._lock:
            unsure = [key for key in keys if now - self._good.get((project, channel, key), -FRESH) >= FRESH]
        if not unsure:
            return {}
        formats = {field.key: field.format for field in self._abc.fields(project, channel)}
        problems = {}
        for key in unsure:
            problem = format_problem(key, formats, self._variable) or self._abc.field_problem(project, channel, key)
            if problem:
                problems[key] = problem
        with self._lock:
            if len(self._good) > MOST:
                self._good.clear()
            self._good |= {(project, channel, key): now for key in unsure if key not in problems}
        return problems

    def forget(self, project: int, channel: int, keys: Iterable[str]) -> None:
        """After ABC refused a write: what was good may be so no longer."""
        with self._lock:
            for key in keys:
                self._good.pop((project, channel, key), None)

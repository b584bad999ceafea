"""Explores a world: breadth first to its end, or by random walks; the first broken promise is the shortest story."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.ledger.scripts import TEXTS
from tools.explore.canonical import digest
from tools.explore.model import Model
from tools.explore.promises import check, check_end
from tools.explore.world import Broken, State, World


@dataclass(frozen=True, slots=True)
class Result:
    """`trace`: the actions that break `promise`; `finished`: every state was seen."""

    world: str
    states: int
    transitions: int
    seconds: float
    finished: bool
    depth: int = 0
    promise: str = ""
    how: str = ""
    trace: tuple[str, ...] = ()


class Search:
    def __init__(self, world: World, texts: Mapping[str, str] = TEXTS, most: int = 0, seconds: float = 0.0) -> None:
        """`texts`: of the scripts; `most`, `seconds`: of states and of CPU time, after which it stops; 0: no limit."""
        self.world = world
        self.model = Model(world, texts)
        self._most, self._seconds = most, seconds
        self._started = time.process_time()
        self._came: dict[bytes, tuple[bytes, str]] = {}
        self._fair: dict[bytes, bytes] = {}
        self._transitions = 0

    def run(self) -> Result:
        first = self.model.first()
        start = digest(first)
        self._came[start] = (b"", "")
        level, depth = [(start, first)], 0
        try:
            while level and not self._is_over():
                depth += 1
                level = self._next(level)
            if not level:
                self._check_ends()
        except _Found as found:
            return self._result(depth, found)
        return self._result(depth, finished=not level)

    def _next(self, level: list[tuple[bytes, State]]) -> list[tuple[bytes, State]]:
        following: list[tuple[bytes, State]] = []
        for here, state in level:
            if self._is_over():
                return following or level
            fair = self.model.choices.fair(state)
            if fair is None:
                self._end(here, state)
            for action in self.model.choices.possible(state):
                try:
                    then = self.model.after(state, action)
                    self._transitions += 1
                    check(self.world, then)
                except Broken as broken:
                    raise _Found(broken, self._trace(here, action)) from None
                key = digest(then)
                if action == fair:
                    self._fair[here] = key
                if key not in self._came:
                    self._came[key] = (here, action)
                    following.append((key, then))
        return following

    def _end(self, here: bytes, state: State) -> None:
        try:
            check_end(state, self.model.after_retention(state))
        except Broken as broken:
            raise _Found(broken, self._trace(here)) from None

    def _check_ends(self) -> None:
        """From every state the course of things, without further faults, reaches an end."""
        ends: set[bytes] = set()
        for key in self._came:
            path: dict[bytes, None] = {}
            while key not in ends and key in self._fair:
                if key in path:
                    how = "without any further fault the same states come again and again"
                    raise _Found(Broken("every delivery finishes", how), self._trace(key))
                path[key] = None
                key = self._fair[key]
            ends.update(path, [key])

    def _is_over(self) -> bool:
        too_many = self._most and len(self._came) >= self._most
        return bool(too_many or (self._seconds and time.process_time() - self._started > self._seconds))

    def _trace(self, key: bytes, *last: str) -> tuple[str, ...]:
        actions = list(last)[::-1]
        while (came := self._came[key])[0]:
            actions.append(came[1])
            key = came[0]
        return tuple(actions[::-1])

    def _result(self, depth: int, found: _Found | None = None, finished: bool = False) -> Result:
        seconds = time.process_time() - self._started
        numbers = (self.world.name, len(self._came), self._transitions, seconds, finished, depth)
        if found is None:
            return Result(*numbers)
        return Result(*numbers, found.broken.promise, found.broken.how, found.trace)


class _Found(Exception):
    def __init__(self, broken: Broken, trace: tuple[str, ...]) -> None:
        super().__init__(str(broken))
        self.broken = broken
        self.trace = trace


def walk(world: World, seed: int, seconds: float, texts: Mapping[str, str] = TEXTS, longest: int = 300) -> Result:
    """Random walks for so many seconds of CPU time; each ends in the course of things, to its end."""
    model, chance, started = Model(world, texts), random.Random(seed), time.process_time()
    transitions = walks = 0
    while time.process_time() - started < seconds:
        state, trace = model.first(), list[str]()
        walks += 1
        try:
            while actions := model.choices.possible(state):
                if len(trace) >= longest:
                    actions = [model.choices.fair(state) or ""]
                if not actions[0]:
                    break
                if len(trace) > 4 * longest:
                    raise Broken("every delivery finishes", f"not within {len(trace)} steps")
                trace.append(chance.choice(actions))
                state = model.after(state, trace[-1])
                transitions += 1
                check(world, state)
                if model.choices.fair(state) is None and chance.random() < 0.5:
                    break
            check_end(state, model.after_retention(state))
        except Broken as broken:
            spent = time.process_time() - started
            return Result(world.name, walks, transitions, spent, False, 0, broken.promise, broken.how, tuple(trace))
    return Result(world.name, walks, transitions, time.process_time() - started, False)

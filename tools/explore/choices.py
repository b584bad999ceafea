"""What can happen next in a state of a world. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tools.explore.canonical import UNFINISHED
from tools.explore.store import Scores
from tools.explore.world import AT_A_LOOK, AT_THE_EFFECT, PREFIX, QUEUE, Attempt, State, World, deliveries, stopped

STEADY = ("act",)
"""Phases in which no worker is frozen, and Redis not wiped: between the last look and the effect lies the limit that
docs/reliability.md names."""


class Choices:
    """One for each world. An action is a word and what it is about: `take 0`, `step 0 down`, `replay a.one`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._versions = ("newer ", "") if world.newer else ("",)

    def possible(self, state: State) -> list[str]:
        """All that can happen next."""
        return [*self.course(state), *self._faults(state)]

    def course(self, state: State) -> list[str]:
        """What happens next without any fault; nothing when all is done."""
        urgent = [
            *(f"wake {name}" for name in state.resumed),
            *(f"{version}send {event}" for event in state.pending for version in self._versions),
            *(f"thaw {slot}" for slot, attempt in self._busy(state) if attempt.frozen),
            *(f"step {slot}" for slot, attempt in self._busy(state) if not attempt.frozen),
        ]
        if self._queue(state) and (free := self._free(state)):
            urgent += [f"take {slot}" for slot in free]
        if self._ticks(state):
            urgent += [f"{version}tick" for version in self._versions]
        if urgent and not self._all_frozen(state):
            return urgent
        return [*urgent, *self._resume(state), *self._pass(state)]

    def fair(self, state: State) -> str | None:
        """What happens next when nothing goes wrong any more, and everybody has their turn; None at the end."""
        course = self.course(state)
        return course[0] if course else None

    def _faults(self, state: State) -> Iterator[str]:
        may = {fault for fault, left in state.left.items() if left}
        known = [name for name in self.world.events if name not in state.pending]
        for fault in ("repeat", "reconcile"):
            if fault in may:
                yield from (f"{fault} {name}" for name in known)
        if "replay" in may:
            yield from (f"replay {id_}" for id_, fields in deliveries(state.store) if fields[b"state"] != b"running")
        if "plan" in may and state.sent:
            yield "plan"
        if "drop" in may:
            yield from (f"drop {id_}" for id_, fields in deliveries(state.store) if fields[b"state"] in UNFINISHED)
        if "heal" in may:
            yield from (f"heal {connector}" for connector in self.world.connectors)
        if self._is_urgent(state):
            yield from self._resume(state)
        for slot, attempt in self._busy(state):
            if "kill" in may:
                yield f"kill {slot}"
            if "freeze" in may and not attempt.frozen and attempt.phase not in STEADY:
                yield f"freeze {slot}"
            if not attempt.frozen:
                yield from (f"step {slot} {fault}" for fault in self._can_fail(attempt) if fault in may)
        if queue := self._queue(state):
            yield from (f"{fault} {queue[0].decode()}" for fault in ("lose", "twice") if fault in may)
        if "slow" in may and not self._all_frozen(state) and self._is_urgent(state):
            yield from ("slow" for _ in self._pass(state))
        if "forget" in may:
            yield from (f"{version}forget" for version in self._versions)
        if "wipe" in may and not any(attempt.phase in STEADY for _, attempt in self._busy(state)):
            yield "wipe"

    def _can_fail(self, attempt: Attempt) -> Iterable[str]:
        """What may happen at the third party in the next step of the attempt."""
        if attempt.phase == "act":
            return AT_THE_EFFECT
        first = attempt.leases[:1]
        looks = any(self.world.connectors[lease.connector].looks and self.world.may_exist(lease) for lease in first)
        return AT_A_LOOK if attempt.phase == "begin" and looks else ()

    def _busy(self, state: State) -> Iterator[tuple[int, Attempt]]:
        """Workers that look the same are one."""
        seen = []
        for slot, attempt in enumerate(state.slots):
            if attempt is not None and attempt not in seen:
                seen.append(attempt)
                yield slot, attempt

    def _free(self, state: State) -> list[int]:
        """One of each version: free workers are all the same."""
        free: dict[bool, int] = {}
        for slot, attempt in enumerate(state.slots):
            if attempt is None:
                free.setdefault(slot in self.world.newer, slot)
        return [free[newer] for newer in sorted(free, reverse=True)]

    def _all_frozen(self, state: State) -> bool:
        """Nobody takes jobs or ticks."""
        return all(attempt is not None and attempt.frozen for attempt in state.slots)

    def _is_urgent(self, state: State) -> bool:
        return any(attempt is not None and not attempt.frozen for attempt in state.slots) or bool(
            state.pending or self._ticks(state) or (self._queue(state) and self._free(state))
        )

    def _queue(self, state: State) -> list[bytes]:
        queue: Any = state.store.keys.get(QUEUE.encode(), [])
        return list(queue)

    def _ticks(self, state: State) -> bool:
        """Whether the clock has something to do."""
        due: Any = state.store.keys.get(f"{PREFIX}due".encode(), {})
        return not self._all_frozen(state) and (
            any(score <= state.now for score in due.values()) or any(at <= state.now for at in self._probes(state))
        )

    def _probes(self, state: State) -> Iterator[int]:
        """When the clock lets one of those who wait for a destination look: of a connector that has stopped, never."""
        waiting, idle = f"{PREFIX}waits:".encode(), stopped(state.store)
        for key, waits in state.store.keys.items():
            if key.startswith(waiting) and key[len(waiting) :].decode().partition(" ")[0] not in idle:
                breaker: Any = state.store.keys.get(key.replace(b":waits:", b":breaker:"), {})
                if breaker.get(b"until"):
                    assert isinstance(waits, Scores)
                    ends = int(breaker[b"until"]), int(breaker.get(b"probing", 0)), int(min(waits.values()))
                    yield max(ends)

    def _resume(self, state: State) -> Iterator[str]:
        """An operator starts what has stopped again, at some time."""
        yield from (f"resume {name}" for name in stopped(state.store))

    def _pass(self, state: State) -> list[str]:
        return ["pass"] if self.moments(state) else []

    def moments(self, state: State) -> list[float]:
        """At which the clock has something to do, later on; in milliseconds."""
        due: Any = state.store.keys.get(f"{PREFIX}due".encode(), {})
        return sorted({at for at in (*due.values(), *self._probes(state)) if at > state.now})

"""What can happen in a world, one step at a time: the real ledger and schedule, in the steps of `jobs/deliver.py`.

A worker's steps stand between two of its calls to Redis or to the third party: there it can be killed, and others run.
Connectors are the two kinds that exist: those that look for their effect before they make it again, and those that
cannot look, and make none when they find their note.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lupa.lua51 import LuaError

from bridge.redaction import Redactor
from connectors import patience
from connectors.base import Done, Failed, LeaseLost, Outcome, Retry
from jobs.delivery import attempts, flow
from jobs.delivery.schedule import after
from jobs.ledger.ledger import CLOCKS_APART, FINISHED, Lease, Ledger, Planned, Recovery, split
from jobs.ledger.policy import POLICY
from jobs.ledger.scripts import LUA, TEXTS, ready
from tools.explore.canonical import UNFINISHED
from tools.explore.lua import Redis
from tools.explore.store import Scores, Store
from tools.explore.versions import next_version
from tools.explore.world import (
    AT_A_LOOK,
    AT_THE_EFFECT,
    HOUR,
    INSTANCE,
    PREFIX,
    QUEUE,
    START,
    Attempt,
    Broken,
    State,
    World,
)

OUTCOMES: Mapping[str, Outcome] = {
    "no answer": Retry("no answer", "ambiguous"),
    "down": Retry("connection refused", "network"),
    "refuse": Failed("401", "auth"),
    "busy": Retry("429", "rate_limited", 2),
    "quota": Failed("used up", "quota"),
}
STEADY = ("act",)
"""Phases in which no worker is frozen, and Redis not wiped: between the last look and the effect lies the limit that
docs/reliability.md names."""
FAILURES = (LuaError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
REDACT = Redactor()


def _instead(world: World, texts: Mapping[str, str]) -> dict[str, str]:
    """What is run in place of each script: the given texts, with the numbers of the world."""
    policy = {**POLICY, **world.policy}
    return {LUA[name]: ready(text, texts, policy) for name, text in texts.items()}


class Model:
    """One for each world. `texts`: of the scripts, as they are written; `client`: what runs them."""

    def __init__(
        self,
        world: World,
        texts: Mapping[str, str] = TEXTS,
        client: Callable[[Store, Mapping[str, str]], Redis] = Redis,
    ) -> None:
        self.world = world
        self.redis = client(Store(world.expires), _instead(world, texts))
        self.store = self.redis.store
        self._present = self.ledger = self._ledger(self.redis)
        if world.newer:
            self._next = self._ledger(client(self.store, _instead(world, next_version(TEXTS))))
        self._versions = ("newer ", "") if world.newer else ("",)
        self._events = {name: world.event(name) for name in world.events}

    def _ledger(self, redis: Redis) -> Ledger:
        return Ledger(redis, INSTANCE, lambda: self.store.now)  # type: ignore[arg-type]

    def first(self) -> State:
        """Nothing has happened; a ledger and its workers exist for an hour."""
        self.store.restore(State().store, START - HOUR)
        self.ledger.tick("worker", QUEUE)
        return State(
            store=self.store.snapshot(),
            pending=tuple(self.world.events),
            slots=(None,) * self.world.workers,
            left=dict(self.world.faults),
        )

    # What can happen

    def possible(self, state: State) -> list[str]:
        """All that can happen next."""
        return [*self.course(state), *self._faults(state)]

    def course(self, state: State) -> list[str]:
        """What happens next without any fault; nothing when all is done."""
        urgent = [
            *(f"{version}send {event}" for event in state.pending for version in self._versions),
            *(f"thaw {slot}" for slot, attempt in self._busy(state) if attempt.frozen),
            *(f"step {slot}" for slot, attempt in self._busy(state) if not attempt.frozen),
        ]
        if self._queue(state) and (free := self._free(state)):
            urgent += [f"take {slot}" for slot in free]
        if self._ticks(state):
            urgent += [f"{version}tick" for version in self._versions]
        return urgent if urgent and not self._all_frozen(state) else [*urgent, *self._pass(state)]

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
            yield from (f"replay {id_}" for id_, fields in self.deliveries(state) if fields[b"state"] != b"running")
        if "heal" in may:
            yield from (f"heal {connector}" for connector in self.world.connectors)
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
        looks = any(self.world.connectors[lease.connector].looks and self._may_exist(lease) for lease in first)
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
        """When the clock lets one of those who wait for a destination look."""
        waiting = f"{PREFIX}waits:".encode()
        for key, waits in state.store.keys.items():
            if key.startswith(waiting):
                breaker: Any = state.store.keys.get(key.replace(b":waits:", b":breaker:"), {})
                if breaker.get(b"until"):
                    assert isinstance(waits, Scores)
                    ends = int(breaker[b"until"]), int(breaker.get(b"probing", 0)), int(min(waits.values()))
                    yield max(ends)

    def _pass(self, state: State) -> list[str]:
        return ["pass"] if self._moments(state) else []

    def _moments(self, state: State) -> list[float]:
        due: Any = state.store.keys.get(f"{PREFIX}due".encode(), {})
        return sorted({at for at in (*due.values(), *self._probes(state)) if at > state.now})

    def deliveries(self, state: State) -> Iterator[tuple[str, Any]]:
        start = f"{PREFIX}delivery:".encode()
        for key, fields in state.store.keys.items():
            if key.startswith(start):
                yield key[len(start) :].decode(), fields

    # What happens

    def after(self, state: State, action: str) -> State:
        """The state after an action. Raises Broken where the action itself breaks a promise."""
        newer = self._is_newer(action)
        name, _, what = action.removeprefix("newer ").partition(" ")
        self.store.restore(state.store, state.now)
        self.ledger = self._next if newer else self._present
        before = state
        if name in state.left:
            state = self._spend(state, name)
        act: Callable[[State, str], State] = getattr(self, f"_do_{name}")
        try:
            state = act(state, what)
        except FAILURES as error:
            raise Broken("no step fails", f"{type(error).__name__}: {error}") from error
        state = state.but(store=self.store.snapshot(), now=self.store.now)
        if self.world.newer and not newer and name not in ("forget", "pass", "slow"):  # keepers renew in both
            self._check_left_alone(before, state)
        return state

    def _is_newer(self, action: str) -> bool:
        name, _, what = action.partition(" ")
        return name == "newer" or (name == "step" and int(what.partition(" ")[0]) in self.world.newer)

    def _check_left_alone(self, before: State, then: State) -> None:
        """The present version changed nothing that the next one wrote."""
        now = dict(self.deliveries(then))
        for id_, fields in self.deliveries(before):
            if fields[b"v"] == b"2" and now.get(id_) != fields:
                raise Broken("what a newer version wrote is left alone", f"{id_} was changed")

    def _spend(self, state: State, fault: str) -> State:
        return state.but(left={**state.left, fault: state.left[fault] - 1})

    def _hand(self, *ids: str) -> None:
        if ids:
            self.store.do(b"RPUSH", QUEUE.encode(), *[id_.encode() for id_ in ids])

    def _accept(self, name: str, extend: bool) -> None:
        planned = [Planned(one) for one, third in self.world.connectors.items() if extend or not third.late]
        fields: dict[str, str | bytes] = {"source": "abc", "name": "CHANGE", "body": b"{}", "state": "accepted"}
        self.ledger.accept(self._events[name], planned, fields, extend=extend, on=self.ledger.redis)
        self._hand(*(f"{name}.{row.connector}" for row in planned))

    def _do_send(self, state: State, name: str) -> State:
        self._accept(name, extend=False)
        pending = tuple(event for event in state.pending if event != name)
        ids = {f"{name}.{one}" for one, third in self.world.connectors.items() if not third.late}
        return state.but(pending=pending, sent=state.sent | ids)

    def _do_repeat(self, state: State, name: str) -> State:
        return self._do_send(state, name)

    def _do_reconcile(self, state: State, name: str) -> State:
        self._accept(name, extend=True)
        return state.but(sent=state.sent | {f"{name}.{one}" for one in self.world.connectors})

    def _do_replay(self, state: State, id_: str) -> State:
        if self.ledger.replay(id_) == "queued":
            self._hand(id_)
            fields: Any = self.store.snapshot().keys[f"{PREFIX}delivery:{id_}".encode()]
            if fields[b"position"] != b"0" or fields.keys() & {b"next", b"why", b"reason", b"healed", b"waits"}:
                raise Broken("a replay starts afresh", f"{id_} kept {dict(fields)}")
        return state

    def _do_heal(self, state: State, connector: str) -> State:
        self.ledger.heal(connector)
        return state

    def _do_forget(self, state: State, _: str) -> State:
        before = {id_ for id_, fields in self.deliveries(state) if fields[b"state"] in UNFINISHED}
        self.ledger.forget(0)
        left = {id_ for id_, _ in self.deliveries(state.but(store=self.store.snapshot()))}
        if lost := before - left:
            raise Broken("an unfinished delivery is never forgotten", ", ".join(sorted(lost)))
        runs = {id_: runs for id_, runs in state.runs.items() if id_ in left}
        return state.but(sent=frozenset(left), runs=runs)

    def _do_wipe(self, state: State, _: str) -> State:
        """What was known comes again, by reconcile."""
        self.store.restore(State().store, state.now)
        slots = tuple(attempt and attempt.but(excused=True) for attempt in state.slots)
        return state.but(pending=tuple(self.world.events), slots=slots, runs={}, sent=frozenset(), wiped=True)

    def _do_tick(self, state: State, _: str) -> State:
        self.store.do(b"DEL", f"{PREFIX}clock".encode())  # the last election is over; ticks take no time here
        self._hand(*(self.ledger.tick("worker", QUEUE) or []))
        return state

    def _do_pass(self, state: State, _: str) -> State:
        """To the next moment at which something is due; the keepers of the workers renew what would end before."""
        held = {
            lease.delivery_id: lease
            for _, attempt in self._busy(state)
            if not attempt.frozen
            for lease in attempt.leases
        }
        due: Any = state.store.keys[f"{PREFIX}due".encode()]
        moment = self._moments(state)[0]
        ending = [lease for id_, lease in held.items() if due.get(id_.encode(), moment + 1) <= moment]
        if ending:
            self.store.now = int(moment) - 1
            self.ledger.renew([(lease.delivery_id, lease.token) for lease in ending])
            if state.now == self.store.now:
                self.store.now += 1
        else:
            self.store.now = int(moment)
        self.store.restore(self.store.snapshot(), self.store.now)
        return state

    def _do_slow(self, state: State, what: str) -> State:
        return self._do_pass(state, what)

    def _do_lose(self, state: State, _: str) -> State:
        self.store.do(b"LPOP", QUEUE.encode())
        return state

    def _do_twice(self, state: State, id_: str) -> State:
        self._hand(id_)
        return state

    def _do_take(self, state: State, slot: str) -> State:
        id_ = self.store.do(b"LPOP", QUEUE.encode())
        assert isinstance(id_, bytes)
        token, newer = f"token {state.tokens}", int(slot) in self.world.newer
        return self._put(state.but(tokens=state.tokens + 1), int(slot), Attempt(id_.decode(), token, newer=newer))

    def _do_kill(self, state: State, slot: str) -> State:
        return self._put(state, int(slot), None)

    def _do_freeze(self, state: State, slot: str) -> State:
        attempt = state.slots[int(slot)]
        assert attempt is not None
        return self._put(state, int(slot), attempt.but(frozen=True, excused=True))

    def _do_thaw(self, state: State, slot: str) -> State:
        attempt = state.slots[int(slot)]
        assert attempt is not None
        return self._put(state, int(slot), attempt.but(frozen=False))

    def _put(self, state: State, slot: int, attempt: Attempt | None) -> State:
        return state.but(slots=(*state.slots[:slot], attempt, *state.slots[slot + 1 :]))

    def _do_step(self, state: State, what: str) -> State:
        slot, _, fault = what.partition(" ")
        attempt = state.slots[int(slot)]
        assert attempt is not None
        if fault:
            state = self._spend(state, fault)
        step: Callable[[State, Attempt, str], tuple[State, Attempt | None]] = getattr(self, f"_{attempt.phase}")
        try:
            state, then = step(state, attempt, fault)
        except LeaseLost:
            then = None  # another worker has the delivery: the attempt is abandoned
        return self._put(state, int(slot), then)

    def after_retention(self, state: State) -> State:
        """As it is when all that is finished is older than the retention."""
        self.store.restore(state.store, state.now + 24 * HOUR)
        while self.ledger.forget(0):
            pass
        self.ledger.tick("worker", QUEUE)
        return state.but(store=self.store.snapshot())

    # The steps of an attempt, as in jobs/deliver.py

    def _lease(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        lease = self.ledger.lease(attempt.delivery, attempt.token)
        if isinstance(lease, str):
            return state, None
        before = dict(self.deliveries(state))[attempt.delivery]
        if before[b"state"] == b"retrying" and int(before.get(b"next", 0)) > state.now:
            raise Broken("no attempt before its time", f"{attempt.delivery} runs before the time of its next attempt")
        state, attempt = self._granted(state, lease), attempt.but(phase="admit", leases=(lease,))
        # Where nothing limits, being admitted changes nothing: one step less, and far fewer states.
        return (state, attempt) if self.world.flows else self._admit(state, attempt, "")

    def _granted(self, state: State, lease: Lease) -> State:
        """Checks that it was its turn."""
        mine = lease.delivery
        for id_, fields in self.deliveries(state.but(store=self.store.snapshot())):
            same = fields[b"entity"].decode() == mine["entity"] and split(id_)[1] == lease.connector
            if same and fields[b"state"] in UNFINISHED and float(fields[b"order"]) < float(mine["order"]):
                raise Broken("order within a line", f"{lease.delivery_id} runs before {id_}")
        return state.but(runs={**state.runs, lease.delivery_id: state.runs.get(lease.delivery_id, 0) + 1})

    def _admit(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        random.seed(0)  # flow spreads what a breaker holds
        [lease] = attempt.leases
        admitted = flow.admit(self.ledger, lease, self.world.destination(lease.connector))
        if isinstance(admitted, flow.Hold):
            return state, attempt.but(phase="hold", hold=admitted)
        crowd = self.world.connectors[lease.connector].crowd
        gathers = crowd and admitted.others >= crowd
        return state, attempt.but(phase="gather" if gathers else "begin", probing=admitted.probing)

    def _hold(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        [lease], hold = attempt.leases, attempt.hold
        assert hold is not None
        fields = {"attempts": str(lease.attempt - 1), "why": hold.why, "reason": hold.reason}
        recovery = Recovery(hold.closed) if hold.closed else None
        self.ledger.settle(lease, "retrying", fields, {}, hold.seconds, recovery=recovery)
        return state.but(runs={**state.runs, attempt.delivery: state.runs[attempt.delivery] - 1}), None

    def _gather(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        destination = self.world.destination(attempt.leases[0].connector)
        ids = self.ledger.gather(destination.name, flow.interval_ms(destination), 2)
        return state, attempt.but(phase="join" if ids else "begin", ids=tuple(ids))

    def _join(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        first, *rest = attempt.ids
        leases = attempt.leases
        lease = self.ledger.lease(first, f"{attempt.token} {first}", early=True)
        if isinstance(lease, Lease):
            state = self._granted(state, lease)
            leases = (*leases, lease)
        return state, attempt.but(phase="join" if rest else "begin", ids=tuple(rest), leases=leases)

    def _begin(self, state: State, attempt: Attempt, fault: str) -> tuple[State, Attempt | None]:
        """Reads the notes; looks where they, or a wiped ledger, ask for it; keeps a note before the effect."""
        lease = attempt.leases[0]
        looks = self.world.connectors[lease.connector].looks
        unsure = [lease.delivery_id for lease in attempt.leases if self._may_exist(lease)]
        if fault:
            return state, attempt.but(phase="settle", outcome=OUTCOMES[fault])
        known = tuple(id_ for id_ in unsure if not looks or state.effects.get(id_))
        attempt = attempt.but(known=known)
        if len(known) == len(attempt.leases):
            return state, attempt.but(phase="settle", outcome=Done())
        if len(known) == len(unsure):
            return state, self._noted(attempt)
        moment = self._events[split(lease.delivery_id)[0]].occurred
        wait = patience.left(lease.born, lease.now, patience.SETTLE_SECONDS) if moment < self._since(lease) else 0.0
        if wait:
            wait = math.ceil(wait * 1000) / 1000  # no time passes here between an attempt and the next
            return state, attempt.but(phase="settle", outcome=Retry("it may come yet", "not_yet", wait))
        return state, attempt.but(phase="confirm")

    def _since(self, lease: Lease) -> float:
        return lease.born + CLOCKS_APART

    def _may_exist(self, lease: Lease) -> bool:
        notes, _ = attempts.notes_of(lease.delivery)
        forgotten = self._events[split(lease.delivery_id)[0]].occurred < self._since(lease)
        return bool(notes.keys() & {"intent", "done"}) or forgotten

    def _confirm(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """It was looked for in vain. Makes sure that the delivery is still ours, right before the effect."""
        return state, self._noted(attempt)

    def _noted(self, attempt: Attempt) -> Attempt:
        """With a note for each delivery that is still ours. Raises LeaseLost when none is."""
        lost = []
        for lease in attempt.leases:
            try:
                if lease.delivery_id not in attempt.known:
                    self.ledger.keep(lease, {"intent": 1})
            except LeaseLost:
                lost.append(lease)
        ours = tuple(lease for lease in attempt.leases if lease not in lost)
        if all(lease.delivery_id in attempt.known for lease in ours):
            raise LeaseLost(attempt.delivery)
        return attempt.but(phase="act", leases=ours)

    def _act(self, state: State, attempt: Attempt, fault: str) -> tuple[State, Attempt | None]:
        outcome: Outcome = OUTCOMES[fault] if fault else Done()
        looks = self.world.connectors[attempt.leases[0].connector].looks
        if fault in ("", "no answer"):
            ids = [lease.delivery_id for lease in attempt.leases if lease.delivery_id not in attempt.known]
            state = state.but(effects={**state.effects, **{id_: state.effects.get(id_, 0) + 1 for id_ in ids}})
        elif not looks:
            return state, attempt.but(phase="clear", outcome=outcome)
        return state, attempt.but(phase="settle", outcome=outcome)

    def _clear(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """The answer states that nothing was done: the note of it goes."""
        for lease in attempt.leases:
            self.ledger.keep(lease, {"cleared": 1})
        return state, attempt.but(phase="settle")

    def _settle(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """Of a digest one delivery at a time."""
        lease, *rest = attempt.leases
        outcome, destination = attempt.outcome, self.world.destination(lease.connector).name
        if lease.delivery_id in attempt.known:
            outcome = Done()
        assert outcome is not None
        then = attempt.but(leases=tuple(rest)) if rest else None
        judged = lease.delivery_id == attempt.delivery
        became = after(outcome, lease.position, lease.age, 0.0, probing=attempt.probing, healed=lease.healed)
        fields = attempts.fields_of(lease, became, 0.0, REDACT)
        counts = attempts.counts_of(lease, became, 0.0, flow.system_of(outcome, lease.connector))
        conditions = flow.conditions_of(outcome, destination) if judged else []
        recovery = flow.recovery_of(outcome, destination, "", became.wake)
        last = flow.states_of(outcome, destination)
        try:
            settled = self.ledger.settle(lease, became.state, fields, counts, became.delay, conditions, recovery, last)
        except LeaseLost:
            return state, then
        self._hand(*([settled.following] if settled.following else []))
        if became.state in FINISHED:
            self._check_following(state.but(store=self.store.snapshot()), lease)
        return state, then

    def _check_following(self, state: State, lease: Lease) -> None:
        line: Any = state.store.keys.get(f"{PREFIX}line:{lease.connector}:{lease.delivery['entity']}".encode())
        following = line.ranked()[0] if line else None
        waits = following and dict(self.deliveries(state))[following.decode()][b"state"] == b"queued"
        if following and waits and following not in self._queue(state):
            raise Broken("the next of a line starts at once", f"{following.decode()} has no job when its turn has come")

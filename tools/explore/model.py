"""What happens in a world, one action at a time, to the real ledger: the scripts as they are, on a small store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lupa.lua51 import LuaError

from jobs.ledger.ledger import HAND_OVER_MS, Ledger
from jobs.ledger.policy import POLICY
from jobs.ledger.scripts import LUA, TEXTS, ready
from jobs.ledger.values import Planned, split
from tools.explore.canonical import UNFINISHED
from tools.explore.choices import Choices
from tools.explore.lua import Redis
from tools.explore.steps import Steps, check_following
from tools.explore.store import Store
from tools.explore.versions import next_version
from tools.explore.world import HOUR, INSTANCE, PREFIX, QUEUE, START, Attempt, Broken, State, World, deliveries

FAILURES = (LuaError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


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
        self.choices = Choices(world)
        self._steps = Steps(world, self.store)
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
        now = dict(deliveries(then.store))
        for id_, fields in deliveries(before.store):
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
        # A delivery may be forgotten while another one of its event is not: a repeat does not bring it back.
        known = f"{PREFIX}event:{name}".encode() in state.store.keys
        self._accept(name, extend=False)
        pending = tuple(event for event in state.pending if event != name)
        ids = {f"{name}.{one}" for one, third in self.world.connectors.items() if not third.late}
        return state.but(pending=pending, sent=state.sent if known else state.sent | ids)

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

    def _do_plan(self, state: State, _: str) -> State:
        ids = sorted(id_ for id_, _ in deliveries(state.store))
        results = self.ledger.run(LUA["plan"], HAND_OVER_MS, f"r{state.left['plan']}", 1000, *ids)
        self._hand(*(id_ for id_, result in zip(ids, results, strict=True) if result == b"queued"))
        return state

    def _do_drop(self, state: State, id_: str) -> State:
        result, *following = self.ledger.run(LUA["drop"], id_, split(id_)[1], "an operator did")
        self._hand(*(next_.decode() for next_ in following if next_))
        if result == b"skipped":
            check_following(self.store.snapshot(), id_)
        return state

    def _do_heal(self, state: State, connector: str) -> State:
        self.ledger.heal(connector)
        return state

    def _do_resume(self, state: State, name: str) -> State:
        """As Replayer.resume, in two steps."""
        self.store.do(b"HDEL", f"{PREFIX}stopped".encode(), name.encode())
        return state.but(resumed=(*state.resumed, name))

    def _do_wake(self, state: State, name: str) -> State:
        self.ledger.heal(name)
        return state.but(resumed=tuple(other for other in state.resumed if other != name))

    def _do_forget(self, state: State, _: str) -> State:
        before = {id_ for id_, fields in deliveries(state.store) if fields[b"state"] in UNFINISHED}
        self.ledger.forget(0)
        left = {id_ for id_, _ in deliveries(self.store.snapshot())}
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
            for attempt in state.slots
            if attempt and not attempt.frozen
            for lease in attempt.leases
        }
        due: Any = state.store.keys[f"{PREFIX}due".encode()]
        moment = self.choices.moments(state)[0]
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
        return self._put(state, int(slot), _attempt(state, slot).but(frozen=True, excused=True))

    def _do_thaw(self, state: State, slot: str) -> State:
        return self._put(state, int(slot), _attempt(state, slot).but(frozen=False))

    def _put(self, state: State, slot: int, attempt: Attempt | None) -> State:
        return state.but(slots=(*state.slots[:slot], attempt, *state.slots[slot + 1 :]))

    def _do_step(self, state: State, what: str) -> State:
        slot, _, fault = what.partition(" ")
        attempt = _attempt(state, slot)
        if fault:
            state = self._spend(state, fault)
        state, then = self._steps.take(self.ledger, state, attempt, fault)
        return self._put(state, int(slot), then)

    def after_retention(self, state: State) -> State:
        """As it is when all that is finished is older than the retention."""
        self.store.restore(state.store, state.now + 24 * HOUR)
        while self.ledger.forget(0):
            pass
        self.ledger.tick("worker", QUEUE)
        return state.but(store=self.store.snapshot())


def _attempt(state: State, slot: str) -> Attempt:
    attempt = state.slots[int(slot)]
    assert attempt is not None
    return attempt

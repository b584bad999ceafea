"""The steps of an attempt, as in jobs/deliver.py, with the real ledger, schedule and flow control.

A step stands between two of a worker's calls to Redis or to the third party: there it can be killed, and others run.
Connectors are the two kinds that exist: those that look for their effect before they make it again, and those that
cannot look, and make none when they find their note.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from bridge.redaction import Redactor
from connectors import patience
from connectors.base import Done, Failed, LeaseLost, Outcome, Retry
from jobs.delivery import attempts, flow
from jobs.delivery.schedule import after
from jobs.ledger.ledger import Ledger
from jobs.ledger.values import FINISHED, Lease, Recovery, split
from tools.explore.canonical import UNFINISHED
from tools.explore.store import Snapshot, Store
from tools.explore.world import PREFIX, QUEUE, Attempt, Broken, State, Third, World, deliveries, stopped

OUTCOMES: Mapping[str, Outcome] = {
    "no answer": Retry("no answer", "ambiguous"),
    "down": Retry("connection refused", "network"),
    "later": Retry("503", "server_error", 60),
    "refuse": Failed("401", "auth"),
    "busy": Retry("429", "rate_limited", 2),
    "quota": Failed("used up", "quota"),
    "gone": Failed("410", "gone"),
    "source down": Retry("connection refused", "network", at_source=True),
}
REDACT = Redactor()


class Steps:
    """One for each world. `store`: what the ledger works on."""

    def __init__(self, world: World, store: Store) -> None:
        self.world = world
        self._store = store
        self._ledger: Ledger

    def take(self, ledger: Ledger, state: State, attempt: Attempt, fault: str) -> tuple[State, Attempt | None]:
        """The next step of the attempt, with a fault of the third party or ""; None when the attempt has ended. Raises
        Broken where the step itself breaks a promise."""
        self._ledger = ledger
        step: Callable[[State, Attempt, str], tuple[State, Attempt | None]] = getattr(self, f"_{attempt.phase}")
        try:
            return step(state, attempt, fault)
        except LeaseLost:  # another worker has the delivery: the attempt is abandoned
            return state, attempt.but(phase="free", leases=(), outcome=None) if attempt.also else None

    def _lease(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        lease = self._ledger.lease(attempt.delivery, attempt.token)
        if isinstance(lease, str):
            return state, None
        before = dict(deliveries(state.store))[attempt.delivery]
        if before[b"state"] == b"retrying" and int(before.get(b"next", 0)) > state.now:
            raise Broken("no attempt before its time", f"{attempt.delivery} runs before the time of its next attempt")
        state, attempt = self._granted(state, lease), attempt.but(phase="admit", leases=(lease,))
        # Where nothing limits, being admitted changes nothing: one step less, and far fewer states.
        return (state, attempt) if self.world.flows else self._admit(state, attempt, "")

    def _granted(self, state: State, lease: Lease) -> State:
        """Checks that it was its turn."""
        mine = lease.delivery
        for id_, fields in deliveries(self._store.snapshot()):
            same = fields[b"entity"].decode() == mine["entity"] and split(id_)[1] == lease.connector
            if same and fields[b"state"] in UNFINISHED and float(fields[b"order"]) < float(mine["order"]):
                raise Broken("order within a line", f"{lease.delivery_id} runs before {id_}")
        return state.but(runs={**state.runs, lease.delivery_id: state.runs.get(lease.delivery_id, 0) + 1})

    def _admit(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        random.seed(0)  # flow spreads what a breaker holds
        [lease] = attempt.leases
        destination, source = self.world.destination(lease.connector), self.world.source(lease.connector)
        admitted = flow.admit(self._ledger, lease, destination, source)
        if isinstance(admitted, flow.Hold):
            return state, attempt.but(phase="hold", hold=admitted)
        if lease.connector in stopped(self._store.snapshot()):
            raise Broken("what has stopped makes no attempt", f"{lease.delivery_id} goes on")
        crowd = self.world.connectors[lease.connector].crowd
        gathers = crowd and admitted.others >= crowd
        alone = "occupy" if self.world.second(lease.delivery_id) else "begin"
        return state, attempt.but(phase="gather" if gathers else alone, probing=admitted.probing)

    def _hold(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        [lease], hold = attempt.leases, attempt.hold
        assert hold is not None
        fields = {"attempts": str(lease.attempt - 1), "why": hold.why, "reason": hold.reason}
        self._ledger.settle(lease, "retrying", fields, {}, hold.seconds, recovery=Recovery(hold.closed))
        return state.but(runs={**state.runs, attempt.delivery: state.runs[attempt.delivery] - 1}), None

    def _gather(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        destination = self.world.destination(attempt.leases[0].connector)
        ids = self._ledger.gather(destination.name, flow.interval_ms(destination), 2)
        return state, attempt.but(phase="join" if ids else "begin", ids=tuple(ids))

    def _join(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        first, *rest = attempt.ids
        leases = attempt.leases
        lease = self._ledger.lease(first, f"{attempt.token} {first}", early=True)
        if isinstance(lease, Lease):
            state = self._granted(state, lease)
            leases = (*leases, lease)
        return state, attempt.but(phase="join" if rest else "begin", ids=tuple(rest), leases=leases)

    def _occupy(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """Lets the deliveries about the second entity wait."""
        [lease] = attempt.leases
        also = self.world.second(lease.delivery_id)
        if self._ledger.occupy(lease, also):
            return state, attempt.but(phase="begin", also=also)
        return state, self._ended(attempt, Retry("another delivery works on it", "not_yet", 2))

    def _free(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        lease = Lease(attempt.delivery, split(attempt.delivery)[1], attempt.token, {}, {}, 0, 0)
        self._ledger.free(lease, attempt.also)
        return state, self._ended(attempt.but(also=""), attempt.outcome) if attempt.outcome else None

    def _ended(self, attempt: Attempt, outcome: Outcome) -> Attempt:
        """The connector has answered."""
        phase = "free" if attempt.also else "stop" if flow.stops_instance(outcome) else "settle"
        return attempt.but(phase=phase, outcome=outcome)

    def _stop(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """As Stops.stop."""
        connector = attempt.leases[0].connector
        if connector not in stopped(self._store.snapshot()):
            self._store.do(b"HSET", f"{PREFIX}stopped".encode(), connector.encode(), b"0|410")
        return state, attempt.but(phase="settle")

    def _begin(self, state: State, attempt: Attempt, fault: str) -> tuple[State, Attempt | None]:
        """Reads the notes; looks where they, or a wiped ledger, ask for it; keeps a note before the effect."""
        lease = attempt.leases[0]
        looks = self.world.connectors[lease.connector].looks
        unsure = [lease.delivery_id for lease in attempt.leases if self.world.may_exist(lease)]
        if fault:
            return state, self._ended(attempt, OUTCOMES[fault])
        known = tuple(id_ for id_ in unsure if not looks or state.effects.get(id_))
        attempt = attempt.but(known=known)
        if len(known) == len(attempt.leases):
            return state, self._ended(attempt, Done())
        if len(known) == len(unsure):
            return state, self._noted(attempt)
        forgotten = self.world.is_forgotten(lease)
        wait = patience.left(lease.born, lease.now, patience.SETTLE_SECONDS) if forgotten else 0.0
        if wait:
            wait = math.ceil(wait * 1000) / 1000  # no time passes here between an attempt and the next
            return state, self._ended(attempt, Retry("it may come yet", "not_yet", wait))
        return state, attempt.but(phase="confirm")

    def _confirm(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """It was looked for in vain. Makes sure that the delivery is still ours, right before the effect."""
        return state, self._noted(attempt)

    def _noted(self, attempt: Attempt) -> Attempt:
        """With a note for each delivery that is still ours, and the turns of all its requests. Raises LeaseLost when
        none is."""
        third, destination = self._third(attempt), self.world.destination(attempt.leases[0].connector)
        if third.requests > 1:
            self._ledger.charge(destination.name, flow.interval_ms(destination), third.requests - 1)
        lost = []
        for lease in attempt.leases:
            try:
                if lease.delivery_id not in attempt.known and third.parts:
                    self._ledger.add(lease, "intent", {"first": "1"})
                elif lease.delivery_id not in attempt.known:
                    self._ledger.keep(lease, {"intent": 1})
            except LeaseLost:
                lost.append(lease)
        ours = tuple(lease for lease in attempt.leases if lease not in lost)
        if all(lease.delivery_id in attempt.known for lease in ours):
            raise LeaseLost(attempt.delivery)
        return attempt.but(phase="act", leases=ours)

    def _third(self, attempt: Attempt) -> Third:
        return self.world.connectors[attempt.leases[0].connector]

    def _act(self, state: State, attempt: Attempt, fault: str) -> tuple[State, Attempt | None]:
        outcome: Outcome = OUTCOMES[fault] if fault else Done()
        looks = self._third(attempt).looks
        if fault in ("", "no answer"):
            ids = [lease.delivery_id for lease in attempt.leases if lease.delivery_id not in attempt.known]
            state = state.but(effects={**state.effects, **{id_: state.effects.get(id_, 0) + 1 for id_ in ids}})
        elif not looks:
            return state, attempt.but(phase="clear", outcome=outcome)
        return state, self._ended(attempt, outcome)

    def _clear(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """The answer states that nothing was done: the note of it goes."""
        for lease in attempt.leases:
            self._ledger.keep(lease, {"cleared": 1})
        assert attempt.outcome is not None
        return state, self._ended(attempt, attempt.outcome)

    def _settle(self, state: State, attempt: Attempt, _: str) -> tuple[State, Attempt | None]:
        """Of a digest one delivery at a time."""
        lease, *rest = attempt.leases
        outcome, destination = attempt.outcome, self.world.destination(lease.connector).name
        source = self.world.source(lease.connector)
        if lease.delivery_id in attempt.known:
            outcome = Done()
        assert outcome is not None
        then = attempt.but(leases=tuple(rest)) if rest else None
        judged = lease.delivery_id == attempt.delivery
        became = after(outcome, lease.position, lease.age, 0.0, probing=attempt.probing, healed=lease.healed)
        fields = attempts.fields_of(lease, became, 0.0, REDACT)
        counts = attempts.counts_of(lease, became, 0.0, flow.system_of(outcome, lease.connector, source))
        conditions = flow.conditions_of(outcome, destination, source) if judged else []
        recovery = flow.recovery_of(outcome, destination, source, became.wake)
        last = flow.states_of(outcome, destination, source)
        try:
            settled = self._ledger.settle(lease, became.state, fields, counts, became.delay, conditions, recovery, last)
        except LeaseLost:
            return state, then
        if settled.following:
            self._store.do(b"RPUSH", QUEUE.encode(), settled.following.encode())
        if became.state in FINISHED:
            check_following(self._store.snapshot(), lease.delivery_id)
        return state, then


def check_following(now: Snapshot, id_: str) -> None:
    """After the end of a delivery. Raises Broken."""
    entity = dict(deliveries(now))[id_][b"entity"].decode()
    line: Any = now.keys.get(f"{PREFIX}line:{split(id_)[1]}:{entity}".encode())
    following = line.ranked()[0] if line else None
    waits = following and dict(deliveries(now))[following.decode()][b"state"] == b"queued"
    queue: Any = now.keys.get(QUEUE.encode(), [])
    if following and waits and following not in queue:
        raise Broken("the next of a line starts at once", f"{following.decode()} has no job when its turn has come")

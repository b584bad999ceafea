"""A counterexample for people: what happened, step by step, and the keys that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.ledger.scripts import TEXTS
from tools.explore.model import Model
from tools.explore.promises import check, check_end
from tools.explore.store import Hash, Items, Scores, Snapshot
from tools.explore.world import FAULTS, PREFIX, START, Broken, State, World

STEPS = {
    "lease": "asks for the lease of {}",
    "admit": "asks whether {} may go to its destination now",
    "hold": "gives {} back: it has to wait",
    "gather": "gathers for a digest with {}",
    "join": "leases what goes out together with {}",
    "occupy": "lets those about the second subject of {} wait",
    "begin": "reads the notes of {}",
    "confirm": "has found no effect of {}, and makes sure that it still has the lease",
    "act": "makes the effect of {}",
    "clear": "takes the note of {} back: nothing was done",
    "free": "lets those about the second subject of {} go on",
    "stop": "stops the connector of {}",
    "settle": "records the outcome of {}",
}
DONE_TO_IT = {"kill": "killed", "freeze": "frozen", "thaw": "thawed"}
SILENT = ("counts", "arrivals", "positions", "workers", "clock", "last", "born")
FIELDS = (
    "state",
    "position",
    "attempts",
    "until",
    "next",
    "turn",
    "token",
    "notes",
    "lost",
    "waits",
    "left",
    "probe",
    "probing",
)


def lines(world: World, actions: Sequence[str], texts: Mapping[str, str] = TEXTS) -> Iterator[str]:
    """The lines of the story. It ends where a promise is broken, with a line that names it."""
    model = Model(world, texts)
    state = model.first()
    for number, action in enumerate(actions, 1):
        yield f"{number:3}  {(state.now - START) / 1000:10.3f} s  {_sentence(state, action)}"
        try:
            then = model.after(state, action)
            yield from _changes(state, then)
            check(world, then)
        except Broken as broken:
            yield f"     BROKEN: {broken}"
            return
        state = then
    try:
        if model.choices.fair(state) is None:
            check_end(state, model.after_retention(state))
    except Broken as broken:
        yield f"     BROKEN: {broken}"
        return
    left = model.choices.fair(state)
    yield f"     all promises hold; {f'without a fault comes next: {left}' if left else 'nothing is left to do'}"


def _sentence(state: State, action: str) -> str:
    if action.startswith("newer "):
        return f"by the next version: {_sentence(state, action.removeprefix('newer '))}"
    name, _, what = action.partition(" ")
    if name in ("step", "kill", "freeze", "thaw"):
        slot, _, fault = what.partition(" ")
        attempt = state.slots[int(slot)]
        if attempt is None:
            return f"worker {slot} has nothing to do"
        if name != "step":
            return f"worker {slot} is {DONE_TO_IT[name]}, at work on {attempt.delivery}"
        return f"worker {slot} {STEPS[attempt.phase].format(attempt.delivery)}{f': {FAULTS[fault]}' if fault else ''}"
    sentences = {
        "send": f"the event {what} arrives",
        "take": f"worker {what} takes a job from RQ's queue",
        "tick": "the clock ticks, and hands what is due to RQ",
        "pass": "time passes until something is due",
        "resume": f"an operator starts {what} again",
        "wake": f"what waits for {what} is woken",
    }
    return sentences.get(name) or f"{FAULTS[name]}{f' ({what})' if what and name != 'slow' else ''}"


def _changes(before: State, then: State) -> Iterator[str]:
    keys = sorted(before.store.keys.keys() | then.store.keys.keys())
    for key in keys:
        name = key.decode().removeprefix(PREFIX)
        old, new = _shown(before.store, key), _shown(then.store, key)
        if old != new and name not in SILENT and not name.startswith(("state:", "events", "entity:")):
            yield f"{'':22}{name}: {_difference(old, new)}"
    for id_, count in then.effects.items():
        if count != before.effects.get(id_, 0):
            yield f"{'':22}effects of {id_} at the third party: {count}"


def _difference(old: Any, new: Any) -> str:
    if isinstance(new, dict) and isinstance(old, dict):
        changed = [f"{name} {value}" for name, value in new.items() if old.get(name) != value]
        gone = [f"no {name}" for name in old if name not in new]
        return ", ".join([*changed, *gone]) or "as before"
    return (
        "gone"
        if new is None
        else str(new)
        if not isinstance(new, dict)
        else ", ".join(f"{k} {v}" for k, v in new.items())
    )


def _shown(snapshot: Snapshot, key: bytes) -> Any:
    """A value as people read it; times since the beginning, in seconds."""
    value = snapshot.keys.get(key)
    if isinstance(value, Hash):
        return {name.decode(): _text(text) for name, text in value.items() if name.decode() in FIELDS}
    if isinstance(value, Scores):
        return {member.decode(): _time(score) for member, score in value.items()}
    if isinstance(value, Items):
        return ", ".join(item.decode() for item in value)
    return None if value is None else _text(value) if isinstance(value, bytes) else ", ".join(m.decode() for m in value)


def _text(value: bytes) -> str:
    text = value.decode()
    return _time(float(text)) if text.isdigit() and len(text) > 9 else text or '""'


def _time(score: float) -> str:
    return f"{(score - START) / 1000:.3f} s"

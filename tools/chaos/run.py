"""One run: plays a story at the stand-in of ABC, attacks the service meanwhile, then counts the effects."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tools.chaos.attack import Attack, Done
from tools.chaos.facts import Facts, Row
from tools.chaos.plan import Fault
from tools.chaos.report import Result, recovery_of
from tools.chaos.statuses import SYSTEMS, THERE
from tools.chaos.story import Action, issue_name
from tools.chaos.verdict import judge
from tools.chaos.world import Options, World
from tools.sandbox.service import Service

QUIET_SECONDS = 300.0
"""The time for deliveries to finish. With the schedule of 5 s, 30 s, 2 min, a delivery that failed three times is late
by minutes."""
RECONCILE_SECONDS = 40.0
"""The time for reconcile to find changes that no webhook announced. It first waits for the sender's own attempts."""


@dataclass
class Source:
    """The people at ABC User Feedback: carries out a story, and records the expected result."""

    world: World
    issues: dict[int, int] = field(default_factory=dict)
    """ABC's id of each issue of the story."""
    feedbacks: dict[int, int] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    """The last status that a person gave to each issue in ABC, by the issue's name."""

    def perform(self, story: Sequence[Action]) -> None:
        started = time.monotonic()
        for action in story:
            time.sleep(max(0.0, started + action.at - time.monotonic()))
            self.do(action)

    def do(self, action: Action) -> None:
        service = self.world.service.of(action.project)
        match action.kind:
            case "feedback":
                self.feedbacks[action.feedback] = service.write_feedback({"message": action.text})
            case "feedback_with_issue":
                name = issue_name(action.issue)
                values = {"message": action.text, "issueNames": [name]}
                self.feedbacks[action.feedback] = service.write_feedback(values)
                there = service.state()["abc"]["issues"]
                self.issues[action.issue] = next(issue["id"] for issue in there if issue["name"] == name)
                self.statuses[name] = "INIT"
            case "issue":
                self.issues[action.issue] = service.open_issue(action.text)
                self.statuses[action.text] = "INIT"
            case "status":
                self._move("abc", str(self.issues[action.issue]), action.text)
                self.statuses[issue_name(action.issue)] = action.text
            case "move":
                system = SYSTEMS[action.project]
                self._move_ticket(service, system, issue_name(action.issue), THERE[system][action.text])
            case "addition":
                service.add_to_issue(self.feedbacks[action.feedback], self.issues[action.issue])

    def _move_ticket(self, service: Service, system: str, name: str, status: str) -> None:
        """Moves a ticket as a person does, if it exists. If it already has the status, it is closed or reopened."""
        there = THERE[system]
        for ticket in service.state()[system]["tickets"]:
            if ticket["summary"] == name:
                other = there["RESOLVED"] if ticket["status"] == there["INIT"] else there["INIT"]
                self._move(system, ticket["key"], status if status != ticket["status"] else other)
                return

    def _move(self, system: str, key: str, status: str) -> None:
        self.world.control("move", {"system": system, "key": key, "status": status})


def run(
    options: Options,
    story: Sequence[Action],
    faults: Sequence[Fault],
    show: Callable[[str], None] = lambda _text: None,
    keep: Path | None = None,
) -> Result:
    """`say` gets the transcript; `keep`: a folder for the logs; without it they are deleted."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        place = keep or Path(folder)
        if keep:
            shutil.rmtree(keep, ignore_errors=True)  # else Redis would load the data of an earlier run
            keep.mkdir(parents=True)
        with World(place, options) as world:
            return _run(world, story, faults, show)


def play(options: Options, act: Callable[[World, Source], None], patience: float) -> tuple[list[Row], bool]:
    """Plays a scenario instead of a story. Returns the count, without reconcile, and whether all work was finished."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, World(Path(folder), options) as world:
        source = Source(world)
        act(world, source)
        quiet = world.wait_quiet(patience)
        return judge(facts(world, source, repairs=False)), quiet


def _run(world: World, story: Sequence[Action], faults: Sequence[Fault], show: Callable[[str], None]) -> Result:
    started = time.monotonic()
    source = Source(world)

    def show_done(done: Done) -> None:
        show(f"  {done.fault.words}{f' ({done.note})' if done.note else ''}")

    attack = Attack(world, faults, show_done)
    thread = threading.Thread(target=attack.run, name="attack")
    thread.start()
    failures: list[str] = []
    try:
        source.perform(story)
    except requests.RequestException as error:
        failures.append(f"the story could not be carried out: {error}")
    thread.join()
    attack.stop()
    quiet = world.wait_quiet(QUIET_SECONDS)
    rows = _judge(world, source)
    complete = time.time()
    failures += [f"{done.fault.kind}: {done.note}" for done in attack.done if done.note.startswith("NOT CARRIED OUT")]
    records = world.records()
    _write_down(world, source, records)
    dead = [f"{record['id']} is dead: {record['error']}" for record in records if record["state"] == "dead"]
    return Result(
        seed=world.options.seed,
        events=int(world.service.state()["sender"]["events"]),
        rows=rows,
        faults=attack.done,
        recovery=recovery_of(attack.done, records, complete),
        points=world.deaths_at_steps(),
        deaths=world.deaths,
        seconds=time.monotonic() - started,
        quiet=quiet,
        errors=[*failures, *dead],
    )


def _write_down(world: World, source: Source, records: Sequence[Any]) -> None:
    """Writes the input of the count into the folder of the logs."""
    received = [{"status": received.status, **json.loads(received.body)} for received in world.post.received]
    counted = {
        "received": received,
        "state": world.service.state(),
        "statuses": source.statuses,
        "lost_before": world.post.lost_before,
    }
    (world.folder / "facts.json").write_text(
        json.dumps({**counted, "records": records}, ensure_ascii=False, indent=1), encoding="utf-8"
    )


def _judge(world: World, source: Source) -> list[Row]:
    """Counts when nothing is under way. With reconcile, waits until it has found effects that are still missing."""
    deadline = time.monotonic() + RECONCILE_SECONDS
    while True:
        rows = judge(facts(world, source, repairs=True))
        missing = any(row.missing or row.wrong for row in rows)
        if not missing or time.monotonic() > deadline:
            return rows
        time.sleep(1)
        world.wait_quiet(QUIET_SECONDS)


def facts(world: World, source: Source, repairs: bool) -> Facts:
    state: dict[str, Any] = world.service.state()
    received, statuses = tuple(world.post.received), dict(source.statuses)
    return Facts(state, received, statuses, repairs, world.post.lost_before, world.records(), world.born())

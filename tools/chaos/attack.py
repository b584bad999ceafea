"""Carries out the faults, each in its own thread, and records when each began and ended."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.chaos.plan import AT_STEP, PATHS, Fault
from tools.chaos.world import WORKERS, World

RETRY_AFTER = 1
SLOWER_THAN_PATIENCE = {"done, but too late": ("delay", 17.0), "no answer at all": ("hang", 20.0)}
"""(the stand-ins' fault, seconds): longer than the 15 seconds that our clients wait."""
MEMORY_FULL = 1_000_000  # bytes: less than an empty server uses


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was carried out. Times in seconds since 1970; `note`: its result."""

    fault: Fault
    began: float
    ended: float
    note: str = ""


class Attack:
    """`report` is called with every fault when it ends, for a transcript."""

    def __init__(self, world: World, faults: Iterable[Fault], report: Callable[[Done], None]) -> None:
        self._world = world
        self._faults = list(faults)
        self._report = report
        self._dice = random.Random(f"attack {world.options.seed}")
        self._redis = threading.Lock()  # one fault of Redis at a time
        self._orders: list[Path] = []
        self.done: list[Done] = []

    def run(self) -> None:
        """Returns when the last fault has ended."""
        started = time.monotonic()
        threads = []
        for fault in self._faults:
            time.sleep(max(0.0, started + fault.at - time.monotonic()))
            thread = threading.Thread(target=self._carry_out, args=[fault], name=fault.kind)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        """Ends what would continue: orders that no process carried out, and the faults of the stand-ins."""
        self._world.control("faults", None, "DELETE")
        for order in self._orders:
            order.unlink(missing_ok=True)

    def _carry_out(self, fault: Fault) -> None:
        began = time.time()
        try:
            note = ACTIONS[fault.kind](self, fault) or ""
        except Exception as error:  # noqa: BLE001 - a fault that could not be made is reported, and ends no run
            note = f"NOT CARRIED OUT: {type(error).__name__}: {error}"
        done = Done(fault, began, time.time(), note)
        self.done.append(done)
        self._report(done)

    # Processes.

    def _one_worker(self) -> str:
        return self._dice.choice(WORKERS)

    def kill_worker(self, _fault: Fault) -> str:
        name = self._one_worker()
        self._world.kill(name)
        return name

    def kill_workers(self, _fault: Fault) -> None:
        for name in WORKERS:
            self._world.kill(name)

    def kill_web(self, _fault: Fault) -> None:
        self._world.kill("web")

    def stop_worker(self, _fault: Fault) -> str:
        name = self._one_worker()
        self._world.signal(name, signal.SIGTERM)
        return name

    def stop_web(self, _fault: Fault) -> None:
        self._world.signal("web", signal.SIGTERM)

    def freeze_worker(self, fault: Fault) -> str:
        name = self._one_worker()
        self._world.signal(name, signal.SIGSTOP)
        time.sleep(fault.seconds)
        self._world.signal(name, signal.SIGCONT)
        return name

    def web_away(self, fault: Fault) -> None:
        self._world.kill("web", stays_away=True)
        time.sleep(fault.seconds)
        self._world.start("web")

    def kill_at_step(self, fault: Fault) -> str:
        """Waits a while for a process to reach the step; the order is valid until the end of the attack."""
        order = self._world.order_death(fault.details["step"], fault.details["when"])
        self._orders.append(order)
        deadline = time.monotonic() + 10
        while order.exists():
            if time.monotonic() > deadline:
                return "nobody came there within 10 s; the order stands for later"
            time.sleep(0.05)
        return ""

    # Third parties.

    def disturb(self, fault: Fault) -> None:
        """Sets a fault in the stand-ins. A fault that lasts for a time is ended after that time."""
        system = fault.details["system"]
        rule = {"system": system, "path": fault.details.get("path", PATHS[system]), **self._rule(fault)}
        self._world.control("faults", rule)
        time.sleep(fault.seconds)
        if fault.seconds:
            self._world.control("faults", {"kind": rule["kind"], "system": system, "path": rule["path"]}, "DELETE")

    def _rule(self, fault: Fault) -> dict[str, object]:
        details = fault.details
        if "status" in details:
            headers = {"Retry-After": str(RETRY_AFTER)} if details["status"] == 429 else {}
            return {"kind": "status", "status": details["status"], "headers": headers, "times": None}
        if "delay" in details:
            return {"kind": "delay", "seconds": details["delay"], "times": None}
        if fault.kind in SLOWER_THAN_PATIENCE:
            kind, seconds = SLOWER_THAN_PATIENCE[fault.kind]
            return {"kind": kind, "seconds": seconds, "times": details["times"]}
        lost = fault.kind == "answers lost"
        # Only answers to writes are lost: a read without an answer is simply repeated.
        methods = "POST|PUT|PATCH" if lost else ".*"
        return {"kind": "drop_after" if lost else "drop_before", "times": details["times"], "method": methods}

    # Redis.

    def kill_redis(self, fault: Fault) -> None:
        with self._redis:
            self._world.stop_redis()
            time.sleep(fault.seconds)
            self._world.start_redis()

    def freeze_redis(self, fault: Fault) -> None:
        with self._redis:
            self._world.signal("valkey", signal.SIGSTOP)
            time.sleep(fault.seconds)
            self._world.signal("valkey", signal.SIGCONT)

    def fill_redis(self, fault: Fault) -> None:
        with self._redis, self._world.redis() as redis:
            redis.config_set("maxmemory", MEMORY_FULL)
            time.sleep(fault.seconds)
            redis.config_set("maxmemory", 0)

    def wipe_redis(self, fault: Fault) -> None:
        with self._redis:
            if fault.details["how"] == "FLUSHALL":
                with self._world.redis() as redis:
                    redis.flushall()
            else:
                self._world.stop_redis()
                self._world.forget_redis()
                self._world.start_redis()
            self._world.post.forget()

    # Time, and the way between the source and the receiver.

    def jump(self, fault: Fault) -> None:
        self._world.set_clock(fault.details["by"])
        time.sleep(fault.seconds)
        self._world.set_clock(0)

    def repeat(self, fault: Fault) -> None:
        self._in_mood("repeating", fault)

    def disorder(self, fault: Fault) -> None:
        self._in_mood("disordered", fault)

    def lose_answers(self, fault: Fault) -> None:
        self._in_mood("answers lost", fault)

    def again(self, _fault: Fault) -> None:
        self._world.post.again(30)

    def _in_mood(self, mood: str, fault: Fault) -> None:
        self._world.post.mood = mood  # type: ignore[assignment]
        time.sleep(fault.seconds)
        self._world.post.mood = "good"


ACTIONS: dict[str, Callable[[Attack, Fault], str | None]] = {
    "worker killed": Attack.kill_worker,
    "all workers killed": Attack.kill_workers,
    "web killed": Attack.kill_web,
    "worker stopped (SIGTERM)": Attack.stop_worker,
    "web stopped (SIGTERM)": Attack.stop_web,
    "worker frozen": Attack.freeze_worker,
    "web away": Attack.web_away,
    AT_STEP: Attack.kill_at_step,
    "answers lost": Attack.disturb,
    "connections cut": Attack.disturb,
    "slow answers": Attack.disturb,
    "done, but too late": Attack.disturb,
    "no answer at all": Attack.disturb,
    "429 storm": Attack.disturb,
    "5xx storm": Attack.disturb,
    "Redis killed": Attack.kill_redis,
    "Redis frozen": Attack.freeze_redis,
    "Redis full": Attack.fill_redis,
    "Redis wiped": Attack.wipe_redis,
    "clock jumps": Attack.jump,
    "webhooks repeated at once": Attack.repeat,
    "webhooks out of order": Attack.disorder,
    "answers to webhooks lost": Attack.lose_answers,
    "old webhooks again": Attack.again,
}

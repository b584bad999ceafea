"""The processes of a run, with a process manager like a platform's: it starts again each process that has ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import requests
from redis import Redis

from tools.chaos import statuses
from tools.chaos.hooks import order_file
from tools.chaos.post import Post
from tools.sandbox.processes import (
    ROOT,
    Processes,
    answers,
    free_port,
    procfile,
    python_command,
    start_valkey,
    valkey_command,
    wait_for,
)
from tools.sandbox.senders import SECRETS
from tools.sandbox.service import (
    PASSWORD,
    TOKEN,
    Service,
    add_more_projects,
    call,
    date_ledger_back,
    environment,
    get,
    with_more_projects,
)

RESTART_SECONDS = 1.0
"""Seconds until the process manager notices that a process has ended."""
WORKERS = ("worker-1", "worker-2")
KEPT = ("--appendonly", "yes", "--appendfsync", "always")
"""Redis stores every write at once: a webhook that was answered with 200 must exist after a crash."""
SEARCH_LAG = 2.0
"""Seconds by which the search of Jira Cloud's stand-in lags, in every run."""
SECRET = "made-up-secret-of-the-runs"  # noqa: S105
LATEST_SECONDS, REPEATS = 2.0, 0.3
"""How many seconds the webhooks of the ticket systems are late at most, and the share that is sent twice."""
STATES = re.compile(r'^feedback_bridge_deliveries\{state="(\w+)"\} (\S+)$', re.MULTILINE)
TUNED = {
    "CONNECTORS": "translate,jira,github,gitlab,blue,"
    "slack,slack.mobile,jandi,discord,mattermost,teams,outgoing,nocobase",
    "SLACK_CHANNEL__MOBILE": "#mobile",
    # Rate limits protect real third parties. Here they would only make a run longer; other tests cover them.
    "SLACK_RATE": "100",
    "JANDI_RATE": "100",
    "DISCORD_RATE": "100",
    "MATTERMOST_RATE": "100",
    "TEAMS_RATE": "100",
    "OUTGOING_RATE": "200",
    "NOCOBASE_RATE": "200",
    "JIRA_RATE": "200",
    "GITHUB_RATE": "200",
    "GITLAB_RATE": "200",
    "BLUE_RATE": "200",
    "TRANSLATE_RATE": "200",
    "JIRA_SEARCH_LAG": "10",
    "GITHUB_SEARCH_LAG": "10",
    **statuses.variables(),
    "SOURCES": ",".join(("abc", *statuses.SYSTEMS.values())),
    **dict.fromkeys(SECRETS, SECRET),
    "LOG_LEVEL": "info",
    "RECONCILE_EVERY": "3",
    "RECONCILE_CHANNELS": "1:1,2:2,3:3,4:4",
}
"""The variables that differ from the defaults; printed with every report."""


@dataclass(frozen=True)
class Options:
    """`scale`: how much faster than the real sender the sender retries and gives up; `without`: the protection that is
    switched off; `changes`: variables of the service, in addition to TUNED."""

    seed: int = 1
    scale: float = 5.0
    without: str = ""
    search_lag: float = SEARCH_LAG
    changes: Mapping[str, str] = field(default_factory=dict)


class World:
    """A context manager: starts all processes, and ends them. `folder`: for logs, Redis's data and the orders."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.folder = folder
        self.options = options
        self.post = Post(options.seed)
        self._processes = Processes(folder)
        self._redis_port, self._web_port = free_port(), free_port()
        self._away: set[str] = set()  # ended on purpose, and not started again for a while
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._manager = threading.Thread(target=self._keep_running, name="process manager", daemon=True)
        self.deaths = 0
        """How many processes had ended, for any reason, and were started again."""

    def __enter__(self) -> Self:
        for name in ("orders", "redis"):
            (self.folder / name).mkdir(exist_ok=True)
        self.post.__enter__()
        self._processes.__enter__()
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start_all(self) -> None:
        redis_url = start_valkey(self._processes, self._redis_port, *KEPT, folder=self.folder / "redis")
        date_ledger_back(redis_url)
        port, options = free_port(), self.options
        sender = ("--interval", str(3 / options.scale), "--timeout", str(5 / options.scale))
        where = ("--port", str(port), "--webhook", self.post.url, "--token", TOKEN, "--seed", str(options.seed))
        self._processes.start("sandbox", python_command("-m", "tools.sandbox", *where, *sender))
        sandbox, web = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{self._web_port}"
        hooks = {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tools" / "chaos" / "inject"))),
            "CHAOS_FOLDER": str(self.folder),
            "CHAOS_SCALE": str(options.scale),
            **({"CHAOS_WITHOUT": options.without} if options.without else {}),
        }
        service = {
            **environment(sandbox, redis_url),
            **with_more_projects(sandbox),
            **TUNED,
            **options.changes,
            "PORT": str(self._web_port),
        }
        commands = procfile()
        self._commands = {"web": (commands["web"], {**service, **hooks})}
        self._commands |= {name: (commands["worker"], {**service, **hooks}) for name in WORKERS}
        self.post.target = f"{web}/webhook"
        for name, (command, env) in self._commands.items():
            self._processes.start(name, command, env)
        self.service = Service(web, sandbox, redis_url, service)
        self._processes.wait_for("the stand-ins to answer", lambda: answers(f"{sandbox}/control/state"))
        add_more_projects(sandbox)
        unlimited = {"writes_a_minute": 1_000_000, "webhook_limits": False}
        self.control("settings", {"search_lag": options.search_lag, **unlimited})
        mail = {"longest_delay": LATEST_SECONDS, "repeats": REPEATS, "seed": options.seed}
        self.control("ticket-webhooks", {"web": web, "secret": SECRET, **mail})
        self._processes.wait_for("the service to be ready", lambda: answers(f"{web}/readyz"), 60)
        self._manager.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(RuntimeError):  # it was never started
            self._manager.join()
        self._processes.__exit__(None, None, None)
        self.post.__exit__()

    # What the process manager and the attacker do.

    def _keep_running(self) -> None:
        while not self._over.wait(0.1):
            for name in self._commands:
                with self._lock:
                    if name not in self._away and self._processes[name].returncode is not None:
                        self.deaths += 1
                        self._away.add(name)
                        threading.Timer(RESTART_SECONDS, self.start, [name]).start()

    def start(self, name: str) -> None:
        """Starts a process of the service that has ended."""
        with self._lock:
            self._away.discard(name)
            if not self._over.is_set() and self._processes[name].returncode is not None:
                self._processes.start(name, *self._commands[name])

    def kill(self, name: str, stays_away: bool = False) -> None:
        with self._lock:
            if stays_away:
                self._away.add(name)
            self._processes[name].kill()

    def signal(self, name: str, number: signal.Signals) -> None:
        self._processes[name].signal(number)

    def stop_redis(self) -> None:
        self._processes["valkey"].kill()

    def forget_redis(self) -> None:
        """Deletes Redis's files. Redis must be stopped."""
        shutil.rmtree(self.folder / "redis")
        (self.folder / "redis").mkdir()

    def start_redis(self) -> None:
        command = valkey_command(self._redis_port, self.folder / "redis", *KEPT)
        self._processes.start("valkey", command)
        wait_for("Redis to come back", self._redis_answers)

    def _redis_answers(self) -> bool:
        try:
            with self.redis() as redis:
                return bool(redis.ping())
        except Exception:  # noqa: BLE001 - refused, or still loading
            return False

    def redis(self) -> Redis:
        return Redis.from_url(self.service.redis, socket_timeout=5)

    def order_death(self, step: str, when: str) -> Path:
        """Orders that the next process that reaches this step ends there. Then the returned file no longer exists."""
        order = Path(order_file(self.folder, step, when))
        order.touch()
        return order

    def deaths_at_steps(self) -> set[str]:
        """`<step>.<before|after>` of every order that a process carried out."""
        return {unquote(order.stem) for order in (self.folder / "orders").glob("*.taken")}

    def set_clock(self, seconds: float) -> None:
        """Sets by how many seconds the wall clocks of web and workers are wrong."""
        fresh = self.folder / "clock.new"
        fresh.write_text(str(seconds))
        fresh.rename(self.folder / "clock")

    def steps(self) -> list[str]:
        """Every step that web or a worker has reached so far."""
        file = self.folder / "steps"
        return sorted(set(file.read_text(encoding="utf-8").splitlines())) if file.exists() else []

    # What can be seen.

    def control(self, path: str, body: Any, method: str = "POST") -> Any:
        return call(method, f"{self.service.sandbox}/control/{path}", json=body)

    def backlog(self) -> int | None:
        """How many webhooks are under way, plus how many deliveries are unfinished; None if the service can't count
        them now."""
        # In this order, because a webhook becomes a delivery: none is missed between the two counts.
        state = self.service.state()
        on_their_way = int(state["sender"]["pending"] + state["mail"]["waiting"]) + self.post.under_way
        try:
            metrics = requests.get(f"{self.service.web}/metrics", timeout=10, proxies={"http": ""}).text
        except requests.RequestException:
            return None
        states = {state: float(number) for state, number in STATES.findall(metrics)}
        if not states:
            return None
        return on_their_way + int(sum(states[state] for state in ("queued", "running", "retrying")))

    def records(self) -> list[dict[str, Any]]:
        """The records of all deliveries in the service."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self._page(cursor)
            found += page["deliveries"]
            if not page["next"]:
                return found
            cursor = page["next"]

    def born(self) -> float:
        """When the service's ledger was created, in seconds since 1970; 0 if it does not exist."""
        with self.redis() as redis:
            times = [int(redis.get(key) or 0) for key in redis.scan_iter("fb:*:born") if b":health:" not in key]
        return max(times, default=0) / 1000

    def _page(self, cursor: str) -> dict[str, Any]:
        query = {"limit": "500", "cursor": cursor}
        return dict(get(f"{self.service.web}/api/deliveries", query, {"Authorization": f"Bearer {PASSWORD}"}))

    def wait_quiet(self, seconds: float) -> bool:
        """Waits up to `seconds` until nothing is under way; returns whether this is so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.backlog() == 0:
                return True
            time.sleep(0.25)
        return False

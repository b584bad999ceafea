"""Both ways against each other for a minute: people change issues and tickets, web and worker run as processes, and the
ticket systems send webhooks late, twice and out of order."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tools.sandbox import blue, changes, github, gitlab, people
from tools.sandbox.abc_sender import Webhook
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.processes import Processes, answers, free_port, procfile, start_valkey, wait_for
from tools.sandbox.server import running
from tools.sandbox.service import TOKEN, date_ledger_back, environment, with_more_projects

SECRET = "made-up-secret-of-the-tests"
SECONDS = 60.0
ISSUES = 2
"""In each ABC project: one project for each ticket system."""
MAPS = {
    "jira": "INIT=To Do,RESOLVED=Done",
    "github": "INIT=open,RESOLVED=closed",
    "gitlab": "INIT=opened,RESOLVED=closed",
    "blue": "INIT=Inbox,RESOLVED=done",
}
SYSTEMS = tuple(MAPS)
"""In the order of their ABC projects."""
STATUSES = ("INIT", "RESOLVED")


def variables() -> dict[str, str]:
    there = {f"{name.upper()}_STATUS_MAP": pairs for name, pairs in MAPS.items()}
    turned = {
        name: ",".join("=".join(pair.split("=")[::-1]) for pair in pairs.split(",")) for name, pairs in MAPS.items()
    }
    back = {f"{name.upper()}_STATUS_BACK": pairs for name, pairs in turned.items()}
    rates = {f"{name.upper()}_RATE": "1000" for name in SYSTEMS}
    secrets = {f"{name.upper()}_WEBHOOK_SECRET": SECRET for name in ("jira", "github", "blue")}
    return {
        **there,
        **back,
        **rates,
        **secrets,
        "GITLAB_WEBHOOK_TOKEN": SECRET,
        "CONNECTORS": ",".join(SYSTEMS),
        "SOURCES": ",".join(("abc", *SYSTEMS)),
        "GITHUB_SEARCH_LAG": "0",
        "JIRA_SEARCH_LAG": "0",
    }


@dataclass
class World:
    sandbox: Sandbox
    redis: Redis
    mail: changes.Mail
    people: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How many changes people made: by ticket system and issue."""
    tickets: dict[int, Any] = field(default_factory=dict)
    """The ticket of each issue, as its stand-in keeps it."""

    def states(self) -> Counter[str]:
        states = ("queued", "running", "retrying", "done", "skipped", "dead")
        return Counter({state: int(self.redis.zcard(f"fb:default:state:{state}")) for state in states})

    def dead(self) -> list[str]:
        """The reason and the error of each dead letter."""
        ids: Any = self.redis.zrange("fb:default:state:dead", 0, -1)
        found: Any = [self.redis.hmget(f"fb:default:delivery:{id_.decode()}", "reason", "why") for id_ in ids]
        return [f"{(reason or b'').decode()}: {(why or b'').decode()}" for reason, why in found]

    def is_quiet(self) -> bool:
        if self.mail.waiting or self.sandbox.sender.pending:
            return False
        states = self.states()
        return not (states["queued"] or states["running"] or states["retrying"])

    def rest(self, seconds: float) -> None:
        """Until nothing has been under way for a second."""
        since = time.monotonic()

        def calm() -> bool:
            nonlocal since
            since = since if self.is_quiet() else time.monotonic()
            return time.monotonic() - since > 1.0

        wait_for(f"everything to be delivered: {self.states()}", calm, seconds)

    # Tickets: the status in ABC's terms, a person's change, and how often the bridge changed it.

    def status_of(self, name: str, ticket: Any) -> str:
        match name:
            case "jira":
                done = self.sandbox.jira.rules.statuses[ticket.status][0] == "Done"
            case "blue":
                done = ticket.done
            case _:
                done = ticket.state == "closed"
        return "RESOLVED" if done else "INIT"

    def move(self, name: str, ticket: Any, status: str) -> None:
        done = status == "RESOLVED"
        match name:
            case "jira":
                jira = self.sandbox.jira
                target = "Done" if done else "To Do"
                way = next(way for way in jira.transitions(ticket) if jira.rules.statuses[way.target][0] == target)
                jira.move_status(ticket, way.id, {"resolution": {"name": "Done"}} if way.resolution else {})
            case "github":
                self.sandbox.github.change(ticket, {"state": "closed" if done else "open"})
            case "gitlab":
                change = {"state_event": "close" if done else "reopen"}
                self.sandbox.gitlab.change(self.sandbox.gitlab.at(gitlab.PROJECT), ticket, change)
            case "blue":
                self.sandbox.blue.change(ticket, done=done)

    def moved_by_us(self, name: str, ticket: Any) -> int:
        match name:
            case "jira":
                return sum(entry["author"] == self.sandbox.jira.account for entry in ticket.history)
            case "github":
                return sum(event["actor"] is github.ME for event in ticket.events)
            case "gitlab":
                return sum(event["user"] is gitlab.ME for event in ticket.events)
        return sum(by is blue.ME for by in ticket.changed_by)

    def saved_by_us(self, issue: int) -> int:
        """How often the bridge changed the issue's status."""
        saves = [it for it in self.sandbox.abc.writes if it.entity == issue and it.what.startswith("issue.")]
        return sum(
            after.by != "python" and after.values["status"] != before.values["status"]
            for before, after in pairwise(saves)
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    mail = changes.Mail(longest_delay=3.0, repeats=0.3, seed=7)
    with running(interval=0.2, timeout=2.0, seed=7) as sandbox, Processes(tmp_path) as processes:
        url, port = start_valkey(processes, free_port()), free_port()
        date_ledger_back(url)
        web = f"http://127.0.0.1:{port}"
        for name in SYSTEMS[1:]:
            project = sandbox.abc.create_project(f"App {name}", DEMO_KEY)
            sandbox.abc.create_channel(project.id, "App reviews")
        connect(sandbox, web, mail)
        given = {**environment(sandbox.url, url), **with_more_projects(sandbox.url), **variables(), "PORT": str(port)}
        for role in ("web", "worker"):
            processes.start(role, procfile()[role], given)
        processes.wait_for("the service to be ready", lambda: answers(f"{web}/readyz"))
        with Redis.from_url(url) as redis:
            yield World(sandbox, redis, mail)


def connect(sandbox: Sandbox, web: str, mail: changes.Mail) -> None:
    """Webhooks of all to the receiver; those of ABC twice each."""
    sandbox.sender.webhooks = [Webhook(f"{web}/webhook", TOKEN), Webhook(f"{web}/webhook", TOKEN)]
    people.connect(sandbox, web, SECRET, mail)
    sandbox.github.writes.most = sandbox.github.remaining = 1_000_000
    sandbox.gitlab.new_notes.most = sandbox.gitlab.remaining = 1_000_000
    sandbox.blue.requests_left = sandbox.blue.bulk.most = 1_000_000


def all_tickets(sandbox: Sandbox) -> dict[str, Callable[[], list[Any]]]:
    return {
        "jira": lambda: list(sandbox.jira.tickets.values()),
        "github": lambda: list(sandbox.github.repositories[github.REPO].issues.values()),
        "gitlab": lambda: list(sandbox.gitlab.at(gitlab.PROJECT).issues.values()),
        "blue": lambda: list(sandbox.blue.records.values()),
    }


def test_for_a_minute_there_are_no_more_writes_than_people_made_and_then_both_sides_agree(world: World) -> None:
    chance, abc = random.Random(7), world.sandbox.abc  # noqa: S311  no secret
    issues: dict[tuple[str, int], Any] = {}
    for project, name in enumerate(SYSTEMS, 1):
        for number in range(ISSUES):
            row = abc.create_issue(project, {"name": f"{name} {number}", "description": None})
            world.rest(60.0)
            issues[name, row.id] = all_tickets(world.sandbox)[name]()[-1]
    for system in ("abc", *SYSTEMS):
        world.sandbox.faults.add("delay", system=system, times=None, probability=0.2, seconds=0.7)

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        name, id_ = chance.choice(list(issues))
        status, ticket = chance.choice(STATUSES), issues[name, id_]
        if chance.random() < 0.5:
            world.people[name, id_] += abc.issue(id_).status != status
            abc.set_status(id_, status)
        elif world.status_of(name, ticket) != status:
            world.people[name, id_] += 1
            world.move(name, ticket, status)
        time.sleep(chance.choice((0.0, 0.1, 0.5, 2.0)))
    world.rest(90.0)

    there = {key: world.moved_by_us(key[0], ticket) for key, ticket in issues.items()}
    back = {key: world.saved_by_us(key[1]) for key in issues}
    print(f"people {dict(world.people)}, written there {there}, back {back}, {dict(world.states())}")
    assert world.dead() == []
    for (name, id_), ticket in issues.items():
        assert world.status_of(name, ticket) == abc.issue(id_).status, (name, id_)
        assert there[name, id_] + back[name, id_] <= world.people[name, id_], (name, id_)
    for name in SYSTEMS:  # both ways had something to carry
        assert sum(there[key] for key in issues if key[0] == name) > 0, name
        assert sum(back[key] for key in issues if key[0] == name) > 0, name

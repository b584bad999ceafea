"""Each ticket system with an ABC User Feedback on loopback, and the connector between them: what the promises that all
of them keep are tested with."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr

import connectors
from bridge.settings import KeyMap, load
from connectors.base import Connector, Tools
from sources.abc.client import AbcClient
from tests.connectors.jira.conftest import World as JiraWorld
from tools.sandbox import github
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.github import GitHubIssue


@dataclass
class World(JiraWorld):
    """`first`: the key of the first ticket; `create`, `comment`: the paths of these requests, for faults."""

    kind: str = "jira"
    name: str = "jira"
    first: str = "PROJ-1"
    create: str = "/issue$"
    comment: str = "/comment$"
    closed: str = "Done"
    opened: str = "To Do"
    elsewhere: dict[str, str] = field(default_factory=dict)

    def connector(self) -> Connector:
        if self.built is None:
            abc = AbcClient(f"{self.sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
            tools = Tools(self.name, "test", self.language, abc, 4, served_elsewhere=self.elsewhere)
            spec = connectors.find(self.name)
            self.built = spec.build(load(spec.settings, self.variables, connectors.label_of(self.name)), tools)
        return self.built

    def status(self, key: str) -> str:
        ticket = self.sandbox.jira.tickets[key]
        return self.sandbox.jira.rules.statuses[ticket.status][0]

    def made(self) -> int:
        return self.sandbox.jira.created_count

    def hide_new(self, seconds: float) -> None:
        """What is created from now on is not shown by searches for so long."""
        self.sandbox.jira.search_lag = seconds

    def delete(self, key: str) -> None:
        self.sandbox.jira.delete(key)

    def read_only(self) -> None:
        self.sandbox.jira.permissions -= {"CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"}


@dataclass
class GitHubWorld(World):
    kind: str = "github"
    name: str = "github"
    first: str = "acme/app#1"
    create: str = "/issues$"
    comment: str = "/comments$"
    closed: str = "closed"
    opened: str = "open"

    def row(self, key: str = "acme/app#1") -> GitHubIssue:
        repo, _, number = key.partition("#")
        return self.sandbox.github.repositories[repo].issues[int(number)]

    def tickets(self) -> list[str]:
        repositories = self.sandbox.github.repositories.items()
        return sorted(f"{name}#{number}" for name, repository in repositories for number in repository.issues)

    def bodies(self, key: str = "acme/app#1") -> list[str]:
        return [comment["body"] for comment in self.row(key).comments]

    def status(self, key: str) -> str:
        row = self.row(key)
        return f"closed:{row.state_reason}" if row.state_reason in ("not_planned", "duplicate") else row.state

    def made(self) -> int:
        return self.sandbox.github.created_count

    def hide_new(self, seconds: float) -> None:
        self.sandbox.faults.add(
            "status", system="github", method="GET", path="/repos/acme/app/issues$", times=None, status=200, body=[]
        )
        del seconds

    def delete(self, key: str) -> None:
        repo, _, number = key.partition("#")
        self.sandbox.github.delete(repo, int(number))

    def read_only(self) -> None:
        self.sandbox.github.repositories[github.REPO].access = "read"


def jira_world(sandbox: Sandbox) -> World:
    from tools.sandbox.jira import EMAIL, TOKEN

    variables = {
        "JIRA_URL": f"{sandbox.url}/jira",
        "JIRA_PROJECT": "PROJ",
        "JIRA_EMAIL": EMAIL,
        "JIRA_API_TOKEN": TOKEN,
    }
    return World(sandbox, {**variables, "JIRA_STATUS_MAP": "INIT=To Do,RESOLVED=Done"})


def github_world(sandbox: Sandbox) -> GitHubWorld:
    variables = {"GITHUB_API_URL": f"{sandbox.url}/github", "GITHUB_REPO": github.REPO, "GITHUB_TOKEN": github.TOKEN}
    return GitHubWorld(
        sandbox, {**variables, "GITHUB_STATUS_MAP": "INIT=open,RESOLVED=closed,PENDING=closed:not_planned"}
    )

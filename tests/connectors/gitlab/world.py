"""What is GitLab's own in the tests of ticket systems."""

from __future__ import annotations

from dataclasses import dataclass

from tests.connectors.tickets.world import World
from tools.sandbox.gitlab import PROJECT, GitLabIssue, Project


@dataclass
class GitLabWorld(World):
    kind = "gitlab"
    first = "acme/app#1"
    create = "/issues$"
    comment = "/notes$"
    opened = "opened"
    closed = "closed"

    def project(self, path: str = PROJECT) -> Project:
        return self.sandbox.gitlab.at(path)

    def row(self, key: str = "acme/app#1") -> GitLabIssue:
        name, _, number = key.partition("#")
        return self.sandbox.gitlab.project(name).issues[int(number)]

    def tickets(self) -> list[str]:
        """As the variables name their project."""
        names = {5: self.first.partition("#")[0]}
        projects = self.sandbox.gitlab.projects.values()
        return sorted(f"{names.get(it.id, it.path)}#{number}" for it in projects for number in it.issues)

    def bodies(self, key: str = "acme/app#1") -> list[str]:
        return [note["body"] for note in self.row(key).notes]

    def description(self, key: str = "acme/app#1") -> str:
        return self.row(key).description

    def status(self, key: str) -> str:
        return self.row(key).state

    def move(self, key: str, status: str) -> None:
        change = {"state_event": "close" if status == "closed" else "reopen"}
        self.sandbox.gitlab.change(self.project(), self.row(key), change)

    def made(self) -> int:
        return self.sandbox.gitlab.created_count

    def hide_new(self, seconds: float) -> None:
        self.sandbox.faults.add(
            "status", system="gitlab", method="GET", path="/issues$", times=None, status=200, body=[]
        )
        del seconds

    def delete(self, key: str) -> None:
        name, _, number = key.partition("#")
        self.sandbox.gitlab.delete(self.sandbox.gitlab.project(name).path, int(number))

    def read_only(self) -> None:
        self.project().level = 0


class ByIdWorld(GitLabWorld):
    """Where GITLAB_PROJECT is a number."""

    first = "5#1"

"""What is GitHub's own in the tests of ticket systems."""

from __future__ import annotations

from dataclasses import dataclass

from tests.connectors.tickets.world import World
from tools.sandbox.github import REPO, GitHubIssue


@dataclass
class GitHubWorld(World):
    kind = "github"
    first = "acme/app#1"
    create = "/issues$"
    comment = "/comments$"
    opened = "open"
    closed = "closed"

    def row(self, key: str = "acme/app#1") -> GitHubIssue:
        repo, _, number = key.partition("#")
        return self.sandbox.github.repositories[repo].issues[int(number)]

    def tickets(self) -> list[str]:
        repositories = self.sandbox.github.repositories.items()
        return sorted(f"{name}#{number}" for name, repository in repositories for number in repository.issues)

    def bodies(self, key: str = "acme/app#1") -> list[str]:
        return [comment["body"] for comment in self.row(key).comments]

    def description(self, key: str = "acme/app#1") -> str:
        return self.row(key).body

    def status(self, key: str) -> str:
        row = self.row(key)
        return f"closed:{row.state_reason}" if row.state_reason in ("not_planned", "duplicate") else row.state

    def move(self, key: str, status: str) -> None:
        self.sandbox.github.change(self.row(key), {"state": status})

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
        self.sandbox.github.repositories[REPO].access = "read"

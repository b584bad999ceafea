"""What is Blue's own in the tests of ticket systems."""

from __future__ import annotations

from dataclasses import dataclass

from tests.connectors.tickets.world import World
from tools.sandbox.blue import WORKSPACE, Record, Workspace

FIRST = "cltodo0000000000000000001"
"""The id of the first record."""


@dataclass
class BlueWorld(World):
    kind = "blue"
    first = f"{WORKSPACE}/{FIRST}"
    number = FIRST
    create = "/create(Todo|Record)$"
    comment = "/createComment$"
    opened = "Inbox"
    closed = "done"

    def workspace(self, slug: str = WORKSPACE) -> Workspace:
        return next(found for found in self.sandbox.blue.workspaces if found.slug == slug)

    def row(self, key: str = FIRST) -> Record:
        return self.sandbox.blue.records[key.rpartition("/")[2]]

    def tickets(self) -> list[str]:
        return sorted(f"{record.inside.project.slug}/{id}" for id, record in self.sandbox.blue.records.items())

    def bodies(self, key: str = FIRST) -> list[str]:
        return [comment["html"] for comment in self.row(key).comments]

    def description(self, key: str = FIRST) -> str:
        return self.row(key).html

    def status(self, key: str) -> str:
        return self.row(key).status

    def move(self, key: str, status: str) -> None:
        self.sandbox.blue.change(self.row(key), done=status == "done")

    def made(self) -> int:
        return self.sandbox.blue.created_count

    def hide_new(self, seconds: float) -> None:
        self.sandbox.blue.tag_lag = seconds

    def delete(self, key: str) -> None:
        self.sandbox.blue.delete(key.rpartition("/")[2])

    def read_only(self) -> None:
        self.workspace().level = "VIEW_ONLY"

"""Finds the steps of the service: it does each of its jobs once. So the steps of a new connector are found, too."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tools.chaos.run import Source
from tools.chaos.story import one_move_each, one_of_each
from tools.chaos.world import Options, World

LOST = (
    ("jira", "/issue$"),
    ("jira", "/comment$"),
    ("github", "/issues$"),
    ("github", "/comments$"),
    ("gitlab", "/issues$"),
    ("gitlab", "/notes$"),
    ("blue", "/createTodo$"),
    ("blue", "/createComment$"),
    ("slack", "chat.postMessage"),
    ("jandi", "/webhook/"),
    ("discord", "/webhooks/"),
    ("mattermost", "/hooks/"),
    ("teams", "/powerautomate/"),
    ("outgoing", "/hook$"),
    ("nocobase", "/api/webhook"),
)
"""Answers that are lost once, so that the look-ups after a lost answer are found, too."""
QUIET_SECONDS = 90.0


def discover() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, World(Path(folder), Options(search_lag=0)) as world:
        rules = [{"kind": "drop_after", "system": system, "path": path, "method": "POST"} for system, path in LOST]
        world.control("faults", rules)
        source = Source(world)
        for story in (one_of_each(0, 0.0), one_move_each(0, 0.0)):
            source.perform(story)
            if not world.wait_quiet(QUIET_SECONDS):
                raise TimeoutError(f"without harm the service should have been done in {QUIET_SECONDS:g} s")
        return world.steps()

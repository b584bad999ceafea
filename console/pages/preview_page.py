"""`/tools/preview`: what a connector would send for an event, without sending it."""

from __future__ import annotations

import re

from flask import Blueprint, request

from console.pages.console import Console, page
from console.pages.shown import LONGEST, as_json, readable
from console.previewing import NoPreview, Previewed, previewed, sample_event, stored_event
from jobs.ledger.links import RedisLinks

ID = re.compile(r"[0-9a-f]{20}")


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.post("/tools/preview")
    def preview() -> tuple[str, int]:
        """It shows users' texts, so the audit records it. Of a name only: a path would be read from the server."""
        event, connector = (request.form.get(name, "").strip() for name in ("event", "connector"))
        console.record("preview", f"{event} {connector}")
        try:
            shown = look(event, connector)
        except NoPreview as problem:
            return page("preview", 400, shown=None, problem=str(problem), event=event, connector=connector)
        value, redact = shown.content, console.configuration.redact
        content = readable(redact(value)[:LONGEST]) if isinstance(value, str) else as_json(value, redact)[0]
        return page("preview", shown=shown, content=content, problem="", event=event, connector=connector)

    def look(event: str, connector: str) -> Previewed:
        runtime = console.runtime
        if ID.fullmatch(event):
            found = stored_event(runtime, event)
            if found is None:
                raise NoPreview(f"there is no event {event}; finished ones are kept for RETENTION_DAYS")
            return previewed(runtime, found, connector, RedisLinks(runtime.ledger, connector))
        sample = sample_event(runtime, event)
        if sample is None:
            raise NoPreview(f"no source has an event named {event}")
        return previewed(runtime, sample, connector)

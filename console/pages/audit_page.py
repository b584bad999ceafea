"""`/audit`: every change, the newest first."""

from __future__ import annotations

import re

from flask import Blueprint, abort, request

from console.pages.console import Console, page

SHOWN = 50


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/audit")
    def audit() -> tuple[str, int]:
        before = request.args.get("before", "")
        if before and not re.fullmatch(r"[0-9]{1,15}-[0-9]{1,15}", before):
            abort(400)
        entries = list(console.audit.entries(before, SHOWN + 1))
        following = entries[SHOWN - 1].id if len(entries) > SHOWN else ""
        return page("audit", entries=entries[:SHOWN], following=following)

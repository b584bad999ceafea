"""Texts and values of others on a page: inert, and no more of them written than is shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bridge.terminal import escaped

LONGEST = 200_000
"""Characters of a value on a page."""


def readable(text: str) -> str:
    """Without characters that reorder or hide a text."""
    return escaped(text, keep="\n")


def as_json(value: Any, masked: Callable[[str], str] = str) -> tuple[str, bool]:
    """The start of the value in JSON, and whether more follows. With its indents a deep value is 60 times as long, so
    no more is written than is shown. `masked`: takes secrets out, before a cut could leave a part of one."""
    written, size = [], 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=2, default=str).iterencode(value):
        written.append(part)
        size += len(part)
        if size > LONGEST:
            break
    return readable(masked("".join(written))[:LONGEST]), size > LONGEST

"""What every `parse` needs to read what a sender wrote: tolerant, pure, and bounded whatever comes."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

import regex

from bridge.text import cut, inert
from sources.base import seconds_of

LONGEST_NAME = 80
"""Characters of the part of an event's name that the sender chose."""
LONGEST_LABEL = 100
"""Characters of a name or a title that a message shows."""


_UNSEEN = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]+")
"""Controls (also of the direction of writing), private characters, halves of characters, and what nobody sees."""
_LONGEST_READ = 1_000


def plain(name: object) -> str:
    """The sender's name of an event, as it is routed and shown: on one line, with `_` for blanks, in one notation
    (NFC) whatever the sender's system uses, and cut. "" where it is no text, or nothing of it is visible."""
    return written(name)[:LONGEST_NAME] if isinstance(name, str) else ""


def written(pattern: str) -> str:
    """A name, or a pattern for names as an operator writes it, as `plain` writes names; not cut."""
    visible = _UNSEEN.sub("", "_".join(pattern[:_LONGEST_READ].split()))
    return unicodedata.normalize("NFC", visible)


def part(body: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at `keys`, one inside the other; an empty one where there is none."""
    found: Any = body
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def text(body: Mapping[str, Any], key: str) -> str:
    """The text, or the whole number as text, at `key`; "" for anything else."""
    value = body.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20 else ""


def moment(body: Mapping[str, Any], key: str) -> float:
    """The time at `key` in seconds since 1970, 0 where there is none."""
    value = body.get(key)
    # GitLab writes some of its times as `2026-01-02 03:04:05 UTC`.
    return max(0.0, seconds_of(value.replace(" UTC", "+00:00")) or 0.0) if isinstance(value, str) else 0.0


def label(value: object) -> str:
    """For people: on one line, inert, and cut; "" where it is no text."""
    return cut(inert(value), LONGEST_LABEL) if isinstance(value, str) else ""


def first(*values: str) -> str:
    """The first that is not empty."""
    return next((value for value in values if value), "")


def digest(raw: bytes) -> str:
    """The identity of a body: the same bytes are the same event."""
    return hashlib.sha256(raw).hexdigest()

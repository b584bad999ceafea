"""How much the ledger stores of each thing: every stored field has a bound, whatever others answer. Pure.

Bodies are bounded where they come in (MAX_BODY_BYTES at the receiver, the size of an answer at the clients).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bridge.text import cut

LONGEST_NAME = 200  # characters: an event's name, a level
LONGEST_WHY = 500  # characters: why something failed, was skipped or ignored
KEPT_ATTEMPTS = 20  # entries of a delivery's log
LONGEST_ADDRESS = 200  # characters of the address of a request
LONGEST_EXCERPT = 500  # characters of a request, and of an answer
MOST_OF_CALLS = 8_000  # characters of all that a delivery's log keeps of requests, in JSON
LONGEST_RESULT = 16_384  # characters of a result in JSON
LONGEST_VALUE = 1000  # characters of one text in a result
MOST_VALUES = 100  # of one list or mapping in a result
DEEPEST = 6  # levels of a result
MOST_NOTES = 1_048_576  # bytes of all that is kept with a delivery for its next attempt
LONGEST_LINK = 2000  # characters of one value of a link
MOST_LINK_VALUES = 20


class TooLarge(ValueError):
    """A connector wants to keep more than the ledger stores: a defect of the connector."""


def result_text(result: Mapping[str, Any], redact: Callable[[str], str]) -> str:
    """A delivery's result in JSON, without secrets, within its bound."""
    text = json.dumps(_bounded(result, redact, DEEPEST), ensure_ascii=False)
    if len(text) <= LONGEST_RESULT:
        return text
    return json.dumps({"cut": f"the result is longer than {LONGEST_RESULT} characters"})


def _bounded(value: Any, redact: Callable[[str], str], deeper: int) -> Any:
    """Secrets first: a cut through one would leave a part of it."""
    if isinstance(value, str):
        return cut(redact(value), LONGEST_VALUE)
    if isinstance(value, bool | int | float | None):
        text = json.dumps(value)
        return value if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE]
    if deeper == 0:
        return "…"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MOST_VALUES]
        return {cut(redact(str(name)), LONGEST_NAME): _bounded(item, redact, deeper - 1) for name, item in pairs}
    if isinstance(value, list | tuple):
        return [_bounded(item, redact, deeper - 1) for item in value[:MOST_VALUES]]
    return _bounded(str(value), redact, deeper)


def check_notes(size: int) -> None:
    """Raises TooLarge for notes of more bytes than are stored."""
    if size > MOST_NOTES:
        raise TooLarge(f"notes of {size} bytes, a delivery keeps {MOST_NOTES} at most")


def check_link(values: Mapping[str, str]) -> None:
    """Raises TooLarge for values of a link that are not stored."""
    if len(values) > MOST_LINK_VALUES:
        raise TooLarge(f"{len(values)} values for a link, it holds {MOST_LINK_VALUES} at most")
    for name, value in values.items():
        if len(name) + len(value) > LONGEST_LINK:
            raise TooLarge(f"the link's value {name[:40]!a} has {len(value)} characters, it may have {LONGEST_LINK}")

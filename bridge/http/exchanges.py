"""What a piece of work sent and received, for people: the last requests, with their answers, as they were.

They hold secrets and other people's texts. Who keeps a part of one masks the whole first, and cuts it then: a cut
through a secret would leave a part of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

KEPT = 5
"""Requests: the last ones. What failed was the last one, nearly always."""
LARGEST = 65_536
"""Bytes of a body; of a larger one only the size is kept."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """`status`: None without an answer; `answer` is then what went wrong; `seconds`: until the answer was read."""

    method: str
    address: str = field(repr=False)
    status: int | None
    seconds: float
    request: str = field(repr=False)
    answer: str = field(repr=False)


_kept: ContextVar[deque[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def recorded() -> Iterator[deque[Exchange]]:
    """Keeps what is sent in this context, in one thread."""
    kept: deque[Exchange] = deque(maxlen=KEPT)
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


def add(method: str, address: str, request: object, status: int | None, answer: bytes | str, seconds: float) -> None:
    """`request`: its body, as `requests` has it."""
    kept = _kept.get()
    if kept is not None:
        kept.append(Exchange(method, address, status, seconds, _text(request), _text(answer)))


def _text(body: object) -> str:
    if body is None:
        return ""
    if not isinstance(body, bytes | str):
        return f"({type(body).__name__})"
    if len(body) > LARGEST:
        return f"({len(body)} {'bytes' if isinstance(body, bytes) else 'characters'})"
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body

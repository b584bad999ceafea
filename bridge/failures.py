"""Exceptions as logs and records may show them.

The text of an exception often quotes the value that it is about, which is a user's text, another system's answer, or a
secret: `invalid literal for int() with base 10: '…'`. It is shown for kinds whose texts are known to name no values.
"""

from __future__ import annotations

import traceback

NAMING_NO_VALUES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
)
"""Where Python itself raises them: they name types, attributes, modules, files, numbers of errors."""
STANDARD = frozenset({"builtins", "socket", "ssl", "threading"})
SPEAKING = frozenset({"redis", "bridge", "sources", "connectors", "jobs", "console"})
"""Packages whose exceptions have texts for operators: ours, which are written for that, and the client of Redis."""
LONGEST_CHAIN = 5
LONGEST_TRACE = 25  # frames: a recursion without end has a thousand


def name_of(error: BaseException) -> str:
    """The kind of an exception, and its text where that can be shown."""
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    speaks = package in SPEAKING or (kind.__module__ in STANDARD and isinstance(error, NAMING_NO_VALUES))
    text = str(error) if speaks else ""
    return f"{kind.__qualname__}: {text}" if text else kind.__qualname__


def place_of(error: BaseException) -> str:
    """`file.py:12`, where it was raised; "" for one that never was."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def traceback_of(error: BaseException) -> str:
    """Like Python's own, with the exceptions that it was raised for, and without texts that may quote values."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < LONGEST_CHAIN:
        frames = "".join(traceback.format_list(traceback.extract_tb(current.__traceback__)[-LONGEST_TRACE:]))
        parts.append(f"Traceback (most recent call last):\n{frames}{name_of(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(parts))

"""What the steps of a template cost, and the budget that they are paid from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set, ValuesView
from typing import Any

from jinja2.utils import Namespace

STEPS = 150_000
"""For one text. A message takes a few hundred."""
CHARACTERS = 128
"""A step's worth, where they are copied or looked through once."""
SQUARE = 1000
LARGEST = 2**62
"""As a size: a larger one is no better."""
SHOWN = 25
"""Characters of a number or a constant as text."""
PRINTF = re.compile(r"[%)][#0 +-]*(\*|\d+)?(?:\.(\*|\d+)?)?")
"""A width and a precision of `%`, or what may be one."""
PLACE = re.compile(r"\{([^{}]*)([{}]?)")
"""A place of `str.format`; with another place in it, it has a width that a value names."""


class TooMuchWork(Exception):
    """A template would take more than STEPS."""


class Budget:
    """What is left for one text."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises TooMuchWork."""
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork

    def size(self, *values: Any) -> tuple[int, int]:
        """Values, nested ones included, and characters. Raises TooMuchWork where that are more than can be paid."""
        waiting, count, characters = list(values), 0, 0
        while waiting:
            value = waiting.pop()
            count += 1
            if isinstance(value, str | bytes):
                characters += len(value)
            elif isinstance(value, Mapping):
                waiting += [*value.keys(), *value.values()]
            elif isinstance(value, list | tuple | Set | ValuesView):
                waiting += value
            elif isinstance(value, Namespace):
                waiting.append(value._Namespace__attrs)  # its text shows them
            elif isinstance(value, range):
                count += len(value)
            elif isinstance(value, int):
                characters += value.bit_length() // 3
            if count + len(waiting) > self._left:
                self.spend(self._left + 1)
        return count, characters

    def pay(self, *values: Any) -> None:
        """For looking at each value, and each character, once."""
        count, characters = self.size(*values)
        self.spend(count + characters // CHARACTERS)

    def pay_text(self, characters: int) -> None:
        self.spend(1 + characters // CHARACTERS)

    def pay_square(self, first: Any, *others: Any) -> None:
        """For what may compare each part with each, or repeat `first` as many times as a number."""
        count, characters = self.size(first, *others)
        size = count + characters + sum(min(abs(value), LARGEST) for value in others if isinstance(value, int))
        self.spend(size + size * size // SQUARE)


# The characters of a result, at most.


def _padded(_budget: Budget, text: str | bytes, width: Any = 80, *_: Any) -> int:
    return len(text) + _number(width)


def _indented(_budget: Budget, text: str, width: Any = 4, *_: Any, **__: Any) -> int:
    step = len(width) if isinstance(width, str) else _number(width)
    return len(text) + (len(text.splitlines()) + 1) * step


def _replaced(_budget: Budget, text: Any, old: Any, new: Any, *_: Any, **__: Any) -> int:
    old, new = (old, new) if isinstance(text, bytes) else (str(old), str(new))
    return int(len(text) + text.count(old) * len(new))


def _connected(budget: Budget, pieces: Any, separator: Any = "", *_: Any, **__: Any) -> int:
    """As a filter, and as a method, whose text is the separator."""
    if isinstance(pieces, str | bytes) and not isinstance(separator, str | bytes):
        pieces, separator = separator, pieces
    count, characters = budget.size(pieces)
    if isinstance(pieces, str | bytes):
        count = len(pieces)
    return characters + count * (SHOWN + len(str(separator)))


def _formatted(budget: Budget, template: str | bytes, *args: Any, **kwargs: Any) -> int:
    text = template.decode("latin-1") if isinstance(template, bytes) else template
    widths = 0
    for found in PRINTF.findall(text):
        if "*" in found:
            raise TooMuchWork
        widths += sum(int(width[:10]) for width in found if width)
    for place, end in PLACE.findall(text):
        _, colon, form = place.partition(":")
        if colon and end == "{":
            raise TooMuchWork
        widths += sum(int(width[:10]) for width in re.findall(r"\d+", form))
    count, characters = budget.size(*args, kwargs)
    return widths + len(text) + (text.count("%") + text.count("{")) * (characters + count * SHOWN)


def _number(value: Any) -> int:
    return min(abs(value), LARGEST) if isinstance(value, int) else 0


MEASURED: Mapping[str, Callable[..., int]] = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _padded),
    "indent": _indented,
    "replace": _replaced,
    "join": _connected,
    "format": _formatted,
    "format_map": _formatted,
}

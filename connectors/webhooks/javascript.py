"""Writes JSON as JavaScript does: `JSON.stringify(JSON.parse(body))` gives the same bytes again. Pure.

So a receiver can compute a signature over the parsed body (a script in a NocoBase workflow can't see the raw body).
Whole numbers above 2**53 stay exact here, although JavaScript can't hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from bridge.text import without_lone_surrogates

LARGEST_INDEX = 2**32 - 2
"""Keys that are whole numbers up to this one come first in JavaScript, in numeric order.
https://tc39.es/ecma262/#sec-ordinaryownpropertykeys"""


def dumps(value: Any) -> str:
    """The JSON, without blanks and without escaping non-ASCII characters. Takes finite numbers, texts, booleans, None,
    lists and mappings."""
    if isinstance(value, Mapping):
        items = {without_lone_surrogates(str(key)): item for key, item in value.items()}
        pairs = (f"{dumps(key)}:{dumps(items[key])}" for key in _ordered(items))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, float):
        return number(value)
    return json.dumps(without_lone_surrogates(value) if isinstance(value, str) else value, ensure_ascii=False)


def number(value: float) -> str:
    """A finite number as JavaScript writes it. https://tc39.es/ecma262/#sec-numeric-types-number-tostring"""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # the position of the decimal point, counted from the first digit
    if not value:
        return "0"
    if len(text) <= point <= 21:
        text = text.ljust(point, "0")
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{text}"
    else:
        text = text[0] + (f".{text[1:]}" if len(text) > 1 else "") + f"e{point - 1:+d}"
    return f"-{text}" if sign else text


def _ordered(keys: Iterable[str]) -> list[str]:
    keys = list(keys)
    indexes = sorted((key for key in keys if _is_index(key)), key=int)
    return [*indexes, *(key for key in keys if not _is_index(key))]


def _is_index(key: str) -> bool:
    plain = key.isascii() and key.isdecimal() and len(key) <= 10
    return plain and str(int(key)) == key and int(key) <= LARGEST_INDEX

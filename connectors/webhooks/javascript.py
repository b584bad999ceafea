"""JSON as JavaScript writes it: `JSON.stringify(JSON.parse(body))` gives the same bytes again. Pure.

A receiver may compute a signature over what it has parsed (a script within a NocoBase workflow can't see the raw body).
Whole numbers above 2**53, which JavaScript can't hold, stay exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from bridge.text import without_lone_surrogates

LARGEST_INDEX = 2**32 - 2
"""JavaScript puts keys that are whole numbers up to this one first, in their order.
https://tc39.es/ecma262/#sec-ordinaryownpropertykeys"""


def dumps(value: Any) -> str:
    """Without blanks, with characters as they are. Of finite numbers, texts, booleans, None, lists and mappings."""
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
    """A finite number. https://tc39.es/ecma262/#sec-numeric-types-number-tostring"""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # where the decimal point stands, counted from the first digit
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

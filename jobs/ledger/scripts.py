"""The Lua scripts by name, ready to be sent."""

from __future__ import annotations

import re
from pathlib import Path

from jobs.ledger.policy import POLICY

_TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "lua").glob("*.lua")}
_INCLUDE = re.compile(r"^--!include (\w+)\n", flags=re.MULTILINE)
_NAMES = re.compile(rf"\b(?:{'|'.join(POLICY)})\b")


def ready(text: str) -> str:
    """A script with what it includes, with the values of its policy, and without the comment lines, which would be sent
    with every call: an event fits into one packet with its deliveries."""
    whole = _INCLUDE.sub(lambda included: _TEXTS[included[1]], text)
    bare = re.sub(r"^ *--.*\n", "", whole, flags=re.MULTILINE)
    return _NAMES.sub(lambda name: str(POLICY[name[0]]), bare)


LUA = {name: ready(text) for name, text in _TEXTS.items()}

"""The Lua scripts by name, ready to be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jobs.ledger.policy import POLICY

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "lua").glob("*.lua")}
"""As they are written."""
_INCLUDE = re.compile(r"^--!include (\w+)\n", flags=re.MULTILINE)
_NAMES = re.compile(rf"\b(?:{'|'.join(POLICY)})\b")


def ready(text: str, texts: Mapping[str, str] = TEXTS, policy: Mapping[str, int] = POLICY) -> str:
    """A script with what it includes of `texts`, with the values of the policy, and without the comment lines, which
    would be sent with every call: an event fits into one packet with its deliveries."""
    whole = _INCLUDE.sub(lambda included: texts[included[1]], text)
    bare = re.sub(r"^ *--.*\n", "", whole, flags=re.MULTILINE)
    return _NAMES.sub(lambda name: str(policy[name[0]]), bare)


LUA = {name: ready(text) for name, text in TEXTS.items()}

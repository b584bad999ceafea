"""The real scripts in an embedded Lua 5.1, as Redis runs them, on the store of `tools/explore/store.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type

from tools.explore.store import Answer, Store, text

HEAD = b"return function(KEYS, ARGV) "
TAIL = b"\nend"


class Redis:
    """What `Ledger` uses of a client: it runs scripts. One at a time, whole, as Redis does."""

    def __init__(self, store: Store, instead: Mapping[str, str] = MappingProxyType({})) -> None:
        """`instead`: what is run in place of a script: a changed one."""
        self.store = store
        self._instead = instead
        self._lua: Any = LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
        self._table: Callable[..., Any] = self._lua.table
        self._ready: dict[str, Any] = {}
        scope = self._lua.globals()
        scope[b"redis"] = self._table()
        scope[b"redis"][b"call"] = scope[b"redis"][b"pcall"] = self._call
        scope[b"cjson"] = self._table()
        scope[b"cjson"][b"decode"] = lambda value: self._from_json(json.loads(value))

    def eval(self, script: str, _keys: int, *arguments: bytes | str | int) -> Answer:
        run = self._ready.get(script)
        if run is None:
            run = self._ready[script] = self._lua.execute(HEAD + self._instead.get(script, script).encode() + TAIL)
        given = [argument.encode() if isinstance(argument, str) else text(argument) for argument in arguments]
        return _answer(run(self._table(), self._table(*given)))

    def _call(self, name: bytes, *arguments: bytes | float) -> Any:
        """A script sees nil as false and a list as a table."""
        answer = self.store.do(name, *arguments)
        if answer is None:
            return False
        return self._table(*[False if item is None else item for item in answer]) if type(answer) is list else answer

    def _from_json(self, value: Any) -> Any:
        if isinstance(value, list):
            return self._table(*[self._from_json(item) for item in value])
        return value.encode() if isinstance(value, str) else value


def _answer(value: Any) -> Answer:
    """As Redis answers what a script returns: a number without its fraction, false as nil, a table up to its first
    nil."""
    if value is None or value is False:
        return None
    if isinstance(value, bytes):
        return value
    if isinstance(value, int | float):
        return int(value)
    assert lua_type(value) == "table"
    found = []
    for index in range(1, len(value) + 1):
        item = value[index]
        if item is None:
            break
        found.append(_answer(item))
    return found

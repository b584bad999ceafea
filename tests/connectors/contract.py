"""What the contract tests (test_contract.py) need to know of a connector: how it is configured against its stand-in.

`tests/connectors/<kind>/contract.py` defines CASES, a Case for each way to configure the connector, by a short name;
and FUNCTIONS, by a short name too: what the connector does with a user's text, each as a function of that text.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import connectors
from tests.connectors.tickets.world import World as TicketWorld
from tools.sandbox.app import Sandbox


def nothing(_sandbox: Sandbox) -> None:
    pass


@dataclass(frozen=True)
class Case:
    system: str
    """The stand-in: the first part of its paths in tools/sandbox."""
    variables: Callable[[str], dict[str, str]]
    """The address of the sandbox -> the connector's variables."""
    effects: Callable[[Sandbox], int]
    """How many effects there are: messages, tickets and their comments, fields that were written."""
    secrets: tuple[str, ...]
    wrong_key: tuple[str, str]
    """The variable of the key (of the address, where that is the secret), and a value that the system refuses."""
    address: str
    """The variable of the address."""
    write: str = ""
    """A part of the path of the request that has the effect, for faults; a regular expression."""
    sees_wrong_key: bool = True
    """Whether `check` can find a wrong key out without an effect. Else it names the variable in a note."""
    sees_unreachable: bool = True
    """The same for an address where nobody listens."""
    finds_again: bool = True
    """Whether the connector can find out that a request without an answer had its effect. Else it has a variable
    `<CONNECTOR>_WHEN_UNSURE`."""
    takes_any_event: bool = False
    """Whether it has an effect for an event whose name it does not know."""
    keeps_answer: bool = False
    """Whether the answer of a success is kept in the record, where it belongs: it is the operator's own."""
    meanings: Mapping[int, str] = field(default_factory=dict)
    """The reasons of statuses that mean something else at this system than everywhere."""
    first_meanings: Mapping[int, str] = field(default_factory=dict)
    """The same for the first request of a delivery, which may be another one."""
    prepare: Callable[[Sandbox], None] = nothing
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of create_sandbox()."""
    world: Callable[[Sandbox, dict[str, str]], TicketWorld] | None = None
    """Of a ticket system: (the stand-ins, its variables) -> what tests/connectors/tickets/test_flow.py asks of it."""


def cases_of(kind: str) -> dict[str, Case]:
    """The cases of a registered connector. Raises LookupError where there are none."""
    cases: dict[str, Case] = _of(kind, "CASES", "how it is configured against its stand-in (see Case")
    return cases


def functions_of(kind: str) -> dict[str, Callable[[str], object]]:
    """The functions of a registered connector. Raises LookupError where there are none."""
    functions: dict[str, Callable[[str], object]] = _of(kind, "FUNCTIONS", "what it does with a user's text (see it")
    return functions


def all_cases() -> Iterator[tuple[str, str]]:
    """(kind, name of the case) of every registered connector; one without cases is reported by test_contract.py."""
    for kind in connectors.REGISTRY:
        with suppress(LookupError):
            yield from ((kind, name) for name in cases_of(kind))


def _of(kind: str, name: str, what: str) -> Any:
    module = f"tests.connectors.{kind}.contract"
    found = _has(f"tests.connectors.{kind}") and _has(module)
    if value := getattr(importlib.import_module(module), name, None) if found else None:
        return value
    raise LookupError(
        f"the connector {kind} is registered, so tests/connectors/{kind}/contract.py must define {name}: "
        f"{what} in tests/connectors/contract.py)"
    )


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None

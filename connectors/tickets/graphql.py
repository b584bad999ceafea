"""GraphQL for ticket systems: sends one operation, and returns its result or raises an error. Never retries.

https://spec.graphql.org/October2021/. Arguments are written into the operation as literals, so that the names of their
types need not be known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from bridge.http import Answer
from connectors.base import Failed, Retry
from connectors.tickets.base import Refused
from connectors.tickets.rest import Explain, Rest
from connectors.tickets.settings import TicketSettings

Judge: TypeAlias = Callable[[Mapping[str, Any]], "Retry | Failed"]
"""An error of an answer -> its outcome."""


NAMED = "{ fields { name args { name } } }"


class Operation(NamedTuple):
    """`kind`: `query` or `mutation`."""

    kind: str
    name: str
    arguments: frozenset[str]


class Name(str):
    """A value of an enumeration: written without quotes."""

    __slots__ = ()


class GraphQL:
    """`explain`: for answers that are not GraphQL; `judge`: for an error in a GraphQL answer; `newer`: by the old name
    of a renamed operation, its new name. The existing names are read once, and again after an error that may mean that
    they changed."""

    def __init__(
        self,
        title: str,
        settings: TicketSettings,
        headers: Mapping[str, str],
        pool: int,
        explain: Explain,
        judge: Judge,
        newer: Mapping[str, str],
    ) -> None:
        self._title = title
        self._rest = Rest(title, settings, headers, pool, explain)
        self._judge = judge
        self._newer = newer
        self._operations: dict[str, Operation] = {}
        self.reading = self._rest.reading

    def ask(
        self, name: str, arguments: Mapping[str, Any], selection: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """The result of one operation. `name`: its old name, if it was renamed. Raises Refused and NoAnswer."""
        operation = self._present(name)
        try:
            return self._send(operation.kind, operation.name, arguments, selection, headers)
        except Refused as refusal:
            if refusal.outcome.reason == "server_error":
                self._operations = {}
            raise

    def takes(self, name: str) -> frozenset[str]:
        """The arguments of an operation."""
        return self._present(name).arguments

    def _present(self, name: str) -> Operation:
        if not self._operations:
            with self.reading():
                schema = self._send("query", "__schema", {}, f"{{ queryType {NAMED} mutationType {NAMED} }}")
                self._operations = {
                    field["name"]: Operation(kind, field["name"], frozenset(taken["name"] for taken in field["args"]))
                    for kind in ("query", "mutation")
                    for field in schema[f"{kind}Type"]["fields"]
                }
        for known in (self._newer.get(name, name), name):
            if known in self._operations:
                return self._operations[known]
        raise Refused(Failed(f"{self._title}'s API has no operation {name}: update this service", "config"))

    def _send(
        self,
        kind: str,
        field: str,
        arguments: Mapping[str, Any],
        selection: str,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Errors arrive with status 200 or 4xx. If the field has a result in spite of an error, the operation was
        carried out."""
        operation = f"{kind} {{ {field}{arguments_of(arguments)} {selection} }}"
        with self.reading():
            answer = self._rest.send("POST", "", {"query": operation}, headers=headers)
            body = answer.json()
            errors = body.get("errors") if isinstance(body, dict) else None
            if not answer.ok and not (_has_code(errors) and answer.status in (400, 401, 403, 404, 422)):
                raise self._rest.refused(answer)
            data = body.get("data") or {}
            if errors and data.get(field) is None:
                raise self._refusal(field, errors[0], answer)
            return data[field]

    def _refusal(self, field: str, error: Mapping[str, Any], answer: Answer) -> Refused:
        outcome = self._judge(error)
        path = error.get("path")
        # An error in a field below it happened while the result was read: the operation itself was done.
        deeper = isinstance(path, list) and len(path) > 1 and path[0] == field
        unknown = isinstance(outcome, Retry) and outcome.reason == "server_error"
        gone = isinstance(outcome, Failed) and outcome.reason == "not_found"
        return Refused(outcome, gone=gone, maybe_done=deeper or unknown, status=answer.status)


def _has_code(errors: Any) -> bool:
    """Whether the errors of an answer are from GraphQL itself, and not from a proxy before it."""
    first = errors[0] if isinstance(errors, list) and errors else None
    extensions = first.get("extensions") if isinstance(first, dict) else None
    return isinstance(extensions, dict) and "code" in extensions


def arguments_of(values: Mapping[str, Any]) -> str:
    """The arguments of a field, with parentheses; "" for none."""
    return f"({_fields(values)})" if values else ""


def literal(value: Any) -> str:
    """A value as GraphQL writes it. A text is written as in JSON, whose escapes GraphQL shares."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{_fields(value)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(literal(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _fields(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {literal(value)}" for name, value in values.items() if value is not None)

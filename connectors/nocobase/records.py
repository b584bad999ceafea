"""Creates a record in a collection, through NocoBase's REST API.

https://github.com/nocobase/nocobase, `packages/core/actions/src/actions/first-or-create.ts`: finds a record by the
columns in `filterKeys`, or creates it. The unique column holds the id of the delivery, so that a record exists once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import SecretStr

from bridge.http import Answer, NoAnswer, new_session, send
from bridge.templates import TemplateMistake, render_template
from connectors.base import Check, Done, Failed, Links, Outcome, Preview, Skipped, Tools, note
from connectors.nocobase.settings import NocoBaseSettings
from connectors.webhooks.answers import Advice
from connectors.webhooks.body import as_json, plain
from connectors.webhooks.sender import Sender
from sources.base import Event
from sources.facts import facts_of

Record = dict[str, str | None]
"""Columns and their values."""


class Records(Sender[NocoBaseSettings, Record]):
    """A record that was created, and then deleted by a person, is not created again."""

    def __init__(self, settings: NocoBaseSettings, tools: Tools, api_key: SecretStr) -> None:
        super().__init__(settings, tools, _advice(settings.variable, str(settings.collection)))
        self._actions = f"{settings.url.get_secret_value().rstrip('/').removesuffix('/api')}/api/{settings.collection}"
        self._headers = {"Authorization": f"Bearer {api_key.get_secret_value()}", "Content-Type": "application/json"}
        self._session = new_session(tools.concurrency)

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:  # noqa: ARG002
        record = self._content(event, self._tools.delivery_of(event))
        if isinstance(record, Failed):
            return record
        where = f"{self._name}: the collection {self._settings.collection} at {self._settings.variable('url')}"
        return Preview(where, record)

    def _sent(self, event: Event, id_: str, content: Record) -> Outcome:  # noqa: ARG002
        answer = self._create(content)
        if answer.status == 400 and (found := self._found(id_)):
            # Two requests at once: the unique column has refused the second one.
            return Done({"id": found.get("id"), "found": "created by an earlier attempt"})
        return self._created(answer, id_) if answer.ok else self._outcome(answer)

    def check(self) -> Iterator[Check]:
        """Looks for a record that no delivery has created."""
        variable, collection = self._settings.variable, self._settings.collection
        try:
            answer = self._list("")
        except NoAnswer as error:
            yield Check(False, f"{error}; look at {variable('url')}")
            return
        if answer.ok and _records(answer) is not None:
            yield Check(True, f"the API key may read the collection {collection}")
        elif answer.ok:
            yield Check(False, f"the answer is not one of NocoBase: look at {variable('url')}")
        else:
            yield Check(False, getattr(self._outcome(answer), "why", ""))
        yield note(
            f"the column {self._settings.key_field} ({variable('key_field')}) must be unique, and the role of "
            f"{variable('api_key')} must be allowed to create records: flask send-test creates one"
        )

    def _content(self, event: Event, id_: str) -> Record | Failed:
        """An empty text is null: a column of numbers or times takes no text."""
        facts = facts_of(event)

        def text(source: str) -> str | None:
            return render_template(source, facts, plain, missing_is_null=True) or None

        try:
            columns = {column: text(source) for column, source in self._settings.fields.items()}
        except TemplateMistake as mistake:
            return self._wrong("fields", mistake)
        return {self._settings.key_field: id_, **columns}

    def _create(self, record: Record) -> Answer:
        """The record itself is the body; in the query the key column. Raises NoAnswer."""
        url, query = f"{self._actions}:firstOrCreate", {"filterKeys[]": self._settings.key_field}
        return send(self._session, "POST", url, params=query, headers=self._headers, data=as_json(record))

    def _list(self, marker: str) -> Answer:
        """Raises NoAnswer."""
        query = {"filter": json.dumps({self._settings.key_field: {"$eq": marker}}), "pageSize": "1"}
        return send(self._session, "GET", f"{self._actions}:list", params=query, headers=self._headers)

    def _found(self, marker: str) -> dict[str, Any] | None:
        """The record with this marker. Raises NoAnswer."""
        records = _records(self._list(marker)) or []
        return next((one for one in records if isinstance(one, dict) and self._is_ours(one, marker)), None)

    def _created(self, answer: Answer, marker: str) -> Outcome:
        body = answer.json()
        record = body.get("data") if isinstance(body, dict) else None
        if not isinstance(record, dict) or not self._is_ours(record, marker):
            key, url = self._settings.variable("key_field"), self._settings.variable("url")
            why = f"the answer is no record with our marker in the column {self._settings.key_field}"
            return Failed(f"{self._name}: {why}: look at {key} and {url}", "config")
        unknown = [name for name in self._settings.fields if name not in record]
        return Done({"id": record.get("id"), **({"left_out": unknown} if unknown else {})})

    def _is_ours(self, record: dict[str, Any], marker: str) -> bool:
        return bool(record.get(self._settings.key_field) == marker)


def _records(answer: Answer) -> list[Any] | None:
    """Those of an answer to `list`; None where it is none."""
    body = answer.json()
    found = body.get("data") if answer.ok and isinstance(body, dict) else None
    return found if isinstance(found, list) else None


def _advice(variable: Callable[[str], str], collection: str) -> Advice:
    role = f"the role of {variable('api_key')} may not read and create records of {collection}"
    columns = f"it refuses the record: look at the columns in {variable('fields')} and {variable('key_field')}"
    return {
        400: ("client_error", columns),
        401: ("auth", f"it refuses the API key: look at {variable('api_key')}"),
        403: ("auth", role),
        404: (
            "config",
            f"there is no collection {collection} ({variable('collection')}), or no API at {variable('url')}",
        ),
    }

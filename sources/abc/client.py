"""The API of ABC User Feedback, as measured (docs/sources/abc.md).

Nothing is tried again here. `set_external_issue_id`, `set_status` and `set_feedback_fields` are the only writers; all
read before and after, because ABC answers 200 to writes that do nothing, and an issue can only be replaced as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from pydantic import SecretStr, ValidationError

from bridge.http import new_session
from bridge.settings import KeyMap
from bridge.text import abc_length, is_blank
from sources.abc.call import call
from sources.abc.errors import AbcError, AbcReason, not_understood, refusal
from sources.abc.models import Entity, Feedback, Issue
from sources.abc.pages import walk

__all__ = ["AbcClient", "AbcError", "AbcReason", "Field"]

E = TypeVar("E", bound=Entity)
Report = Callable[[str], None]


def ignore(_what: str) -> None:
    """Reports to nobody."""


# Its limits for PUT, as `abc_length` counts; longer ones exist (issueNames is not checked) and can't be written back.
NAME_LIMIT = 30
DESCRIPTION_LIMIT = 50
REPLACED = ("name", "description", "status", "externalIssueId")
"""What a save of an issue replaces."""
BUILT_IN = ("id", "createdAt", "updatedAt", "issues")
NO_FEEDBACK = 0


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a channel. ABC does not show API keys which fields are read-only: a `writable` one may still be
    refused (`AbcClient.field_problem` finds out)."""

    key: str
    format: str
    writable: bool


class AbcClient:
    """One per process, used by many threads. Every method raises AbcError.

    `url`: with or without `/api`. `keys`: the API key of each project.
    """

    def __init__(self, url: str, keys: KeyMap[SecretStr], session: requests.Session | None = None) -> None:
        self._base = url.rstrip("/").removesuffix("/api") + "/api"
        self._keys = keys
        self._session = session or new_session()

    def fingerprint(self, project: int) -> str:
        """Changes when the API key of the project does; "" without one."""
        key = self._keys.get(project)
        return hashlib.blake2b(key.get_secret_value().encode(), digest_size=4).hexdigest() if key else ""

    def get_issue(self, project: int, issue: int, *, seconds: float | None = None) -> Issue:
        """`seconds`: how long the whole call may take, where what waits for it can do without."""
        return _parsed(Issue, issue, self._call(project, "GET", f"/issues/{issue}", seconds=seconds))

    def get_feedback(self, project: int, channel: int, feedback: int) -> Feedback:
        path = f"/channels/{channel}/feedbacks/{feedback}"
        return _parsed(Feedback, feedback, self._call(project, "GET", path))

    def issue_is_of(self, project: int, issue: int) -> bool:
        """Whether the issue belongs to the project. ABC checks no id against the project of the key: one project's key
        reads and writes another's issue."""
        return any(found.id == issue for found in self.search_issues(project, {"id": issue}))

    def feedback_is_of(self, project: int, channel: int, feedback: int) -> bool:
        """Whether the feedback belongs to the channel. ABC does not check that either: it reads a feedback through any
        channel, and writes to it with the fields of the channel that is named.

        With OpenSearch a new feedback may be found late: False soon after its creation may mean "not yet".
        """
        return any(found.id == feedback for found in self.search_feedbacks(project, channel, {"ids": [feedback]}))

    def set_external_issue_id(self, project: int, issue: int, value: str) -> Issue:
        """Stores `value`, changing nothing else; an existing value wins: then nothing is written and the
        issue is returned as it is.

        Raises AbcError; reason `unwritable` when name or description are too long.
        """
        before = self.get_issue(project, issue)
        if before.external_id:
            return before
        return self._replace(project, before, externalIssueId=value)

    def set_status(self, project: int, seen: Issue, value: str) -> Issue:
        """Brings the issue to the status `value`, changing nothing else, unless its status is not that of `seen` any
        more: a person was faster, and the caller has to decide again.

        Raises AbcError; reason `unwritable` as `set_external_issue_id`.
        """
        before = self.get_issue(project, seen.id)
        if before.status != seen.status or not before.is_same(seen):
            what = f"the status of issue {seen.id} changed while it was being carried back; retrying"
            raise AbcError("server_error", what, again=True)
        return before if before.status == value else self._replace(project, before, status=value)

    def _replace(self, project: int, before: Issue, **change: str) -> Issue:
        """Saves the issue with one value changed, and returns it as ABC shows it then."""
        problem = why_unwritable(before)
        if problem:
            raise AbcError("unwritable", problem, again=False)
        path = f"/issues/{before.id}"
        # All four, always: what is left out is refused or, the status, reset to INIT and announced as a change.
        self._call(project, "PUT", path, {key: getattr(before, key) for key in REPLACED} | change)
        after = self.get_issue(project, before.id)
        [(name, value)] = change.items()
        if getattr(after, name) != value:
            what = f"{name} of issue {before.id} was overwritten by a concurrent save; retrying"
            raise AbcError("server_error", what, again=True)
        changed = [key for key in REPLACED if key != name and getattr(after, key) != getattr(before, key)]
        if changed:
            what = f"{', '.join(changed)} of issue {before.id} changed while its {name} was being saved"
            raise AbcError("server_error", what, again=True)
        return after

    def set_feedback_fields(
        self, project: int, channel: int, feedback: int, fields: Mapping[str, str]
    ) -> dict[str, str]:
        """Fills fields that are still empty and answers with those that it wrote; a field that holds something is
        left alone."""
        # ABC answers 200 to a write to a feedback that does not exist: only a read shows that it is gone.
        before = self.get_feedback(project, channel, feedback)
        wanted = {key: value for key, value in fields.items() if _is_empty(before.fields.get(key))}
        if not wanted:
            return {}
        path = f"/channels/{channel}/feedbacks/{feedback}"
        self._call(project, "PUT", path, wanted)
        after = self.get_feedback(project, channel, feedback)
        lost = [key for key, value in wanted.items() if after.fields.get(key) != value]
        if lost:
            what = f"ABC User Feedback accepted {', '.join(lost)} of feedback {feedback}, but shows another value"
            raise AbcError("server_error", what, again=True)
        return wanted

    def fields(self, project: int, channel: int) -> list[Field]:
        """The channel's own and the built-in fields."""
        found = self._call(project, "GET", f"/channels/{channel}/fields")
        if not isinstance(found, list):
            raise not_understood("a list of fields")
        return [
            Field(
                field["key"],
                str(field.get("format", "")),
                field.get("status") != "INACTIVE"
                and field.get("property") != "READ_ONLY"
                and field["key"] not in BUILT_IN,
            )
            for field in found
            if isinstance(field, dict) and isinstance(field.get("key"), str)
        ]

    def field_problem(self, project: int, channel: int, key: str) -> str:
        """Why a text can't be written into this field of the channel's feedbacks; "" when it can. Changes nothing: it
        writes to a feedback that can't exist, and ABC checks the field before it looks for the feedback."""
        try:
            self._call(project, "PUT", f"/channels/{channel}/feedbacks/{NO_FEEDBACK}", {key: ""})
        except AbcError as error:
            if error.reason != "invalid":
                raise
            return str(error)
        return ""

    def project_name(self, project: int) -> str:
        found = self._call(project, "GET", "")
        if not isinstance(found, dict) or not isinstance(found.get("name"), str):
            raise not_understood("a project")
        return str(found["name"])

    def search_issues(
        self, project: int, query: Mapping[str, Any], limit: int = 100, report: Report = ignore
    ) -> Iterator[Issue]:
        """Every issue that matches, once, by id; `limit`: how many to ask for at once; `report`: called with what could
        not be read.

        Times in the query are UTC with `Z`, as `{"createdAt": {"gte": …, "lt": …}}`, both ends.
        """
        return self._search(Issue, project, "/issues/search", query, limit, report)

    def search_feedbacks(
        self, project: int, channel: int, query: Mapping[str, Any], limit: int = 100, report: Report = ignore
    ) -> Iterator[Feedback]:
        """Every feedback of the channel that matches, once, by id; see `search_issues`."""
        return self._search(Feedback, project, f"/channels/{channel}/feedbacks/search", query, limit, report)

    def _search(
        self, kind: type[E], project: int, path: str, query: Mapping[str, Any], limit: int, report: Report
    ) -> Iterator[E]:
        def read(page: int, limit: int) -> Any:
            body = {"query": dict(query), "sort": {"id": "ASC"}, "page": page, "limit": limit}
            return self._call(project, "POST", path, body)

        return walk(kind, read, limit, report)

    def _call(self, project: int, method: str, path: str, body: Any = None, seconds: float | None = None) -> Any:
        """The answer's JSON; None for a write, which ABC answers with nothing."""
        key = self._keys.get(project)
        if key is None:
            what = f"ABC_API_KEY holds no key for project {project}: add {project}=…"
            raise AbcError("auth", what, again=False, absent=True)
        headers = {"x-api-key": key.get_secret_value()}
        url = f"{self._base}/projects/{project}{path}"
        answer, found = call(self._session, method, url, headers=headers, json_body=body, total_seconds=seconds)
        if not answer.ok:
            raise refusal(answer.status, found, answer.retry_after, answer.request)
        return None if method == "PUT" else found


def why_unwritable(issue: Issue) -> str:
    """What a person must change before ABC takes this issue back; "" when nothing."""
    problems = []
    for what, text, limit in (("name", issue.name, NAME_LIMIT), ("description", issue.description, DESCRIPTION_LIMIT)):
        size = abc_length(text or "")
        if size > limit:
            problems.append(f"its {what} has {size} characters, and ABC User Feedback saves no more than {limit}")
    if not issue.name:
        problems.append("it has no name, and ABC User Feedback saves no issue without a name")
    if not issue.status:
        problems.append("its status is unknown, and a save without a status would reset it")
    return (
        f"issue {issue.id} can't be saved: {'; '.join(problems)}. Correct it in ABC User Feedback" if problems else ""
    )


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and is_blank(value))


def _parsed(kind: type[E], id_: int, value: Any) -> E:
    try:
        entity = kind.model_validate(value)
    except (ValidationError, RecursionError):
        raise not_understood(f"a {kind.__name__.lower()}") from None
    if entity.id != id_:
        raise not_understood(f"{kind.__name__.lower()} {id_}")
    return entity

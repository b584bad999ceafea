"""Search (v1) of the stand-in for ABC User Feedback: issues by LIKE, feedbacks by field, with the measured 400s and
500s."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tools.sandbox.abc_rules import Refusal, server_fault
from tools.sandbox.abc_store import AbcStore, ChannelRow, FeedbackRow, IssueRow

LIKE = ("status", "name", "description", "externalIssueId", "feedbackCount")
TIMES = ("createdAt", "updatedAt")


def search_issues(store: AbcStore, project: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `POST /issues/search`. Without a sort the order is undefined (here: by id)."""
    with store.lock:
        found = [issue for issue in store.issues.values() if issue.project == project]
        for key, value in (body.get("query") or {}).items():
            found = [issue for issue in found if _issue_matches(issue, key, value)]
        found = _sorted(found, body.get("sort") or {"id": "ASC"}, IssueRow.__dataclass_fields__)
        items, meta = _page(found, body)
        return {"meta": meta, "items": [issue.as_answer() for issue in items]}


def _issue_matches(issue: IssueRow, key: str, value: Any) -> bool:
    if key in TIMES:
        if not _is_range(value):
            raise server_fault()
        return _within(getattr(issue, key), value)
    if key == "id":
        return str(issue.id) == str(value)
    if key == "statuses":
        return issue.status in value
    if key == "searchText":
        texts = (issue.name, issue.description, issue.externalIssueId)
        return any(_like(text, value) for text in texts) or str(issue.id) == str(value)
    if key not in LIKE:
        raise server_fault()
    return value is not None and _like(getattr(issue, key), value)


def search_feedbacks(store: AbcStore, channel: ChannelRow, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `POST /channels/:c/feedbacks/search`; sorted by id DESC unless another sort is given."""
    query = dict(body.get("query") or {})
    only = query.pop("fieldKey", None)
    with store.lock:
        found = [row for row in store.feedbacks.values() if row.channel == channel.id]
        for key, value in query.items():
            matches = _feedback_filter(store, channel, key, value, only)
            found = [row for row in found if matches(row)]
        found = _sorted(found, body.get("sort") or {"id": "DESC"}, ("id", *TIMES))
        items, meta = _page(found, body)
        meta = {**{key: meta[key] for key in ("itemCount", "totalItems", "itemsPerPage")}, **_tail(meta)}
        return {"items": [store.feedback_answer(row) for row in items], "meta": meta}


def _tail(meta: Mapping[str, int]) -> dict[str, int]:
    return {"currentPage": meta["currentPage"], "totalPages": meta["totalPages"]}


def _feedback_filter(
    store: AbcStore, channel: ChannelRow, key: str, value: Any, only: str | None
) -> Callable[[FeedbackRow], bool]:
    if key in TIMES:
        if not _is_range(value):
            raise Refusal(400, f"{key} must be DateTimeRange")
        if _is_longer(value, channel.search_max_days):
            raise Refusal(400, f"{key} must not span more than {channel.search_max_days} days")
        return lambda row: _within(getattr(row, key), value)
    if key in ("ids", "issueIds"):
        if not isinstance(value, list):
            raise Refusal(400, f"{key} must be array")
        if not value:
            raise server_fault()
        if key == "ids":
            return lambda row: row.id in value
        return lambda row: any(issue in value for issue in row.issues)
    if key == "issueName":
        return lambda row: any(store.issues[issue].name == value for issue in row.issues if issue in store.issues)
    if key == "id":
        return lambda _row: False  # measured: `id` finds nothing, only `ids` does
    if key == "searchText":
        return lambda row: any(
            _like(text, value) for name, text in row.data.items() if isinstance(text, str) and only in (None, name)
        )
    spec = channel.fields.get(key)
    if spec is None:
        raise Refusal(400, f"invalid key in query: {key}")
    if spec.format in ("text", "aiField"):
        return lambda row: key in row.data and _like(row.data[key], value)
    if spec.format == "multiSelect":
        return lambda row: all(option in row.data.get(key, []) for option in value)
    return lambda row: key in row.data and row.data[key] == value


def _like(text: Any, part: Any) -> bool:
    return text is not None and str(part).casefold() in str(text).casefold()


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(value.get(end), str) for end in ("gte", "lt"))


def _within(moment: str, span: Mapping[str, str]) -> bool:
    start, end, at = _time(span["gte"]), _time(span["lt"]), _time(moment)
    return start is not None and end is not None and at is not None and start <= at < end


def _is_longer(span: Mapping[str, str], days: int) -> bool:
    start, end = _time(span["gte"]), _time(span["lt"])
    return days >= 0 and start is not None and end is not None and (end - start).total_seconds() > days * 86_400


def _time(text: str) -> datetime | None:
    """A time in a query; None if the search finds nothing with it: an offset other than `Z` (measured on MariaDB), or a
    text that is not a time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment if text.endswith("Z") else None


def _sorted(found: list[Any], sort: Mapping[str, str], columns: Any) -> list[Any]:
    for key, direction in reversed(list(sort.items())):
        if key not in columns:
            raise server_fault()
        found = sorted(found, key=_by(key), reverse=direction == "DESC")
    return found


def _by(column: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, column) or ""


def _page(found: list[Any], body: Mapping[str, Any]) -> tuple[list[Any], dict[str, int]]:
    limit, page = _positive(body.get("limit"), 10), _positive(body.get("page"), 1)
    items = found[(page - 1) * limit : page * limit]
    meta = {
        "itemCount": len(items),
        "totalItems": len(found),
        "itemsPerPage": limit,
        "totalPages": math.ceil(len(found) / limit),
        "currentPage": page,
    }
    return items, meta


def _positive(value: Any, default: int) -> int:
    """The number; the default for 0, a text or no value; 1 for a negative number (measured for `limit`)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return default
    return max(1, int(value))

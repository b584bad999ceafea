"""Reading a search of ABC User Feedback page by page: every entity once, whatever the answers look like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from sources.abc.errors import AbcError, NotUnderstood, not_understood
from sources.abc.models import Entity

E = TypeVar("E", bound=Entity)

MOST_PAGES = 1000
"""Pages that one search reads at most. With 100 items a page that is far more than a day of feedback."""
HOPELESS = 10
"""Results that can't be read, without one that can: then it is not the results."""

Read = Callable[[int, int], Any]
"""(number of the page, from 1; items on a page) -> the answer. Raises AbcError."""


class _Meta(BaseModel):
    totalItems: Annotated[int, Field(ge=0)]


class _Page(BaseModel):
    items: list[Any]
    meta: _Meta


def walk(kind: type[E], read: Read, limit: int, report: Callable[[str], None]) -> Iterator[E]:
    """Every entity of a search, once. `report` is called with what was left out: an item that can't be read does not
    cost the others.

    While the pages are read, entities can leave the searched range of time (deleted, updated later), and what follows
    moves to the front, onto pages that were read already. The total shows that; then it starts again and passes over
    what it has returned. Raises AbcError when the pages have no end.
    """
    seen: set[int] = set()
    page, total, known_pages = 1, 0, 0
    read = _bounded(read)
    while True:
        found = _page(read, page, limit, report)
        entities = _read_items(kind, found.items, report)
        fresh = [entity for entity in {entity.id: entity for entity in entities}.values() if entity.id not in seen]
        seen.update(entity.id for entity in fresh)
        yield from fresh
        shrunk, total = found.meta.totalItems < total, found.meta.totalItems
        if shrunk and page > 1:
            known_pages = max(known_pages, page)
            page = 1
        elif not found.items or page * limit >= total:
            return
        elif entities and not fresh and page > known_pages:
            raise _endless(f"page {page} repeats entries of earlier pages")
        else:
            page += 1


def _bounded(read: Read) -> Read:
    calls = 0

    def counted(page: int, limit: int) -> Any:
        nonlocal calls
        calls += 1
        if calls > MOST_PAGES:
            raise _endless(f"there are more than {MOST_PAGES} pages")
        return read(page, limit)

    return counted


def _page(read: Read, page: int, limit: int, report: Callable[[str], None]) -> _Page:
    try:
        return _page_of(read(page, limit))
    except NotUnderstood:
        return _one_by_one(read, page, limit, report)


def _one_by_one(read: Read, page: int, limit: int, report: Callable[[str], None]) -> _Page:
    """The same results, each on a page of its own: one that is nested too deeply makes its whole page unreadable.

    Raises NotUnderstood when that is no better.
    """
    items: list[Any] = []
    total, unread = 0, 0
    for number in range((page - 1) * limit + 1, page * limit + 1):
        try:
            found = _page_of(read(number, 1))
        except NotUnderstood:
            unread += 1
            if unread >= HOPELESS and not total:
                raise
            continue
        items += found.items
        total = found.meta.totalItems
        if number >= total:
            break
    if not total:
        raise not_understood("a page of results")
    report(f"{unread} of the search results can't be read at all and were left out")
    return _Page(items=items, meta=_Meta(totalItems=total))


def _page_of(answer: Any) -> _Page:
    try:
        return _Page.model_validate(answer)
    except ValidationError:
        raise not_understood("a page of results") from None


def _read_items(kind: type[E], items: list[Any], report: Callable[[str], None]) -> list[E]:
    entities = []
    for item in items:
        try:
            entities.append(kind.model_validate(item))
        except (ValidationError, RecursionError):
            continue
    if bad := len(items) - len(entities):
        report(f"{bad} of {len(items)} search results are no {kind.__name__.lower()} and were left out")
    return entities


def _endless(why: str) -> AbcError:
    return AbcError("server_error", f"ABC User Feedback's search has no end: {why}", again=True)

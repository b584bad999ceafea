"""The API of ABC User Feedback, as measured (docs/sources/abc.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import requests
from pydantic import SecretStr

from settings import KeyMap
from sources.event import Feedback, Issue

AbcReason = Literal[
    "auth", "not_found", "invalid", "unwritable", "timeout", "network", "server_error", "client_error", "rate_limited"
]


class AbcError(Exception):
    """ABC User Feedback refused or did not answer. `again`: whether the same call may succeed later."""

    def __init__(self, reason: AbcReason, what: str, *, again: bool, retry_after: float | None = None) -> None:
        self.reason: AbcReason = reason
        self.again = again
        self.retry_after = retry_after
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Field:
    key: str
    format: str
    writable: bool


class AbcClient:
    """One per process, used by many threads."""

    def __init__(self, url: str, keys: KeyMap[SecretStr], session: requests.Session | None = None) -> None:
        raise NotImplementedError

    def get_issue(self, project: int, issue: int) -> Issue:
        raise NotImplementedError

    def get_feedback(self, project: int, channel: int, feedback: int) -> Feedback:
        raise NotImplementedError

    def issue_is_of(self, project: int, issue: int) -> bool:
        """Whether the issue belongs to the project (ids are not scoped: one project's key reads another's issue)."""
        raise NotImplementedError

    def set_external_issue_id(self, project: int, issue: int, value: str) -> Issue:
        """Stores `value`, changing nothing else; a value that is already there wins: then nothing is written and the
        issue as it is comes back. Raises AbcError; reason `unwritable` when name or description are too long."""
        raise NotImplementedError

    def set_feedback_fields(self, project: int, channel: int, feedback: int, fields: Mapping[str, str]) -> None:
        raise NotImplementedError

    def fields(self, project: int, channel: int) -> list[Field]:
        raise NotImplementedError

    def project_name(self, project: int) -> str:
        raise NotImplementedError

    def search_issues(self, project: int, query: Mapping[str, Any], limit: int = 100) -> Iterator[Issue]:
        raise NotImplementedError

    def search_feedbacks(
        self, project: int, channel: int, query: Mapping[str, Any], limit: int = 100
    ) -> Iterator[Feedback]:
        raise NotImplementedError

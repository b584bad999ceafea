"""The port to Jira: the few calls that we need, over the `jira` library, which nothing else here sees.

One per process, for many threads. Nothing is called at construction. Nothing is retried (the library would send a
create four times). Raises JiraRefusal or NoAnswer, whose texts name neither address nor credentials.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from jira import JIRA, JIRAError
from requests.adapters import HTTPAdapter

from connectors.jira.errors import JiraRefusal
from connectors.jira.settings import Settings
from transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    TOTAL_SECONDS,
    Answer,
    NoAnswer,
    no_answer_of,
    read_whole,
)

COMMENT_PAGE = 100
COMMENT_PAGES = 10  # newest first: a comment that we may have lost the answer of is among the last ones
PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES")


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: str
    """`new`, `indeterminate` or `done`, in every language."""


@dataclass(frozen=True, slots=True)
class Ticket:
    id: str
    key: str
    status: Status
    marks: tuple[str, ...]
    """Labels, and the value of the marker field."""

    @property
    def project(self) -> str:
        return self.key.rpartition("-")[0]

    @property
    def number(self) -> str:
        return self.key.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Created:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Transition:
    id: str
    to: Status
    required: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Fields that it needs and has no default for, with the values that they allow."""


class _Client(JIRA):
    # The library would fetch the list of all fields before each first search, to translate names that we don't use.
    _fields_cache: dict[str, str] = {}  # noqa: RUF012


class _Adapter(HTTPAdapter):
    """Bounds the whole answer in time and size; the library's own limit is for each single read."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        deadline = time.monotonic() + TOTAL_SECONDS
        response = super().send(request, *args, **kwargs)
        response._content = read_whole(response, deadline)  # what `content`, `text` and `json()` answer from
        return response


class JiraPort:
    def __init__(self, settings: Settings, pool: int) -> None:
        token, pat = settings.jira_api_token, settings.jira_pat
        self._client = _Client(
            server=settings.jira_url,
            basic_auth=(settings.jira_email or "", token.get_secret_value()) if token else None,
            token_auth=pat.get_secret_value() if pat else None,
            get_server_info=False,
            max_retries=0,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            logging=False,
        )
        session = self._client._session
        session.max_redirects = 0  # a POST would be followed as a GET, and the credentials with it
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(pool_maxsize=max(pool, 1), max_retries=0))
        self._marker_field = settings.jira_marker_field
        self._cloud = {"auto": None, "cloud": True, "datacenter": False}[settings.jira_type]

    @property
    def is_cloud(self) -> bool:
        """Asks Jira once (https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-server-info/)."""
        cloud = self._cloud
        if cloud is None:
            cloud = self._cloud = self.server_info().get("deploymentType") == "Cloud"
        return cloud

    def create(self, fields: Mapping[str, Any]) -> Created:
        with _asking():
            made = self._client.create_issue(fields=dict(fields), prefetch=False)
            return Created(str(made.raw["id"]), str(made.raw["key"]))

    def ticket(self, key_or_id: str) -> Ticket:
        """The ticket as it is now; an id, or the key that it had before it was moved, leads to it all the same."""
        wanted = ["status", "labels", *([self._marker_field] if self._marker_field else [])]
        with _asking():
            raw = self._client._get_json(f"issue/{key_or_id}", params={"fields": ",".join(wanted)})
            fields = raw["fields"]
            marks = [*(fields.get("labels") or []), fields.get(self._marker_field) if self._marker_field else None]
            texts = tuple(mark for mark in marks if isinstance(mark, str))
            return Ticket(str(raw["id"]), str(raw["key"]), _status(fields["status"]), texts)

    def find(self, marker: str) -> list[str]:
        """Ids of the tickets that the search knows to carry the marker. On Cloud it may not know yet."""
        if self._marker_field:
            number = self._marker_field.removeprefix("customfield_")
            jql = f'cf[{number}] ~ "\\"{marker}\\""'
        else:
            jql = f'labels = "{marker}"'
        # The library goes by it which of the two searches it calls.
        self._client.deploymentType = "Cloud" if self.is_cloud else "Server"
        with _asking():
            answer = self._client.search_issues(jql, maxResults=20, fields="status", json_result=True)
            return [str(issue["id"]) for issue in answer["issues"]]

    def comments(self, key: str) -> Iterator[str]:
        """The texts of the newest comments, newest first."""
        for page in range(COMMENT_PAGES):
            start = page * COMMENT_PAGE
            with _asking():
                found = self._client.comments(key, start_at=start, max_results=COMMENT_PAGE, order_by="-created")
                bodies = [str(comment.raw.get("body", "")) for comment in found]
            yield from bodies
            if len(bodies) < COMMENT_PAGE:
                return

    def add_comment(self, key: str, body: str) -> None:
        with _asking():
            self._client.add_comment(key, body)

    def transitions(self, key: str) -> list[Transition]:
        """The ways out of the ticket's status that the account may take."""
        with _asking():
            found = self._client.transitions(key, expand="transitions.fields")
            return [Transition(str(raw["id"]), _status(raw["to"]), _required(raw)) for raw in found]

    def transition(self, key: str, transition: Transition, fields: Mapping[str, Any]) -> None:
        with _asking():
            self._client.transition_issue(key, transition.id, fields=dict(fields) or None)

    # What `flask check` asks.

    def server_info(self) -> dict[str, Any]:
        return self._get("serverInfo")

    def myself(self) -> str:
        return str(self._get("myself").get("displayName", ""))

    def project(self, key: str) -> dict[str, Any]:
        return self._get(f"project/{key}")

    def permissions(self, key: str) -> set[str]:
        """Which of PERMISSIONS the account has in the project."""
        with _asking():
            answer = self._client.my_permissions(projectKey=key, permissions=",".join(PERMISSIONS))
            found = answer["permissions"]
            return {name for name in PERMISSIONS if found.get(name, {}).get("havePermission")}

    def issue_types(self, key: str) -> list[tuple[str, str]]:
        """Id and name of the types that the account may create in the project."""
        answer = self._get(f"issue/createmeta/{key}/issuetypes", maxResults=200)
        return [(str(raw["id"]), str(raw["name"])) for raw in answer.get("issueTypes") or answer.get("values") or []]

    def create_fields(self, key: str, issue_type: str) -> list[dict[str, Any]]:
        """The fields of the create screen."""
        answer = self._get(f"issue/createmeta/{key}/issuetypes/{issue_type}", maxResults=200)
        return list(answer.get("fields") or answer.get("values") or [])

    def statuses(self, key: str) -> list[Status]:
        """The statuses of all issue types of the project."""
        with _asking():
            found = self._client._get_json(f"project/{key}/statuses")
            return [_status(raw) for kind in found for raw in kind["statuses"]]

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        with _asking():
            answer = self._client._get_json(path, params=params)
            return dict(answer)


def _status(raw: Mapping[str, Any]) -> Status:
    return Status(str(raw["id"]), str(raw["name"]), str((raw.get("statusCategory") or {}).get("key", "")))


def _required(transition: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    fields = transition.get("fields") or {}
    return {
        name: tuple(field.get("allowedValues") or ())
        for name, field in fields.items()
        if field.get("required") and not field.get("hasDefaultValue")
    }


@contextmanager
def _asking() -> Iterator[None]:
    """Turns what the library raises into our two errors."""
    try:
        yield
    except JIRAError as error:
        raise _refusal(error) from None
    except requests.exceptions.TooManyRedirects:
        raise JiraRefusal(302) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Also what `requests` raises for an answer that is no JSON: a proxy's or a login page with status 200.
        raise NoAnswer(
            "network", "the answer is none of Jira's (a proxy's page? look at JIRA_URL)", sent=True
        ) from None
    except requests.exceptions.RequestException as error:
        raise no_answer_of(error) from None


def _refusal(error: JIRAError) -> JiraRefusal | NoAnswer:
    status = error.status_code or 0
    if status < 300:
        return NoAnswer("network", "the answer names no ticket", sent=True)
    answer = _answer_of(error)
    messages, fields = _told(answer.json())
    denied = str(answer.headers.get("x-authentication-denied-reason", ""))
    said = "; ".join([*messages, *(f"{name}: {text}" for name, text in fields.items()), *([denied] if denied else [])])
    return JiraRefusal(status, said, fields, answer.retry_after, str(answer.headers.get("RateLimit-Reason", "")))


def _answer_of(error: JIRAError) -> Answer:
    if error.response is None:
        return Answer(error.status_code or 0, requests.structures.CaseInsensitiveDict(), b"")
    return Answer(error.response.status_code, error.response.headers, error.response.content)


def _told(answer: Any) -> tuple[list[str], dict[str, str]]:
    """Jira's error messages, and those by field."""
    if not isinstance(answer, dict):
        return [], {}
    messages = answer.get("errorMessages")
    texts = messages if isinstance(messages, list) else [messages, answer.get("errorMessage"), answer.get("message")]
    errors = answer.get("errors")
    fields = {str(name): str(text) for name, text in errors.items()} if isinstance(errors, dict) else {}
    return [str(text) for text in texts if text], fields

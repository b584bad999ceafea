"""The port to Jira: the few calls that we need, over the `jira` library, which nothing else here sees.

One per process, for many threads. Nothing is called at construction. Nothing is retried (the library would send a
create four times). Raises JiraRefusal or NoAnswer, whose texts name neither address nor credentials.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from jira import JIRA, JIRAError

from bridge.http import NoAnswer, answer_of, guard, not_sent
from connectors.jira import shapes
from connectors.jira.errors import refusal_of
from connectors.jira.names import GATEWAY
from connectors.jira.settings import Settings
from connectors.jira.shapes import Account, Choice, ScreenField, Status, Transition
from connectors.tickets.base import Comment, Created, IncompleteSearch, Ticket

PAGE = 100
PAGES = 10  # of a search, oldest first
COMMENT_PAGE = 40
"""Comments are long: this many of 32,767 characters, each escaped as six, are less than MAX_ANSWER_BYTES."""
COMMENT_PAGES = 25  # newest first: a comment whose answer we may have lost is among the last ones
PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES")


class _Client(JIRA):
    # The library would fetch the list of all fields before each first search, to translate names that we don't use.
    _fields_cache: dict[str, str] = {}  # noqa: RUF012


class JiraPort:
    def __init__(self, settings: Settings, pool: int) -> None:
        self._settings = settings
        token, pat = settings.api_token, settings.pat
        self._client = _Client(
            server=settings.url,
            basic_auth=(settings.email or "", token.get_secret_value()) if token else None,
            token_auth=pat.get_secret_value() if pat else None,
            get_server_info=False,
            max_retries=0,
            logging=False,
        )
        session = self._client._session
        session.hooks["response"] = [self._check]
        guard(session, pool)
        self._marker_field = settings.marker_field
        self._internal_comments = not settings.public_comments
        self._former_accounts = settings.former_accounts
        self._cloud = {"auto": None, "cloud": True, "datacenter": False}[settings.type]
        self._myself: Account | None = None
        self._url = settings.url
        self._site: str | None = None

    def _check(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Raises what is no success before the library looks at it: it would follow redirects with the credentials, and
        trip over an error of an unexpected shape, whose status is then lost."""
        refusal = refusal_of(answer_of(response), self._settings, reads=response.request.method == "GET")
        if refusal:
            raise refusal

    @property
    def is_cloud(self) -> bool:
        """Asks Jira once (https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-server-info/)."""
        cloud = self._cloud
        if cloud is None:
            cloud = self._cloud = self.server_info().get("deploymentType") == "Cloud"
        return cloud

    def site(self) -> str:
        """Jira's address for people. Asks Jira once where JIRA_URL is Atlassian's gateway for tokens with scopes."""
        if self._site is None:
            base = self.server_info().get("baseUrl") if GATEWAY in self._url else self._url
            is_address = isinstance(base, str) and base.startswith(("https://", "http://")) and len(base) < 500
            self._site = str(base).rstrip("/") if is_address else self._url
        return self._site

    def url_of(self, key: str) -> str:
        """The ticket's address for people."""
        return f"{self.site()}/browse/{key}"

    def is_ours(self, account: Account) -> bool:
        """Whether it is the account that we use, or one that JIRA_FORMER_ACCOUNTS names."""
        return account.is_named_in(self._former_accounts) or account.is_same(self.myself())

    def myself(self) -> Account:
        """Asks Jira once."""
        if self._myself is None:
            with self._asking():
                account = shapes.account(self._get("myself"))
                if not (account.id or account.key or account.name):
                    raise ValueError("nobody")
                self._myself = account
        return self._myself

    def create_ticket(self, fields: Mapping[str, Any]) -> Created:
        with self._asking():
            return shapes.created(self._client.create_issue(fields=dict(fields), prefetch=False).raw)

    def ticket(self, key_or_id: str) -> Ticket:
        """The ticket as it is now; an id, or the key that it had before it was moved, leads to it all the same."""
        with self._asking():
            return shapes.ticket(self._get(f"issue/{key_or_id}", fields=self._wanted()), self._marker_field)

    def search(self, project: str, texts: Sequence[str]) -> Iterator[Ticket]:
        """The tickets of the Jira project that the search knows to carry one of the markers, oldest first. On Cloud it
        may not know them yet. Raises IncompleteSearch after the first 1,000."""
        where = f'project = "{project}" AND '
        if self._marker_field:
            number = self._marker_field.removeprefix("customfield_")
            queries = [f'{where}cf[{number}] ~ "\\"{text}\\""' for text in texts]
        else:
            queries = [where + "labels in ({})".format(", ".join(f'"{text}"' for text in texts))]
        for query in queries:
            yield from self._search(f"{query} ORDER BY created ASC")

    def changed_since(self, container: str, since: float) -> Iterator[Ticket]:
        """A time of its own would be read in the time zone of the account: so it is how long ago."""
        minutes = max(1, math.ceil((time.time() - since) / 60))
        yield from self._search(f'project = "{container}" AND updated >= "-{minutes}m" ORDER BY updated ASC')

    def _search(self, jql: str) -> Iterator[Ticket]:
        path = "search/jql" if self.is_cloud else "search"
        position: dict[str, Any] = {}
        for page in range(PAGES):
            with self._asking():
                answer = self._get(path, jql=jql, fields=self._wanted(), maxResults=PAGE, **position)
                found = [shapes.ticket(raw, self._marker_field) for raw in shapes.items(answer, "issues")]
                token = answer.get("nextPageToken")
            yield from found
            if not found or (not token if self.is_cloud else len(found) < PAGE):
                return
            position = {"nextPageToken": token} if self.is_cloud else {"startAt": (page + 1) * PAGE}
        raise IncompleteSearch(PAGE * PAGES)

    def _wanted(self) -> str:
        fields = ["status", "labels", "creator", "reporter", "created", "updated"]
        return ",".join([*fields, self._marker_field] if self._marker_field else fields)

    def comments(self, key: str, _since: float = 0) -> Iterator[Comment]:
        """The newest comments, newest first."""
        for page in range(COMMENT_PAGES):
            position = {"startAt": page * COMMENT_PAGE, "maxResults": COMMENT_PAGE}
            with self._asking():
                raws = shapes.items(self._get(f"issue/{key}/comment", **position, orderBy="-created"), "comments")
                found = [shapes.comment(raw) for raw in raws]
            yield from found
            if len(found) < COMMENT_PAGE:
                return

    def add_comment(self, key: str, body: str) -> None:
        """Customers of Jira Service Management do not see it, unless JIRA_PUBLIC_COMMENTS is set."""
        with self._asking():
            self._client.add_comment(key, body, is_internal=self._internal_comments)

    def transitions(self, key: str) -> list[Transition]:
        """The ways out of the ticket's status that the account may take."""
        with self._asking():
            answer = self._get(f"issue/{key}/transitions", expand="transitions.fields")
            return shapes.each(shapes.transition, shapes.items(answer, "transitions"))

    def transition(self, key: str, transition: Transition, fields: Mapping[str, Any]) -> None:
        with self._asking():
            self._client.transition_issue(key, transition.id, fields=dict(fields) or None)

    def initial_status(self, request: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Not known: the workflow decides."""
        return ""

    def moved_at(self, ticket: Ticket) -> float:
        """When the ticket got its status, from its history; 0 where it has had no other."""
        with self._asking():
            answer = self._get(f"issue/{ticket.id}", fields="status", expand="changelog")
            return max(shapes.each(shapes.moved_at, shapes.items(answer["changelog"], "histories")), default=0.0)

    def issue_types(self, project: str) -> list[Choice]:
        """The types that the account may create in the project."""
        return shapes.each(shapes.choice, self._pages(f"issue/createmeta/{project}/issuetypes", "issueTypes"))

    def create_fields(self, project: str, issue_type: str) -> list[ScreenField]:
        """The fields of the create screen."""
        path = f"issue/createmeta/{project}/issuetypes/{issue_type}"
        return shapes.each(shapes.screen_field, self._pages(path, "fields"))

    # What `flask check` asks.

    def server_info(self) -> dict[str, Any]:
        return self._get("serverInfo")

    def project(self, key: str) -> str:
        """Its name."""
        return str(self._get(f"project/{key}").get("name", ""))

    def permissions(self, project: str) -> set[str]:
        """Which of PERMISSIONS the account has in the project."""
        with self._asking():
            found = self._get("mypermissions", projectKey=project, permissions=",".join(PERMISSIONS))["permissions"]
            return {name for name in PERMISSIONS if name in found and found[name].get("havePermission") is True}

    def statuses(self, project: str) -> list[Status]:
        """The statuses of all issue types of the project."""
        with self._asking():
            found = self._client._get_json(f"project/{project}/statuses")
            return [status for kind in found for status in shapes.each(shapes.status, shapes.items(kind, "statuses"))]

    def _pages(self, path: str, name: str) -> list[Any]:
        """A list that Jira answers in pages. Cloud calls it `name`, Data Center `values`."""
        found: list[Any] = []
        for _ in range(PAGES):
            with self._asking():
                answer = self._get(path, startAt=len(found), maxResults=PAGE)
                page = shapes.items(answer, name, "values")
                found += page
                total = answer.get("total")
            if not page or answer.get("isLast") is True or (isinstance(total, int) and len(found) >= total):
                break
        return found

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        with self._asking():
            answer = self._client._get_json(path, params=params)
            if not isinstance(answer, dict):
                raise TypeError("no object")
            return answer

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turns what the library raises, and answers of another shape, into our two errors."""
        try:
            yield
        except JIRAError:
            raise NoAnswer("network", "the answer names no ticket", sent=True) from None
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
            # Also what `requests` raises for an answer that is no JSON: a proxy's or a login page with status 200.
            url = self._settings.variable("url")
            raise NoAnswer(
                "network", f"the answer is not from Jira (a proxy's page? look at {url})", sent=True
            ) from None
        except requests.exceptions.RequestException as error:
            raise not_sent(error) from None

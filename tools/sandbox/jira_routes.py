"""The routes of the stand-in for Jira, as the `jira` library 3.10.5 and plain HTTP call them, below `/2` and `/3`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from tools.sandbox.jira import RESOLUTIONS, Jira, JiraRefusal, Ticket
from tools.sandbox.jira_meta import Account, answer, status
from tools.sandbox.web import add, json_object

MOST_RESULTS = 100
GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


def blueprint(jira: Jira) -> Blueprint:
    """The routes below `/jira`."""
    routes = Blueprint("jira", __name__)

    @routes.before_request
    def check() -> Response | None:
        anonymous = request.path.endswith("/serverInfo") and "Authorization" not in request.headers
        if anonymous or request.headers.get("Authorization") == jira.authorization():
            return None
        g.login = "AUTHENTICATED_FAILED"
        if jira.wrong_login == "anonymous" and not request.path.endswith("/myself"):
            return _for_nobody(request.path)
        if jira.cloud:
            unauthorized = Response(
                "Client must be authenticated to access this resource.", 401, content_type="text/plain"
            )
        else:
            words = "You are not authenticated. Authentication required to perform this operation."
            unauthorized = answer(401, {"errorMessages": [words], "errors": {}})
        return unauthorized

    @routes.after_request
    def how_the_login_went(response: Response) -> Response:
        response.headers["X-Seraph-LoginReason"] = g.get("login", "OK")
        return response

    @routes.errorhandler(JiraRefusal)
    def refused(refusal: JiraRefusal) -> Response:
        return answer(refusal.status, {"errorMessages": refusal.messages, "errors": refusal.errors})

    who = Account(jira)
    tickets = _Tickets(jira)
    on = partial(add, routes)
    for start in ("/rest/api/2", "/rest/api/3"):
        on(f"{start}/serverInfo", GET=who.server_info)
        on(f"{start}/myself", GET=who.myself)
        on(f"{start}/mypermissions", GET=who.my_permissions)
        on(f"{start}/project/<project>", GET=who.project)
        on(f"{start}/project/<project>/statuses", GET=who.project_statuses)
        on(f"{start}/issue/createmeta/<project>/issuetypes", GET=who.issue_types)
        on(f"{start}/issue/createmeta/<project>/issuetypes/<kind>", GET=who.create_fields)
        on(f"{start}/field", GET=who.fields)
        on(f"{start}/status", GET=who.statuses)
        on(f"{start}/priority", GET=who.priorities)
        on(f"{start}/issuetype", GET=who.all_issue_types)
        on(f"{start}/issue", POST=tickets.create)
        on(f"{start}/issue/<key>", GET=tickets.get, PUT=tickets.edit)
        on(f"{start}/issue/<key>/comment", GET=tickets.comments, POST=tickets.add_comment)
        on(f"{start}/issue/<key>/transitions", GET=tickets.transitions, POST=tickets.transition)
        on(f"{start}/issue/<key>/properties", GET=tickets.properties)
        on(f"{start}/issue/<key>/properties/<name>", GET=tickets.get_property, PUT=tickets.set_property)
        on(f"{start}/search", GET=tickets.search, POST=tickets.search)
        on(f"{start}/search/jql", GET=tickets.enhanced_search, POST=tickets.enhanced_search)
    return routes


def _for_nobody(path: str) -> Response:
    """The answer for a visitor who is not signed in, if no project is public."""
    if path.endswith(("/search", "/search/jql")):
        return answer(200, {"issues": [], "total": 0, "startAt": 0, "maxResults": 50, "isLast": True})
    if path.endswith("/issue"):
        return answer(400, {"errorMessages": [], "errors": {"project": "Specify a valid project ID or key"}})
    return answer(
        404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}
    )


class _Tickets:
    def __init__(self, jira: Jira) -> None:
        self.jira = jira

    def create(self) -> Any:
        ticket = self.jira.create(_body(), self.jira.account)
        return answer(201, {"id": ticket.id, "key": ticket.key, "self": _self(ticket)})

    def get(self, key: str) -> Any:
        ticket = self.jira.find(key)
        wanted = [name for name in request.args.get("fields", "*all").split(",") if name]
        properties = [name for name in request.args.get("properties", "").split(",") if name]
        shown = self._shown(ticket, wanted or ["*all"], properties)
        if "changelog" in request.args.get("expand", "").split(","):
            shown["changelog"] = {"startAt": 0, "total": len(ticket.history), "histories": ticket.history[::-1]}
        return answer(200, shown)

    def edit(self, key: str) -> Any:
        body = _body()
        fields = dict(body.get("fields") or {})
        ticket = self.jira.find(key)
        for name, operations in (body.get("update") or {}).items():
            fields[name] = _operated(list(ticket.fields.get(name) or []), operations)
        self.jira.edit(ticket, fields)
        return Response(status=204)

    def comments(self, key: str) -> Any:
        found = self.jira.find(key).comments
        start, size = int(request.args.get("startAt", 0)), int(request.args.get("maxResults", 50))
        if request.args.get("orderBy") == "-created":
            found = found[::-1]
        shown = [self._comment(comment) for comment in found[start : start + size]]
        return answer(200, {"startAt": start, "maxResults": size, "total": len(found), "comments": shown})

    def add_comment(self, key: str) -> Any:
        body = _body()
        ticket = self.jira.find(key)
        made = self.jira.comment(ticket, body.get("body"), self.jira.account, body.get("properties"))
        return answer(201, self._comment(made))

    def transitions(self, key: str) -> Any:
        ticket = self.jira.find(key)
        details = "transitions.fields" in request.args.get("expand", "")
        ways = []
        for way in self.jira.transitions(ticket):
            shown = {"id": way.id, "name": way.name, "to": status(self.jira, way.target), "isAvailable": True}
            allowed = [{"id": key, "name": name} for key, name in RESOLUTIONS.items()]
            resolution = {"required": True, "name": "Resolution", "allowedValues": allowed}
            ways.append({**shown, "fields": {"resolution": resolution} if way.resolution else {}} if details else shown)
        return answer(200, {"expand": "transitions", "transitions": ways})

    def transition(self, key: str) -> Any:
        body, ticket = _body(), self.jira.find(key)
        number = (body.get("transition") or {}).get("id")
        if number is None:
            raise JiraRefusal(400, "Missing 'transition' identifier")
        self.jira.move_status(ticket, str(number), body.get("fields") or {}, self.jira.account)
        return Response(status=204)

    def properties(self, key: str) -> Any:
        names = self.jira.find(key).properties
        return answer(200, {"keys": [{"key": name, "self": ""} for name in names]})

    def get_property(self, key: str, name: str) -> Any:
        found = self.jira.find(key).properties
        if name not in found:
            raise JiraRefusal(404, f"The property with key '{name}' does not exist.")
        return answer(200, {"key": name, "value": found[name]})

    def set_property(self, key: str, name: str) -> Any:
        ticket = self.jira.find(key)
        new = name not in ticket.properties
        ticket.properties[name] = request.get_json(silent=True)
        return answer(201 if new else 200, None)

    def search(self) -> Any:
        if self.jira.cloud:
            raise JiraRefusal(410, GONE)
        asked = _query()
        found = self.jira.search(str(asked.get("jql") or ""))
        start, size = int(asked.get("startAt") or 0), int(asked.get("maxResults") or 50)
        fields = _names(asked.get("fields")) or ["*navigable"]
        shown = [self._shown(ticket, fields) for ticket in found[start : start + size]]
        return answer(200, {"startAt": start, "maxResults": size, "total": len(found), "issues": shown})

    def enhanced_search(self) -> Any:
        if not self.jira.cloud:
            return answer(404, {"errorMessages": [], "errors": {}})
        asked = _query()
        jql = str(asked.get("jql") or "").strip()
        if not jql or jql.lower().startswith("order by"):
            raise JiraRefusal(
                400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            )
        reconcile = asked.get("reconcileIssues") or []
        found = self.jira.search(jql, reconcile if isinstance(reconcile, list) else [reconcile])
        start, size = int(asked.get("nextPageToken") or 0), min(int(asked.get("maxResults") or 50), MOST_RESULTS)
        fields = _names(asked.get("fields"))
        page = found[start : start + size]
        properties = _names(asked.get("properties"))
        # If the query names no fields, the answer has only ids, not even the keys.
        issues = [self._shown(ticket, fields, properties) if fields else {"id": ticket.id} for ticket in page]
        last = start + size >= len(found)
        return answer(200, {"issues": issues, "isLast": last, **({} if last else {"nextPageToken": str(start + size)})})

    def _shown(self, ticket: Ticket, wanted: list[str], properties: list[str] | None = None) -> dict[str, Any]:
        kind = ticket.fields["issuetype"]
        name = kind.get("name") or self.jira.rules.issue_types[str(kind["id"])]
        reporter = ticket.fields.get("reporter")
        every = {
            **ticket.fields,
            "labels": ticket.fields.get("labels") or [],
            "project": {"key": ticket.project, "id": self.jira.projects[ticket.project], "name": ticket.project},
            "issuetype": {"name": name},
            "status": status(self.jira, ticket.status),
            "creator": self._person(ticket.creator),
            "reporter": self._person(reporter) if reporter else None,
            "resolution": {"name": ticket.resolution} if ticket.resolution else None,
            "created": ticket.created,
            "updated": ticket.updated,
        }
        if {"*all", "comment"} & set(wanted):
            comments = [self._comment(comment) for comment in ticket.comments]
            every["comment"] = {"comments": comments, "total": len(comments)}
        whole = {"*all", "*navigable"} & set(wanted)
        fields = every if whole else {key: value for key, value in every.items() if key in wanted}
        shown: dict[str, Any] = {"id": ticket.id, "key": ticket.key, "self": _self(ticket), "fields": fields}
        if properties:
            shown["properties"] = {key: value for key, value in ticket.properties.items() if key in properties}
        return shown

    def _comment(self, comment: dict[str, Any]) -> dict[str, Any]:
        """A comment in an answer. Its properties are stored separately, not among its fields."""
        shown = {key: value for key, value in comment.items() if key != "properties"}
        return {**shown, "author": self._person(comment["author"])}

    def _person(self, account: Mapping[str, str]) -> dict[str, Any]:
        """An account in an answer: Cloud shows no account names, Data Center no account ids."""
        ids = ("accountId",) if self.jira.cloud else ("name", "key")
        return {key: account[key] for key in (*ids, "displayName") if key in account} | {"active": True}


def _body() -> dict[str, Any]:
    refusal = JiraRefusal(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return json_object(refusal)


def _query() -> dict[str, Any]:
    """The arguments of a search, from the query string (a repeated name is a list) or a JSON body."""
    if request.method == "POST":
        return _body()
    return {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else str(value or "").split(",")
    return [name for part in values for name in str(part).split(",") if name]


def _operated(values: list[Any], operations: list[dict[str, Any]]) -> list[Any]:
    for operation in operations:
        if "set" in operation:
            values = list(operation["set"])
        if "add" in operation:
            values.append(operation["add"])
        if "remove" in operation:
            values = [value for value in values if value != operation["remove"]]
    return values


def _self(ticket: Ticket) -> str:
    return f"{request.host_url}jira/rest/api/2/issue/{ticket.id}"

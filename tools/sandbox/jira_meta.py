"""Jira's metadata in the stand-in: the server, the account, a project, and its fields and types."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from tools.sandbox.jira import Jira, JiraRefusal
from tools.sandbox.jira_rules import SYSTEM_FIELDS


class Account:
    """The answers about the server, the account and the project."""

    def __init__(self, jira: Jira) -> None:
        self.jira = jira

    def server_info(self) -> Any:
        version = "1001.0.0-SNAPSHOT" if self.jira.cloud else "10.3.2"
        numbers = [1001, 0, 0] if self.jira.cloud else [10, 3, 2]
        base = request.host_url.rstrip("/") + "/jira"
        head = {"baseUrl": base, "version": version, "versionNumbers": numbers, "buildNumber": 100_000}
        return answer(200, {**head, "deploymentType": self.jira.deployment, "serverTitle": "Demo"})

    def myself(self) -> Any:
        return answer(200, {**self.jira.account, "emailAddress": self.jira.email, "active": True})

    def my_permissions(self) -> Any:
        asked = [name for name in request.args.get("permissions", "").split(",") if name]
        if self.jira.cloud and not asked:
            raise JiraRefusal(400, "The 'permissions' query parameter is required.")
        project = request.args.get("projectKey")
        if project is not None and project not in self.jira.projects:
            raise JiraRefusal(404, f"No project could be found with key '{project}'.")
        names = asked or sorted(self.jira.permissions)
        have = self.jira.permissions
        shown = {name: {"id": name, "key": name, "name": name, "havePermission": name in have} for name in names}
        return answer(200, {"permissions": shown})

    def project(self, project: str) -> Any:
        return answer(200, self._project(project))

    def issue_types(self, project: str) -> Any:
        self._project(project)
        kinds = [{**kind, "subtask": False} for kind in self.jira.rules.kinds()]
        return self._meta("issueTypes", kinds)

    def create_fields(self, project: str, kind: str) -> Any:
        self._project(project)
        rules = self.jira.rules
        if kind not in rules.issue_types:
            raise JiraRefusal(404, "The issue type can't be found.")
        fields = [
            _field(name, name.capitalize(), shape, required)
            for name, (shape, required) in SYSTEM_FIELDS.items()
            if name != "labels" or rules.labels_on_screen
        ]
        priorities = [{"id": key, "name": name} for key, name in rules.priorities.items()]
        fields = [{**f, "allowedValues": priorities} if f["fieldId"] == "priority" else f for f in fields]
        for name, label in rules.custom_fields.items():
            fields.append(_field(name, label, "string", name in rules.required_fields))
        return self._meta("fields", fields)

    def fields(self) -> Any:
        rules = self.jira.rules
        system = [{"id": name, "name": name.capitalize(), "custom": False} for name in SYSTEM_FIELDS]
        return answer(
            200, system + [{"id": key, "name": name, "custom": True} for key, name in rules.custom_fields.items()]
        )

    def statuses(self) -> Any:
        return answer(200, [status(self.jira, number) for number in self.jira.rules.statuses])

    def project_statuses(self, project: str) -> Any:
        self._project(project)
        statuses = [status(self.jira, number) for number in self.jira.rules.statuses]
        return answer(200, [{**kind, "statuses": statuses} for kind in self.jira.rules.kinds()])

    def priorities(self) -> Any:
        return answer(200, [{"id": key, "name": name} for key, name in self.jira.rules.priorities.items()])

    def all_issue_types(self) -> Any:
        return answer(200, self.jira.rules.kinds())

    def _project(self, project: str) -> dict[str, Any]:
        for key, number in self.jira.projects.items():
            if project in (key, number):
                return {
                    "id": number,
                    "key": key,
                    "name": key.capitalize(),
                    "issueTypes": self.jira.rules.kinds(),
                }
        raise JiraRefusal(404, f"No project could be found with key '{project}'.")

    def _meta(self, name: str, values: list[dict[str, Any]]) -> Response:
        start, size = int(request.args.get("startAt", 0)), int(request.args.get("maxResults", 50))
        # Cloud names the list after its entries, Data Center calls it `values`; both give the position of the page.
        part = values[start : start + size]
        listed = {name: part, "values": part}
        last = start + size >= len(values)
        return answer(200, {"startAt": start, "maxResults": size, "total": len(values), "isLast": last, **listed})


def status(jira: Jira, number: str) -> dict[str, Any]:
    name, category = jira.rules.statuses[number]
    return {"id": number, "name": name, "statusCategory": {"key": category}}


def _field(key: str, name: str, shape: str, required: bool) -> dict[str, Any]:
    return {
        "fieldId": key,
        "key": key,
        "name": name,
        "required": required,
        "schema": {"type": shape},
        "hasDefaultValue": False,
    }


def answer(status: int, body: Any) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json;charset=UTF-8")

"""The routes of the stand-in for GitLab, below `/gitlab`.

As GitLab, it refuses: a wrong or expired token, a missing scope, a project whose path is not encoded, a role without
the permission, texts that are too long, too many requests and too many notes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, redirect, request

from tools.sandbox.gitlab import ME, GitLab, GitLabIssue, GitLabRefusal, Project, refusal
from tools.sandbox.web import add, json_object

MOST_RESULTS = 100


def blueprint(gitlab: GitLab) -> Blueprint:
    routes = Blueprint("gitlab", __name__)
    views = _Views(gitlab)

    @routes.before_request
    def check() -> None:
        given = request.headers.get("PRIVATE-TOKEN") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if given != gitlab.token:
            raise refusal(401, "401 Unauthorized")
        if gitlab.expired:
            what = "Token is expired. You can either do re-authorization or token refresh."
            raise GitLabRefusal(401, {"error": "invalid_token", "error_description": what})
        if "api" not in gitlab.scopes and request.method != "GET":
            what = "The request requires higher privileges than provided by the access token."
            raise GitLabRefusal(403, {"error": "insufficient_scope", "error_description": what, "scope": "api"})
        if gitlab.remaining <= 0:
            raise GitLabRefusal(429, "Retry later\n", {"Retry-After": "23"})
        gitlab.remaining -= 1

    @routes.after_request
    def limits(response: Response) -> Response:
        if response.status_code == 429 and "Retry-After" not in response.headers:
            return response  # a limit of the application, not of the server
        response.headers["RateLimit-Limit"] = "2000"
        response.headers["RateLimit-Remaining"] = str(max(0, gitlab.remaining))
        response.headers["RateLimit-Reset"] = str(int(time.time()) + 23)
        return response

    @routes.errorhandler(GitLabRefusal)
    def refused(error: GitLabRefusal) -> Any:
        if isinstance(error.body, str):
            return Response(error.body, error.status, error.headers, content_type="text/plain")
        return jsonify(error.body), error.status, error.headers

    on = partial(add, routes)
    on("/api/v4/user", GET=lambda: jsonify(ME))
    on("/api/v4/personal_access_tokens/self", GET=views.token)
    on("/api/graphql", POST=views.graphql)
    project = "/api/v4/projects/<path:name>"
    on(project, GET=views.project)
    on(f"{project}/issues", GET=views.issues, POST=views.create)
    on(f"{project}/issues/<int:iid>", GET=views.issue, PUT=views.change)
    on(f"{project}/issues/<int:iid>/resource_state_events", GET=views.state_events)
    on(f"{project}/issues/<int:iid>/notes", GET=views.notes, POST=views.add_note)
    return routes


def _following(view: Callable[..., Any]) -> Callable[..., Any]:
    """As GitLab, answers 301 to requests that use the old path of a project."""

    def run(self: _Views, name: str, **where: Any) -> Any:
        raw = str(request.environ["REQUEST_URI"]).partition("?")[0].partition("/projects/")[2]
        if unquote(raw.partition("/")[0]) != name:
            raise refusal(404, "404 Project Not Found")  # a path whose / is not encoded
        if (project := self.gitlab.renamed.get(name.casefold())) is not None:
            rest = raw.partition("/")[2]
            query = f"?{request.query_string.decode()}" if request.query_string else ""
            return redirect(f"{request.host_url}gitlab/api/v4/projects/{project}/{rest}{query}".rstrip("/"), 301)
        return view(self, self.gitlab.project(name), **where)

    return run


class _Views:
    def __init__(self, gitlab: GitLab) -> None:
        self.gitlab = gitlab

    def token(self) -> Any:
        return jsonify({"id": 1, "scopes": self.gitlab.scopes, "expires_at": self.gitlab.expires, "revoked": False})

    def graphql(self) -> Any:
        """Errors have the status 200."""
        asked = _body()
        if "issue(id: $id)" not in asked.get("query", ""):
            return jsonify({"errors": [{"message": "Field doesn't exist on type 'Query'"}]})
        number = int(str(asked.get("variables", {}).get("id", "")).removeprefix("gid://gitlab/Issue/"))
        for project in self.gitlab.projects.values():
            for issue in list(project.issues.values()):
                if issue.id == number and project.level is not None:
                    return jsonify({"data": {"issue": {"reference": f"{project.path}#{issue.iid}"}}})
        return jsonify({"data": {"issue": None}})

    @_following
    def project(self, project: Project) -> Any:
        access = {"access_level": project.level, "notification_level": 3} if project.level else None
        return jsonify(
            {
                "id": project.id,
                "path_with_namespace": project.path,
                "archived": project.archived,
                "issues_access_level": "enabled" if project.issues_on else "disabled",
                "permissions": {"project_access": access, "group_access": None},
            }
        )

    @_following
    def create(self, project: Project) -> Any:
        body = _body()
        if "title" not in body:
            raise GitLabRefusal(400, {"error": "title is missing"})
        self.gitlab.may_create(project)
        return jsonify(_shown(project, self.gitlab.create(project, body, ME))), 201

    @_following
    def issues(self, project: Project) -> Any:
        """All issues, newest first, unless the query differs."""
        asked = request.args
        if asked.get("state", "all") not in ("opened", "closed", "all"):
            raise GitLabRefusal(400, {"error": "state does not have a valid value"})
        created_after = asked.get("created_after", "")
        within = asked.get("in", "title,description").split(",")
        found = [
            issue
            for issue in list(project.issues.values())
            if project.issues_on
            and asked.get("state", "all") in ("all", issue.state)
            and issue.created_at >= created_after
            and issue.updated_at >= asked.get("updated_after", "")
            and asked.get("author_id", str(issue.author["id"])) == str(issue.author["id"])
            and asked.get("author_username", issue.author["username"]) == issue.author["username"]
            and any(asked.get("search", "") in str(getattr(issue, field)) for field in within)
        ]
        by = asked.get("order_by", "created_at")
        found.sort(key=lambda issue: (getattr(issue, by), issue.iid), reverse=asked.get("sort", "desc") == "desc")
        return _page([_shown(project, issue) for issue in found])

    @_following
    def issue(self, project: Project, iid: int) -> Any:
        return jsonify(_shown(project, self.gitlab.issue(project, iid)))

    @_following
    def change(self, project: Project, iid: int) -> Any:
        issue = self.gitlab.issue(project, iid)
        self.gitlab.change(project, issue, _body(), ME)
        return jsonify(_shown(project, issue))

    @_following
    def state_events(self, project: Project, iid: int) -> Any:
        return _page(self.gitlab.issue(project, iid).events)

    @_following
    def notes(self, project: Project, iid: int) -> Any:
        notes = sorted(self.gitlab.issue(project, iid).notes, key=lambda note: (note["created_at"], note["id"]))
        return _page(notes if request.args.get("sort", "desc") == "asc" else notes[::-1])

    @_following
    def add_note(self, project: Project, iid: int) -> Any:
        issue = self.gitlab.issue(project, iid)
        self.gitlab.may_create(project)
        self.gitlab.count_note()
        return jsonify(self.gitlab.note(issue, _body().get("body"), ME)), 201


def _body() -> dict[str, Any]:
    return json_object(refusal(400, "400 Bad request"))


def _page(found: list[Any]) -> Response:
    size = min(int(request.args.get("per_page", 20)), MOST_RESULTS)
    page = int(request.args.get("page", 1))
    response = jsonify(found[(page - 1) * size : page * size])
    response.headers["X-Next-Page"] = str(page + 1) if page * size < len(found) else ""
    return response


def _shown(project: Project, issue: GitLabIssue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "iid": issue.iid,
        "project_id": project.id,
        "title": issue.title,
        "description": issue.description or None,
        "state": issue.state,
        "labels": issue.labels,
        "author": issue.author,
        "moved_to_id": issue.moved_to_id,
        "issue_type": "issue",
        "confidential": False,
        "user_notes_count": len(issue.notes),
        "web_url": f"{request.host_url}gitlab/{project.path}/-/issues/{issue.iid}",
        "references": {
            "short": f"#{issue.iid}",
            "relative": f"#{issue.iid}",
            "full": f"{project.path}#{issue.iid}",
        },
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }

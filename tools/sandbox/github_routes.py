"""The routes of the stand-in for GitHub, below `/github`.

As GitHub, it refuses: requests without User-Agent or with an unknown API version, a wrong token, an address that ends
with a slash, missing permissions, texts that are too long, more than 80 writes a minute.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, request

from tools.sandbox.github import ME, GitHub, GitHubIssue, GitHubRefusal, Repository
from tools.sandbox.web import add, json_object

VERSIONS = ("2022-11-28",)
MOST_RESULTS = 100
QUERY = re.compile(r'"([^"]+)"|(\w+):(\S+)')


def blueprint(github: GitHub) -> Blueprint:
    routes = Blueprint("github", __name__)
    views = _Views(github)

    @routes.before_request
    def check() -> None:
        if not request.headers.get("User-Agent"):
            raise GitHubRefusal(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            )
        if request.headers.get("X-GitHub-Api-Version", VERSIONS[0]) not in VERSIONS:
            raise GitHubRefusal(400, "The API version is not supported.")
        if request.headers.get("Authorization") != f"Bearer {github.token}":
            raise GitHubRefusal(401, "Bad credentials")
        if github.remaining <= 0:
            raise GitHubRefusal(403, f"API rate limit exceeded for user ID {ME['id']}.")
        github.remaining -= 1

    @routes.after_request
    def limits(response: Response) -> Response:
        response.headers["X-RateLimit-Limit"] = "5000"
        response.headers["X-RateLimit-Remaining"] = str(max(0, github.remaining))
        response.headers["X-RateLimit-Reset"] = str(int(time.time()) + 1800)
        if github.expires:
            response.headers["github-authentication-token-expiration"] = github.expires
        if "link" in g:
            response.headers["Link"] = g.link
        return response

    @routes.errorhandler(GitHubRefusal)
    def refused(refusal: GitHubRefusal) -> Any:
        body = {"message": refusal.message, "documentation_url": "https://docs.github.com/rest"}
        more = {"errors": refusal.errors} if refusal.errors else {}
        return jsonify({**body, **more, "status": str(refusal.status)}), refusal.status, refusal.headers

    on = partial(add, routes)
    on("/user", GET=lambda: jsonify(ME))
    on("/search/issues", GET=views.search)
    for start in ("/repos/<owner>/<name>", "/repositories/<int:id>"):
        on(start, GET=views.repository)
        on(f"{start}/issues", GET=views.issues, POST=views.create)
        on(f"{start}/issues/<int:number>", GET=views.issue, PATCH=views.change)
        on(f"{start}/issues/<int:number>/events", GET=views.events)
        on(f"{start}/issues/<int:number>/comments", GET=views.comments, POST=views.add_comment)
    return routes


class _Moved(Exception):
    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


def _following(view: Callable[..., Any]) -> Callable[..., Any]:
    """As GitHub, answers 301 to reads and 307 to writes if the repository was renamed or the issue transferred."""

    def run(self: _Views, **where: Any) -> Any:
        try:
            return view(self, **where)
        except _Moved as moved:
            code = 301 if request.method == "GET" else 307
            return redirect(f"{request.host_url}github/{moved.path}", code)

    return run


class _Views:
    def __init__(self, github: GitHub) -> None:
        self.github = github

    def _repository(self, owner: str = "", name: str = "", id: int = 0) -> Repository:
        if id:
            return self.github.by_id(id)
        if to := self.github.renamed.get(f"{owner}/{name}".casefold()):
            rest = request.path.split(f"/repos/{owner}/{name}", 1)[1]
            raise _Moved(f"repositories/{self.github.repository(to).id}{rest}")
        return self.github.repository(f"{owner}/{name}")

    def _issue(self, number: int, **where: Any) -> tuple[Repository, GitHubIssue]:
        repository = self._repository(**where)
        if number in repository.transferred:
            to, there = repository.transferred[number]
            rest = request.path.rsplit(f"/issues/{number}", 1)[1]
            raise _Moved(f"repositories/{self.github.repositories[to].id}/issues/{there}{rest}")
        return repository, self.github.issue(repository, number)

    def _addition(self, repository: Repository) -> dict[str, Any]:
        """The body of a write. Refused without the permission, and after too many writes."""
        self.github.may_write(repository)
        body = _body()
        self.github.count_write()
        return body

    @_following
    def repository(self, **where: Any) -> Any:
        found = self._repository(**where)
        permissions = {"admin": False, "push": found.push, "triage": found.push, "pull": True}
        shown = {"id": found.id, "full_name": found.name, "private": False, "archived": found.archived}
        return jsonify({**shown, "has_issues": found.has_issues, "permissions": permissions})

    @_following
    def create(self, **where: Any) -> Any:
        repository = self._repository(**where)
        return jsonify(_shown(repository, self.github.create(repository, self._addition(repository), ME))), 201

    @_following
    def issues(self, **where: Any) -> Any:
        """Newest first unless asked otherwise, open ones unless asked otherwise, pull requests included."""
        repository = self._repository(**where)
        if not repository.has_issues:
            raise GitHubRefusal(410, "Issues has been disabled in this repository.")
        asked = request.args
        state, since, creator = asked.get("state", "open"), asked.get("since", ""), asked.get("creator")
        by = "updated_at" if asked.get("sort") == "updated" else "created_at"
        found = [
            issue
            for issue in sorted(repository.issues.values(), key=lambda issue: (getattr(issue, by), issue.number))
            if state in ("all", issue.state)
            and issue.updated_at >= since
            and creator in (None, issue.user["login"])
            and set((asked.get("labels") or "").split(",")) - {""} <= set(issue.labels)
        ]
        return jsonify(
            [_shown(repository, issue) for issue in _page(found[:: 1 if asked.get("direction") == "asc" else -1])]
        )

    @_following
    def issue(self, **where: Any) -> Any:
        return jsonify(_shown(*self._issue(**where)))

    @_following
    def change(self, **where: Any) -> Any:
        repository, issue = self._issue(**where)
        self.github.may_write(repository)
        self.github.change(issue, _body(), ME)
        return jsonify(_shown(repository, issue))

    @_following
    def events(self, **where: Any) -> Any:
        """Oldest first, always."""
        return jsonify(_page(self._issue(**where)[1].events))

    @_following
    def comments(self, **where: Any) -> Any:
        """Oldest first, always."""
        _, issue = self._issue(**where)
        since = request.args.get("since", "")
        return jsonify(_page([comment for comment in issue.comments if comment["updated_at"] >= since]))

    @_following
    def add_comment(self, **where: Any) -> Any:
        repository, issue = self._issue(**where)
        return jsonify(self.github.comment(issue, self._addition(repository).get("body"), ME)), 201

    def search(self) -> Any:
        parts = QUERY.findall(request.args.get("q", ""))
        text = next((quoted for quoted, _, _ in parts if quoted), "")
        asked = {name: value for _, name, value in parts if name}
        if asked.get("is") != "issue" or "repo" not in asked:
            raise GitHubRefusal(422, "Query must include 'is:issue' or 'is:pull-request'")
        repository = self.github.repository(asked["repo"])
        found = self.github.search(repository, text, asked.get("author", ""))
        items = [_shown(repository, issue) for issue in _page(found)]
        return jsonify({"total_count": len(found), "incomplete_results": False, "items": items})


def _body() -> dict[str, Any]:
    return json_object(GitHubRefusal(400, "Problems parsing JSON"))


def _page(found: list[Any]) -> list[Any]:
    size = min(int(request.args.get("per_page", 30)), MOST_RESULTS)
    page = int(request.args.get("page", 1))
    last = max(1, -(-len(found) // size))
    if page < last:
        start = f"<{request.base_url}?per_page={size}&page="
        g.link = f'{start}{page + 1}>; rel="next", {start}{last}>; rel="last"'
    return found[(page - 1) * size : page * size]


def _shown(repository: Repository, issue: GitHubIssue) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": repository.id * 100_000 + issue.number,
        "number": issue.number,
        "repository_url": f"{request.host_url}github/repos/{repository.name}",
        "html_url": f"{request.host_url}github/{repository.name}/issues/{issue.number}",
        "title": issue.title,
        "body": issue.body or None,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "labels": [{"id": number, "name": label} for number, label in enumerate(issue.labels)],
        "user": issue.user,
        "comments": len(issue.comments),
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }
    return {**shown, "pull_request": {}} if issue.pull_request else shown

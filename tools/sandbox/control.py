"""`/control`: routes for programs that control the stand-ins from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from tools.sandbox import people
from tools.sandbox.changes import Mail

if TYPE_CHECKING:
    from tools.sandbox.app import Sandbox
    from tools.sandbox.blue import Blue
    from tools.sandbox.github import GitHub
    from tools.sandbox.gitlab import GitLab
    from tools.sandbox.jira import Jira


def blueprint(sandbox: Sandbox) -> Blueprint:
    """GET state; POST and DELETE faults; DELETE waits (ends the waits of held requests); POST webhook `{url, token}`;
    POST ticket-webhooks `{web, secret}`, move `{system, key, status}`, project, and settings of the stand-ins."""
    routes = Blueprint("control", __name__)

    @routes.get("/state")
    def get_state() -> Any:
        return jsonify(state(sandbox))

    @routes.post("/faults")
    def add_fault() -> Any:
        given = request.get_json()
        for details in given if isinstance(given, list) else [given]:
            sandbox.faults.add(**details)
        return jsonify(sandbox.faults.pending()), 201

    @routes.delete("/faults")
    def clear_faults() -> Any:
        sandbox.faults.clear(**(request.get_json(silent=True) or {}))
        return jsonify(sandbox.faults.pending())

    @routes.delete("/waits")
    def end_waits() -> Any:
        sandbox.faults.end_waits()
        return jsonify(sandbox.faults.pending())

    @routes.post("/webhook")
    def set_webhook() -> Any:
        given = request.get_json()
        sandbox.sender.subscribe(given["url"], given.get("token"))
        return jsonify(given), 201

    @routes.post("/ticket-webhooks")
    def connect() -> Any:
        given = request.get_json()
        sandbox.mail = Mail(given.get("longest_delay", 0.0), given.get("repeats", 0.0), given.get("seed", 0))
        people.connect(sandbox, given["web"], given["secret"], sandbox.mail)
        return jsonify(given), 201

    @routes.post("/move")
    def move() -> Any:
        given = request.get_json()
        people.move(sandbox, given["system"], given["key"], given["status"])
        return jsonify(given)

    @routes.post("/project")
    def add_project() -> Any:
        given = request.get_json()
        project = sandbox.abc.create_project(given["name"], given["key"])
        channel = sandbox.abc.create_channel(project.id, "App reviews")
        return jsonify(project=project.id, channel=channel.id), 201

    @routes.post("/settings")
    def set_settings() -> Any:
        given = request.get_json()
        if "search_lag" in given:
            sandbox.jira.search_lag = sandbox.github.search_lag = float(given["search_lag"])
        if "writes_a_minute" in given:
            most = int(given["writes_a_minute"])
            sandbox.github.writes.most = sandbox.gitlab.new_notes.most = sandbox.blue.bulk.most = most
            sandbox.github.remaining = sandbox.gitlab.remaining = sandbox.blue.requests_left = 60 * most
        if "seconds_between" in given:
            sandbox.slack.seconds_between = float(given["seconds_between"])
        if "webhook_limits" in given:
            for chat in (sandbox.jandi, sandbox.discord, sandbox.teams):
                chat.has_limits = bool(given["webhook_limits"])
        return jsonify(given)

    @routes.errorhandler(TypeError)
    @routes.errorhandler(KeyError)
    def mistake(error: Exception) -> Any:
        return jsonify(error=f"not understood: {error}"), 400

    return routes


def state(sandbox: Sandbox) -> dict[str, Any]:
    """All effects at all systems."""
    abc, slack, nocobase = sandbox.abc, sandbox.slack, sandbox.nocobase
    with abc.lock:
        source = {
            "issues": [{**row.as_answer(), "project": row.project} for row in list(abc.issues.values())],
            "feedbacks": [{**abc.feedback_answer(row), "channel": row.channel} for row in list(abc.feedbacks.values())],
            "writes": [asdict(write) for write in abc.writes],
        }
    tickets = {}
    for name, shown in TICKETS.items():
        system = getattr(sandbox, name)
        with system.lock:
            tickets[name] = {"tickets": list(shown(system)), "created": system.created_count}
    messages = {}
    for chat in (slack, sandbox.jandi, sandbox.discord, sandbox.mattermost, sandbox.teams):
        with chat.lock:
            messages[type(chat).__name__.lower()] = {"messages": [asdict(message) for message in chat.messages]}
    with nocobase.lock:
        workflows = {"runs": list(nocobase.runs.values()), "records": nocobase.records}
    webhooks = [
        {"id": id_, "method": taken.method, "body": taken.body.decode("utf-8", "replace")}
        for id_, taken in sandbox.receiver.webhooks.items()
    ]
    providers = sandbox.translate.all().items()
    return {
        "abc": source,
        **tickets,
        **messages,
        "outgoing": {"webhooks": webhooks},
        "nocobase": workflows,
        "translate": {
            name: {"calls": it.calls, "characters": it.characters, "done": it.done} for name, it in providers
        },
        "moves": list(sandbox.moves),
        "mail": {"waiting": sandbox.mail.waiting, "sent": sandbox.mail.sent},
        "sender": {**asdict(sandbox.sender.counts), "pending": sandbox.sender.pending},
        "faults": {
            "fired": Counter(str(fault["kind"]) for fault in sandbox.faults.fired),
            "left": sandbox.faults.pending(),
        },
    }


def _ticket(key: str, summary: Any, labels: list[str], status: str, comments: list[Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "summary": summary, "labels": labels, "status": status, "comments": comments, **more}


def _jira(jira: Jira) -> Iterator[dict[str, Any]]:
    for it in list(jira.tickets.values()):
        summary, labels, status = it.fields.get("summary"), it.fields.get("labels"), jira.rules.statuses[it.status][0]
        yield _ticket(it.key, summary, labels or [], status, it.comments, id=it.id, properties=it.properties)


def _github(github: GitHub) -> Iterator[dict[str, Any]]:
    for name, repository in github.repositories.items():
        for it in list(repository.issues.values()):
            yield _ticket(f"{name}#{it.number}", it.title, it.labels, it.status, it.comments, body=it.body)


def _gitlab(gitlab: GitLab) -> Iterator[dict[str, Any]]:
    for project in gitlab.projects.values():
        for it in list(project.issues.values()):
            yield _ticket(f"{project.path}#{it.iid}", it.title, it.labels, it.state, it.notes, body=it.description)


def _blue(blue: Blue) -> Iterator[dict[str, Any]]:
    for it in list(blue.records.values()):
        comments = [{**comment, "body": comment["text"]} for comment in it.comments]
        yield _ticket(it.id, it.title, it.tags, it.status, comments, body=it.html)


TICKETS: Mapping[str, Callable[[Any], Iterator[dict[str, Any]]]] = {
    "jira": _jira,
    "github": _github,
    "gitlab": _gitlab,
    "blue": _blue,
}
"""Functions that return the tickets of each ticket system, in the same form."""

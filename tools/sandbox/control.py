"""`/control`: for programs that drive the stand-ins from outside."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from tools.sandbox import people
from tools.sandbox.changes import Mail

if TYPE_CHECKING:
    from tools.sandbox.app import Sandbox


def blueprint(sandbox: Sandbox) -> Blueprint:
    """GET state; POST and DELETE faults; DELETE waits (of requests that are being held); POST webhook `{url, token}`;
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
    """Every effect at every system."""
    abc, jira, github, gitlab, slack = sandbox.abc, sandbox.jira, sandbox.github, sandbox.gitlab, sandbox.slack
    with abc.lock:
        source = {
            "issues": [{**row.as_answer(), "project": row.project} for row in list(abc.issues.values())],
            "feedbacks": [{**abc.feedback_answer(row), "channel": row.channel} for row in list(abc.feedbacks.values())],
            "writes": [asdict(write) for write in abc.writes],
        }
    with jira.lock:
        tickets = [
            {
                "id": ticket.id,
                "key": ticket.key,
                "summary": ticket.fields.get("summary"),
                "labels": ticket.fields.get("labels") or [],
                "status": jira.rules.statuses[ticket.status][0],
                "comments": ticket.comments,
                "properties": ticket.properties,
            }
            for ticket in list(jira.tickets.values())
        ]
    with github.lock:
        issues = [
            {
                "key": f"{name}#{issue.number}",
                "summary": issue.title,
                "body": issue.body,
                "labels": issue.labels,
                "status": issue.status,
                "comments": issue.comments,
            }
            for name, repository in github.repositories.items()
            for issue in list(repository.issues.values())
        ]
    with gitlab.lock:
        gitlab_issues = [
            {
                "key": f"{project.path}#{issue.iid}",
                "summary": issue.title,
                "body": issue.description,
                "labels": issue.labels,
                "status": issue.state,
                "comments": issue.notes,
            }
            for project in gitlab.projects.values()
            for issue in list(project.issues.values())
        ]
    with sandbox.blue.lock:
        records = [
            {
                "key": record.id,
                "summary": record.title,
                "body": record.html,
                "labels": record.tags,
                "status": record.status,
                "comments": [{**comment, "body": comment["text"]} for comment in record.comments],
            }
            for record in list(sandbox.blue.records.values())
        ]
    with slack.lock:
        messages = [asdict(message) for message in slack.messages]
    alerts = {}
    for chat in (sandbox.jandi, sandbox.discord, sandbox.mattermost, sandbox.teams):
        with chat.lock:
            alerts[type(chat).__name__.lower()] = {"messages": [asdict(message) for message in chat.messages]}
    with sandbox.nocobase.lock:
        nocobase = {"runs": list(sandbox.nocobase.runs.values()), "records": sandbox.nocobase.records}
    webhooks = [
        {"id": id_, "method": taken.method, "body": taken.body.decode("utf-8", "replace")}
        for id_, taken in sandbox.receiver.webhooks.items()
    ]
    providers = sandbox.translate.all().items()
    return {
        "abc": source,
        "jira": {"tickets": tickets, "created": jira.created_count},
        "github": {"tickets": issues, "created": github.created_count},
        "gitlab": {"tickets": gitlab_issues, "created": gitlab.created_count},
        "blue": {"tickets": records, "created": sandbox.blue.created_count},
        "slack": {"messages": messages},
        **alerts,
        "outgoing": {"webhooks": webhooks},
        "nocobase": nocobase,
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

"""Actions of people in the ticket systems, and the webhooks about them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tools.sandbox import blue, changes, github, gitlab
from tools.sandbox.senders import BlueWebhook, GitHubHook, GitLabHook, JiraHook

if TYPE_CHECKING:
    from tools.sandbox.app import Sandbox


def connect(sandbox: Sandbox, web: str, secret: str, mail: changes.Mail) -> None:
    """From now on, each ticket system sends webhooks about moved tickets to the receiver at `web`."""
    names = {id_: (found[0], "") for id_, found in sandbox.jira.rules.statuses.items()}
    listeners = {
        "jira": changes.jira_listener(JiraHook(f"{web}/webhook/jira", secret), mail, names),
        "github": changes.github_listener(GitHubHook(f"{web}/webhook/github", secret), mail),
        "gitlab": changes.gitlab_listener(GitLabHook(f"{web}/webhook/gitlab", secret), mail),
        "blue": changes.blue_listener(BlueWebhook(f"{web}/webhook/blue", secret), mail),
    }
    for system, announce in listeners.items():
        getattr(sandbox, system).changed = _noted(sandbox, system, announce)


def _noted(sandbox: Sandbox, system: str, announce: changes.Listener) -> changes.Listener:
    """A listener that also records each change in `moves`: the ticket, its status, and whether the service made it."""

    def changed(change: Mapping[str, Any]) -> None:
        key, status, ours = _move_of(sandbox, system, change)
        sandbox.moves.append({"at": time.time(), "system": system, "key": key, "status": status, "ours": ours})
        announce(change)

    return changed


def _move_of(sandbox: Sandbox, system: str, change: Mapping[str, Any]) -> tuple[str, str, bool]:
    match system:
        case "jira":
            ticket = change["ticket"]
            status = sandbox.jira.rules.statuses[ticket.status][0]
            return ticket.key, status, change["by"] == sandbox.jira.account
        case "github":
            issue = change["issue"]
            return f"{change['repository'].name}#{issue.number}", issue.status, change["by"] is github.ME
        case "gitlab":
            issue = change["issue"]
            return f"{change['project'].path}#{issue.iid}", issue.state, change["by"] is gitlab.ME
    record = change["record"]
    return record.id, record.status, record.changed_by[-1] is blue.ME


def move(sandbox: Sandbox, system: str, key: str, status: str) -> None:
    """A person gives the ticket the status `status`; both as `control.state` names them. With `system` `abc`: an issue
    of ABC, by its id. Raises LookupError."""
    match system:
        case "abc":
            if sandbox.abc.issue(int(key)).status != status:
                sandbox.abc.set_status(int(key), status)
        case "jira":
            ticket = sandbox.jira.tickets[key]
            names = sandbox.jira.rules.statuses
            with sandbox.jira.lock:  # meanwhile the service may have given it this status
                if names[ticket.status][0] != status:
                    way = next(way for way in sandbox.jira.transitions(ticket) if names[way.target][0] == status)
                    resolution: dict[str, Any] = {"resolution": {"name": "Done"}} if way.resolution else {}
                    sandbox.jira.move_status(ticket, way.id, resolution)
        case "github":
            repo, _, number = key.rpartition("#")
            state, _, reason = status.partition(":")
            issue = sandbox.github.repositories[repo].issues[int(number)]
            sandbox.github.change(issue, {"state": state, **({"state_reason": reason} if reason else {})})
        case "gitlab":
            path, _, number = key.rpartition("#")
            project = sandbox.gitlab.at(path)
            event = "close" if status == "closed" else "reopen"
            sandbox.gitlab.change(project, project.issues[int(number)], {"state_event": event})
        case "blue":
            record = sandbox.blue.records[key]
            done = status == "done"
            there = None if done else next(it for it in record.inside.project.lists if it.title == status)
            sandbox.blue.change(record, there, done)
        case _:
            raise LookupError(f"{system} is no ticket system")

"""What people do in the ticket systems, and the webhooks that announce it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.sandbox import changes
from tools.sandbox.senders import BlueWebhook, GitHubHook, GitLabHook, JiraHook

if TYPE_CHECKING:
    from tools.sandbox.app import Sandbox


def connect(sandbox: Sandbox, web: str, secret: str, mail: changes.Mail) -> None:
    """Each ticket system announces from now on which tickets were moved, to the receiver at `web`."""
    names = {id_: (found[0], "") for id_, found in sandbox.jira.rules.statuses.items()}
    sandbox.jira.changed = changes.jira_listener(JiraHook(f"{web}/webhook/jira", secret), mail, names)
    sandbox.github.changed = changes.github_listener(GitHubHook(f"{web}/webhook/github", secret), mail)
    sandbox.gitlab.changed = changes.gitlab_listener(GitLabHook(f"{web}/webhook/gitlab", secret), mail)
    sandbox.blue.changed = changes.blue_listener(BlueWebhook(f"{web}/webhook/blue", secret), mail)


def move(sandbox: Sandbox, system: str, key: str, status: str) -> None:
    """A person brings the ticket to `status`; both as `control.state` names them. Raises LookupError."""
    match system:
        case "jira":
            ticket = sandbox.jira.tickets[key]
            names = sandbox.jira.rules.statuses
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

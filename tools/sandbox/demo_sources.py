"""The demo's events of sources other than ABC User Feedback: one webhook of each, signed as its vendor signs it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tools.sandbox.logto import Hook
from tools.sandbox.senders import SECRETS, BlueWebhook, GitHubHook, GitLabHook, JiraHook, NocoBaseNode

SECRET = "made-up-secret-of-the-demo"
TITLE = "앱이 느려요"
SOURCES = ("jira", "github", "gitlab", "blue", "logto", "nocobase", "crm")
VARIABLES: Mapping[str, str] = {
    "SOURCES": ",".join(("abc", *SOURCES)),
    "SLACK_EVENTS": ",".join(("ISSUE_STATUS_CHANGE", *(f"{name}.*" for name in SOURCES))),
    **dict.fromkeys(SECRETS, SECRET),
    "LOGTO_SIGNING_KEY": SECRET,
    "NOCOBASE_WEBHOOK_TOKEN": SECRET,
    "SOURCE_CRM_SECRET": SECRET,
    "SOURCE_CRM_EVENT": "body.type",
}


def send_each(web: str) -> dict[str, str]:
    """Sends one webhook of each to the receiver at `web`. Returns system name -> the message that it should cause."""
    urls = {name: f"{web}/webhook/{name}" for name in SOURCES}
    issue = {"number": 7, "title": TITLE, "state": "closed", "state_reason": "completed"}
    about = {"repository": {"full_name": "acme/web"}, "sender": {"login": "mina", "id": 42}}
    GitHubHook(urls["github"], SECRET).send("issues", {"action": "closed", "issue": issue, **about})
    attributes = {"iid": 23, "title": TITLE, "state": "closed", "action": "close"}
    project = {"id": 5, "path_with_namespace": "acme/web"}
    body = {"object_kind": "issue", "event_type": "issue", "project": project, "object_attributes": attributes}
    GitLabHook(urls["gitlab"], SECRET).send("Issue Hook", {**body, "user": {"id": 42, "name": "Mina"}})
    change = {"field": "status", "fromString": "To Do", "toString": "Done"}
    ticket = {"id": "10002", "key": "WEB-7", "fields": {"summary": TITLE}}
    sent = {"timestamp": int(time.time() * 1000), "webhookEvent": "jira:issue_updated", "issue": ticket}
    JiraHook(urls["jira"], SECRET).send({**sent, "changelog": {"id": "1", "items": [change]}})
    BlueWebhook(urls["blue"], SECRET).send(
        "TODO_DONE_STATUS_UPDATED",
        previousValue={"id": "t1", "done": False},
        currentValue={"id": "t1", "title": TITLE, "done": True},
    )
    Hook(urls["logto"], signing_key=SECRET).send("User.Created", data={"id": "u1", "name": "Mina"})
    order = {"event": "record.created", "id": "orders-12", "collection": "orders", "title": "주문 12"}
    NocoBaseNode(urls["nocobase"], {"x-bridge-token": SECRET}).send(order)
    NocoBaseNode(urls["crm"], {"x-bridge-token": SECRET}).send({"type": "deal.won"})
    return {
        "GitHub": f'GitHub: acme/web#7 "{TITLE}" – closed',
        "GitLab": f'GitLab: acme/web#23 "{TITLE}" – closed',
        "Jira": f'Jira: WEB-7 "{TITLE}" – status To Do → Done',
        "Blue": f'Blue: t1 "{TITLE}" – done',
        "Logto": 'Logto: "Mina" – created',
        "NocoBase": 'NocoBase: orders "주문 12" – created',
        "a CRM, as a generic source": "crm: deal.won",
    }

"""The stand-in for a workflow of Microsoft Teams with the trigger "When a Teams webhook request is received".

The codes are from reports of public senders. The answer shows only that the workflow was started: a card that Teams
can't show does not appear in the channel; here it is in `broken`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from tools.sandbox.web import Refusal, blueprint_of, parsed
from tools.sandbox.windows import Window

WORKFLOW, SIG = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "made-up-signature_of-a-workflow-0001"
PATH = f"automations/direct/workflows/{WORKFLOW}/triggers/manual/paths/invoke"
QUERY = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIG}"
WEBHOOK_PATH = f"powerautomate/{PATH}?{QUERY}"
MOST_BYTES = 28 * 1024
STYLES = {"default", "emphasis", "good", "attention", "warning", "accent"}
KIND = "application/vnd.microsoft.card.adaptive"


@dataclass(frozen=True)
class Message:
    """A card as a person sees it: its lines, the style of its first part, and its links by their labels."""

    lines: list[str]
    style: str
    links: dict[str, str]


class TeamsError(Refusal):
    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, {"error": {"code": code, "message": f"The request failed: {code}."}}, headers)


@dataclass
class Teams:
    """`state`: the state of the workflow; `anyone`: whether its trigger accepts Anyone; `names_time`: whether a 429 has
    a `Retry-After`."""

    state: str = "Enabled"
    anyone: bool = True
    has_limits: bool = True
    names_time: bool = True
    messages: list[Message] = field(default_factory=list)
    broken: list[Any] = field(default_factory=list)
    window: Window = field(default_factory=lambda: Window(4, 1.0))

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    def admit(self, workflow: str, query: bytes, sig: str) -> None:
        """Checks the address and the state of the workflow. Raises TeamsError."""
        if b"api-version=" not in query:
            raise TeamsError(400, "MissingApiVersionParameter")
        if workflow != WORKFLOW or self.state == "Gone":
            raise TeamsError(404, "WorkflowNotFound")
        if not self.anyone or sig != SIG or query != QUERY.encode():
            raise TeamsError(401, "DirectApiAuthorizationRequired")
        if self.state != "Enabled":
            raise TeamsError(400, "WorkflowTriggerIsNotEnabled")
        if not self.window.take() and self.has_limits:
            raise TeamsError(429, "TooManyRequests", {"Retry-After": "1"} if self.names_time else None)

    def start(self, raw: bytes) -> None:
        """Accepts a card, if the trigger's schema accepts it. Raises TeamsError."""
        body = parsed(raw, TeamsError(400, "TriggerInputSchemaMismatch"))
        if not (isinstance(body, dict) and body.get("type") == "message" and isinstance(body.get("attachments"), list)):
            raise TeamsError(400, "TriggerInputSchemaMismatch")
        # The size as Teams may count it: in UTF-16, or as it was sent.
        if max(len(raw), len(json.dumps(body, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))) > MOST_BYTES:
            raise TeamsError(413, "RequestEntityTooLarge")
        try:
            message = _shown(body["attachments"])
        except (KeyError, TypeError, ValueError):
            message = None
        with self.lock:
            if message is None:
                self.broken.append(body)
            else:
                self.messages.append(message)


def _shown(attachments: list[Any]) -> Message:
    """The visible card. Raises ValueError, KeyError and TypeError for a card that Teams can't show."""
    (attachment,) = attachments
    card = attachment["content"]
    if attachment["contentType"] != KIND or card["type"] != "AdaptiveCard" or card["version"] not in ("1.4", "1.5"):
        raise ValueError("no Adaptive Card")
    if not card["body"]:
        raise ValueError("an empty card")
    links = {action["title"]: _address(action) for action in card.get("actions", [])}
    lines = [line for element in card["body"] for line in _lines(element, links)]
    return Message(lines, card["body"][0].get("style", "default"), links)


def _lines(element: dict[str, Any], links: dict[str, str]) -> list[str]:
    if element["type"] == "Container":
        if element.get("style", "default") not in STYLES or not element["items"]:
            raise ValueError("style")
        return [line for item in element["items"] for line in _lines(item, links)]
    if element["type"] != "RichTextBlock" or not element["inlines"]:
        raise ValueError(f"{element['type']} reads Markdown, or is unknown")
    for run in element["inlines"]:
        if run["type"] != "TextRun" or not run["text"]:
            raise ValueError("an empty run")
        if "selectAction" in run:
            links[run["text"]] = _address(run["selectAction"])
    return ["".join(run["text"] for run in element["inlines"])]


def _address(action: dict[str, Any]) -> str:
    if action["type"] != "Action.OpenUrl" or not action["url"].startswith(("https://", "http://")):
        raise ValueError("action")
    return str(action["url"])


def blueprint(teams: Teams) -> Blueprint:
    """The routes below `/teams`."""
    routes = blueprint_of("teams")

    @routes.post("/powerautomate/automations/direct/workflows/<workflow>/triggers/manual/paths/invoke")
    def invoke(workflow: str) -> Any:
        teams.admit(workflow, request.query_string, request.args.get("sig", ""))
        if request.mimetype != "application/json":
            raise TeamsError(400, "TriggerInputSchemaMismatch")
        teams.start(request.get_data())
        return Response("", 202)

    return routes

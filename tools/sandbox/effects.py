"""The effects for which `bin/demo` waits: each is read from the stand-ins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.sandbox.processes import ROOT
from tools.sandbox.service import CHANNEL, MORE_PROJECTS, Service, call

RECORDINGS = ROOT / "tests" / "fixtures" / "abc"
CHATS = {"JANDI": "body", "Discord": "content", "Mattermost": "text", "Teams": "lines"}
"""Systems with a secret address -> the field in which their stand-in keeps the text of a message."""
UNTOUCHED = ("name", "description", "status")


@dataclass(frozen=True)
class Effect:
    """`seen` returns the evidence as a text when the effect exists; `what`: the effect's name if it is missing."""

    what: str
    seen: Callable[[], str | None]


@dataclass(frozen=True)
class Effects:
    """The visible effects of a service."""

    service: Service

    def translated(self, feedback: int, by: str = "") -> Effect:
        """The translation of a feedback. `by`: the translator, if there are several."""

        def seen() -> str | None:
            path = f"channels/{self.service.project}/feedbacks/{feedback}"
            text = self.service.abc("GET", path).get("translatedMessage")
            shown = f"ABC: feedback {feedback} has translatedMessage {quoted(text)}"
            return (f"{by} · {shown}" if by else shown) if text else None

        return Effect(f"the translation of feedback {feedback} in translatedMessage", seen)

    def ticket(self, issue: int, name: str, description: str) -> Effect:
        """One ticket, and its number in ABC; nothing else of the issue changed."""

        def seen() -> str | None:
            now = self.service.abc("GET", f"issues/{issue}")
            tickets = [ticket for ticket in self.tickets() if ticket["summary"] and name in ticket["summary"]]
            number = now["externalIssueId"]
            if not number or [ticket["key"].partition("-")[2] for ticket in tickets] != [number]:
                return None
            made = {"name": name, "description": description, "status": "INIT"}
            if any(now[key] != value for key, value in made.items()):
                return None
            shown = f"Jira: one ticket, {tickets[0]['key']} {quoted(tickets[0]['summary'])}"
            kept = ", ".join(f"{key} {quoted(now[key])}" for key in UNTOUCHED)
            return f"{shown}\n   ✓ ABC: issue {issue} has externalIssueId {quoted(number)}; untouched: {kept}"

        return Effect(f"one ticket for issue {issue}, its number as externalIssueId, nothing else changed", seen)

    def ticket_of_project(self, project: int, issue: int, name: str, status: str) -> Effect:
        """One ticket in the system of a project of MORE_PROJECTS, its number in ABC."""
        system = MORE_PROJECTS[project]

        def seen() -> str | None:
            number = self.service.of(project).abc("GET", f"issues/{issue}")["externalIssueId"]
            tickets = self.service.state()[system.lower()]["tickets"]
            found = [there for there in tickets if there["summary"] == name]
            if [there["key"].rpartition("#")[2] for there in found] != [number] or found[0]["status"] != status:
                return None
            return f"{system}: one ticket, {found[0]['key']} {quoted(name)}, is {quoted(status)}"

        return Effect(f"one ticket in {system} for issue {issue} of project {project}, {status}", seen)

    def comment(self, issue: int, text: str) -> Effect:
        def seen() -> str | None:
            ticket = self.ticket_of(issue)
            bodies = [comment["body"] for comment in ticket["comments"]] if ticket else []
            found = [body for body in bodies if text in body]
            return f"Jira: {ticket['key']} has the comment {quoted(found[0])}" if ticket and found else None

        return Effect(f"the feedback as a comment on the ticket of issue {issue}", seen)

    def status(self, issue: int, status: str) -> Effect:
        def seen() -> str | None:
            ticket = self.ticket_of(issue)
            return f"Jira: {ticket['key']} is {quoted(status)}" if ticket and ticket["status"] == status else None

        return Effect(f"the ticket of issue {issue} in the status {status}", seen)

    def message(self, name: str) -> Effect:
        def seen() -> str | None:
            found = [
                message["text"] for message in self.service.state()["slack"]["messages"] if name in message["text"]
            ]
            return f"Slack: one message in {CHANNEL}: {quoted(found[0])}" if len(found) == 1 else None

        return Effect(f"one Slack message about {name}", seen)

    def chat_message(self, system: str, field: str, name: str) -> Effect:
        """One message. `field`: where the stand-in keeps the text of a message."""

        def seen() -> str | None:
            texts = ["".join(message[field]) for message in self.service.state()[system.lower()]["messages"]]
            found = [text for text in texts if name in text]
            return f"{system}: one message: {quoted(found[0])}" if len(found) == 1 else None

        return Effect(f"one {system} message about {name}", seen)

    def webhook(self, name: str, kind: str) -> Effect:
        def seen() -> str | None:
            bodies = [json.loads(taken["body"]) for taken in self.service.state()["outgoing"]["webhooks"]]
            found = [body for body in bodies if body["type"] == kind and body["data"]["issue"]["name"] == name]
            return (
                f"A receiver of webhooks: one {kind}, signed, of {found[0]['timestamp']}" if len(found) == 1 else None
            )

        return Effect(f"one webhook {kind} about {name}", seen)

    def workflow(self, name: str, kind: str) -> Effect:
        def seen() -> str | None:
            runs = [run for run in self.service.state()["nocobase"]["runs"] if run["type"] == kind]
            found = [run for run in runs if run["data"]["issue"]["name"] == name]
            return f"NocoBase: one run of the workflow, with {kind}" if len(found) == 1 else None

        return Effect(f"one run of NocoBase's workflow about {name}", seen)

    def issue_status(self, project: int, issue: int, status: str) -> Effect:
        """The status of a ticket that a person moved, in ABC; nothing else of the issue changed."""

        def seen() -> str | None:
            now = self.service.of(project).abc("GET", f"issues/{issue}")
            return f"ABC: issue {issue} of project {project} is {status}" if now["status"] == status else None

        return Effect(f"issue {issue} of project {project} in the status {status}", seen)

    def reported(self, text: str) -> Effect:
        """One message about the service itself, in the channel of its operators."""

        def seen() -> str | None:
            lines = [message["text"].splitlines()[0] for message in self.service.state()["slack"]["messages"]]
            found = [line for line in lines if line.startswith(text)]
            return f"Slack, for operators: {quoted(found[0])}" if len(found) == 1 else None

        return Effect(f"one Slack message for operators: {text}", seen)

    def announced(self, system: str, text: str) -> Effect:
        """One message about an event of another source."""

        def seen() -> str | None:
            lines = [message["text"].splitlines()[0] for message in self.service.state()["slack"]["messages"]]
            return f"Slack: {quoted(text)}" if lines.count(text) == 1 else None

        return Effect(f"one Slack message about what {system} announced", seen)

    def tickets(self) -> list[dict[str, Any]]:
        return list(self.service.state()["jira"]["tickets"])

    def ticket_of(self, issue: int) -> dict[str, Any] | None:
        number = self.service.abc("GET", f"issues/{issue}")["externalIssueId"]
        return next((ticket for ticket in self.tickets() if ticket["key"].partition("-")[2] == number), None)

    def reported_again(self, names: list[str]) -> Effect:
        """No further effect: the recorded requests, with the times of the stand-in's entities, are the same events
        again."""
        unknown: list[str] = []

        def seen() -> str | None:
            # Only the first answer shows whether an event was known: the second one is always a repeat.
            if unknown or any(self.service.deliveries(state=state) for state in ("queued", "running", "retrying")):
                return None  # effects that are still under way would look like effects of these requests
            before = effects_of(self.service.state())
            answers = {name: send_again(self.service, name) for name in names}
            unknown.extend(name for name, answer in answers.items() if not answer.get("duplicate"))
            same = not unknown and effects_of(self.service.state()) == before
            return f"{len(names)} × 200, each known already; no second translation, ticket or comment" if same else None

        return Effect("the recorded deliveries recognised as known", seen)


def recorded(name: str) -> dict[str, Any]:
    """The `data` of a recorded request."""
    return dict(json.loads(recording(name)["body"])["data"])


def recording(name: str) -> dict[str, Any]:
    return dict(json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8")))


def send_again(service: Service, name: str) -> dict[str, Any]:
    """Sends a recorded request about entities that the stand-in has, too. Another creation time would make them other
    entities with the same ids, as after a restored backup."""
    request = recording(name)
    body = json.loads(request["body"])
    data, channel = body["data"], service.project
    feedback = data.get("feedback")
    if feedback:
        feedback |= _times(service.abc("GET", f"channels/{channel}/feedbacks/{feedback['id']}"))
    for issue in (*(feedback or {}).get("issues", ()), data.get("issue"), data.get("addedIssue")):
        if issue:
            issue |= _times(service.abc("GET", f"issues/{issue['id']}"))
    headers = {key: value for key, value in request["headers"] if key not in ("Host", "Content-Length", "Connection")}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return dict(call("POST", f"{service.web}{request['path']}", headers, data=text.encode()))


def _times(entity: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entity[name] for name in ("createdAt", "updatedAt")}


def effects_of(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """All effects of the service at other systems."""
    shown = (
        "abc",
        "jira",
        "github",
        "gitlab",
        "blue",
        "slack",
        *map(str.lower, CHATS),
        "outgoing",
        "nocobase",
        "translate",
    )
    return tuple(state[system]["writes"] if system == "abc" else state[system] for system in shown)


def quoted(text: object) -> str:
    return json.dumps(text, ensure_ascii=False)

"""`bin/demo`: the main job, end to end. Real processes on loopback, the Procfile's own commands, nothing to configure.

Things happen in the stand-in of ABC User Feedback, through its API, with the recorded texts; its sender posts the
webhooks to the real receiver; and each effect is read back from the stand-ins, never from the service's own records.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.demo_sources import VARIABLES, send_each
from tools.sandbox.processes import ROOT, ProcessEnded, Processes, end_on_signals
from tools.sandbox.service import CHANNEL, MORE_PROJECTS, PASSWORD, Service, call, start_service

RECORDINGS = ROOT / "tests" / "fixtures" / "abc"
CONNECTORS = "translate,jira,github,gitlab,blue,slack,jandi,discord,mattermost,teams,outgoing,nocobase"
CHATS = {"JANDI": "body", "Discord": "content", "Mattermost": "text", "Teams": "lines"}
"""Systems with a secret address, and where their stand-ins keep the text of a message."""
STATUSES = {2: ("open", "closed"), 3: ("opened", "closed"), 4: ("Inbox", "done")}
"""In the ticket system of each further project: of a new ticket, and of one that is done."""
SECONDS = 30.0  # for an effect
SECONDS_LEFT = 5.0  # for each one after an effect was missed: something is wrong, no need to wait long for all the rest
UNTOUCHED = ("name", "description", "status")


@dataclass(frozen=True)
class Effect:
    """`seen` returns the evidence as text once the effect exists; `what` is its name when it is missing."""

    what: str
    seen: Callable[[], str | None]


@dataclass
class Demo:
    """One run: what happens, what is waited for, what was missed."""

    processes: Processes
    service: Service
    missing: list[str] = field(default_factory=list)

    def scene(self, title: str, *effects: Effect) -> None:
        """Prints what happened, and each effect as soon as it can be seen."""
        show(f"\n{title}")
        for effect in effects:
            try:
                seconds = SECONDS_LEFT if self.missing else SECONDS
                show(f"   ✓ {self.processes.wait_for(effect.what, effect.seen, seconds)}")
            except TimeoutError:
                self.missing.append(effect.what)
                show(f"   ✗ MISSING: {effect.what}")

    # What can be seen afterwards.

    def translated(self, feedback: int) -> Effect:
        def seen() -> str | None:
            text = self.service.abc("GET", f"channels/1/feedbacks/{feedback}").get("translatedMessage")
            return f"ABC: feedback {feedback} has translatedMessage {quoted(text)}" if text else None

        return Effect(f"the translation of feedback {feedback} in translatedMessage", seen)

    def ticket(self, issue: int, name: str, description: str) -> Effect:
        """One ticket, its number in ABC, and everything else of the issue as it was made."""

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
        """`field`: where the stand-in keeps the text of a message."""

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
        """The recorded requests, byte for byte: the same events once more, with other bytes."""

        def seen() -> str | None:
            if any(self.service.deliveries(state=state) for state in ("queued", "running", "retrying")):
                return None  # what is still under way would be taken for an effect of what is sent now
            before = effects_of(self.service.state())
            answers = [send_recorded(self.service, name) for name in names]
            if not all(answer.get("success") and answer.get("duplicate") for answer in answers):
                return None
            same = effects_of(self.service.state()) == before
            return f"{len(names)} × 200, each known already; no second translation, ticket or comment" if same else None

        return Effect("the recorded deliveries recognised as known", seen)


def run(demo: Demo) -> None:
    """The story. The ids that things get are those of the recordings, so that these can be sent at the end."""
    abc = demo.service
    first, second = recorded("feedback-creation-full")["feedback"], recorded("feedback-creation-minimal")["feedback"]
    mixed, issue = recorded("feedback-creation-with-new-issues-3")["feedback"], recorded("issue-creation")["issue"]
    shown = ("id", "createdAt", "updatedAt", "issues", "translatedMessage", "translatedLang")
    number = abc.write_feedback({key: value for key, value in first.items() if key not in shown})
    demo.scene(f"FEEDBACK_CREATION: a user writes {quoted(first['message'])}", demo.translated(number))

    names = [issue["name"] for issue in mixed["issues"]]
    plain = abc.write_feedback({"message": second["message"]})
    number = abc.write_feedback({"message": mixed["message"], "issueNames": names})
    demo.scene(
        f"FEEDBACK_CREATION with two new issues (ISSUE_CREATION comes before they can be read): {', '.join(names)}",
        demo.translated(number),
        *(demo.ticket(position, name, "") for position, name in enumerate(names, 1)),
    )

    third = abc.open_issue(issue["name"], issue["description"])
    demo.scene(
        f"ISSUE_CREATION: a person opens the issue {quoted(issue['name'])}",
        demo.ticket(third, issue["name"], issue["description"]),
    )

    added = recorded("issue-addition")["addedIssue"]
    fourth = abc.open_issue(added["name"], added["description"])
    abc.add_to_issue(plain, fourth)
    demo.scene(
        f"ISSUE_ADDITION: feedback {plain} is added to the new issue {quoted(added['name'])}",
        demo.ticket(fourth, added["name"], added["description"]),
        demo.comment(fourth, second["message"]),
    )

    status = recorded("issue-status-change")["issue"]["status"]
    abc.change_status(third, status)
    demo.scene(
        f"ISSUE_STATUS_CHANGE: issue {third} goes from INIT to {status}",
        demo.status(third, "In Progress"),
        demo.message(issue["name"]),
        *(demo.chat_message(system, field, issue["name"]) for system, field in CHATS.items()),
        demo.webhook(issue["name"], "ISSUE_STATUS_CHANGE"),
        demo.workflow(issue["name"], "ISSUE_STATUS_CHANGE"),
    )

    for project, (opened, closed) in STATUSES.items():
        name, there = f"결제 버튼이 안 보여요 ({project})", abc.of(project)
        other, system = there.open_issue(name), MORE_PROJECTS[project]
        demo.scene(
            f"ISSUE_CREATION in project {project}, whose tickets are in {system}: {quoted(name)}",
            demo.ticket_of_project(project, other, name, opened),
        )
        there.change_status(other, "RESOLVED")
        demo.scene(
            f"ISSUE_STATUS_CHANGE in project {project}: issue {other} goes from INIT to RESOLVED",
            demo.ticket_of_project(project, other, name, closed),
            demo.message(name),
        )

    demo.scene(
        "Webhooks of other systems, each signed as its vendor signs",
        *(demo.announced(system, text) for system, text in send_each(demo.service.web).items()),
    )

    again = ["feedback-creation-full", "feedback-creation-minimal", "issue-creation", "issue-addition"]
    again += ["feedback-creation-with-new-issues-1", "feedback-creation-with-new-issues-2"]
    demo.scene("Sent again: requests recorded from a real server, byte for byte", demo.reported_again(again))


def recorded(name: str) -> dict[str, Any]:
    """The `data` of a recorded request."""
    return dict(json.loads(recording(name)["body"])["data"])


def recording(name: str) -> dict[str, Any]:
    return dict(json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8")))


def send_recorded(service: Service, name: str) -> dict[str, Any]:
    request = recording(name)
    headers = {key: value for key, value in request["headers"] if key not in ("Host", "Content-Length", "Connection")}
    return dict(call("POST", f"{service.web}{request['path']}", headers, data=request["body"].encode()))


def effects_of(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """Everything that the service has done to others."""
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


def show(text: str) -> None:
    print(text, flush=True)


def farewell(demo: Demo) -> None:
    service = demo.service
    url = f"{service.sandbox}/abc/api/projects/1/channels/1/feedbacks"
    body = '{"message": "로그인이 자꾸 풀려요"}'
    show(f"""
It stays up until Ctrl-C. Have a look:
   the console    {service.web}/ (password: {PASSWORD})
   the records    curl -H 'Authorization: Bearer {PASSWORD}' {service.web}/api/deliveries
   the effects    curl {service.sandbox}/control/state
   one more       curl -H 'x-api-key: {DEMO_KEY}' -H 'content-type: application/json' -d '{body}' {url}
   the logs       {demo.processes.folder}""")
    demo.processes.watch()


def main() -> int:
    options = argparse.ArgumentParser(prog="bin/demo", description="Shows the main job, end to end.")
    options.add_argument("--once", action="store_true", help="end after the effects; 1 and their names when some miss")
    once = options.parse_args().once
    end_on_signals()
    others = ", ".join([*MORE_PROJECTS.values(), "Slack", *CHATS])
    systems = f"ABC User Feedback, Jira, {others}, NocoBase, LibreTranslate and a receiver of webhooks"
    show(f"Starting Valkey, web, worker and the stand-ins for {systems} …")
    with tempfile.TemporaryDirectory(prefix="feedback-bridge-") as folder, Processes(Path(folder)) as processes:
        try:
            demo = Demo(processes, start_service(processes, more_projects=True, CONNECTORS=CONNECTORS, **VARIABLES))
            show(f"   web {demo.service.web} · stand-ins {demo.service.sandbox} · {demo.service.redis}")
            run(demo)
            if demo.missing:
                show("\nNot seen: " + "; ".join(demo.missing))
                show(processes["worker"].output(lines=20))
            else:
                show("\nEvery effect was seen.")
            if not once:
                farewell(demo)
        except (ProcessEnded, TimeoutError) as error:
            show(f"\nThe demo can't go on: {error}")
            return 1
        except KeyboardInterrupt:
            show("\nStopping.")
    return 1 if demo.missing else 0


if __name__ == "__main__":
    sys.exit(main())

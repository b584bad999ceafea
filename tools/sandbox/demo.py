"""`bin/demo`: runs the service end to end, with the Procfile's own commands on loopback. It needs no configuration.

The demo changes data in ABC User Feedback's stand-in, through its API, with the recorded texts. The stand-in sends the
webhooks to the real receiver. Each effect is read from the stand-ins, never from the service's own records.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tools.sandbox import demo_systems
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.demo_sources import VARIABLES, send_each
from tools.sandbox.effects import CHATS, Effect, Effects, quoted, recorded
from tools.sandbox.processes import ProcessEnded, Processes, end_on_signals
from tools.sandbox.service import MORE_PROJECTS, PASSWORD, Service, start_service

CONNECTORS = "translate,jira,github,gitlab,blue,slack,jandi,discord,mattermost,teams,outgoing,nocobase"
STATUSES = {2: ("open", "closed"), 3: ("opened", "closed"), 4: ("Inbox", "done")}
"""For each further project, in its ticket system: the status of a new ticket, and of a finished one."""
SECONDS = 30.0  # how long to wait for an effect
SECONDS_LEFT = 5.0  # the same after an effect was missing: then something is wrong, and long waits are useless


@dataclass
class Demo:
    """One run: the service, and the effects that are missing."""

    processes: Processes
    service: Service
    missing: list[str] = field(default_factory=list)

    def scene(self, title: str, *effects: Effect) -> None:
        """Prints what happened, and each effect as soon as it exists."""
        show(f"\n{title}")
        for effect in effects:
            try:
                seconds = SECONDS_LEFT if self.missing else SECONDS
                show(f"   ✓ {self.processes.wait_for(effect.what, effect.seen, seconds)}")
            except TimeoutError:
                self.missing.append(effect.what)
                show(f"   ✗ MISSING: {effect.what}")


def run(demo: Demo) -> None:
    """Plays the demo. All ids are the same as in the recorded requests, so that these can be sent at the end: with the
    times of this run, they are the same events."""
    abc, see = demo.service, Effects(demo.service)
    first, second = recorded("feedback-creation-full")["feedback"], recorded("feedback-creation-minimal")["feedback"]
    mixed, issue = recorded("feedback-creation-with-new-issues-3")["feedback"], recorded("issue-creation")["issue"]
    shown = ("id", "createdAt", "updatedAt", "issues", "translatedMessage", "translatedLang")
    number = abc.write_feedback({key: value for key, value in first.items() if key not in shown})
    demo.scene(f"FEEDBACK_CREATION: a user writes {quoted(first['message'])}", see.translated(number))

    names = [issue["name"] for issue in mixed["issues"]]
    plain = abc.write_feedback({"message": second["message"]})
    number = abc.write_feedback({"message": mixed["message"], "issueNames": names})
    demo.scene(
        f"FEEDBACK_CREATION with two new issues (ISSUE_CREATION comes before they can be read): {', '.join(names)}",
        see.translated(number),
        *(see.ticket(position, name, "") for position, name in enumerate(names, 1)),
    )

    third = abc.open_issue(issue["name"], issue["description"])
    demo.scene(
        f"ISSUE_CREATION: a person opens the issue {quoted(issue['name'])}",
        see.ticket(third, issue["name"], issue["description"]),
    )

    added = recorded("issue-addition")["addedIssue"]
    fourth = abc.open_issue(added["name"], added["description"])
    abc.add_to_issue(plain, fourth)
    demo.scene(
        f"ISSUE_ADDITION: feedback {plain} is added to the new issue {quoted(added['name'])}",
        see.ticket(fourth, added["name"], added["description"]),
        see.comment(fourth, second["message"]),
    )

    status = recorded("issue-status-change")["issue"]["status"]
    abc.change_status(third, status)
    demo.scene(
        f"ISSUE_STATUS_CHANGE: issue {third} goes from INIT to {status}",
        see.status(third, "In Progress"),
        see.message(issue["name"]),
        *(see.chat_message(system, field, issue["name"]) for system, field in CHATS.items()),
        see.webhook(issue["name"], "ISSUE_STATUS_CHANGE"),
        see.workflow(issue["name"], "ISSUE_STATUS_CHANGE"),
    )

    titles, issues = {1: issue["name"]}, {1: third}
    for project, (opened, closed) in STATUSES.items():
        name, there = f"결제 버튼이 안 보여요 ({project})", abc.of(project)
        other, system = there.open_issue(name), MORE_PROJECTS[project]
        titles[project], issues[project] = name, other
        demo.scene(
            f"ISSUE_CREATION in project {project}, whose tickets are in {system}: {quoted(name)}",
            see.ticket_of_project(project, other, name, opened),
        )
        there.change_status(other, "RESOLVED")
        demo.scene(
            f"ISSUE_STATUS_CHANGE in project {project}: issue {other} goes from INIT to RESOLVED",
            see.ticket_of_project(project, other, name, closed),
            see.message(name),
        )

    demo.scene(
        "Webhooks of other systems, each signed as its vendor signs",
        *(see.announced(system, text) for system, text in send_each(demo.service.web).items()),
    )

    demo.scene(
        f"FEEDBACK_CREATION in a project of each other translator: {quoted(demo_systems.TEXT)}",
        *demo_systems.translate_with_each(abc),
    )
    demo.scene(
        "A person moves a ticket in each ticket system, which announces it by a webhook",
        *demo_systems.move_each(abc, titles, issues),
    )
    demo.scene("A connector is refused (401), which is an event of the service itself", demo_systems.refuse(abc))

    again = ["feedback-creation-full", "feedback-creation-minimal", "issue-creation", "issue-addition"]
    again += ["feedback-creation-with-new-issues-1", "feedback-creation-with-new-issues-2"]
    demo.scene("Sent again: the first webhooks, as a real server writes them", see.reported_again(again))


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
    systems = f"ABC User Feedback, Jira, {others}, NocoBase, seven translators and a receiver of webhooks"
    show(f"Starting Valkey, web, worker and the stand-ins for {systems} …")
    with tempfile.TemporaryDirectory(prefix="feedback-bridge-") as folder, Processes(Path(folder)) as processes:
        try:
            demo = Demo(
                processes,
                start_service(
                    processes,
                    more_projects=True,
                    more=demo_systems.variables,
                    CONNECTORS=",".join([CONNECTORS, *demo_systems.CONNECTORS]),
                    **VARIABLES,
                ),
            )
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

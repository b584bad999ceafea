"""Counts: compares the effects at the third parties with the data of the source. Pure. It believes the service's
records in one case only: whether a message may have been repeated (`Facts.records`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tools.chaos.carried import TOGETHER_SECONDS, carried, changes
from tools.chaos.facts import Facts, Row, accepted, last_received
from tools.chaos.messages import messages
from tools.chaos.statuses import SYSTEMS, THERE
from tools.chaos.webhooks import webhooks
from tools.sandbox.translators import translate

COMMENT = re.compile(r"Feedback (\d+) \(")


def judge(facts: Facts) -> list[Row]:
    kinds = (translations, tickets, links, ticket_statuses, comments)
    return [*(kind(facts) for kind in kinds), *carried(facts), *messages(facts), *webhooks(facts)]


def translations(facts: Facts) -> Row:
    """Every feedback must be translated, and written once."""
    row = Row("translations")
    known = {data["feedback"]["id"] for data in accepted(facts, "FEEDBACK_CREATION")}
    writes = Counter(
        write["entity"]
        for write in facts.state["abc"]["writes"]
        if write["what"] == "feedback.update" and "translatedMessage" in write["values"]
    )
    for feedback in facts.state["abc"]["feedbacks"]:
        times, what = writes[feedback["id"]], f"feedback {feedback['id']}"
        if times or facts.repairs or feedback["id"] in known:
            row.count(what, times)
        if times and feedback.get("translatedMessage") != translate(feedback["message"], "en"):
            row.wrong.append(f"{what}: {feedback.get('translatedMessage')!r}")
    return row


def _known_issues(facts: Facts) -> set[int]:
    """The issues that an accepted webhook is about."""
    of = {"ISSUE_CREATION": "issue", "ISSUE_STATUS_CHANGE": "issue", "ISSUE_ADDITION": "addedIssue"}
    return {data[key]["id"] for event, key in of.items() for data in accepted(facts, event)}


def _expected_issues(facts: Facts) -> list[Mapping[str, Any]]:
    known = _known_issues(facts)
    return [issue for issue in facts.state["abc"]["issues"] if facts.repairs or issue["id"] in known]


def _tickets_of(facts: Facts, issue: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tickets of an issue in all ticket systems."""
    return [ticket for ticket in _all_tickets(facts) if ticket["summary"] == issue["name"]]


def _all_tickets(facts: Facts) -> list[Mapping[str, Any]]:
    return [ticket for system in SYSTEMS.values() for ticket in facts.state[system]["tickets"]]


def _in(facts: Facts, system: str) -> list[Mapping[str, Any]]:
    return list(facts.state[system]["tickets"])


def tickets(facts: Facts) -> Row:
    """Every issue must have one ticket, in the system of its project."""
    row = Row("tickets")
    expected = {issue["id"] for issue in _expected_issues(facts)}
    for issue in facts.state["abc"]["issues"]:
        found = _tickets_of(facts, issue)
        times, system = len(found), SYSTEMS[issue["project"]]
        row.wrong += [f"{ticket['key']} is not in {system}" for ticket in found if ticket not in _in(facts, system)]
        if times or issue["id"] in expected:
            row.count(f"issue {issue['id']}", times)
    return row


def links(facts: Facts) -> Row:
    """Every issue must name its ticket, and nothing else of the issue may have changed."""
    row = Row("ticket numbers in ABC")
    for issue in _expected_issues(facts):
        row.expected += 1
        what, number = f"issue {issue['id']}", issue["externalIssueId"]
        if not number:
            row.missing.append(what)
        elif number not in [re.split("[-#]", ticket["key"])[-1] for ticket in _tickets_of(facts, issue)]:
            row.wrong.append(f"{what}: names {number}")
        if issue["description"] not in (None, ""):
            row.wrong.append(f"{what}: description {issue['description']!r}")
        if issue["name"] not in facts.statuses:
            row.wrong.append(f"{what}: name {issue['name']!r}")
        elif issue["status"] != facts.statuses[issue["name"]] and not _was_moved(facts, issue):
            which = row.limits if _saved_together(facts, issue) else row.wrong
            which.append(f"{what}: status {issue['status']}, a person set {facts.statuses[issue['name']]}")
    return row


def _was_moved(facts: Facts, issue: Mapping[str, Any]) -> bool:
    """Whether a person moved the ticket: then its status is carried back (tools/chaos/carried.py)."""
    return any(change.side == "ticket" and not change.ours for change in changes(facts, issue))


def _saved_together(facts: Facts, issue: Mapping[str, Any]) -> bool:
    """Whether the service saved the ticket's number right after a person saved the issue: ABC has no conditional write,
    and a save replaces the whole issue."""
    writes = [w for w in facts.state["abc"]["writes"] if w["entity"] == issue["id"] and w["what"] == "issue.update"]
    theirs = max((w["at"] for w in writes if "externalIssueId" not in w["values"]), default="")
    ours = [w["at"] for w in writes if "externalIssueId" in w["values"] and w["at"] >= theirs]
    gap = datetime.fromisoformat(ours[0]) - datetime.fromisoformat(theirs) if ours and theirs else None
    return gap is not None and gap.total_seconds() < TOGETHER_SECONDS


def ticket_statuses(facts: Facts) -> Row:
    """Every ticket must have the present status of its issue."""
    row = Row("statuses of tickets")
    last = last_received(facts)
    for issue in _expected_issues(facts):
        if not facts.repairs and issue["status"] not in last.get(issue["id"], ()):
            continue
        row.expected += 1
        for ticket in _tickets_of(facts, issue):
            if ticket["status"] != THERE[SYSTEMS[issue["project"]]][issue["status"]]:
                row.wrong.append(f"issue {issue['id']} is {issue['status']}, {ticket['key']} is {ticket['status']}")
    return row


def comments(facts: Facts) -> Row:
    """Every feedback that was added to an issue must be one comment, also if no event announced it, or only the
    creation of the feedback."""
    row = Row("comments")
    by_name = {ticket["summary"]: ticket for ticket in _all_tickets(facts)}
    additions = accepted(facts, "ISSUE_ADDITION", facts.lost_before)
    announced = {(data["addedIssue"]["name"], data["feedback"]["id"]) for data in additions}
    carrying = [data["feedback"] for data in accepted(facts, "FEEDBACK_CREATION", facts.lost_before)]
    carrying += facts.state["abc"]["feedbacks"] if facts.repairs else []
    announced |= {(issue["name"], feedback["id"]) for feedback in carrying for issue in feedback.get("issues", [])}
    seen = Counter(
        (name, int(found[1]))
        for name, ticket in by_name.items()
        for comment in ticket["comments"]
        if (found := COMMENT.match(comment["body"]))
    )
    for pair in sorted(announced | seen.keys()):
        row.count(f"feedback {pair[1]} on {pair[0]}", seen[pair])
    return row

"""Counting: what the third parties hold, against what the source holds. Pure; believes no word of the service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tools.chaos.post import Heard
from tools.sandbox.translators import translate

WORDS = {
    "INIT": "New",
    "ON_REVIEW": "On Review",
    "IN_PROGRESS": "In Progress",
    "RESOLVED": "Resolved",
    "PENDING": "Pending",
}
TICKET_STATUS = {
    "INIT": "To Do",
    "ON_REVIEW": "In Progress",
    "IN_PROGRESS": "In Progress",
    "RESOLVED": "Done",
    "PENDING": "To Do",
}
GITHUB_STATUS = {
    "INIT": "open",
    "ON_REVIEW": "open",
    "IN_PROGRESS": "open",
    "RESOLVED": "closed",
    "PENDING": "closed:not_planned",
}
TICKETS_IN = {1: ("jira", TICKET_STATUS), 2: ("github", GITHUB_STATUS)}
"""By ABC project: the ticket system, and the status there for each of ABC's."""
FROM = {word: status for status, word in WORDS.items()}
CHANGED = re.compile(r'The status of issue "(.+)" changed from (.+) to (.+)\.')
IS = re.compile(r'The status of issue "(.+)" is (.+)\.')
DIGEST = re.compile(r"\d+ events in one message, because there are so many:")
TOGETHER_SECONDS = 3.0
"""As far as the slow answers of an attack draw a read and the write after it apart."""
COMMENT = re.compile(r"Feedback (\d+) \(")

Told = tuple[str, str, str]
"""Issue name, previous status (or ""), status."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`state`: that of the stand-ins; `heard`: every webhook that was passed on; `statuses`: the last status that a
    person gave to each issue, by its name; `repairs`: whether reconcile is there, so that what was never heard counts,
    too; `lost_before`: the numbers of webhooks heard before Redis was wiped, whose messages nobody can promise."""

    state: Mapping[str, Any]
    heard: Sequence[Heard]
    statuses: Mapping[str, str]
    repairs: bool = True
    lost_before: int = 0


@dataclass
class Row:
    """One kind of effect; the lists name the entities, once for each. `limits`: what docs/reliability.md says that
    nobody can promise; told, and no failure."""

    effect: str
    expected: int = 0
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    def count(self, what: str, times: int) -> None:
        """Of something that is expected once."""
        self.expected += 1
        if times == 0:
            self.missing.append(what)
        self.repeated += [what] * (times - 1)

    @property
    def holds(self) -> bool:
        return not (self.missing or self.repeated or self.wrong)


def judge(facts: Facts) -> list[Row]:
    return [translations(facts), tickets(facts), links(facts), ticket_statuses(facts), comments(facts), messages(facts)]


def accepted(facts: Facts, event: str, since: int = 0) -> list[dict[str, Any]]:
    return [heard.data for heard in facts.heard[since:] if heard.accepted and heard.event == event]


def translations(facts: Facts) -> Row:
    """Every feedback is translated, and written once."""
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
    """Those that some accepted webhook is about."""
    of = {"ISSUE_CREATION": "issue", "ISSUE_STATUS_CHANGE": "issue", "ISSUE_ADDITION": "addedIssue"}
    return {data[key]["id"] for event, key in of.items() for data in accepted(facts, event)}


def _expected_issues(facts: Facts) -> list[Mapping[str, Any]]:
    known = _known_issues(facts)
    return [issue for issue in facts.state["abc"]["issues"] if facts.repairs or issue["id"] in known]


def _tickets_of(facts: Facts, issue: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """In every ticket system."""
    return [ticket for ticket in _all_tickets(facts) if ticket["summary"] == issue["name"]]


def _all_tickets(facts: Facts) -> list[Mapping[str, Any]]:
    return [ticket for system, _ in TICKETS_IN.values() for ticket in facts.state[system]["tickets"]]


def _in(facts: Facts, system: str) -> list[Mapping[str, Any]]:
    return list(facts.state[system]["tickets"])


def tickets(facts: Facts) -> Row:
    """Every issue has one ticket, in the system of its project."""
    row = Row("tickets")
    expected = {issue["id"] for issue in _expected_issues(facts)}
    for issue in facts.state["abc"]["issues"]:
        found = _tickets_of(facts, issue)
        times, (system, _) = len(found), TICKETS_IN[issue["project"]]
        row.wrong += [f"{ticket['key']} is not in {system}" for ticket in found if ticket not in _in(facts, system)]
        if times or issue["id"] in expected:
            row.count(f"issue {issue['id']}", times)
    return row


def links(facts: Facts) -> Row:
    """Every issue names its ticket, and nothing else of it was changed."""
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
        elif issue["status"] != facts.statuses[issue["name"]]:
            which = row.limits if _saved_together(facts, issue) else row.wrong
            which.append(f"{what}: status {issue['status']}, a person set {facts.statuses[issue['name']]}")
    return row


def _saved_together(facts: Facts, issue: Mapping[str, Any]) -> bool:
    """Whether we saved the ticket's number right after a person saved the issue: ABC has no conditional write, and what
    is saved replaces all of it."""
    writes = [w for w in facts.state["abc"]["writes"] if w["entity"] == issue["id"] and w["what"] == "issue.update"]
    theirs = max((w["at"] for w in writes if "externalIssueId" not in w["values"]), default="")
    ours = [w["at"] for w in writes if "externalIssueId" in w["values"] and w["at"] >= theirs]
    gap = datetime.fromisoformat(ours[0]) - datetime.fromisoformat(theirs) if ours and theirs else None
    return gap is not None and gap.total_seconds() < TOGETHER_SECONDS


def ticket_statuses(facts: Facts) -> Row:
    """Every ticket shows the status that its issue has now."""
    row = Row("statuses of tickets")
    last = last_heard(facts)
    for issue in _expected_issues(facts):
        if not facts.repairs and issue["status"] not in last.get(issue["id"], ()):
            continue
        row.expected += 1
        for ticket in _tickets_of(facts, issue):
            if ticket["status"] != TICKETS_IN[issue["project"]][1][issue["status"]]:
                row.wrong.append(f"issue {issue['id']} is {issue['status']}, {ticket['key']} is {ticket['status']}")
    return row


def last_heard(facts: Facts, since: int = 0) -> dict[int, set[str]]:
    """The newest status of each issue of which an accepted webhook told (one about something else that shows it told
    nobody of the change), with all of the same second: ABC cuts some times. `since`: not of the first so many."""
    newest: dict[int, tuple[str, set[str]]] = {}
    for event in ("ISSUE_CREATION", "ISSUE_STATUS_CHANGE"):
        for data in accepted(facts, event, since):
            issue = data["issue"]
            second = str(issue["updatedAt"])[:19]
            known, statuses = newest.get(issue["id"], ("", set()))
            if second >= known:
                newest[issue["id"]] = (second, {issue["status"], *(statuses if second == known else ())})
    return {number: statuses for number, (_, statuses) in newest.items()}


def comments(facts: Facts) -> Row:
    """Every feedback that was added to an issue is one comment: also where no event announced it, and where only the
    creation of the feedback did."""
    row = Row("comments")
    by_name = {ticket["summary"]: ticket for ticket in _all_tickets(facts)}
    additions = accepted(facts, "ISSUE_ADDITION", facts.lost_before)
    told = {(data["addedIssue"]["name"], data["feedback"]["id"]) for data in additions}
    carrying = [data["feedback"] for data in accepted(facts, "FEEDBACK_CREATION", facts.lost_before)]
    carrying += facts.state["abc"]["feedbacks"] if facts.repairs else []
    told |= {(issue["name"], feedback["id"]) for feedback in carrying for issue in feedback.get("issues", [])}
    seen = Counter(
        (name, int(found[1]))
        for name, ticket in by_name.items()
        for comment in ticket["comments"]
        if (found := COMMENT.match(comment["body"]))
    )
    for pair in sorted(told | seen.keys()):
        row.count(f"feedback {pair[1]} on {pair[0]}", seen[pair])
    return row


def messages(facts: Facts) -> Row:
    """Every change that an accepted webhook told is one message; besides them there may be those that reconcile found.

    Webhooks with the same content are the same change. A webhook without an answer may have been stored.
    """
    row = Row("messages")
    before, after = (
        _changes(heard.data for heard in part if heard.event == "ISSUE_STATUS_CHANGE")
        for part in (facts.heard[: facts.lost_before], facts.heard[facts.lost_before :])
    )
    sure = _as_told(_changes(accepted(facts, "ISSUE_STATUS_CHANGE", facts.lost_before)))
    maybe = _as_told(before | after) - sure
    seen = Counter(_told(line) for message in facts.state["slack"]["messages"] for line in _lines(message))
    for change, times in sure.items():
        row.expected += times
        row.missing += [_words(change)] * (times - min(times, seen[change]))
    spare = seen - sure
    later = _found_later(facts, spare, row) if facts.repairs else Counter()
    row.repeated += [_words(change) for change in (spare - (maybe | later)).elements()]
    return row


def _found_later(facts: Facts, spare: Counter[Told], row: Row) -> Counter[Told]:
    """Messages of reconcile: for an issue whose last change was never heard, the status that it has now. Of one that
    was never heard of, or before a wipe only, it may be told or not: that goes by when the issue was made."""
    found: Counter[Told] = Counter()
    last = last_heard(facts, facts.lost_before)
    for issue in facts.state["abc"]["issues"]:
        now = issue["status"]
        if now in last.get(issue["id"], ()):
            continue
        candidates = [change for change in spare if change[0] == issue["name"] and change[2] == now]
        if issue["id"] in last:
            row.expected += 1
        if issue["id"] in last and not candidates:
            row.missing.append(f"{issue['name']} is {now}, of which no webhook told")
        found.update(candidates[:1])
    return found


def _changes(webhooks: Iterable[Mapping[str, Any]]) -> set[tuple[str, str, str, str]]:
    """What happened, once for each: issue name, previous status, status, when."""
    return {
        (data["issue"]["name"], data["previousStatus"], data["issue"]["status"], data["issue"]["updatedAt"])
        for data in webhooks
    }


def _as_told(changes: Iterable[tuple[str, str, str, str]]) -> Counter[Told]:
    """As far as a message shows it: not when, and where both statuses are the same only one."""
    return Counter((name, "" if previous == status else previous, status) for name, previous, status, _ in changes)


def _lines(message: Mapping[str, Any]) -> list[str]:
    """What a message says: one thing, or in a digest many. Its blocks are read, for they are never cut short."""
    sections = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    lines = [line for section in sections for line in section.splitlines()]
    return [re.sub(r"^• | \(#\d+\)$", "", line) for line in lines if not DIGEST.fullmatch(line)]


def _told(text: str) -> Told:
    """Whatever is no change of status stands for itself: nothing else is expected there."""
    if found := CHANGED.fullmatch(text):
        return found[1], FROM.get(found[2], found[2]), FROM.get(found[3], found[3])
    if found := IS.fullmatch(text):
        return found[1], "", FROM.get(found[2], found[2])
    return text, "", ""


def _words(change: Told) -> str:
    return f"{change[0]}: {change[1] or '?'} → {change[2]}"

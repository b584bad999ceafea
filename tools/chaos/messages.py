"""Counting messages: each channel gets each change of status once. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.chaos.facts import Facts, Row, accepted, last_received

WORDS = {
    "INIT": "New",
    "ON_REVIEW": "On Review",
    "IN_PROGRESS": "In Progress",
    "RESOLVED": "Resolved",
    "PENDING": "Pending",
}
FROM = {word: status for status, word in WORDS.items()}
CHANGED = re.compile(r'The status of issue "(.+)" changed from (.+) to (.+)\.')
IS = re.compile(r'The status of issue "(.+)" is (.+)\.')
LINK = re.compile(r"\[\[.+\]\]\(.+\)")
DIGEST = re.compile(r"\d+ events in one message, because there are so many:")

Change = tuple[str, str, str]
"""As a message shows it: issue name, previous status (or ""), status."""

Occurrence = tuple[str, str, str, str]
"""Issue name, previous status, status, when."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where one connector posts. `lines`: what its messages report, one change a line; `can_look`: whether the
    connector can look a message up whose answer was lost, so that none may be repeated."""

    connector: str
    lines: Callable[[Mapping[str, Any]], list[str]]
    can_look: bool = True


def _of_slack(channel: str) -> Callable[[Mapping[str, Any]], list[str]]:
    """Blocks are read, for they are never cut short."""

    def lines(state: Mapping[str, Any]) -> list[str]:
        its = [message for message in state["slack"]["messages"] if message["channel"] == channel]
        blocks = [block for message in its for block in message["blocks"]]
        return _reports(block["text"]["text"] for block in blocks if block["type"] == "section")

    return lines


def _of_jandi(state: Mapping[str, Any]) -> list[str]:
    """Links to tickets have lines of their own."""
    lines = _reports(message["body"] for message in state["jandi"]["messages"])
    return [line for line in lines if not LINK.fullmatch(line)]


def _of_discord(state: Mapping[str, Any]) -> list[str]:
    """The lines of a digest stand below its head, in an embed."""
    texts: list[str] = []
    for message in state["discord"]["messages"]:
        texts.append(message["content"])
        if DIGEST.fullmatch(message["content"]):
            texts += [embed["description"] for embed in message["embeds"]]
    return _reports(map(_unescaped, texts))


def _of_mattermost(state: Mapping[str, Any]) -> list[str]:
    return _reports(_unescaped(message["text"]) for message in state["mattermost"]["messages"])


def _of_teams(state: Mapping[str, Any]) -> list[str]:
    """Facts have lines of their own below a single change."""
    cards = [message["lines"] for message in state["teams"]["messages"]]
    return _reports("\n".join(lines if DIGEST.fullmatch(lines[0]) else lines[:1]) for lines in cards)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", text)


CHANNELS = (
    Channel("slack", _of_slack("C0FEEDBACK")),
    Channel("slack.mobile", _of_slack("C0MOBILE")),
    Channel("jandi", _of_jandi, can_look=False),
    Channel("discord", _of_discord, can_look=False),
    Channel("mattermost", _of_mattermost, can_look=False),
    Channel("teams", _of_teams, can_look=False),
)


def messages(facts: Facts) -> list[Row]:
    """A row for each channel."""
    return [_messages(facts, channel) for channel in CHANNELS]


def _messages(facts: Facts, channel: Channel) -> Row:
    """Every change that an accepted webhook reported is one message; besides them there may be those that reconcile
    found.

    Webhooks with the same content are the same change. A webhook without an answer may have been stored.
    """
    row = Row(f"messages of {channel.connector}")
    before, after = (
        _changes(received.data for received in part if received.event == "ISSUE_STATUS_CHANGE")
        for part in (facts.received[: facts.lost_before], facts.received[facts.lost_before :])
    )
    announced = _changes(accepted(facts, "ISSUE_STATUS_CHANGE", facts.lost_before))
    sure = _shown(announced)
    maybe = _shown(before | after) - sure
    seen = Counter(_change(line) for line in channel.lines(facts.state))
    for change, times in sure.items():
        row.expected += times
        row.missing += [_words(change)] * (times - min(times, seen[change]))
    spare = seen - sure
    later = _found_later(facts, spare, row) | _jumps(after - announced, spare - maybe) if facts.repairs else Counter()
    allowed = Counter[str]() if channel.can_look else _may_repeat(facts, channel.connector, before)
    for change in (spare - (maybe | later)).elements():
        which = row.limits if allowed[change[0]] > 0 else row.repeated
        which.append(_words(change))
        allowed[change[0]] -= 1
    return row


def _may_repeat(facts: Facts, connector: str, lost: Iterable[Occurrence]) -> Counter[str]:
    """How many messages of each issue, by its name, may be repeated by a connector that can't look them up: one for
    each further attempt of a delivery whose record reports `unsure`; where Redis was wiped, also the one that was
    posted before, and one for each change whose record is lost."""
    names = {str(issue["id"]): issue["name"] for issue in facts.state["abc"]["issues"]}
    found = Counter(name for name, *_ in lost)
    for record in facts.records:
        unsure = (record["result"] or {}).get("unsure", "") if record["connector"] == connector else ""
        if unsure:
            before = unsure.startswith("may have been posted before") and facts.lost_before
            found[names[record["entity"].rpartition(":")[2]]] += record["attempts"] - (0 if before else 1)
    return found


def _found_later(facts: Facts, spare: Counter[Change], row: Row) -> Counter[Change]:
    """Messages of reconcile: for an issue whose last change was not announced, the status that it has now. For one
    that no webhook named, or only before a wipe, a message is allowed but not required: that depends on when the
    issue was made. So it is where the change is older than the ledger: it may have been announced before the wipe."""
    found: Counter[Change] = Counter()
    last = last_received(facts, facts.lost_before)
    for issue in facts.state["abc"]["issues"]:
        now = issue["status"]
        if now in last.get(issue["id"], ()):
            continue
        required = issue["id"] in last and datetime.fromisoformat(issue["updatedAt"]).timestamp() > facts.born
        candidates = [change for change in spare if change[0] == issue["name"] and change[2] == now]
        row.expected += required
        if required and not candidates:
            row.missing.append(f"{issue['name']} is {now}, which no webhook announced")
        found.update(candidates[:1])
    return found


def _jumps(changes: Iterable[Occurrence], spare: Counter[Change]) -> Counter[Change]:
    """Messages of reconcile about a status that an issue had for a while: no webhook about its last steps arrived, so
    the message leaves them out. One for each status that a webhook named."""
    named = {(name, status) for name, _, status, _ in changes}
    found: Counter[Change] = Counter()
    for change in spare:
        if (change[0], change[2]) in named and change[1] != change[2]:
            named.discard((change[0], change[2]))
            found[change] += 1
    return found


def _changes(webhooks: Iterable[Mapping[str, Any]]) -> set[Occurrence]:
    """What happened, once for each."""
    return {
        (data["issue"]["name"], data["previousStatus"], data["issue"]["status"], data["issue"]["updatedAt"])
        for data in webhooks
    }


def _shown(changes: Iterable[Occurrence]) -> Counter[Change]:
    """As far as a message shows it: not when, and where both statuses are the same only one."""
    return Counter((name, "" if previous == status else previous, status) for name, previous, status, _ in changes)


def _reports(texts: Iterable[str]) -> list[str]:
    """The lines of messages: one for a single change, many for a digest."""
    lines = [line for text in texts for line in text.splitlines() if not DIGEST.fullmatch(line)]
    return [re.sub(r"^• | \(#\d+\)$", "", line) for line in lines]


def _change(text: str) -> Change:
    """Whatever is no change of status stands for itself: nothing else is expected there."""
    if found := CHANGED.fullmatch(text):
        return found[1], FROM.get(found[2], found[2]), FROM.get(found[3], found[3])
    if found := IS.fullmatch(text):
        return found[1], "", FROM.get(found[2], found[2])
    return text, "", ""


def _words(change: Change) -> str:
    return f"{change[0]}: {change[1] or '?'} → {change[2]}"

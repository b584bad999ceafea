"""Counts messages: each channel must get each change of status once. Pure."""

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
"""A change as a message shows it: issue name, previous status (or ""), status."""

Occurrence = tuple[str, str, str, str]
"""A change as a webhook announces it: issue name, previous status, status, time."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The channel of one connector. `lines`: the lines of its messages, one for each change; `can_look`: whether the
    connector can look up a message whose answer was lost, so that no message may be repeated."""

    connector: str
    lines: Callable[[Mapping[str, Any]], list[str]]
    can_look: bool = True


def _of_slack(channel: str) -> Callable[[Mapping[str, Any]], list[str]]:
    """Reads the blocks of messages, because these are never cut."""

    def lines(state: Mapping[str, Any]) -> list[str]:
        its = [message for message in state["slack"]["messages"] if message["channel"] == channel]
        blocks = [block for message in its for block in message["blocks"]]
        return _reports(block["text"]["text"] for block in blocks if block["type"] == "section")

    return lines


def _of_jandi(state: Mapping[str, Any]) -> list[str]:
    """Links to tickets are separate lines."""
    lines = _reports(message["body"] for message in state["jandi"]["messages"])
    return [line for line in lines if not LINK.fullmatch(line)]


def _of_discord(state: Mapping[str, Any]) -> list[str]:
    """The lines of a digest are below its head, in an embed."""
    texts: list[str] = []
    for message in state["discord"]["messages"]:
        texts.append(message["content"])
        if DIGEST.fullmatch(message["content"]):
            texts += [embed["description"] for embed in message["embeds"]]
    return _reports(map(_unescaped, texts))


def _of_mattermost(state: Mapping[str, Any]) -> list[str]:
    return _reports(_unescaped(message["text"]) for message in state["mattermost"]["messages"])


def _of_teams(state: Mapping[str, Any]) -> list[str]:
    """Facts are separate lines below a single change."""
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
    """Every change that an accepted webhook announced must be one message. In addition there may be messages of changes
    that reconcile found.

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
    each additional attempt of a delivery with `unsure` in its record. If Redis was wiped, also the message from before,
    and one for each change whose record is lost."""
    names = {str(issue["id"]): issue["name"] for issue in facts.state["abc"]["issues"]}
    found = Counter(name for name, *_ in lost)
    for record in facts.records:
        unsure = (record["result"] or {}).get("unsure", "") if record["connector"] == connector else ""
        if unsure:
            before = unsure.startswith("may have been posted before") and facts.lost_before
            found[names[record["entity"].rpartition(":")[2]]] += record["attempts"] - (0 if before else 1)
    return found


def _found_later(facts: Facts, spare: Counter[Change], row: Row) -> Counter[Change]:
    """Messages of reconcile: if an issue's last change was not announced, its present status. If no webhook named the
    issue, or only before a wipe, the message is allowed but not required: it depends on when the issue was made. The
    same applies if the change is older than the ledger: it may have been announced before the wipe."""
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
    """Messages of reconcile about a status that an issue had for a while, without the steps before it, of which no
    webhook arrived. One message for each status that a webhook named."""
    named = {(name, status) for name, _, status, _ in changes}
    found: Counter[Change] = Counter()
    for change in spare:
        if (change[0], change[2]) in named and change[1] != change[2]:
            named.discard((change[0], change[2]))
            found[change] += 1
    return found


def _changes(webhooks: Iterable[Mapping[str, Any]]) -> set[Occurrence]:
    """The changes in these webhooks, without repeats."""
    return {
        (data["issue"]["name"], data["previousStatus"], data["issue"]["status"], data["issue"]["updatedAt"])
        for data in webhooks
    }


def _shown(changes: Iterable[Occurrence]) -> Counter[Change]:
    """The changes as messages show them: without the time, and with one status if both are the same."""
    return Counter((name, "" if previous == status else previous, status) for name, previous, status, _ in changes)


def _reports(texts: Iterable[str]) -> list[str]:
    """The lines of messages: one for a single change, many for a digest."""
    lines = [line for text in texts for line in text.splitlines() if not DIGEST.fullmatch(line)]
    return [re.sub(r"^• | \(#\d+\)$", "", line) for line in lines]


def _change(text: str) -> Change:
    """The change that a line shows. Another text is returned as it is, and is then counted as not expected."""
    if found := CHANGED.fullmatch(text):
        return found[1], FROM.get(found[2], found[2]), FROM.get(found[3], found[3])
    if found := IS.fullmatch(text):
        return found[1], "", FROM.get(found[2], found[2])
    return text, "", ""


def _words(change: Change) -> str:
    return f"{change[0]}: {change[1] or '?'} → {change[2]}"

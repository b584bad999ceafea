"""The counting sees what is missing, what is there twice, and what is not as it should be; and excuses nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tools.chaos.facts import Facts, Row
from tools.chaos.post import Received
from tools.chaos.verdict import judge
from tools.sandbox.translators import translate

CREATED, CHANGED = "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:05.000Z"
EMPTY: dict[str, Any] = {
    "abc": {"issues": [], "feedbacks": [], "writes": []},
    "jira": {"tickets": []},
    "github": {"tickets": []},
    "gitlab": {"tickets": []},
    "blue": {"tickets": []},
    "slack": {"messages": []},
    "jandi": {"messages": []},
    "discord": {"messages": []},
    "mattermost": {"messages": []},
    "teams": {"messages": []},
    "outgoing": {"webhooks": []},
    "nocobase": {"runs": []},
    "moves": [],
}


def issue(status: str = "INIT", **more: Any) -> dict[str, Any]:
    known = {
        "id": 7,
        "name": "이슈 '0'",
        "description": None,
        "externalIssueId": "3",
        "updatedAt": CREATED,
        "project": 1,
    }
    return {**known, "status": status, **more}


def ticket(status: str = "To Do", comments: Iterable[str] = (), key: str = "PROJ-3") -> dict[str, Any]:
    return {"key": key, "summary": "이슈 '0'", "status": status, "comments": [{"body": body} for body in comments]}


def message(*lines: str) -> dict[str, Any]:
    return {
        "channel": "C0FEEDBACK",
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "\n".join(lines)}}],
    }


def received(event: str, status: int | None = 200, **data: Any) -> Received:
    return Received(json.dumps({"event": event, "data": data}).encode(), status)


def change(previous: str, status: str, answer: int | None = 200, updated: str = CHANGED) -> Received:
    announced = issue(status, updatedAt=updated)
    return received("ISSUE_STATUS_CHANGE", answer, issue=announced, previousStatus=previous)


def announced(previous: str, status: str) -> str:
    return f"The status of issue \"이슈 '0'\" changed from {previous} to {status}."


def count(
    effect: str, *webhooks: Received, repairs: bool = True, lost_before: int = 0, born: float = 0, **state: Any
) -> Row:
    """The row of one effect. `state`: issues, feedbacks, writes, tickets, issues_there (GitHub's), messages (Slack's),
    bodies (JANDI's), taken (the bodies that the receiver of `outgoing` got), chats (by system); and records."""
    world = {
        **EMPTY,
        **{chat: {"messages": found} for chat, found in state.get("chats", {}).items()},
        "outgoing": {"webhooks": [{"body": json.dumps(body)} for body in state.get("taken", ())]},
        "abc": {key: state.get(key, []) for key in ("issues", "feedbacks", "writes")},
        "jira": {"tickets": state.get("tickets", [])},
        "github": {"tickets": state.get("issues_there", [])},
        "slack": {"messages": state.get("messages", [])},
        "jandi": {"messages": [{"body": body} for body in state.get("bodies", ())]},
    }
    statuses = {found["name"]: found.get("was", found["status"]) for found in world["abc"]["issues"]}
    rows = judge(Facts(world, webhooks, statuses, repairs, lost_before, state.get("records", ()), born))
    return next(row for row in rows if row.effect == effect)


def numbers(row: Row) -> tuple[int, int, int, int]:
    return row.expected, len(row.missing), len(row.repeated), len(row.wrong)


def test_nothing_happened_and_nothing_is_expected() -> None:
    assert all(row.holds and not row.expected for row in judge(Facts(EMPTY, (), {})))


def write(text: str = translate("안녕 1", "en")) -> dict[str, Any]:
    return {"what": "feedback.update", "entity": 1, "values": {"translatedMessage": text}}


def test_translations_are_counted_by_writes() -> None:
    done = {"id": 1, "message": "안녕 1", "translatedMessage": translate("안녕 1", "en")}
    open_ = {"id": 1, "message": "안녕 1"}
    assert numbers(count("translations", feedbacks=[done], writes=[write()])) == (1, 0, 0, 0)
    assert numbers(count("translations", feedbacks=[done], writes=[write(), write()])) == (1, 0, 1, 0)
    assert numbers(count("translations", feedbacks=[open_])) == (1, 1, 0, 0)
    spoilt = {**done, "translatedMessage": "error"}
    assert numbers(count("translations", feedbacks=[spoilt], writes=[write("error")])) == (1, 0, 0, 1)


def test_without_reconcile_only_what_was_accepted_is_expected() -> None:
    feedback = {"id": 1, "message": "안녕 1"}
    refused = received("FEEDBACK_CREATION", 503, feedback=feedback)
    accepted = received("FEEDBACK_CREATION", feedback=feedback)
    assert numbers(count("translations", refused, repairs=False, feedbacks=[feedback])) == (0, 0, 0, 0)
    assert numbers(count("translations", accepted, repairs=False, feedbacks=[feedback])) == (1, 1, 0, 0)


def test_every_issue_has_one_ticket_and_names_it() -> None:
    assert numbers(count("tickets", issues=[issue()], tickets=[ticket()])) == (1, 0, 0, 0)
    assert numbers(count("tickets", issues=[issue()])) == (1, 1, 0, 0)
    both = [ticket(), ticket(key="PROJ-4")]
    assert numbers(count("tickets", issues=[issue()], tickets=both)) == (1, 0, 1, 0)
    named = "ticket numbers in ABC"
    assert numbers(count(named, issues=[issue()], tickets=[ticket()])) == (1, 0, 0, 0)
    assert numbers(count(named, issues=[issue(externalIssueId=None)], tickets=[ticket()])) == (1, 1, 0, 0)
    assert numbers(count(named, issues=[issue(externalIssueId="9")], tickets=[ticket()])) == (1, 0, 0, 1)


def test_each_project_s_tickets_are_in_its_own_system() -> None:
    there = ticket(status="closed", key="acme/app#3")
    of_two: dict[str, Any] = {"issues": [issue("RESOLVED", project=2)], "issues_there": [there]}
    for effect in ("tickets", "ticket numbers in ABC", "statuses of tickets"):
        assert numbers(count(effect, **of_two)) == (1, 0, 0, 0)
    assert numbers(count("statuses of tickets", **{**of_two, "issues_there": [{**there, "status": "open"}]}))[3] == 1
    assert numbers(count("tickets", issues=[issue()], issues_there=[there])) == (1, 0, 0, 1)
    assert numbers(count("tickets", **of_two, tickets=[ticket()])) == (1, 0, 1, 1)


def test_what_people_wrote_into_an_issue_must_stay() -> None:
    for spoilt in (issue(description="ours"), issue("INIT", was="RESOLVED")):
        assert numbers(count("ticket numbers in ABC", issues=[spoilt], tickets=[ticket()])) == (1, 0, 0, 1)


def saved(second: str, status: str, **more: str) -> dict[str, Any]:
    at = CREATED.replace("00.000", second)
    by = "key" if "externalIssueId" in more else "python"
    return {"by": by, "what": "issue.update", "entity": 7, "at": at, "values": {"status": status, **more}}


def test_a_save_of_ours_right_after_a_persons_is_a_limit_and_a_later_one_is_wrong() -> None:
    """Between our reading and our writing ABC can't be held still; but we must not write what was read long ago."""
    there: dict[str, Any] = {"issues": [issue("INIT", was="RESOLVED")], "tickets": [ticket()]}
    theirs = saved("05.000", "RESOLVED")
    row = count("ticket numbers in ABC", writes=[theirs, saved("05.010", "INIT", externalIssueId="3")], **there)
    assert (numbers(row), len(row.limits)) == ((1, 0, 0, 0), 1)
    row = count("ticket numbers in ABC", writes=[theirs, saved("15.010", "INIT", externalIssueId="3")], **there)
    assert numbers(row) == (1, 0, 0, 1)


def test_a_ticket_shows_the_status_of_its_issue() -> None:
    effect = "statuses of tickets"
    assert numbers(count(effect, issues=[issue("RESOLVED")], tickets=[ticket("Done")])) == (1, 0, 0, 0)
    assert numbers(count(effect, issues=[issue("RESOLVED")], tickets=[ticket("To Do")])) == (1, 0, 0, 1)


def test_comments_are_counted_by_feedback() -> None:
    added = received("ISSUE_ADDITION", feedback={"id": 5}, addedIssue=issue())
    assert numbers(count("comments", added, added, tickets=[ticket(comments=["Feedback 5 (App)"])])) == (1, 0, 0, 0)
    assert numbers(count("comments", added, tickets=[ticket()])) == (1, 1, 0, 0)
    carrying = {"id": 5, "issues": [issue()]}
    created = received("FEEDBACK_CREATION", feedback=carrying)
    assert numbers(count("comments", created, tickets=[ticket()], repairs=False)) == (1, 1, 0, 0)
    assert numbers(count("comments", created, added, tickets=[ticket(comments=["Feedback 5 (App)"])])) == (1, 0, 0, 0)
    attached = [{**carrying, "message": "안녕 1"}]
    assert numbers(count("comments", tickets=[ticket()], feedbacks=attached)) == (1, 1, 0, 0)
    assert numbers(count("comments", tickets=[ticket()], feedbacks=attached, repairs=False)) == (0, 0, 0, 0)
    twice = ticket(comments=["Feedback 5 (App)", "Feedback 5 (App)"])
    assert numbers(count("comments", added, tickets=[twice])) == (1, 0, 1, 0)


def test_a_change_is_one_message_however_often_it_was_announced() -> None:
    there: dict[str, Any] = {"issues": [issue("RESOLVED")]}
    once, twice = [message(announced("New", "Resolved"))], [message(announced("New", "Resolved"))] * 2
    webhook = change("INIT", "RESOLVED")
    assert numbers(count("messages of slack", webhook, webhook, messages=once, **there)) == (1, 0, 0, 0)
    assert numbers(count("messages of slack", webhook, messages=twice, **there)) == (1, 0, 1, 0)
    assert numbers(count("messages of slack", webhook, **there)) == (1, 1, 0, 0)


def test_the_same_change_at_another_time_is_another_message() -> None:
    webhooks = (change("INIT", "RESOLVED"), change("INIT", "RESOLVED", updated=CHANGED.replace("05", "09")))
    once = [message(announced("New", "Resolved"))]
    assert numbers(count("messages of slack", *webhooks, messages=once, issues=[issue("RESOLVED")])) == (2, 1, 0, 0)


def test_a_time_that_was_cut_is_no_earlier_than_its_second() -> None:
    """ABC writes whole seconds when a feedback is added, so the change seems to come before the issue itself."""
    created = received("ISSUE_CREATION", issue=issue(updatedAt=CREATED.replace(".000", ".126")))
    changed = change("INIT", "RESOLVED", updated=CREATED)
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "messages": [message(announced("New", "Resolved"))]}
    assert numbers(count("messages of slack", created, changed, **there)) == (1, 0, 0, 0)


def test_the_lines_of_a_digest_are_messages() -> None:
    head = "2 events in one message, because there are so many:"
    lines = [f"• {announced('New', 'Resolved')} (#7)", f"• {announced('Resolved', 'Pending')} (#7)"]
    webhooks = (change("INIT", "RESOLVED"), change("RESOLVED", "PENDING", updated=CHANGED.replace("05", "09")))
    row = count("messages of slack", *webhooks, messages=[message(head, *lines)], issues=[issue("PENDING")])
    assert numbers(row) == (2, 0, 0, 0)


def test_a_webhook_without_an_answer_may_have_been_stored_or_not() -> None:
    unsure = change("INIT", "RESOLVED", answer=None)
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "repairs": False}
    assert numbers(count("messages of slack", unsure, **there)) == (0, 0, 0, 0)
    assert numbers(count("messages of slack", unsure, messages=[message(announced("New", "Resolved"))], **there)) == (
        0,
        0,
        0,
        0,
    )


def test_reconcile_announces_the_last_status_that_no_webhook_announced() -> None:
    created = received("ISSUE_CREATION", issue=issue())
    there: dict[str, Any] = {"issues": [issue("RESOLVED")]}
    assert numbers(count("messages of slack", created, **there)) == (1, 1, 0, 0)
    found = message(announced("New", "Resolved"))
    assert numbers(count("messages of slack", created, messages=[found], **there)) == (1, 0, 0, 0)
    assert numbers(count("messages of slack", created, messages=[found, found], **there)) == (1, 0, 1, 0)


def test_reconcile_may_announce_a_status_that_was_left_again_without_the_steps_to_it() -> None:
    webhooks = (
        change("INIT", "ON_REVIEW"),
        change("ON_REVIEW", "PENDING", None),
        change("PENDING", "IN_PROGRESS", None),
        change("IN_PROGRESS", "RESOLVED"),
    )
    lines = [announced("New", "On Review"), announced("In Progress", "Resolved")]
    jump = message(announced("On Review", "In Progress"))
    there: dict[str, Any] = {"issues": [issue("RESOLVED")]}
    sent = [*map(message, lines), jump]
    assert numbers(count("messages of slack", *webhooks, messages=sent, **there)) == (2, 0, 0, 0)
    assert numbers(count("messages of slack", *webhooks, messages=[*sent, jump], **there)) == (2, 0, 1, 0)


def test_what_arrived_before_a_wipe_may_be_forgotten_but_not_announced_twice() -> None:
    webhook = change("INIT", "RESOLVED")
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "lost_before": 1}
    found = message(announced("New", "Resolved"))
    assert numbers(count("messages of slack", webhook, **there)) == (0, 0, 0, 0)
    assert numbers(count("messages of slack", webhook, messages=[found, found], **there)) == (0, 0, 1, 0)


def test_a_change_that_is_older_than_the_ledger_may_have_been_announced_before_the_wipe() -> None:
    known, then = change("INIT", "PENDING", updated=CREATED), datetime.fromisoformat(CHANGED).timestamp()
    there: dict[str, Any] = {"issues": [issue("RESOLVED", updatedAt=CHANGED)]}
    sent = [message(announced("New", "Pending"))]
    assert numbers(count("messages of slack", known, messages=sent, born=then + 1, **there)) == (1, 0, 0, 0)
    assert numbers(count("messages of slack", known, messages=sent, born=then - 1, **there)) == (2, 1, 0, 0)


def test_a_webhook_that_comes_again_after_a_wipe_is_announced_once() -> None:
    webhook, found = change("INIT", "RESOLVED"), message(announced("New", "Resolved"))
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "lost_before": 1}
    assert numbers(count("messages of slack", webhook, webhook, messages=[found], **there)) == (1, 0, 0, 0)
    assert numbers(count("messages of slack", webhook, webhook, messages=[found, found], **there)) == (1, 0, 1, 0)


def test_a_change_of_an_unknown_issue_may_be_announced_by_reconcile_or_not() -> None:
    there: dict[str, Any] = {"issues": [issue("RESOLVED")]}
    assert numbers(count("messages of slack", **there)) == (0, 0, 0, 0)
    assert numbers(count("messages of slack", messages=[message(announced("New", "Resolved"))], **there)) == (
        0,
        0,
        0,
        0,
    )


def test_a_message_that_nobody_expects_is_one_too_many() -> None:
    assert numbers(count("messages of slack", messages=[message("Hello")])) == (0, 0, 1, 0)


LINK = "[[Ticket PROJ-3]](http://127.0.0.1/browse/PROJ-3)"


def unsure(attempts: int, why: str = "posted again: JANDI can't look up messages here") -> dict[str, Any]:
    result = {"unsure": why} if why else {}
    return {"connector": "jandi", "entity": "abc:issue:1:7", "attempts": attempts, "result": result}


def test_each_channel_has_its_own_count() -> None:
    webhook, there = change("INIT", "RESOLVED"), {"issues": [issue("RESOLVED")]}
    announced_once = announced("New", "Resolved")
    everywhere: dict[str, Any] = {
        **there,
        "messages": [message(announced_once), {**message(announced_once), "channel": "C0MOBILE"}],
        "bodies": [f"{announced_once}\n{LINK}"],
    }
    for effect, without in (("slack", "C0FEEDBACK"), ("slack.mobile", "C0MOBILE"), ("jandi", "")):
        row = f"messages of {effect}"
        assert numbers(count(row, webhook, **everywhere)) == (1, 0, 0, 0)
        others = [found for found in everywhere["messages"] if found["channel"] != without]
        bodies = everywhere["bodies"] if without else []
        assert numbers(count(row, webhook, **{**everywhere, "messages": others, "bodies": bodies})) == (1, 1, 0, 0)


def test_the_lines_of_a_digest_of_jandi_are_messages() -> None:
    head = "2 events in one message, because there are so many:"
    body = "\n".join([head, f"• {announced('New', 'Resolved')} (#7)", f"• {announced('Resolved', 'Pending')} (#7)"])
    webhooks = (change("INIT", "RESOLVED"), change("RESOLVED", "PENDING", updated=CHANGED.replace("05", "09")))
    assert numbers(count("messages of jandi", *webhooks, bodies=[body], issues=[issue("PENDING")])) == (2, 0, 0, 0)


HEAD = "2 events in one message, because there are so many:"
LINES = [f"• {announced('New', 'Resolved')} (\\#7)", f"• {announced('Resolved', 'Pending')} (\\#7)"]
CARD = [line.replace("\\", "") for line in LINES]


def test_the_messages_and_digests_of_the_other_chats_are_read() -> None:
    webhooks = (change("INIT", "RESOLVED"), change("RESOLVED", "PENDING", updated=CHANGED.replace("05", "09")))
    embed = {"description": "\n".join(LINES)}
    chats: dict[str, list[list[dict[str, Any]]]] = {
        "discord": [
            [{"content": HEAD, "embeds": [embed]}],
            [{"content": announced(*pair), "embeds": [{"fields": []}]} for pair in PAIRS],
        ],
        "mattermost": [[{"text": "\n".join([HEAD, *LINES])}], [{"text": announced(*pair)} for pair in PAIRS]],
        "teams": [[{"lines": [HEAD, *CARD]}], [{"lines": [announced(*pair), "Issue: #7"]} for pair in PAIRS]],
    }
    for chat, ways in chats.items():
        for messages in ways:
            row = count(f"messages of {chat}", *webhooks, chats={chat: messages}, issues=[issue("PENDING")])
            assert numbers(row) == (2, 0, 0, 0), chat


PAIRS = (("New", "Resolved"), ("Resolved", "Pending"))


def taken(name: str, **data: Any) -> dict[str, Any]:
    return {"type": name, "data": data}


def test_each_event_is_one_webhook() -> None:
    sent = [received("ISSUE_CREATION", issue=issue()), change("INIT", "RESOLVED"), change("INIT", "RESOLVED")]
    first = taken("ISSUE_CREATION", issue=issue())
    second = taken("ISSUE_STATUS_CHANGE", issue=issue("RESOLVED", updatedAt=CHANGED), previousStatus="INIT")

    def seen(*bodies: dict[str, Any], **more: Any) -> tuple[int, int, int, int]:
        return numbers(count("webhooks of outgoing", *sent, taken=bodies, **more))

    assert seen(first, second) == (2, 0, 0, 0)
    assert seen(first) == (2, 1, 0, 0)
    assert seen(first, second, second) == (2, 0, 1, 0)
    assert seen(second, lost_before=1) == (1, 0, 0, 0), "what came before a wipe may be lost"
    added = taken("ISSUE_ADDITION", addedIssue={"id": 7}, feedback={"id": 1})
    assert seen(first, second, added) == (3, 0, 0, 0), "reconcile may find more"
    assert seen(first, second, added, repairs=False) == (3, 0, 0, 1)


def of_jandi(times: int, *records: dict[str, Any], lost_before: int = 0) -> tuple[tuple[int, int, int, int], int]:
    """The numbers of a change that was posted so many times, and how many of them are limits."""
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "bodies": [announced("New", "Resolved")] * times}
    row = count("messages of jandi", change("INIT", "RESOLVED"), records=records, lost_before=lost_before, **there)
    return numbers(row), len(row.limits)


def test_a_message_of_jandi_is_repeated_once_for_each_attempt_that_was_unsure() -> None:
    assert of_jandi(2) == ((1, 0, 1, 0), 0)
    assert of_jandi(2, unsure(2)) == ((1, 0, 0, 0), 1)
    assert of_jandi(3, unsure(2)) == ((1, 0, 1, 0), 1)
    assert of_jandi(2, unsure(2, why="")) == ((1, 0, 1, 0), 0)
    assert of_jandi(2, {**unsure(2), "connector": "slack"}) == ((1, 0, 1, 0), 0)


def test_a_message_of_jandi_may_be_repeated_after_a_wipe() -> None:
    assert of_jandi(2, lost_before=1) == ((0, 0, 0, 0), 1)
    assert of_jandi(3, lost_before=1) == ((0, 0, 1, 0), 1)
    older = unsure(1, "may have been posted before: JANDI can't look up messages here")
    assert of_jandi(3, older, lost_before=1) == ((0, 0, 0, 0), 2)
    assert of_jandi(2, older) == ((1, 0, 1, 0), 0), "without a wipe there is no before"


def test_slack_can_look_so_nothing_that_is_unsure_excuses_it() -> None:
    there: dict[str, Any] = {"issues": [issue("RESOLVED")], "messages": [message(announced("New", "Resolved"))] * 2}
    record = {**unsure(2), "connector": "slack"}
    assert numbers(count("messages of slack", change("INIT", "RESOLVED"), records=[record], **there)) == (1, 0, 1, 0)

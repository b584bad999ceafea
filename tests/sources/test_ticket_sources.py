"""GitHub, GitLab, Jira, Blue and NocoBase: names, subjects, tickets, identity, and what an alert shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bridge.settings import KeyMap
from connectors.alerts.contents import NO_TICKET, alert
from connectors.alerts.templates import from_template
from connectors.alerts.tickets import Tickets
from connectors.base import Tools
from sources import REGISTRY
from sources.base import Event, Request, Unread
from sources.facts import facts_of
from sources.tickets import TicketEvent
from tests.connectors.context import MemoryLinks
from tests.sources.vectors import BLUE, GITHUB, GITLAB, JIRA

TOOLS = Tools("slack", "default", "en", {}, 1)


def request(body: Mapping[str, Any] | bytes, **headers: str) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("default", json.loads(raw), raw, named)


def parsed(source: str, body: Mapping[str, Any] | bytes, **headers: str) -> Event:
    found = REGISTRY[source].parse(request(body, **headers))
    assert isinstance(found, Event)
    return found


def unread(source: str, body: Mapping[str, Any], **headers: str) -> Unread:
    found = REGISTRY[source].parse(request(body, **headers))
    assert isinstance(found, Unread)
    return found


def ticket_event(source: str, body: Mapping[str, Any] | bytes, **headers: str) -> TicketEvent:
    found = parsed(source, body, **headers)
    assert isinstance(found, TicketEvent)
    return found


def changed(body: bytes, **parts: Any) -> dict[str, Any]:
    return {**json.loads(body), **parts}


VECTORS = {
    "github": (GITHUB.body, {"x_github_event": "issues"}),
    "gitlab": (GITLAB.body, {}),
    "jira": (JIRA.body, {}),
    "blue": (BLUE.body, {}),
}


@pytest.mark.parametrize(
    ("source", "name", "subject", "key", "status", "previous", "actor"),
    [
        ("github", "github.issues.closed", "github:issue:acme%2Fapp:7", "acme/app#7", "closed", "open", ("42", "mina")),
        ("gitlab", "gitlab.issue.close", "gitlab:issue:5:23", "acme/app#23", "closed", "opened", ("42", "mina")),
        (
            *("jira", "jira.issue_updated", "jira:issue:10002", "FB-7", "Done", "To Do"),
            ("5b10a2844c20165700ede21g", "Mina"),
        ),
        ("blue", "blue.TODO_DONE_STATUS_UPDATED", "blue:record:t1", "t1", "done", "", ("", "")),
    ],
    ids=["github", "gitlab", "jira", "blue"],
)
def test_the_vectors_are_events_that_know_their_ticket(
    source: str, name: str, subject: str, key: str, status: str, previous: str, actor: tuple[str, str]
) -> None:
    body, headers = VECTORS[source]
    found = ticket_event(source, body, **headers)
    assert (found.name, str(found.subject)) == (name, subject)
    assert (found.ticket.key, found.ticket.status, found.ticket.title) == (key, status, "로그인 오류")
    assert (found.previous_status, (found.actor.id, found.actor.name)) == (previous, actor)


@pytest.mark.parametrize(
    ("source", "en", "ko", "ja"),
    [
        (
            "github",
            'GitHub: acme/app#7 "로그인 오류" – closed',
            'GitHub: acme/app#7 "로그인 오류" – 닫힘',
            "GitHub: acme/app#7 「로그인 오류」 – クローズ",
        ),
        (
            "gitlab",
            'GitLab: acme/app#23 "로그인 오류" – closed',
            'GitLab: acme/app#23 "로그인 오류" – 닫힘',
            "GitLab: acme/app#23 「로그인 오류」 – クローズ",
        ),
        (
            "jira",
            'Jira: FB-7 "로그인 오류" – status To Do → Done',
            'Jira: FB-7 "로그인 오류" – 상태 To Do → Done',
            "Jira: FB-7 「로그인 오류」 – ステータス To Do → Done",
        ),
        (
            "blue",
            'Blue: t1 "로그인 오류" – done',
            'Blue: t1 "로그인 오류" – 완료됨',
            "Blue: t1 「로그인 오류」 – 完了",
        ),
    ],
    ids=["github", "gitlab", "jira", "blue"],
)
def test_an_alert_reads_well_in_every_language(source: str, en: str, ko: str, ja: str) -> None:
    body, headers = VECTORS[source]
    event = parsed(source, body, **headers)
    shown = [alert(event, language, NO_TICKET, "message") for language in ("en", "ko", "ja")]
    assert [one and one.sentence for one in shown] == [en, ko, ja]


def test_an_alert_shows_event_who_ticket_and_link() -> None:
    body = changed(GITHUB.body)
    body["issue"]["html_url"] = "https://github.com/acme/app/issues/7"
    event = parsed("github", body, x_github_event="issues")
    ticket = Tickets(TOOLS, KeyMap({})).of(event, MemoryLinks())
    shown = alert(event, "en", ticket, "message")
    assert shown is not None
    assert [(fact.title, fact.value, fact.url) for fact in shown.facts] == [
        ("Event", "github.issues.closed", ""),
        ("By", "mina", ""),
        ("Ticket", "acme/app#7", "https://github.com/acme/app/issues/7"),
    ]


def test_hostile_text_stays_on_its_line_and_inside_its_quotes() -> None:
    title = 'End" – deleted\n@everyone \u202e<!channel> <https://evil.example|click>'
    body = changed(GITHUB.body)
    body["issue"] |= {"title": title, "html_url": "javascript:alert(1)"}
    body["sender"]["login"] = "mina\nroot"
    event = parsed("github", body, x_github_event="issues")
    ticket = Tickets(TOOLS, KeyMap({})).of(event, MemoryLinks())
    shown = alert(event, "en", ticket, "message")
    assert shown is not None
    assert "\n" not in shown.sentence
    assert "\u202e" not in shown.sentence
    assert shown.sentence.count('"') == 2
    assert [fact.url for fact in shown.facts] == ["", "", ""]


def test_filters_and_templates_see_the_ticket_and_who_changed_it() -> None:
    event = parsed("jira", JIRA.body)
    facts = facts_of(event)
    assert facts["ticket"]["key"] == "FB-7"
    assert (facts["ticket"]["status"], facts["ticket"]["previousStatus"]) == ("Done", "To Do")
    assert facts["actor"]["name"] == "Mina"
    made = from_template("{{ ticket.key }}: {{ ticket.status }} by {{ actor.name }}", event, "", NO_TICKET)
    assert made == "FB-7: Done by Mina"


class TestGitHub:
    @pytest.mark.parametrize(
        ("issue", "status"),
        [
            ({"state": "open", "state_reason": "reopened"}, "open"),
            ({"state": "closed", "state_reason": None}, "closed"),
            ({"state": "closed", "state_reason": "completed"}, "closed"),
            ({"state": "closed", "state_reason": "not_planned"}, "closed:not_planned"),
        ],
        ids=["open", "closed", "completed", "not planned"],
    )
    def test_a_status_is_spelled_as_in_the_map(self, issue: dict[str, Any], status: str) -> None:
        body = changed(GITHUB.body, issue={"number": 7, "title": "t", **issue})
        assert ticket_event("github", body, x_github_event="issues").ticket.status == status

    def test_the_body_is_the_identity_whatever_the_id_of_the_delivery(self) -> None:
        """Redelivered by hand, or sent by a second webhook; the header is not signed."""
        ids = {parsed("github", GITHUB.body, x_github_event="issues", x_github_delivery=d).id for d in ("d-1", "d-2")}
        assert len(ids) == 1
        other = changed(GITHUB.body, action="reopened")
        assert parsed("github", other, x_github_event="issues").id not in ids

    def test_the_id_distinguishes_events_whose_bodies_are_equal(self) -> None:
        body = {"ref": "main", "inputs": {}, "repository": {"full_name": "acme/app"}}
        made = [
            parsed("github", body, x_github_event="workflow_dispatch", x_github_delivery=d) for d in ("1", "2", "1")
        ]
        assert made[0].id == made[2].id != made[1].id
        assert made[0].name == "github.workflow_dispatch"

    def test_a_ping_is_answered_and_ignored(self) -> None:
        found = unread("github", {"zen": "…", "hook_id": 1}, x_github_event="ping")
        assert (found.state, found.name) == ("ignored", "github.ping")

    def test_without_the_name_of_the_event_it_is_unreadable(self) -> None:
        assert unread("github", json.loads(GITHUB.body)).state == "unreadable"

    def test_a_comment_on_a_pull_request_is_about_no_ticket(self) -> None:
        issue = {
            "number": 8,
            "title": "t",
            "pull_request": {"url": "…"},
            "html_url": "https://github.com/acme/app/pull/8",
        }
        body = changed(GITHUB.body, action="created", issue=issue, comment={"id": 1})
        found = parsed("github", body, x_github_event="issue_comment")
        assert not isinstance(found, TicketEvent)
        assert str(found.subject) == "github:pull_request:acme%2Fapp:8"

    def test_events_of_one_pull_request_have_one_subject(self) -> None:
        pull = {"number": 8, "title": "Fix", "html_url": "https://github.com/acme/app/pull/8"}
        body = {"action": "opened", "pull_request": pull, "repository": {"full_name": "acme/app"}}
        opened = parsed("github", body, x_github_event="pull_request", x_github_delivery="1")
        review = parsed("github", {**body, "review": {}}, x_github_event="pull_request_review", x_github_delivery="2")
        assert str(opened.subject) == str(review.subject) == "github:pull_request:acme%2Fapp:8"
        shown = alert(opened, "en", NO_TICKET, "message")
        assert shown is not None
        assert shown.sentence == 'GitHub: acme/app#8 "Fix" – pull_request.opened'

    def test_what_names_nothing_waits_for_no_other_event(self) -> None:
        body = {"repository": {"full_name": "acme/app"}, "ref": "refs/heads/main"}
        made = [parsed("github", body, x_github_event="push", x_github_delivery=d) for d in ("1", "2")]
        assert made[0].subject != made[1].subject


class TestGitLab:
    def test_confidential_events_have_names_of_their_own(self) -> None:
        """A route of `gitlab.issue.*` must not show them to everybody."""
        body = changed(GITLAB.body, event_type="confidential_issue")
        assert parsed("gitlab", body).name == "gitlab.confidential_issue.close"

    def test_times_are_read_in_both_forms(self) -> None:
        attributes = json.loads(GITLAB.body)["object_attributes"]
        times = ("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05.000Z")
        bodies = [changed(GITLAB.body, object_attributes={**attributes, "updated_at": time}) for time in times]
        assert [parsed("gitlab", body).occurred for body in bodies] == [1767323045.0, 1767323045.0]

    def test_a_test_request_has_no_action(self) -> None:
        attributes = json.loads(GITLAB.body)["object_attributes"]
        del attributes["action"]
        found = parsed("gitlab", changed(GITLAB.body, object_attributes=attributes))
        assert found.name == "gitlab.issue"
        shown = alert(found, "en", NO_TICKET, "message")
        assert shown is not None
        assert shown.sentence.endswith("– a test")

    def test_a_comment_is_about_its_issue(self) -> None:
        note = {
            "id": 9,
            "note": "n",
            "noteable_type": "Issue",
            "system": False,
            "action": "create",
            "url": "https://g/1",
        }
        body = changed(GITLAB.body, object_kind="note", event_type="note", object_attributes=note)
        body["issue"] = {"id": 301, "iid": 23, "title": "로그인 오류", "state": "opened"}
        found = ticket_event("gitlab", body)
        assert (found.name, str(found.subject)) == ("gitlab.note.create", "gitlab:issue:5:23")
        own = {**body, "object_attributes": {**note, "system": True}}
        assert unread("gitlab", own).state == "ignored"

    def test_a_work_item_is_a_ticket_where_it_is_an_issue(self) -> None:
        attributes = json.loads(GITLAB.body)["object_attributes"]
        for kind, is_ticket in (("Issue", True), ("Task", False)):
            body = changed(GITLAB.body, object_kind="work_item", event_type="work_item")
            body["object_attributes"] = {**attributes, "type": kind}
            assert isinstance(parsed("gitlab", body), TicketEvent) is is_ticket

    def test_the_body_is_the_identity_of_an_issue_and_the_key_of_others(self) -> None:
        ids = {parsed("gitlab", GITLAB.body, idempotency_key=key).id for key in ("k-1", "k-2")}
        assert len(ids) == 1
        push = {"object_kind": "push", "ref": "refs/heads/main", "project": {"id": 5}}
        keys = ({"idempotency_key": "k-1"}, {"webhook_id": "k-1"}, {"idempotency_key": "k-2"})
        made = [parsed("gitlab", push, **key).id for key in keys]
        assert made[0] == made[1] != made[2]


class TestJira:
    def test_a_repeat_in_other_bytes_is_the_same_event(self) -> None:
        body = json.loads(JIRA.body)
        reordered = dict(reversed(body.items()))
        assert parsed("jira", JIRA.body).id == parsed("jira", reordered).id
        later = {**body, "timestamp": body["timestamp"] + 1}
        other = {**body, "issue": {**body["issue"], "id": "10003"}}
        assert len({parsed("jira", one).id for one in (body, later, other)}) == 3

    def test_a_comment_knows_its_author(self) -> None:
        author = {"accountId": "acc1", "displayName": "Kim"}
        body = changed(JIRA.body, webhookEvent="comment_created", comment={"id": "9", "author": author})
        del body["user"], body["changelog"]
        found = ticket_event("jira", body)
        assert (found.name, found.actor.id) == ("jira.comment_created", "acc1")
        assert found.previous_status == ""

    def test_an_account_of_data_center_is_known_by_its_key(self) -> None:
        body = changed(JIRA.body, user={"name": "mina", "key": "JIRAUSER10000", "displayName": "Mina"})
        assert ticket_event("jira", body).actor.id == "JIRAUSER10000"

    @pytest.mark.parametrize(
        ("own", "url"),
        [
            ("https://acme.atlassian.net/rest/api/2/10002", "https://acme.atlassian.net/browse/FB-7"),
            ("https://jira.example.com/jira/rest/api/2/issue/10002", "https://jira.example.com/jira/browse/FB-7"),
            ("", ""),
        ],
        ids=["cloud", "with a path", "none"],
    )
    def test_a_person_finds_the_ticket(self, own: str, url: str) -> None:
        body = changed(JIRA.body)
        body["issue"]["self"] = own
        assert ticket_event("jira", body).ticket.url == url

    @pytest.mark.parametrize("at", [None, True, "soon", -1, 1e300], ids=["none", "true", "text", "negative", "huge"])
    def test_a_time_that_is_none_is_unknown(self, at: object) -> None:
        assert parsed("jira", changed(JIRA.body, timestamp=at)).occurred == 0.0


class TestBlue:
    def test_two_webhooks_for_one_occurrence_are_one_event(self) -> None:
        other = changed(BLUE.body, webhook={"id": "w2", "name": "second"})
        assert parsed("blue", BLUE.body).id == parsed("blue", other).id
        value = {"id": "t1", "title": "로그인 오류", "done": False}
        assert parsed("blue", changed(BLUE.body, currentValue=value)).id != parsed("blue", BLUE.body).id

    def test_a_health_check_is_answered_and_ignored(self) -> None:
        found = unread("blue", {"event": "WEBHOOK_HEALTH_CHECK", "webhook": {"id": "w1"}})
        assert (found.state, found.name) == ("ignored", "blue.WEBHOOK_HEALTH_CHECK")

    @pytest.mark.parametrize("prefix", ["TODO", "RECORD"])
    def test_both_names_of_a_record_are_read(self, prefix: str) -> None:
        value = {"id": "t1", "title": "t", "done": False, "todoList": {"id": "l1", "title": "Doing"}}
        before = {**value, "todoList": {"id": "l0", "title": "To do"}}
        body = {"event": f"{prefix}_MOVED", "previousValue": before, "currentValue": value}
        found = ticket_event("blue", body)
        assert (found.ticket.status, found.previous_status) == ("Doing", "To do")
        shown = alert(found, "en", NO_TICKET, "message")
        assert shown is not None
        assert shown.sentence == 'Blue: t1 "t" – moved to Doing'

    def test_a_deleted_record_is_known_from_what_it_was(self) -> None:
        body = {"event": "TODO_DELETED", "previousValue": {"id": "t1", "title": "t"}, "currentValue": None}
        assert ticket_event("blue", body).ticket.title == "t"

    @pytest.mark.parametrize("kind", ["TODO_LIST_CREATED", "TODO_CHECKLIST_CREATED", "TAG_CREATED"])
    def test_what_is_no_record_is_no_ticket(self, kind: str) -> None:
        found = parsed("blue", {"event": kind, "currentValue": {"id": "x1", "title": "t"}})
        assert not isinstance(found, TicketEvent)

    def test_a_comment_belongs_to_its_record(self) -> None:
        body = {"event": "COMMENT_CREATED", "currentValue": {"id": "c1", "text": "t", "categoryId": "t1"}}
        assert str(parsed("blue", body).subject) == "blue:record:t1"


class TestNocoBase:
    BODY: Mapping[str, Any] = {
        "event": "record.updated",
        "id": "12-2026",
        "collection": "orders",
        "title": "주문 12",
        "url": "https://nocobase.example.com/admin/12",
        "who": "Mina",
        "data": {"id": 12, "updatedAt": "2026-01-02T03:04:05.000Z"},
    }

    def test_the_shape_of_the_page_is_read_whole(self) -> None:
        found = parsed("nocobase", self.BODY)
        assert (found.name, str(found.subject)) == ("nocobase.record.updated", "nocobase:record:orders:12")
        assert found.occurred == 1767323045.0
        shown = alert(found, "ko", NO_TICKET, "message")
        assert shown is not None
        assert shown.sentence == 'NocoBase: orders "주문 12" – 수정됨'
        assert [fact.value for fact in shown.facts] == ["nocobase.record.updated", "Mina", self.BODY["url"]]

    def test_the_id_is_the_identity_of_an_event_of_that_name(self) -> None:
        again = {**self.BODY, "title": "changed since"}
        assert parsed("nocobase", self.BODY).id == parsed("nocobase", again).id
        assert parsed("nocobase", {**self.BODY, "event": "record.deleted"}).id != parsed("nocobase", self.BODY).id

    def test_without_an_id_the_body_is(self) -> None:
        body = {"event": "report.ready"}
        assert parsed("nocobase", body).id == parsed("nocobase", body).id
        assert parsed("nocobase", body).id != parsed("nocobase", {**body, "n": 1}).id

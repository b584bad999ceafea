"""The client of ABC User Feedback, against the strict stand-in: one change at a time, nothing overwritten, every
refusal reported for what it is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bridge.http import new_session
from bridge.settings import KeyMap
from bridge.text import abc_length
from sources.abc.client import AbcClient, ignore, why_unwritable
from sources.abc.errors import AbcError, refusal, words_of
from sources.abc.models import Feedback, Issue
from sources.abc.pages import walk
from tools.sandbox.abc_rules import Refusal, length
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.server import running

JSON_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(["items", "meta", "totalItems", "id", "name"])
EVERYTHING = {"createdAt": {"gte": "2020-01-01T00:00:00Z", "lt": "2120-01-01T00:00:00Z"}}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[AbcClient]:
    with new_session() as session:
        yield AbcClient(f"{sandbox.url}/abc", KeyMap({"1": SecretStr(DEMO_KEY)}), session)


def error_of(call: Any, *arguments: Any) -> AbcError:
    with pytest.raises(AbcError) as caught:
        call(*arguments)
    return caught.value


class TestReading:
    def test_an_issue_and_a_feedback(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {"message": "안녕", "issueNames": ["crash"]})
        feedback, issue = client.get_feedback(1, 1, 1), client.get_issue(1, 1)
        assert feedback.fields == {"message": "안녕"}
        assert feedback.issues[0].name == issue.name == "crash"
        assert (issue.status, issue.external_id) == ("INIT", "")

    @pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/"])
    def test_the_address_is_with_or_without_api(self, sandbox: Sandbox, suffix: str) -> None:
        with new_session() as session:
            client = AbcClient(f"{sandbox.url}/abc{suffix}", KeyMap({"*": SecretStr(DEMO_KEY)}), session)
            assert client.project_name(1) == "Demo project"

    def test_fields(self, client: AbcClient) -> None:
        """The built-in and the inactive ones can't be written; ABC does not show which are read-only."""
        fields = {field.key: field for field in client.fields(1, 1)}
        assert (fields["translatedMessage"].writable, fields["translatedMessage"].format) == (True, "text")
        unwritable = {key for key, field in fields.items() if not field.writable}
        assert unwritable == {"id", "createdAt", "updatedAt", "issues", "retiredText"}

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("translatedMessage", ""),
            ("message", "this field is read-only"),
            ("retiredText", "this field is disabled"),
            ("nope", "invalid field name"),
            ("rating", "rating: invalid value"),
        ],
    )
    def test_field_problem_asks_without_writing(
        self, sandbox: Sandbox, client: AbcClient, key: str, words: str
    ) -> None:
        assert words in client.field_problem(1, 1, key)
        assert bool(client.field_problem(1, 1, key)) == bool(words)
        assert sandbox.abc.writes == []

    def test_issue_is_of(self, sandbox: Sandbox, client: AbcClient) -> None:
        """An issue of another project can be read with this one's key, and is distinguished all the same."""
        other = sandbox.abc.create_project("Other", "OTHERKEYOTHERKEY0001")
        sandbox.abc.create_issue(1, {"name": "mine"})
        sandbox.abc.create_issue(other.id, {"name": "theirs"})
        assert client.issue_is_of(1, 1)
        assert client.get_issue(1, 2).name == "theirs"
        assert not client.issue_is_of(1, 2)


class TestExternalIssueId:
    def test_nothing_else_changes(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_issue(1, {"name": "🚀", "description": None, "status": "IN_PROGRESS"})
        before, events = client.get_issue(1, 1), sandbox.sender.counts.events
        after = client.set_external_issue_id(1, 1, "123")
        assert after.external_id == "123"
        assert (after.name, after.description, after.status) == (before.name, before.description, before.status)
        assert sandbox.sender.counts.events == events

    def test_a_value_that_is_there_wins(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_issue(1, {"name": "x", "externalIssueId": "7"})
        assert client.set_external_issue_id(1, 1, "123").external_id == "7"
        assert len(sandbox.abc.writes) == 1

    @pytest.mark.parametrize("name", ["x" * 31, "🚀" * 31])
    def test_a_long_name_is_reported_and_not_sent(self, sandbox: Sandbox, client: AbcClient, name: str) -> None:
        sandbox.abc.create_feedback(1, {"issueNames": [name]})
        error = error_of(client.set_external_issue_id, 1, 1, "123")
        assert (error.reason, error.again) == ("unwritable", False)
        assert "its name has" in str(error)
        assert "no more than 30" in str(error)
        assert not [write for write in sandbox.abc.writes if write.what == "issue.update"]

    def test_thirty_characters_are_written(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_issue(1, {"name": "🚀" * 15, "description": "d" * 50})
        assert client.set_external_issue_id(1, 1, "1").external_id == "1"

    def test_a_lost_answer_is_found_again(self, sandbox: Sandbox, client: AbcClient) -> None:
        """The write arrived, its answer did not: the next call sees the value, and writes nothing."""
        sandbox.abc.create_issue(1, {"name": "x"})
        sandbox.faults.add("drop_after", method="PUT")
        error = error_of(client.set_external_issue_id, 1, 1, "5")
        assert (error.reason, error.again) == ("network", True)
        assert client.set_external_issue_id(1, 1, "5").external_id == "5"
        assert [write.what for write in sandbox.abc.writes] == ["issue.create", "issue.update"]

    def test_a_value_that_did_not_stick_is_noticed(self, sandbox: Sandbox, client: AbcClient) -> None:
        """ABC answers 200 to a write that does nothing, as a proxy may."""
        sandbox.abc.create_issue(1, {"name": "x"})
        sandbox.faults.add("status", method="PUT", status=200)
        error = error_of(client.set_external_issue_id, 1, 1, "5")
        assert error.again
        assert "overwritten by a concurrent save" in str(error)

    def test_an_issue_that_is_gone(self, client: AbcClient) -> None:
        assert error_of(client.set_external_issue_id, 1, 9, "5").reason == "not_found"


class TestFeedbackFields:
    def test_only_empty_fields_are_filled(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {"message": "안녕", "message_en": "by a person", "message_ja": ""})
        written = client.set_feedback_fields(1, 1, 1, {"message_en": "Hello", "message_ja": "こんにちは"})
        assert written == {"message_ja": "こんにちは"}
        fields = client.get_feedback(1, 1, 1).fields
        assert fields == {"message": "안녕", "message_en": "by a person", "message_ja": "こんにちは"}

    def test_nothing_to_fill_writes_nothing(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {"message_en": "there"})
        assert client.set_feedback_fields(1, 1, 1, {"message_en": "Hello"}) == {}
        assert len(sandbox.abc.writes) == 1

    def test_a_missing_feedback_is_reported(self, client: AbcClient) -> None:
        """Though ABC answers 200 to the write."""
        assert error_of(client.set_feedback_fields, 1, 1, 9, {"message_en": "x"}).reason == "not_found"

    def test_a_write_that_did_not_stick_is_noticed(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {})
        sandbox.faults.add("status", method="PUT", status=200)
        error = error_of(client.set_feedback_fields, 1, 1, 1, {"message_en": "x"})
        assert error.again
        assert "shows another value" in str(error)

    def test_a_refusal_quotes_abc_and_not_the_text(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {})
        error = error_of(client.set_feedback_fields, 1, 1, 1, {"rating": "my secret (opinion, format: bold)"})
        assert (error.reason, error.again) == ("invalid", False)
        assert "rating: invalid value (value: …, format: number)" in str(error)
        assert "secret" not in str(error)


class TestSearching:
    def test_every_page_in_the_order_of_ids(self, sandbox: Sandbox, client: AbcClient) -> None:
        for number in range(25):
            sandbox.abc.create_issue(1, {"name": str(number)})
            sandbox.abc.create_feedback(1, {"message": str(number)})
        assert [issue.id for issue in client.search_issues(1, EVERYTHING, limit=10)] == list(range(1, 26))
        assert [found.id for found in client.search_feedbacks(1, 1, EVERYTHING, limit=5)] == list(range(1, 26))
        assert list(client.search_issues(1, {"id": 99})) == []

    def test_what_leaves_meanwhile_hides_nothing(self, sandbox: Sandbox, client: AbcClient) -> None:
        """Whatever is deleted between two pages: what stayed from beginning to end is found, once."""

        @settings(deadline=None, max_examples=40)
        @given(st.data())
        def check(data: st.DataObject) -> None:
            for issue in list(sandbox.abc.issues):
                sandbox.abc.delete_issue(issue)
            for number in range(12):
                sandbox.abc.create_issue(1, {"name": str(number)})
            found = []
            for seen in client.search_issues(1, EVERYTHING, limit=3):
                found.append(seen.id)
                if data.draw(st.booleans()) and sandbox.abc.issues:
                    sandbox.abc.delete_issue(data.draw(st.sampled_from(sorted(sandbox.abc.issues))))
            assert len(found) == len(set(found))
            assert set(sandbox.abc.issues) <= set(found)

        check()


class TestOwnership:
    """ABC checks no id against the project of the key."""

    def test_an_issue_belongs_to_one_project(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_project("Other", "OTHERKEYOTHERKEY0001")
        mine, theirs = (sandbox.abc.create_issue(project, {"name": "x"}).id for project in (1, 2))
        assert client.get_issue(1, theirs).id == theirs, "their issue can be read with our key"
        assert client.issue_is_of(1, mine)
        assert not client.issue_is_of(1, theirs)
        assert not client.issue_is_of(1, 999)

    def test_a_feedback_belongs_to_one_channel(self, sandbox: Sandbox, client: AbcClient) -> None:
        other = sandbox.abc.create_channel(1, "Other").id
        mine, theirs = (sandbox.abc.create_feedback(channel, {"message": "x"}).id for channel in (1, other))
        assert client.get_feedback(1, 1, theirs).id == theirs, "it can be read through any channel"
        assert client.feedback_is_of(1, 1, mine)
        assert client.feedback_is_of(1, other, theirs)
        assert not client.feedback_is_of(1, 1, theirs)
        assert not client.feedback_is_of(1, 1, 999)


GOOD = {"id": 7, "name": "good", "status": "INIT"}
DEEP = "[" * 100_000 + "]" * 100_000


def page(*items: Any, total: Any = 1, **more: Any) -> dict[str, Any]:
    return {"items": list(items), "meta": {"totalItems": total}, **more}


class TestOddAnswers:
    """Whatever answers in ABC's stead, a search ends soon, loses nothing that is good, and raises AbcError only."""

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            [],
            "x",
            {},
            {"items": []},
            {"items": None, "meta": {"totalItems": 1}},
            {"items": {"id": 1}, "meta": {"totalItems": 1}},
            page(GOOD, meta=None),
            page(GOOD, meta=[]),
            page(GOOD, total=None),
            page(GOOD, total=-1),
            page(GOOD, total="many"),
            page(GOOD, total=1.5),
            '{"items": [], "meta": {"totalItems": 1e400}}',
            '{"items": [], "meta": {"totalItems": NaN}}',
            '{"items": ' + DEEP + ', "meta": {"totalItems": 1}}',
            DEEP,
            '{"a":' * 100_000,
            "9" * 10_000,
            "",
        ],
        ids=lambda answer: str(answer)[:40],
    )
    def test_a_page_that_is_none(self, sandbox: Sandbox, client: AbcClient, answer: Any) -> None:
        body = answer if isinstance(answer, str) else json.dumps(answer)
        sandbox.faults.add("status", status=201, times=None, body=body)
        error = error_of(lambda: list(client.search_issues(1, EVERYTHING)))
        assert (error.reason, error.again, error.absent) == ("server_error", True, False)
        assert len(str(error)) < 300

    @pytest.mark.parametrize(
        "bad",
        [
            None, 3, "issue", [], [GOOD], {}, {"id": None}, {"id": "x"}, {"id": 1.5}, {"id": True}, {"id": -1},
            {"id": 0}, {"id": 2**53}, {"id": 10**300}, {"id": 3, "name": {}}, {"id": 3, "status": 5},
            {"id": 3, "externalIssueId": []},
        ],
        ids=str,
    )  # fmt: skip
    def test_one_bad_item_costs_no_good_one(self, sandbox: Sandbox, client: AbcClient, bad: Any) -> None:
        reports: list[str] = []
        sandbox.faults.add("status", status=201, body=page(bad, GOOD, bad, total=3))
        found = client.search_issues(1, EVERYTHING, report=reports.append)
        assert [issue.id for issue in found] == [7]
        assert reports == ["2 of 3 search results are no issue and were left out"]

    @pytest.mark.parametrize("bad", [[1], [5], [30], [1, 2, 3], [4, 17, 18, 30]])
    def test_one_item_that_makes_its_page_unreadable_costs_no_good_one(
        self, sandbox: Sandbox, client: AbcClient, bad: list[int]
    ) -> None:
        """100,000 levels in one feedback: nothing of its page can be read, so each result is asked for alone."""
        deep: Any = []
        for _ in range(600):
            deep = [deep]
        for number in range(1, 31):
            row = sandbox.abc.create_feedback(1, {"message": str(number)})
            if number in bad:
                row.data["note"] = deep
        reports: list[str] = []
        found = client.search_feedbacks(1, 1, EVERYTHING, limit=10, report=reports.append)
        assert [one.id for one in found] == [number for number in range(1, 31) if number not in bad]
        assert sum(int(report.partition(" ")[0]) for report in reports) == len(bad)

    def test_a_server_that_answers_nonsense_is_not_asked_for_each_result(
        self, sandbox: Sandbox, client: AbcClient
    ) -> None:
        sandbox.faults.add("status", status=201, times=None, body="<h1>Maintenance</h1>")
        error_of(lambda: list(client.search_issues(1, EVERYTHING)))
        assert len(sandbox.faults.fired) == 11

    def test_ids_as_text_are_ids(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.faults.add("status", status=201, body=page({"id": "7"}, {"id": 8.0}, total=2))
        assert [issue.id for issue in client.search_issues(1, EVERYTHING)] == [7, 8]

    def test_a_billion_results_on_empty_pages(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.faults.add("status", status=201, times=None, body=page(total=10**9))
        assert list(client.search_issues(1, EVERYTHING)) == []
        assert len(sandbox.faults.fired) == 1

    def test_a_page_that_repeats_for_ever(self, sandbox: Sandbox, client: AbcClient) -> None:
        """What it holds is given out, then it is an error."""
        sandbox.faults.add("status", status=201, times=None, body=page(GOOD, total=10**9))
        found = client.search_issues(1, EVERYTHING)
        assert next(found).id == 7
        error = error_of(lambda: list(found))
        assert (error.reason, error.again) == ("server_error", True)
        assert "has no end" in str(error)
        assert len(sandbox.faults.fired) == 2

    def test_an_answer_about_another_entity(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.faults.add("status", status=200, times=2, body={"id": 8, "name": "x", "status": "INIT"})
        assert error_of(client.get_issue, 1, 7).reason == "server_error"
        assert error_of(client.get_feedback, 1, 1, 7).reason == "server_error"

    def test_one_bad_field_costs_no_good_one(self, sandbox: Sandbox, client: AbcClient) -> None:
        body = [None, 3, {}, {"key": 5}, {"key": "message", "format": "text"}]
        sandbox.faults.add("status", status=200, body=body)
        assert [field.key for field in client.fields(1, 1)] == ["message"]

    @pytest.mark.parametrize("name", [None, 5, {}, ["x"]])
    def test_a_project_whose_name_is_no_text(self, sandbox: Sandbox, client: AbcClient, name: Any) -> None:
        sandbox.faults.add("status", status=200, body={"id": 1, "name": name})
        assert error_of(client.project_name, 1).reason == "server_error"


class TestPages:
    """The walk over pages, without a server."""

    def test_pages_without_end_are_an_error(self) -> None:
        def read(number: int, _limit: int) -> Any:
            return page({"id": number}, total=10**9)

        found = walk(Issue, read, 1, ignore)
        assert [issue.id for issue in itertools.islice(found, 1000)] == list(range(1, 1001))
        with pytest.raises(AbcError, match="more than 1000 pages"):
            next(found)

    def test_totals_that_go_up_and_down_for_ever_are_an_error(self) -> None:
        totals = itertools.cycle([30, 20])
        calls = itertools.count()

        def read(number: int, _limit: int) -> Any:
            next(calls)
            return page({"id": number}, total=next(totals))

        with pytest.raises(AbcError, match="no end"):
            list(walk(Issue, read, 1, ignore))
        assert next(calls) <= 1000

    @settings(deadline=None)
    @given(st.lists(st.recursive(JSON_LEAF, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)), max_size=9))
    def test_whatever_the_pages_hold(self, answers: list[Any]) -> None:
        """It ends, and raises nothing but AbcError."""
        given = itertools.chain(answers, itertools.repeat(None))
        with suppress(AbcError):
            for issue in walk(Issue, lambda _page, _limit: next(given), 2, ignore):
                assert issue.id > 0


class TestRefusals:
    def test_no_key_for_the_project(self, client: AbcClient) -> None:
        error = error_of(client.get_issue, 3, 1)
        assert (error.reason, error.again) == ("auth", False)
        assert "ABC_API_KEY holds no key for project 3" in str(error)

    def test_a_wrong_key(self, sandbox: Sandbox) -> None:
        with new_session() as session:
            client = AbcClient(f"{sandbox.url}/abc", KeyMap({"*": SecretStr("WRONGKEYWRONGKEY0001")}), session)
            error = error_of(client.project_name, 1)
        assert (error.reason, error.again) == ("auth", False)
        assert "ABC_API_KEY" in str(error)
        assert "WRONGKEY" not in str(error)
        assert error.absent

    def test_a_403_of_a_proxy_speaks_neither_of_the_key_nor_of_the_project(
        self, sandbox: Sandbox, client: AbcClient
    ) -> None:
        sandbox.faults.add("status", status=403, body="<h1>Blocked</h1>")
        error = error_of(client.project_name, 1)
        assert (error.reason, error.absent) == ("auth", False)
        assert "proxy" in str(error)
        assert "ABC_API_KEY" not in str(error)

    def test_a_deleted_project(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.delete_project(1)
        for call in (lambda: list(client.search_issues(1, {})), lambda: client.get_issue(1, 1)):
            error = error_of(call)
            assert (error.reason, error.absent) == ("auth", True)
            assert "the project must still exist" in str(error)

    def test_not_found(self, client: AbcClient) -> None:
        def search(project: int, channel: int) -> list[Feedback]:
            return list(client.search_feedbacks(project, channel, {}))

        calls: list[tuple[Any, ...]] = [
            (client.get_issue, 1, 9),
            (client.get_feedback, 1, 1, 9),
            (client.fields, 1, 9),
            (search, 1, 9),
        ]
        for call, *arguments in calls:
            error = error_of(call, *arguments)
            assert (error.reason, error.again, error.absent) == ("not_found", False, True)

    def test_a_body_that_is_too_large(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.abc.create_feedback(1, {})
        error = error_of(client.set_feedback_fields, 1, 1, 1, {"message_en": "x" * 1_100_000})
        assert (error.reason, error.again) == ("invalid", False)
        assert "too large" in str(error)

    def test_an_answer_that_is_no_api(self, sandbox: Sandbox, client: AbcClient) -> None:
        """A page of a proxy, with 200."""
        sandbox.faults.add("status", times=None, status=200, body="<h1>Maintenance</h1>")
        for call in (client.get_issue, client.fields, client.project_name):
            error = error_of(call, *((1, 1) if call != client.project_name else (1,)))
            assert (error.reason, error.again) == ("server_error", True)
            assert "ABC_API_URL" in str(error)
        assert error_of(lambda: list(client.search_issues(1, {}))).again

    @pytest.mark.parametrize(("kind", "reason"), [("drop_before", "network"), ("drop_after", "network")])
    def test_no_answer(self, sandbox: Sandbox, client: AbcClient, kind: Any, reason: str) -> None:
        sandbox.faults.add(kind)
        error = error_of(client.project_name, 1)
        assert (error.reason, error.again) == (reason, True)

    def test_nobody_there(self) -> None:
        with new_session() as session:
            client = AbcClient("http://127.0.0.1:1", KeyMap({"*": SecretStr(DEMO_KEY)}), session)
            error = error_of(client.project_name, 1)
        assert (error.reason, error.again) == ("network", True)

    def test_retry_after_is_handed_on(self, sandbox: Sandbox, client: AbcClient) -> None:
        sandbox.faults.add("status", status=429, headers={"Retry-After": "7"})
        error = error_of(client.project_name, 1)
        assert (error.reason, error.again, error.retry_after) == ("rate_limited", True, 7)


class TestMeaning:
    @pytest.mark.parametrize(
        ("status", "body", "reason", "again"),
        [
            (400, {"code": "IssueNotFound", "message": "issue is not found"}, "not_found", False),
            (400, {"code": "ChannelNotFound", "message": "channel is not found"}, "not_found", False),
            (400, {"message": "unknown id", "error": "Bad Request"}, "not_found", False),
            (400, {"message": ["name must be a string"]}, "invalid", False),
            (400, {"code": "IssueInvalidName", "message": "Duplicated name"}, "invalid", False),
            (400, {"response": "Body is not valid JSON"}, "invalid", False),
            (400, None, "invalid", False),
            (401, None, "auth", False),
            (403, {"message": "Forbidden resource"}, "auth", False),
            (404, {"message": "Cannot GET /api/nope"}, "client_error", False),
            (301, None, "client_error", False),
            (405, None, "client_error", False),
            (408, None, "timeout", True),
            (413, {"response": "Request body is too large"}, "invalid", False),
            (425, None, "server_error", True),
            (429, None, "rate_limited", True),
            (500, {"statusCode": 500, "message": "Internal server error"}, "server_error", True),
            (502, None, "server_error", True),
            (503, ["unexpected"], "server_error", True),
        ],
    )
    def test_refusals(self, status: int, body: Any, reason: str, again: bool) -> None:
        error = refusal(status, body)
        assert (error.reason, error.again) == (reason, again)
        assert str(status) in str(error)

    def test_a_deleted_channel_is_not_found(self) -> None:
        """Measured: a search there has no code, only these words."""
        error = refusal(400, {"message": "invalid channel", "error": "Bad Request", "statusCode": 400})
        assert (error.reason, error.absent) == ("not_found", True)
        assert refusal(400, {"message": "invalid field name"}).reason == "invalid"

    def test_all_known_messages_are_passed_on_with_the_code(self) -> None:
        messages = ["name must be a string", "description must be shorter than or equal to 50 characters"]
        assert words_of({"code": "IssueInvalidName", "message": messages}) == f"IssueInvalidName, {'; '.join(messages)}"

    def test_what_a_person_wrote_is_not_passed_on(self) -> None:
        """Wherever ABC, or something before it, repeats it."""
        for message in ("their words", "message: invalid value (value: their words, format: text)", ["their words"]):
            for body in ({"message": message}, {"response": message}, {"message": "x", "code": message}):
                assert "their words" not in str(refusal(400, body))

    @settings(deadline=None)
    @given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
    def test_words_are_one_short_line_whatever_comes(self, body: Any) -> None:
        for words in (words_of({"message": body}), words_of({"code": body}), words_of(body)):
            assert len(words) <= 300
            assert "\n" not in words

    @pytest.mark.parametrize(
        ("name", "takes"),
        [("😀" * 30, True), ("😀" * 31, False), ("x" * 30, True), ("x" * 31, False), ("❤\ufe0f" * 30, True)],
    )
    def test_what_abc_takes_as_a_name_can_be_written_back(self, sandbox: Sandbox, name: str, takes: bool) -> None:
        """Measured on the real server: an emoji is one character, a variation selector none."""
        assert (why_unwritable(Issue(id=1, name=name, status="INIT")) == "") is takes
        try:
            sandbox.abc.create_issue(1, {"name": name})
        except Refusal:
            assert not takes
        else:
            assert takes

    def test_the_limit_of_a_description_is_50(self, sandbox: Sandbox) -> None:
        for text, takes in (("😀" * 50, True), ("😀" * 51, False)):
            assert (why_unwritable(Issue(id=1, name="x", description=text, status="INIT")) == "") is takes

    @settings(deadline=None)
    @given(st.text(st.sampled_from("a한😀\ufe0e\ufe0f\u200b❤") | st.characters(codec=None), max_size=20))
    def test_client_and_stand_in_count_the_same(self, text: str) -> None:
        assert abc_length(text) == length(text)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"name": "x", "status": "INIT"}, ""),
            ({"name": "x" * 31, "status": "INIT"}, "its name has 31 characters"),
            ({"name": "x", "description": "d" * 51, "status": "INIT"}, "its description has 51 characters"),
            ({"name": "", "status": "INIT"}, "it has no name"),
            ({"name": "x"}, "its status is unknown"),
        ],
    )
    def test_what_can_not_be_written_back(self, values: dict[str, Any], words: str) -> None:
        problem = why_unwritable(Issue(id=3, **values))
        assert words in problem
        assert bool(problem) == bool(words)

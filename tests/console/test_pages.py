"""The pages about deliveries: what an operator sees, filters, exports, opens, and sends again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bridge.http import exchanges
from connectors.base import Context, Done, Failed, Outcome
from console.pages.links import web_link
from jobs.ledger.links import RedisLinks
from sources import REGISTRY
from sources.base import Event
from tests.console.browser import Browser, visible
from tests.console.conftest import Servers
from tests.jobs.world import INSTANCE, World, feedback_event, status_event
from tests.web import SLACK
from tools.sandbox.app import Sandbox
from tools.sandbox.slack import TOKEN

HOSTILE = '<script>alert("planted")</script><img src=x onerror=alert(1)>{{ 7*7 }}\u202e'


def ticket(event: Event, _context: Context) -> Outcome:
    """Jira makes tickets."""
    number = str(event.subject).rpartition(":")[2]
    return Done({"ticket": f"PROJ-{number}", "external_id": number})


def no_channel(_event: Event, _context: Context) -> Outcome:
    return Failed("Slack: channel_not_found; SLACK_CHANNEL", "config")


@pytest.fixture
def mixed(world: World) -> World:
    """A feedback and two changes of one issue: done at jira, dead at slack."""
    world.connectors["jira"].answer, world.connectors["slack"].answer = ticket, no_channel
    for body in (feedback_event(7), status_event(3, 1), status_event(3, 2, "ON_REVIEW", "RESOLVED")):
        world.accept(body)
        world.run()
    return world


def feedback(**fields: str) -> dict[str, Any]:
    body = feedback_event(7)
    body["data"]["feedback"] |= fields
    return body


def event_ids(world: World) -> list[str]:
    """The newest first."""
    return [row["id"] for row in world.records.events()]


def test_what_a_workflow_answered_is_not_on_the_pages(operator: Browser, world: World) -> None:
    """It may repeat what the event holds about a person."""
    world.connectors["slack"].answer = lambda _event, _context: Done({"status": 200, "answer": "Ann Example"})
    event = world.accept(status_event(3, 1)).event_id
    world.run()
    for path in ("/deliveries", f"/events/{event}"):
        text = visible(operator.get(path).text)
        assert "status: 200" in text
        assert "Ann Example" not in text


def test_the_list_shows_each_delivery_with_its_result(operator: Browser, mixed: World) -> None:
    text = visible(operator.get("/deliveries").text)
    assert text.count("ISSUE_STATUS_CHANGE") == 4
    for part in ("abc:issue:1:3", "abc:feedback:1:7", "ticket: PROJ-3", "channel_not_found", "config"):
        assert part in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 6),
        ("state=dead", 3),
        ("state=dead&connector=jira", 0),
        ("connector=jira", 3),
        ("event=FEEDBACK_CREATION", 2),
        ("entity=abc:issue:1:3", 4),
        ("reason=config", 3),
        ("q=proj-3", 2),
        ("source=abc&project=1&since=1h", 6),
        ("until=1h", 0),
    ],
)
def test_the_list_takes_the_filters_of_the_api(operator: Browser, mixed: World, query: str, count: int) -> None:
    assert operator.get(f"/deliveries?{query}").text.count('<tr><td data-label="') == count
    assert operator.get(f"/part/deliveries?{query}").text.count('<tr><td data-label="') == count
    assert len(operator.get(f"/deliveries.jsonl?{query}").text.splitlines()) == count


def test_a_filter_that_is_wrong_is_explained(operator: Browser) -> None:
    answer = operator.get("/deliveries?since=yesterday")
    assert (answer.status_code, "since: " in visible(answer.text)) == (200, True)
    assert operator.get("/deliveries?cursor=x").status_code == 200
    assert operator.get("/deliveries.jsonl?since=yesterday").status_code == 400


def test_pages_follow_each_other(operator: Browser, world: World) -> None:
    for number in range(30):
        world.accept(status_event(number + 1, 1))
    first = operator.get("/deliveries?connector=jira&event=ISSUE_STATUS_CHANGE").text
    assert 'rel="next"' not in first
    first = operator.get("/deliveries?event=ISSUE_STATUS_CHANGE").text
    [link] = [part.partition('"')[0] for part in first.split('href="') if "cursor=" in part.partition('"')[0]]
    second = operator.get(link.replace("&amp;", "&")).text
    assert first.count("abc:issue:1:") // 2 + second.count("abc:issue:1:") // 2 == 60
    assert "data-live" in first
    assert "data-live" not in second


def test_the_export_is_what_the_api_answers(operator: Browser, mixed: World) -> None:
    answer = operator.get("/deliveries.jsonl?state=dead")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert {row["state"] for row in rows} == {"dead"}
    assert rows[0]["error"] == "Slack: channel_not_found; SLACK_CHANNEL"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Link" not in answer.headers
    assert "Exported" in visible(operator.get("/audit").text)


# One event


def test_an_event_page_has_all_that_is_known(operator: Browser, mixed: World) -> None:
    event = event_ids(mixed)[1]
    text = operator.get(f"/events/{event}").text
    shown = visible(text)
    for part in (
        "The status of issue 3 in project 1 changed from",
        "Correct what the error names",
        "channel_not_found",
        "Attempts: 1",
        "After this event",
    ):
        assert part in shown
    assert 'href="https://jira.example.com/browse/PROJ-3"' in text
    assert event_ids(mixed)[0] in text, "the event after it"
    assert operator.get("/events/nothing").status_code == 404


def test_personal_data_is_hidden_until_asked_for(operator: Browser, world: World) -> None:
    world.accept(feedback(message="planted-feedback"))
    [event] = event_ids(world)
    assert "planted-feedback" not in operator.get(f"/events/{event}").text
    answer = operator.submit(f"/events/{event}", f"/events/{event}/reveal")
    assert (answer.status_code, "planted-feedback" in answer.text) == (200, True)
    audit = visible(operator.get("/audit").text)
    assert f"Showed personal data of an event {event} 192.0.2.1" in audit


def test_hostile_text_is_inert(operator: Browser, world: World) -> None:
    def fails(_event: Event, _context: Context) -> Outcome:
        return Failed(HOSTILE, "client_error")

    def succeeds(_event: Event, _context: Context) -> Outcome:
        return Done({HOSTILE: HOSTILE, "url": "javascript:alert(1)"})

    world.connectors["jira"].answer, world.connectors["slack"].answer = succeeds, fails
    world.accept(feedback(message=HOSTILE, **{HOSTILE: HOSTILE}))
    world.run()
    [event] = event_ids(world)
    pages = [
        operator.get("/deliveries"),
        operator.get(f"/deliveries?q={HOSTILE}&entity={HOSTILE}&state={HOSTILE}"),
        operator.get(f"/events/{event}"),
        operator.submit(f"/events/{event}", f"/events/{event}/reveal"),
        operator.get(f"/audit?notice={HOSTILE}&count={HOSTILE}"),
        operator.get(f"/login?next={HOSTILE}"),
    ]
    for answer in pages:
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert 'href="javascript' not in answer.text
    assert "planted" in pages[3].text


def test_excerpts_of_requests_are_cut_redacted_inert_and_hidden_until_asked_for(
    operator: Browser, world: World
) -> None:
    def refused(_event: Event, _context: Context) -> Outcome:
        text = f"planted-secret {HOSTILE} {'x' * 1000} the end"
        exchanges.add("POST", "https://slack.example/planted-secret", f"asked {text}", 400, f"answered {text}", 0.25)
        return Failed("refused", "client_error")

    world.connectors["slack"].answer = refused
    world.accept(status_event(3, 1))
    world.run()
    [event] = event_ids(world)
    hidden = operator.get(f"/events/{event}").text
    assert "POST https://slack.example/&lt;secret&gt;" in hidden
    assert "400, 0.25 s" in hidden
    assert "asked" not in visible(hidden).replace("asked for", "")
    assert "“Show everything” also shows excerpts of requests and answers." in hidden
    shown = operator.submit(f"/events/{event}", f"/events/{event}/reveal").text
    for start in ("asked", "→ answered"):
        assert f"{start} &lt;secret&gt; &lt;script&gt;alert(&#34;" in shown
    assert shown.count("{{ 7*7 }}\\u202e xxx") == 2
    for never in ("planted-secret", "<script>alert", "<img", "\u202e", "the end", "x" * 500):
        assert never not in shown


# Links


def test_an_event_of_a_ticket_system_links_its_ticket(operator: Browser, world: World) -> None:
    source = REGISTRY["github"]
    request = source.samples("github.issues.closed").request(INSTANCE)
    world.acceptor.accept("github", source.parse(request), request.raw, headers=request.headers)
    [event] = event_ids(world)
    assert re.search(
        r'<a href="https://github.com/[^"]+"[^>]*>Open it at the source', operator.get(f"/events/{event}").text
    )


def test_the_ticket_is_linked_as_it_was_recorded(operator: Browser, mixed: World) -> None:
    """Its project may be another one by now."""
    event = event_ids(mixed)[1]
    known = RedisLinks(mixed.ledger, "jira")
    known.set("abc:issue:1:3", "", key="MOVED-3", url="https://jira.example.com/browse/MOVED-3")
    assert 'href="https://jira.example.com/browse/MOVED-3"' in operator.get(f"/events/{event}").text
    known.set("abc:issue:1:3", "", url="javascript:alert(1)")
    text = operator.get(f"/events/{event}").text
    assert 'href="https://jira.example.com/browse/PROJ-3"' in text
    assert "javascript:" not in text


@pytest.fixture
def messages(servers: Servers, served: Sandbox) -> Browser:
    """Signed in, with a `slack` that answers."""
    values = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_API_URL": f"{served.url}/slack/api"}
    return servers.browser(**SLACK | values).sign_in()


def test_the_message_is_opened_where_slack_has_it(messages: Browser, world: World, served: Sandbox) -> None:
    posted = served.slack.post(served.slack.channels["C0FEEDBACK"], {"text": "It changed"})
    result = {"channel": posted.channel, "ts": posted.ts}
    world.connectors["slack"].answer = lambda _event, _context: Done(result)
    event = world.accept(status_event(3, 1)).event_id
    world.run()
    path = f"/deliveries/{event}.slack/message"
    assert f'href="{path}"' in messages.get(f"/events/{event}").text
    reply = messages.get(path)
    address = f"https://demo.slack.com/archives/C0FEEDBACK/p{posted.ts.replace('.', '')}"
    assert (reply.status_code, reply.headers["Location"]) == (303, address)
    served.slack.messages.clear()
    reply = messages.get(path)
    assert reply.headers["Location"].startswith(f"/events/{event}?notice=no_message")
    assert "The message was not found" in visible(messages.get(reply.headers["Location"]).text)
    assert messages.get(f"/deliveries/{event}.jira/message").status_code == 303  # it made none
    assert messages.get(f"/deliveries/{'0' * 20}.slack/message").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "https://", "http://[", "//x", "https://a b", "https://a\n", "", "x"],
)
def test_other_addresses_are_no_links(address: str) -> None:
    assert web_link(address) == ""
    assert web_link("https://a.example/?q=1#x") == "https://a.example/?q=1#x"


def test_sending_again(operator: Browser, mixed: World) -> None:
    event = event_ids(mixed)[0]
    path = f"/deliveries/{event}.slack/replay"
    answer = operator.submit(f"/events/{event}", path)
    assert answer.status_code == 303
    assert "The delivery is sent again" in visible(operator.get(answer.headers["Location"]).text)
    assert mixed.records.states(event)["slack"][0] == "queued"
    assert f"Sent again {event}.slack 192.0.2.1" in visible(operator.get("/audit").text)
    assert operator.post("/deliveries/nothing.slack/replay", {"csrf": operator.csrf}).status_code == 404


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ko", "프로젝트 1의 이슈 3 상태는 RESOLVED입니다."),
        ("ja", "プロジェクト 1 の課題 3 のステータスは RESOLVED です。"),
    ],
)
def test_a_status_without_the_previous_one_has_its_sentence(
    operator: Browser, world: World, language: str, sentence: str
) -> None:
    world.accept(status_event(3, 1, "", "RESOLVED"))
    operator.get(f"/?language={language}")
    assert sentence in visible(operator.get(f"/events/{event_ids(world)[0]}").text)


def test_an_unknown_address_is_a_page_for_a_person_who_is_signed_in(operator: Browser, browser: Browser) -> None:
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/nope", "/deliveries/", "/events/", "/dead/more?language=ko"):
        answer = operator.get(path, **html)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert 'href="/"' in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
    assert "There is no page at this address." in operator.get("/nope", **html).text
    assert "이 주소에는 페이지가 없습니다." in operator.get("/nope?language=ko", **html).text
    others = [
        operator.get("/nope"),
        operator.get("/nope", Accept="application/json"),
        operator.get("/api/nope", **html),
        operator.get("/webhook/nope", **html),
        operator.post("/nope", {}, **html),
        browser.get("/nope", **html),
    ]
    for answer in others:
        assert answer.headers["Content-Type"] == "application/json", answer.url
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (feedback_event(7), "Feedback 7 was created in channel 1 of project 1."),
        (status_event(3, 1, "INIT", "ON_REVIEW"), "The status of issue 3 in project 1 changed from INIT to ON_REVIEW."),
        (status_event(3, 1, "", "ON_REVIEW"), "The status of issue 3 in project 1 is ON_REVIEW."),
        (status_event(3, 1, "\u200b", "ON_REVIEW"), "The status of issue 3 in project 1 is ON_REVIEW."),
        (status_event(3, 1, None, "ON_REVIEW"), "The status of issue 3 in project 1 is ON_REVIEW."),
        (status_event(3, 1, "INIT", "INIT"), "The status of issue 3 in project 1 is INIT."),
        (status_event(3, 1, "INIT", ""), "The status of issue 3 in project 1 changed from INIT to ?."),
    ],
)
def test_what_happened_is_a_sentence(operator: Browser, world: World, body: Any, sentence: str) -> None:
    world.accept(body)
    assert sentence in visible(operator.get(f"/events/{event_ids(world)[0]}").text)

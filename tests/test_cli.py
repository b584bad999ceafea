"""The operator's commands, as people run them: real processes against a running service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from console.audit import Audit
from tests.hostile import answering, http, listening
from tests.web import Connection, event
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import Processes, free_port
from tools.sandbox.service import TOKEN, Service, call, get, start_service

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def service(processes: Processes) -> Service:
    """Only Slack: it acts on what `flask send-test` sends by itself, and on nothing else here."""
    return start_service(processes, CONNECTORS="slack")


@pytest.fixture
def run(service: Service, tmp_path: Path) -> Iterator[Run]:
    """Runs `flask …` with the service's environment: its exit code, and all that it printed."""
    with Processes(tmp_path) as commands:

        def run(*arguments: str, **changes: str) -> tuple[int, str]:
            process = commands.start("flask", ["flask", *arguments], {**service.environment, **changes})
            code = process.wait(30)
            output = process.output()
            process.log.unlink()
            assert "Traceback" not in output
            return code, output

        yield run


def post(service: Service, body: bytes) -> str:
    """The id of an event that was just sent."""
    connection = Connection(int(service.web.rpartition(":")[2]))
    try:
        reply = connection.post(body, TOKEN)
    finally:
        connection.close()
    assert reply.status == 200
    return str(reply.json["event_id"])


def change(number: int, name: str = "A change", project: int = 1) -> bytes:
    issue = {"id": number, "name": name, "status": "RESOLVED", "updatedAt": "2026-11-22T17:00:00.000Z"}
    return event("ISSUE_STATUS_CHANGE", issue=issue, project={"id": project, "name": "p"}, previousStatus="INIT")


# check


def test_check_offline_asks_nobody(run: Run) -> None:
    nobody = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "SLACK_API_URL": f"http://127.0.0.1:{free_port()}/"}
    code, output = run("check", "--offline", **nobody)
    assert (code, output.splitlines()[0]) == (0, "ok   configuration: valid; connectors: slack")
    # The environment of these tests has the variables of further connectors.
    others = [line.split(", ")[0] for line in output.splitlines()[1:]]
    assert "note configuration: CONNECTORS does not name jira" in others
    assert all(line.startswith("note configuration: CONNECTORS does not name ") for line in others)


def test_what_may_be_on_purpose_is_a_note_and_a_misspelled_variable_is_a_failure(run: Run) -> None:
    unused = {"LOGTO_SIGNING_KEY": "abcdefghijklmnopqrstuvwxyz012345", "SLACK_CHANNEL__OPS": "#ops"}
    code, output = run("check", "--offline", **unused, SLACK_EVENTS="github.*")
    notes = [line.removeprefix("note configuration: ") for line in output.splitlines() if line.startswith("note ")]
    assert code == 0
    for start in (
        "LOGTO_SIGNING_KEY: SOURCES does",
        "SLACK_CHANNEL__OPS: CONNECTORS names no",
        "SLACK_EVENTS: 'github.*'",
    ):
        assert any(note.startswith(start) for note in notes)
    code, output = run("check", "--offline", SLACK_THREDS="true")
    assert code == 1
    assert "FAIL SLACK_THREDS" in output


def test_check_asks_everybody(run: Run) -> None:
    code, output = run("check")
    assert code == 0
    assert all(line.startswith(("ok   ", "note ")) for line in output.splitlines())
    assert {line.split()[1] for line in output.splitlines()} >= {"configuration:", "redis:", "slack:"}


def test_check_names_what_fails_and_ends_with_1(run: Run) -> None:
    code, output = run(
        "check", SLACK_BOT_TOKEN="xoxb-tell-nobody", REDIS_URL=f"redis://:tell-nobody@127.0.0.1:{free_port()}"
    )
    assert code == 1
    failed = [line for line in output.splitlines() if line.startswith("FAIL ")]
    assert {line.split()[1] for line in failed} == {"redis:", "slack:"}
    assert any("REDIS_URL" in line for line in failed)
    assert any("SLACK_BOT_TOKEN" in line for line in failed)
    assert "tell-nobody" not in output


def test_check_as_json(run: Run) -> None:
    """One object a line, for what works, for what fails and for notes."""
    code, output = run("check", "--json", SLACK_BOT_TOKEN="xoxb-tell-nobody")
    lines = [json.loads(line) for line in output.splitlines()]
    assert code == 1
    assert all(line.keys() == {"status", "about", "what"} for line in lines)
    found = {(line["about"], line["status"]) for line in lines}
    assert found >= {("configuration", "ok"), ("redis", "ok"), ("abc", "note"), ("slack", "fail")}
    code, output = run(
        "check", "--json", SLACK_BOT_TOKEN="", SLACK_CHANNEL="", SLACK_WEBHOOK_URL="http://127.0.0.1:1/x"
    )
    assert code == 0
    assert [json.loads(line)["status"] for line in output.splitlines() if '"slack"' in line] == ["note"]


def test_check_sends_again_what_died_because_of_a_system_that_works_now(
    run: Run, service: Service, processes: Processes, redis: Any
) -> None:
    """Not while something is wrong with it; and a second check finds nothing to do."""
    id_ = f"{post(service, change(650))}.slack"
    delivery = f"fb:default:delivery:{id_}"
    processes.wait_for("the delivery", lambda: redis.hget(delivery, "state") == b"done")
    redis.zrem("fb:default:state:done", id_)
    redis.zadd("fb:default:state:dead", {id_: int(time.time() * 1000)})
    redis.hset(delivery, mapping={"state": "dead", "reason": "auth", "waits": "slack #feedback"})
    redis.zadd("fb:default:dead:slack #feedback", {id_: 1})
    redis.sadd("fb:default:waiting", "slack #feedback")
    code, output = run("check", SLACK_BOT_TOKEN="xoxb-tell-nobody")
    assert (code, redis.hget(delivery, "state")) == (1, b"dead")
    code, output = run("check")
    assert "note slack: it works; deliveries that are sent again: 1" in output
    assert [entry.what for entry in Audit(redis, "default").entries(limit=1)] == ["check"]
    processes.wait_for("the replay", lambda: redis.hget(delivery, "state") == b"done")
    assert "sent again" not in run("check")[1]
    dead_letter(service, processes, redis, 651)  # one that no check brings back
    code, output = run("check")
    assert (code, "note slack: it works; dead letters that are left: 1" in output) == (0, True)
    assert run("drop", "--group", "slack", "config", "--reason", "of a test")[0] == 0


def test_check_looks_at_the_channels_that_events_have_named(run: Run, redis: Any) -> None:
    """And prints which, and where it knows them from."""
    redis.delete("fb:default:positions")
    assert "note abc: reconcile compares no channel" in run("check")[1]
    redis.sadd("fb:default:positions", "abc:1:1", "abc:1:2", "abc:1:")
    assert "reconcile compares the channels 1:1, 1:2, known from events" in run("check")[1]
    output = run("check", RECONCILE_CHANNELS="1:7")[1]
    assert "reconcile compares the channels 1:1, 1:2, 1:7, known from RECONCILE_CHANNELS and events" in output
    redis.delete("fb:default:positions")


def test_check_as_json_in_a_wrong_environment(run: Run) -> None:
    code, output = run("check", "--json", LOG_LEVEL="loud")
    assert code == 1
    assert [json.loads(line)["about"] for line in output.splitlines()] == ["LOG_LEVEL"]


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1:strict"])
def test_a_terminal_that_cannot_show_korean(run: Run, encoding: str) -> None:
    """Characters that it lacks are shown by their number, in every command."""
    narrow = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": encoding}
    for command in (("check", "--offline"), ("events",)):
        code, output = run(*command, SLACK_CHANNEL="# 피드백", **narrow)
        assert code == 1
        assert "SLACK_CHANNEL: " in output
        assert "피드백" in output or "\\ud53c\\ub4dc\\ubc31" in output


def test_commands_in_a_wrong_environment_name_what_is_wrong(run: Run) -> None:
    code, output = run("events", LOG_LEVEL="loud")
    assert code == 1
    assert "LOG_LEVEL: " in output
    assert run("--help", LOG_LEVEL="loud")[0] == 0


# send-test


def test_send_test_shows_the_outcome(run: Run, service: Service) -> None:
    code, output = run("send-test", "--url", f"{service.web}/webhook", "--issue", "1")
    assert code == 0, output
    accepted, heading, row = output.splitlines()
    assert accepted.startswith("accepted as event ")
    assert heading.split() == ["id", "event", "entity", "state", "attempts", "updated_at", "error"]
    assert row.split()[:4] == [f"{accepted.split()[-1]}.slack", "ISSUE_STATUS_CHANGE", "abc:issue:1:1", "done"]


def test_send_test_is_about_the_issue_that_exists(run: Run, service: Service) -> None:
    """With its creation time: an event with another one would be about another issue."""
    url = f"{service.sandbox}/abc/api/projects/1/issues"
    number = call("POST", url, headers={"x-api-key": DEMO_KEY}, json={"name": "An issue that exists"})["id"]
    created = get(f"{url}/{number}", {}, {"x-api-key": DEMO_KEY})["createdAt"]
    code, output = run("send-test", "--url", f"{service.web}/webhook", "--issue", str(number))
    assert code == 0, output
    event = json.loads(run("events", output.splitlines()[0].split()[-1])[1])
    assert event["body"]["data"]["issue"]["createdAt"] == created


def test_send_test_of_what_nothing_acts_on_ends_with_1(run: Run, service: Service) -> None:
    code, output = run("send-test", "--url", f"{service.web}/webhook", "--event", "FEEDBACK_CREATION")
    assert code == 1
    assert output.endswith("(nothing)\n")


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("/webhook", {"WEBHOOK_TOKEN": "not-the-receivers-token"}, "401"),
        ("/nowhere", {}, "404"),
    ],
)
def test_send_test_refused(run: Run, service: Service, path: str, changes: dict[str, str], expected: str) -> None:
    code, output = run("send-test", "--url", f"{service.web}{path}", **changes)
    assert code == 1
    assert expected in output


def test_send_test_to_somebody_else(run: Run, service: Service) -> None:
    """200 and JSON, but no receiver: reported in plain words."""
    code, output = run("send-test", "--url", f"{service.sandbox}/slack/api/auth.test")
    assert code == 1
    assert "is that the receiver?" in output


def test_send_test_without_a_receiver(run: Run) -> None:
    code, output = run("send-test", "--url", f"http://127.0.0.1:{free_port()}/webhook")
    assert code == 1
    assert "is the receiver running there?" in output


# events


def test_what_a_hostile_receiver_answers_does_not_steer_the_terminal(run: Run, service: Service) -> None:
    """Nor does it show a part of the token that it repeats where the answer is cut."""
    controls = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\r\n forged line"
    event = json.dumps({"event_id": f"id{controls}", "duplicate": True}).encode()
    refused = f"{controls} {'x' * (300 - len(controls) - 12)} {TOKEN}".encode()
    for answer in (http(200, event), http(400, refused), http(200, refused)):
        with listening(answering(answer)) as port:
            _, output = run("send-test", "--url", f"http://127.0.0.1:{port}/webhook", "--wait", "0.1")
        assert all(character.isprintable() or character == "\n" for character in output)
        assert TOKEN[:8] not in output


def test_events_as_a_table_and_as_json(run: Run, service: Service) -> None:
    id_ = post(service, change(500))
    code, output = run("events", "--entity", "abc:issue:1:500", "--limit", "5")
    assert code == 0
    heading, row = output.splitlines()
    assert row.startswith(f"{id_}.slack  ISSUE_STATUS_CHANGE  abc:issue:1:500  ")
    assert heading.index("event") == row.index("ISSUE_STATUS_CHANGE")
    code, output = run("events", "--entity", "abc:issue:1:500", "--json")
    [found] = [json.loads(line) for line in output.splitlines()]
    assert (code, found["id"], found["entity"]) == (0, f"{id_}.slack", "abc:issue:1:500")
    code, output = run("events", "--state", "dead", "--connector", "jira", "--event", "FEEDBACK_CREATION")
    assert (code, output.splitlines()[-1]) == (0, "(nothing)")


def test_one_event_whole(run: Run, service: Service) -> None:
    body = change(501, "이름 🚀 \ud83d\x1b[2J\x9b31m".encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    id_ = post(service, body)
    code, output = run("events", id_)
    assert code == 0
    assert "이름 🚀" in output
    assert all(character.isprintable() or character == "\n" for character in output)
    assert json.loads(output)["body"] == json.loads(body)


def test_halves_of_characters_can_be_shown(run: Run, service: Service) -> None:
    body = change(502).replace(b"A change", b"\\ud83d")
    code, output = run("events", post(service, body))
    assert code == 0
    assert json.loads(output)["body"] == json.loads(body)


def test_an_unknown_event_ends_with_1(run: Run) -> None:
    code, output = run("events", "00000000000000000000")
    assert code == 1
    assert "there is no event 00000000000000000000" in output


def test_ignored_and_unreadable_events_are_listed(run: Run, service: Service) -> None:
    ignored = post(service, b'{"event": "NEW_\\u001b[31mTHING", "data": {}}')
    unreadable = post(service, b'{"event": "ISSUE_CREATION", "data": {"issue": {}}}')
    code, output = run("events", "--ignored")
    assert code == 0
    assert "\x1b" not in output
    rows = {line.split()[0]: line for line in output.splitlines()[1:]}
    assert " ignored " in rows[ignored]
    assert " unreadable " in rows[unreadable]


def test_an_event_for_scripts_is_one_line(run: Run, service: Service) -> None:
    id_ = post(service, change(599))
    code, output = run("events", id_, "--json")
    assert (code, len(output.splitlines())) == (0, 1)
    assert json.loads(output) == json.loads(run("events", id_)[1])
    assert len(run("events", id_)[1].splitlines()) > 10


@pytest.mark.parametrize("arguments", [("--state", "open"), ("--limit", "501")])
def test_a_bad_option_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    code, output = run("events", *arguments)
    assert code == 2
    assert arguments[0] in output


@pytest.mark.parametrize("command", [("events", "x"), ("replay", "--dead")])
def test_without_redis_the_error_names_it(run: Run, command: tuple[str, ...]) -> None:
    code, output = run(*command, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert code == 1
    assert "look at REDIS_URL" in output


# replay


@pytest.fixture
def redis(service: Service) -> Iterator[Any]:
    with Redis.from_url(service.redis) as client:
        yield client


def test_replay(run: Run, service: Service, processes: Processes, redis: Any) -> None:
    id_ = f"{post(service, change(600))}.slack"
    processes.wait_for("the delivery", lambda: redis.hget(f"fb:default:delivery:{id_}", "state") == b"done")
    code, output = run("replay", id_, "unknown.slack")
    assert (code, output.splitlines()) == (1, [f"queued   {id_}", "gone     unknown.slack"])
    processes.wait_for("the replay", lambda: redis.hget(f"fb:default:delivery:{id_}", "state") == b"done")
    assert redis.hget(f"fb:default:delivery:{id_}", "attempts") == b"2"


def test_a_connector_that_has_stopped_is_reported_and_started_again(
    run: Run, service: Service, processes: Processes, redis: Any
) -> None:
    redis.hset("fb:default:stopped", "slack", "1767323045678|Slack wants nothing more")
    id_ = f"{post(service, change(602))}.slack"
    delivery = f"fb:default:delivery:{id_}"
    processes.wait_for("the delivery", lambda: redis.hget(delivery, "reason") == b"stopped")
    code, output = run("check")
    what = "has stopped at 2026-01-02 03:04:05+00:00: Slack wants nothing more; `flask resume slack` starts it again"
    assert (code, f"FAIL slack: {what}" in output) == (1, True)
    assert redis.hget(delivery, "state") == b"retrying"
    assert run("resume", "pager") == (1, "Error: CONNECTORS names no 'pager'\n")
    assert run("resume", "slack") == (0, "slack runs again\n")
    assert run("resume", "slack") == (0, "slack has not stopped\n")
    processes.wait_for("the delivery", lambda: redis.hget(delivery, "state") == b"done")


def test_replay_all_dead_letters(run: Run, service: Service, processes: Processes, redis: Any) -> None:
    """Whatever is dead is sent again; where there is none, that is no failure."""
    assert run("replay", "--dead") == (0, "there is no dead letter\n")
    id_ = f"{post(service, change(601))}.slack"
    processes.wait_for("the delivery", lambda: redis.hget(f"fb:default:delivery:{id_}", "state") == b"done")
    redis.zrem("fb:default:state:done", id_)
    redis.zadd("fb:default:state:dead", {id_: int(time.time() * 1000)})
    redis.hset(f"fb:default:delivery:{id_}", "state", "dead")
    code, output = run("replay", "--dead")
    assert (code, output.startswith("deliveries that are sent again: 1, 5 a second; replay ")) == (0, True)
    processes.wait_for("the replay", lambda: redis.hget(f"fb:default:delivery:{id_}", "state") == b"done")


def dead_letter(service: Service, processes: Processes, redis: Any, number: int) -> str:
    """A delivery of Slack that is done, and looks dead."""
    id_ = f"{post(service, change(number))}.slack"
    processes.wait_for("the delivery", lambda: redis.hget(f"fb:default:delivery:{id_}", "state") == b"done")
    redis.zrem("fb:default:state:done", id_)
    redis.zadd("fb:default:state:dead", {id_: int(time.time() * 1000)})
    redis.hset(
        f"fb:default:delivery:{id_}", mapping={"state": "dead", "reason": "config", "why": "look at SLACK_CHANNEL"}
    )
    return id_


def test_a_group_of_dead_letters_is_found_replayed_and_waited_for(
    run: Run, service: Service, processes: Processes, redis: Any
) -> None:
    id_ = dead_letter(service, processes, redis, 603)
    code, output = run("dead", "--json")
    [group] = [json.loads(line) for line in output.splitlines()]
    assert (code, group["connector"], group["reason"], group["count"]) == (0, "slack", "config", 1)
    assert (group["newest_id"], group["error"]) == (id_, "look at SLACK_CHANNEL")
    assert "flask check" in group["to_do"]
    shown = run("dead")[1]
    assert "error: look at SLACK_CHANNEL\n" in shown
    assert f"to do: {group['to_do']}\n" in shown, "whole"
    assert run("dead", "--connector", "jira") == (
        0,
        "connector  reason  count  oldest  newest\n(nothing)\n",
    )
    assert run("replay", "--all", "--reason", "auth") == (0, "no delivery matches these filters\n")
    code, output = run("replay", "--all", "--reason", "config", "--rate", "10", "--wait", "--json")
    found = json.loads(output)
    assert (code, found["count"], found["done"], found["left"]) == (0, 1, 1, 0)
    assert redis.hget(f"fb:default:delivery:{id_}", "state") == b"done"


def test_a_dead_letter_is_dropped(run: Run, service: Service, processes: Processes, redis: Any) -> None:
    id_ = dead_letter(service, processes, redis, 604)
    assert run("drop", id_)[0] == 2, "a reason is needed"
    code, output = run("drop", id_, "unknown.slack", "--reason", "not needed")
    assert (code, output.splitlines()) == (1, [f"skipped  {id_}", "gone     unknown.slack"])
    assert redis.hget(f"fb:default:delivery:{id_}", "why") == b"dropped: not needed"
    [entry, *_] = [
        fields for _, fields in redis.xrevrange("fb:default:audit") if fields[b"about"].startswith(id_.encode())
    ]
    assert (entry[b"who"], entry[b"what"]) == (b"command", b"drop")
    dead_letter(service, processes, redis, 605)
    assert run("drop", id_, "--group", "slack", "config", "--reason", "x")[0] == 2, "either or"
    assert run("drop", "--group", "slack", "config", "--reason", "not needed") == (
        0,
        "deliveries of slack with the reason config that were dropped: 1\n",
    )
    assert redis.xrevrange("fb:default:audit", count=1)[0][1][b"about"] == b"slack config: not needed"


def test_replay_needs_to_know_what(run: Run) -> None:
    assert run("replay", "--dead", "x.slack")[0] == 2

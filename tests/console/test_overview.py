"""The overview, the connectors and the dead letters: what is wrong, and what a person does about it."""

from __future__ import annotations

import re

import pytest
from redis import Redis
from rq.suspension import suspend

from connectors.base import Context, Destination, Done, Failed, Outcome, Retry
from console.pages import chart
from console.pages.overview import share
from jobs.ledger.hours import Hour
from sources.base import Event
from tests.console.browser import Browser, visible
from tests.jobs.world import World, status_event
from tools.sandbox.processes import wait_for

DAMAGE: dict[str, Outcome] = {
    "down": Retry("Slack answered 503", "server_error"),
    "auth": Failed("Slack: invalid_auth; SLACK_BOT_TOKEN", "auth"),
    "gone": Failed("Slack answered 410", "gone"),
}


def broken(world: World, outcome: Outcome, count: int = 6) -> None:
    """Slack answers so, jira works; a worker is alive."""

    def answer(_event: Event, context: Context) -> Outcome:
        return outcome if context.delivery_id.endswith(".slack") else Done({"ticket": "PROJ-1"})

    for name, recorder in world.connectors.items():
        recorder.where = Destination("slack #feedback" if name == "slack" else name)
        recorder.answer = answer
    for number in range(1, count + 1):
        world.accept(status_event(number, number))
        world.run()
    world.tick()


def test_all_is_well(operator: Browser, world: World) -> None:
    broken(world, Done({"ts": "1"}))
    text = visible(operator.get("/").text)
    assert re.search(r"All 3 connectors are healthy\. The last event arrived \d+ s ago\.", text)
    assert "Success, last day 100.0 %" in text
    assert "Events, last day 6" in text
    assert "Workers 1" in text
    assert "Events: 6. Done: 12. Skipped: 0. Dead: 0." in operator.get("/").text


@pytest.mark.parametrize(
    ("damage", "sentence", "state"),
    [
        ("down", "slack is down; its deliveries wait.", "down"),
        ("auth", "slack is misconfigured.", "misconfigured"),
        ("gone", "slack has stopped.", "stopped"),
    ],
)
def test_what_is_wrong_is_a_sentence(operator: Browser, world: World, damage: str, sentence: str, state: str) -> None:
    broken(world, DAMAGE[damage])
    overview, connectors = visible(operator.get("/").text), visible(operator.get("/connectors").text)
    assert sentence in overview
    assert "are healthy" not in overview
    assert f"slack {state} Since 20" in connectors
    assert "jira healthy" in connectors
    assert "slack.ops nothing sent yet" in connectors
    for part in ("/part/overview", "/part/connectors", "/part/connectors?short=1"):
        assert operator.get(part).status_code == 200
    assert sentence in visible(operator.get("/part/overview?span=week").text)


def test_a_breaker_shows_since_when_and_the_next_probe(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["down"])
    text = visible(operator.get("/connectors").text)
    assert re.search(r"slack #feedback breaker open Since [\d :-]+ Next probe [\d :-]+ Waiting \d", text)
    assert "Last error:" in text
    assert "Slack answered 503" in text


def test_no_worker_is_the_first_thing_to_know(operator: Browser, world: World) -> None:
    assert "No worker is alive: start the Procfile's worker." in visible(operator.get("/").text)


def test_suspended_workers(operator: Browser, world: World, redis: Redis) -> None:
    broken(world, Done({}))
    suspend(redis)
    assert "The workers are suspended (rq suspend)." in visible(operator.get("/").text)


def test_a_full_redis_is_named_and_not_a_missing_worker(operator: Browser, redis: Redis) -> None:
    """A worker can't show that it is alive then."""
    form = {"csrf": operator.csrf}
    redis.config_set("maxmemory", 1)
    try:
        text = visible(operator.get("/").text)
        assert "Redis is full (1B): webhooks are answered with 503" in text
        assert "No worker is alive" not in text
        answer = operator.post("/tools/check", form)
        assert (answer.status_code, "Redis has used up its memory" in visible(answer.text)) == (503, True)
    finally:
        redis.config_set("maxmemory", 0)


def test_shares_of_redis_s_memory() -> None:
    assert share({"used_memory": 9, "maxmemory": 10}) == 0.9
    assert share({"used_memory": 9, "maxmemory": 0}) == share({}) == 0


def test_dead_letters_are_not_well(operator: Browser, world: World) -> None:
    broken(world, Failed("refused", "client_error"), 1)
    text = visible(operator.get("/").text)
    assert "Dead letters that need a person: 1. Show them" in text
    assert "are healthy" not in text


def test_without_connectors(browser: Browser, world: World) -> None:
    world.tick()
    assert "No connector is on: set CONNECTORS." in visible(browser.sign_in().get("/").text)


def test_starting_a_connector_again(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["gone"])
    assert operator.submit("/connectors", "/connectors/slack/resume").status_code == 303
    assert "slack stopped" not in visible(operator.get("/connectors").text)
    assert "Started a connector again slack 192.0.2.1" in visible(operator.get("/audit").text)
    form = {"csrf": operator.csrf}
    assert "not_stopped" in operator.post("/connectors/slack/resume", form).headers["Location"]
    assert operator.post("/connectors/nothing/resume", form).status_code == 404


def test_sentences_are_in_the_reader_s_language(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 1)
    text = visible(operator.get("/connectors", Accept_Language="ko").text)
    assert (
        "slack #feedback에서 인증 정보를 거부합니다: Slack: invalid_auth; SLACK_BOT_TOKEN 조치 방법: 오류에 나온 것을"
        in text
    )


# Dead letters


def test_dead_letters_are_grouped_with_what_to_do(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 3)
    text = visible(operator.get("/dead").text)
    assert "slack auth 3 Slack: invalid_auth; SLACK_BOT_TOKEN What to do: The credential is wrong" in text
    assert operator.get("/part/dead").status_code == 200
    assert operator.get("/dead?cursor=x").status_code == 400


def test_a_group_is_sent_again_and_shows_its_progress(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 3)
    answer = operator.submit("/dead", "/dead/replay", connector="slack", reason="auth", rate="100")
    assert answer.status_code == 303
    page = operator.get(answer.headers["Location"])
    assert "Deliveries that are sent again: 3. The progress is below." in visible(page.text)
    assert "0 of 3 ended: 0 done, 0 skipped, 0 dead again." in visible(page.text)
    assert 'data-live="/part/dead?replay=' in page.text
    world.connectors["slack"].answer = lambda _event, _context: Done({"ts": "2"})
    world.pass_time(60)
    world.run_due()
    text = visible(operator.get(answer.headers["Location"]).text)
    assert "3 of 3 ended: 3 done, 0 skipped, 0 dead again." in text
    assert "There are no dead letters." in text
    assert "Sent a group again slack auth rate=100 192.0.2.1" in visible(operator.get("/audit").text)


def test_another_person_sees_how_far_a_replay_is(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 3)
    operator.submit("/dead", "/dead/replay", connector="slack", reason="auth", rate="0.1")
    assert "Sent again: slack auth 0 of 3 ended" in visible(operator.get("/dead").text)


def test_a_group_is_dropped_with_a_reason(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 3)
    assert operator.submit("/dead", "/dead/drop", why=" ").status_code == 400
    form = {"csrf": operator.csrf, "connector": "slack", "reason": "", "why": "x"}
    assert operator.post("/dead/drop", form).status_code == 400, "never all of a connector"
    answer = operator.submit("/dead", "/dead/drop", why="the project is closed")
    assert "Deliveries that are dropped: 3. The progress is below." in visible(
        operator.get(answer.headers["Location"]).text
    )
    seen = "Dropped: slack auth 3 of 3 are dropped."
    wait_for("the drop", lambda: seen in visible(operator.get(answer.headers["Location"]).text))
    assert world.records.health()["states"]["dead"] == 0
    assert "Dropped: slack" not in visible(operator.get("/dead").text), "who did not ask sees it while it goes on"
    assert "Dropped a group slack auth: the project is closed" in visible(operator.get("/audit").text)


@pytest.mark.parametrize("rate", ["", "0", "nan", "inf", "-1", "1000", "x"])
def test_a_rate_that_does_not_fit(operator: Browser, world: World, rate: str) -> None:
    broken(world, DAMAGE["auth"], 1)
    answer = operator.post("/dead/replay", {"csrf": operator.csrf, "rate": rate})
    assert (answer.status_code, "The rate should be a number from" in visible(answer.text)) == (400, True)
    assert world.records.health()["states"]["dead"] == 1


@pytest.mark.parametrize("replay", ["x", "x" * 50, "*", "f" * 16])
def test_the_progress_of_nothing(operator: Browser, world: World, replay: str) -> None:
    assert "There are no dead letters." in visible(operator.get(f"/dead?replay={replay}").text)


def test_dropping_needs_a_reason(operator: Browser, world: World) -> None:
    broken(world, DAMAGE["auth"], 1)
    [event] = [row["id"] for row in world.records.events()]
    path = f"/deliveries/{event}.slack/drop"
    assert operator.post(path, {"csrf": operator.csrf, "reason": " "}).status_code == 400
    answer = operator.submit(f"/events/{event}", path, reason="the issue was a test")
    page = visible(operator.get(answer.headers["Location"]).text)
    assert "The delivery was dropped. It will not be sent." in page
    assert "dropped: the issue was a test" in page
    assert f"Dropped a delivery {event}.slack: the issue was a test" in visible(operator.get("/audit").text)
    again = operator.post(path, {"csrf": operator.csrf, "reason": "again"})
    assert "finished" in again.headers["Location"]


# The chart


def hours(count: int, **outcomes: int) -> list[Hour]:
    events, by_connector = {"abc": 3, "jira": 1}, {"slack": outcomes, "jira": {"done": 1}}
    times = [f"2026-11-{1 + n // 24:02}T{n % 24:02}:00:00.000Z" for n in range(count)]
    return [{"hour": time, "events": events, "outcomes": by_connector} for time in times]


def test_all_sources_and_connectors_are_summed() -> None:
    [hour] = chart.summed(hours(1, done=4, skipped=2, dead=3, retrying=7))
    assert hour == chart.Hour("2026-11-01T00:00:00.000Z", 4, 5, 2, 7, 3)
    assert chart.success([hour]) == 70
    assert chart.success([]) is None


@pytest.mark.parametrize("count", [1, 25, 169])
def test_the_columns_stay_inside(count: int) -> None:
    found = chart.drawn(chart.summed(hours(count, done=50, dead=7)))
    assert len(found.bars) == 2 * count
    for bar in found.bars:
        assert bar.x >= chart.LEFT
        assert bar.x + bar.width <= chart.WIDTH + 0.1
        assert bar.y >= chart.TOP
        assert bar.y + bar.height <= chart.HEIGHT - chart.BOTTOM + 0.1
    assert all(x <= chart.WIDTH - chart.LABEL for x, _ in found.ticks)
    assert [number for _, number in found.levels] == [0, 50, 100]


@pytest.mark.parametrize(("number", "scale"), [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (58, 100), (101, 200)])
def test_the_scale_is_a_round_number(number: int, scale: int) -> None:
    assert chart.nice(number) == scale

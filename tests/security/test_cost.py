"""What one feedback of an end user can cost: requests that are paid for, and what Redis has to take.

A megabyte of ordinary words was 524 requests and 474 MiB of writes, in five seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis

from bridge.settings import KeyMap, load
from connectors import translate
from connectors.base import Tools
from sources.abc.client import AbcClient
from tests.connectors.translate.conftest import environment
from tests.jobs.world import World, feedback_event
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.server import running


def words(characters: int) -> str:
    """Korean words, no part of which is like another."""
    return " ".join(f"{number} 결제 버튼이 안 눌려요" for number in range(characters // 14))[:characters]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def world(redis: Redis, sandbox: Sandbox) -> World:
    return world_with(redis, sandbox)


def world_with(redis: Redis, sandbox: Sandbox, **variables: str) -> World:
    abc = AbcClient(f"{sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
    settings = load(translate.SPEC.settings, {**environment("libretranslate", sandbox.url), **variables})
    tools = Tools(name="translate", instance="test", language="en", apis={"abc": abc}, concurrency=4)
    connectors: Any = {"translate": translate.SPEC.build(settings, tools)}
    redis.set("fb:test:born", "1")  # the ledger is older than the feedback
    return World(redis, connectors)


def cost_of(world: World, sandbox: Sandbox, text: str) -> tuple[str, int, int]:
    """The delivery's state, the requests to the translator, and the bytes that Redis was sent for its delivery."""
    feedback = sandbox.abc.create_feedback(1, {"message": text}).id
    accepted = world.accept(feedback_event(feedback))
    before = world.redis.info("stats")["total_net_input_bytes"]
    world.deliverer.deliver(f"{accepted.event_id}.translate")
    sent = world.redis.info("stats")["total_net_input_bytes"] - before
    return world.state(accepted, "translate"), sandbox.translate.calls, sent


def test_a_megabyte_of_words_costs_nothing(world: World, sandbox: Sandbox) -> None:
    state, requests, sent = cost_of(world, sandbox, words(1_000_000))
    assert state == "skipped"
    assert requests == 0
    assert sent < 20_000


def test_the_longest_text_costs_ten_requests_and_no_more_writes_than_its_translation_is_long(
    world: World, sandbox: Sandbox
) -> None:
    text = words(20_000)
    state, requests, sent = cost_of(world, sandbox, text)
    assert state == "done"
    assert 10 <= requests <= 12
    assert sent < 3 * len(text.encode())


def test_the_rate_limits_requests_not_deliveries(redis: Redis, sandbox: Sandbox) -> None:
    """Ten may go at once after a pause; a feedback of ten requests uses them up, and the next one waits."""
    world = world_with(redis, sandbox, TRANSLATE_RATE="1")
    text = words(20_000)
    assert cost_of(world, sandbox, text)[0] == "done"
    made = sandbox.translate.calls
    assert made >= 10
    assert cost_of(world, sandbox, "로그인이 자꾸 풀려요")[0] == "retrying"
    assert sandbox.translate.calls == made

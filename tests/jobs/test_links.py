"""Links belong to one entity: what is known of an earlier one with the same id is never taken for it."""

from __future__ import annotations

import pytest
from redis import Redis

from connectors.base import Links
from jobs.ledger.ledger import Ledger
from jobs.ledger.links import RedisLinks
from tests.connectors.context import MemoryLinks
from tests.jobs.world import INSTANCE

FIRST, LATER = "1795367320", "1795453720"
ENTITY = "abc:issue:1:3"


@pytest.fixture(params=["redis", "memory"])
def links(request: pytest.FixtureRequest, redis: Redis) -> Links:
    return RedisLinks(Ledger(redis, INSTANCE), "") if request.param == "redis" else MemoryLinks()


def test_a_link_is_that_of_its_entity(links: Links) -> None:
    links.of("jira").set(ENTITY, FIRST, key="PROJ-1", id="10001")
    assert links.of("jira").get(ENTITY, FIRST) == {"key": "PROJ-1", "id": "10001"}
    assert links.of("jira").get(ENTITY, LATER) == {}
    assert links.of("slack").get(ENTITY, FIRST) == {}


def test_a_later_entity_with_the_id_takes_nothing_over(links: Links) -> None:
    links.of("jira").set(ENTITY, FIRST, key="PROJ-1", id="10001")
    links.of("jira").set(ENTITY, LATER, intent="5")
    assert links.of("jira").get(ENTITY, LATER) == {"intent": "5"}
    assert links.of("jira").get(ENTITY, FIRST) == {}


def test_an_unknown_creation_contradicts_nothing(links: Links) -> None:
    links.of("jira").set(ENTITY, "", key="PROJ-1")
    assert links.of("jira").get(ENTITY, FIRST) == {"key": "PROJ-1"}
    links.of("jira").set(ENTITY, FIRST, id="10001")
    assert links.of("jira").get(ENTITY, "") == {"key": "PROJ-1", "id": "10001"}
    assert links.of("jira").get(ENTITY, LATER) == {}


def test_an_empty_value_removes_its_name(links: Links) -> None:
    links.of("jira").set(ENTITY, FIRST, key="PROJ-1", intent="5")
    links.of("jira").set(ENTITY, FIRST, intent="")
    assert links.of("jira").get(ENTITY, FIRST) == {"key": "PROJ-1"}


def test_a_link_without_values_leaves_no_key(redis: Redis) -> None:
    links = RedisLinks(Ledger(redis, INSTANCE), "")
    links.of("jira").set(ENTITY, FIRST, intent="5")
    links.of("jira").set(ENTITY, FIRST, intent="")
    assert redis.keys("fb:*") == []


def test_halves_of_characters_are_stored_as_question_marks(redis: Redis) -> None:
    links = RedisLinks(Ledger(redis, INSTANCE), "")
    links.of("slack").set(ENTITY, FIRST, thread="\ud83d")
    assert links.of("slack").get(ENTITY, FIRST) == {"thread": "?"}

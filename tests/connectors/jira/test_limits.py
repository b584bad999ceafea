"""The numbers are Jira's own, written out here: a wrong constant of ours must not pass by being compared with itself.

255: https://support.atlassian.com/jira-work-management/docs/what-are-the-default-fields/ (summary), and labels.
32,767: jira.text.field.character.limit, https://confluence.atlassian.com/adminjiraserver/configuring-advanced-settings-938847017.html
"""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from bridge.text import utf16_length
from connectors.base import Done
from connectors.jira.settings import Settings
from sources.base import Event, Subject
from tests.connectors.jira.test_render import BASE, feedback_comment, fields
from tests.connectors.jira.world import World


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 254 + "…"),
        ("👍" * 127 + "x", "👍" * 127 + "x"),
        ("👍" * 128, "👍" * 127 + "…"),
        ("x" * 5000, "x" * 254 + "…"),
        ("a\nb\r\nc\u2028d\te", "a b c d e"),
    ],
)
def test_a_summary_has_one_line_of_at_most_255_utf_16_units(world: World, name: str, shown: str) -> None:
    assert fields({"name": name})["summary"] == shown
    world.set(JIRA_SUMMARY_TEMPLATE=name.replace("\n", "\\n").replace("\r", ""))
    assert isinstance(world.created(world.issue()), Done), "the stand-in refuses what is longer"


@pytest.mark.parametrize("character", ["x", "👍"])
def test_a_description_has_at_most_32_767_utf_16_units(character: str) -> None:
    origin = "\n\nFrom ABC User Feedback: project Demo, issue 3"
    room = (32_767 - len(origin)) // utf16_length(character)
    whole = fields({"name": "x", "description": character * room})["description"]
    assert whole == character * room + origin
    cut = fields({"name": "x", "description": character * (room + 1)})["description"]
    assert cut.endswith(f"…{origin}")
    assert 32_765 <= utf16_length(cut) <= 32_767
    templated = fields(
        {"name": "x", "description": character * 40_000}, JIRA_DESCRIPTION_TEMPLATE="{{ issue.description }}"
    )
    assert 32_765 <= utf16_length(templated["description"]) <= 32_767


def test_a_comment_has_at_most_32_767_utf_16_units() -> None:
    frame = feedback_comment(7, "App", {"message": "?"}, "mark", "en").replace("?", "")
    room = 32_767 - len(frame)
    assert "…" not in feedback_comment(7, "App", {"message": "x" * room}, "mark", "en")
    assert len(feedback_comment(7, "App", {"message": "x" * (room + 1)}, "mark", "en")) == 32_767


def test_a_name_of_a_megabyte_leaves_room_for_the_rest() -> None:
    made = feedback_comment(7, "x" * 1_000_000, {"message": "It crashes"}, "mark", "en")
    assert made.endswith("{quote}\nIt crashes\n{quote}\nmark")


def test_a_label_has_at_most_255_utf_16_units() -> None:
    assert load(Settings, {**BASE, "JIRA_LABELS": "x" * 255}).labels == ["x" * 255]
    for label in ("x" * 256, "👍" * 128, "two words"):
        with pytest.raises(ConfigError, match="JIRA_LABELS"):
            load(Settings, {**BASE, "JIRA_LABELS": label})
        with pytest.raises(ConfigError, match="JIRA_FIELDS"):
            load(Settings, {**BASE, "JIRA_FIELDS": f'{{"labels": ["{label}"]}}'})


def test_the_comment_is_looked_for_among_the_newest_1_000(world: World) -> None:
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for number in range(999):
        world.sandbox.jira.comment(world.ticket(), f"talk {number}")
    world.added(feedback, issue)
    assert len(world.bodies()) == 1000


@pytest.mark.parametrize("character", ["가", "\x01"], ids=["Korean", "escaped as six"])
def test_a_page_of_the_longest_comments_can_be_read(world: World, character: str) -> None:
    """A hundred of them are more than the 8 MiB that an answer may have."""
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for _ in range(100):
        world.sandbox.jira.comment(world.ticket(), character * 32_767)
    outcome = world.added(feedback, issue)
    assert isinstance(outcome, Done)
    assert outcome.result["comment"] == "already exists"


def test_the_rate_is_that_of_jira_rate(world: World) -> None:
    event = Event("abc", "e", "ISSUE_CREATION", Subject("abc", "issue", 1, 1), 0.0, {})
    assert world.connector().destination(event).per_second == 10
    world.set(JIRA_RATE="0.5")
    assert world.connector().destination(event).per_second == 0.5
    assert world.connector().destination(event).name == "jira"


def test_what_jira_fields_sets_is_in_the_ticket(either: World) -> None:
    either.set(
        JIRA_LABELS="voc",
        JIRA_FIELDS='{"customfield_10010": {"value": "가"}, "components": [{"name": "App"}], "duedate": "2027-01-31",'
        ' "labels": ["x", "voc"], "resolution": {"name": "Done"}}',
    )
    issue = either.issue()
    assert isinstance(either.created(issue), Done)
    made = either.ticket().fields
    assert made["customfield_10010"] == {"value": "가"}
    assert made["components"] == [{"name": "App"}]
    assert made["duedate"] == "2027-01-31"
    assert made["labels"] == ["voc", "x", either.marker(issue)]
    assert "resolution" not in made, "that is for a transition that asks for one"

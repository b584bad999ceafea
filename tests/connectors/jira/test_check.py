"""`flask check` names everything that would fail later, with the variable or permission to look at."""

from __future__ import annotations

from connectors.base import Check
from tests.connectors.jira.world import STATUS_MAP, World


def lines(world: World) -> list[Check]:
    return list(world.connector().check())


def wrong(world: World) -> list[str]:
    return [line.what for line in lines(world) if not line.ok]


def test_a_good_set_up_is_all_right_and_nothing_is_changed(either: World) -> None:
    either.set(JIRA_STATUS_MAP=STATUS_MAP, JIRA_PRIORITY="High", JIRA_LABELS="voc")
    announced = lines(either)
    assert all(line.ok for line in announced), announced
    kind = "Cloud" if either.sandbox.jira.cloud else "Data Center"
    assert kind in announced[0].what
    assert any("signed in as Feedback Bridge" in line.what for line in announced)
    assert either.tickets() == []


def test_wrong_credentials(world: World) -> None:
    world.set(JIRA_API_TOKEN="expired")
    assert "renew JIRA_API_TOKEN" in "\n".join(wrong(world))


def test_a_jira_that_is_away(world: World) -> None:
    world.set(JIRA_URL="http://127.0.0.1:9")
    (announced,) = wrong(world)
    assert "JIRA_URL" in announced


def test_each_project_is_looked_at(world: World) -> None:
    world.set(JIRA_PROJECT="1=PROJ,2=GONE,3=MOBILE")
    (announced,) = wrong(world)
    assert announced == "JIRA_PROJECT: GONE does not exist, or the account may not see it"


def test_permissions(world: World) -> None:
    world.sandbox.jira.permissions -= {"ADD_COMMENTS", "TRANSITION_ISSUES"}
    assert [announced.rpartition(" ")[2] for announced in wrong(world)] == ["ADD_COMMENTS", "TRANSITION_ISSUES"]


def test_the_issue_type(world: World) -> None:
    world.set(JIRA_ISSUE_TYPE="Epic")
    assert wrong(world) == ["JIRA_ISSUE_TYPE: PROJ has no 'Epic' that the account may create; it has Task, Bug, Story"]
    world.set(JIRA_ISSUE_TYPE="10002")
    assert wrong(world) == []


def test_labels_that_are_not_on_the_screen(world: World) -> None:
    world.sandbox.jira.rules.labels_on_screen = False
    (announced,) = wrong(world)
    assert "JIRA_MARKER_FIELD" in announced
    world.set(JIRA_MARKER_FIELD="customfield_10010")
    assert wrong(world) == []
    world.set(JIRA_MARKER_FIELD="customfield_1", JIRA_LABELS="voc", JIRA_FIELDS='{"customfield_2": 1}')
    assert wrong(world) == [
        "JIRA_MARKER_FIELD: customfield_1 is not on the create screen of PROJ",
        "JIRA_FIELDS: customfield_2 is not on the create screen of PROJ",
        "JIRA_LABELS: labels is not on the create screen of PROJ",
    ]


def test_required_fields(world: World) -> None:
    world.sandbox.jira.rules.required_fields = {"customfield_10010"}
    assert wrong(world) == ["project PROJ: the field customfield_10010 (Team) is required: set it in JIRA_FIELDS"]
    world.set(JIRA_FIELDS='{"customfield_10010": "A"}')
    assert wrong(world) == []


def test_a_marker_field_that_can_t_be_searched(world: World) -> None:
    """The same search comes before each new ticket."""
    world.set(JIRA_MARKER_FIELD="customfield_10010")
    body = {"errorMessages": ["The value 'x' does not exist for the field 'cf[10010]'."]}
    world.sandbox.faults.add("status", system="jira", path="search", status=400, body=body)
    (announced,) = wrong(world)
    assert "JIRA_MARKER_FIELD: customfield_10010 can't be searched" in announced


def test_statuses(world: World) -> None:
    world.set(JIRA_STATUS_MAP="RESOLVED=Closed,PENDING=4")
    (announced,) = wrong(world)
    assert announced == (
        "JIRA_STATUS_MAP: RESOLVED is carried to 'Closed', but PROJ has only To Do, In Progress, In Review, Done"
    )


def test_a_data_center_type_at_cloud(world: World) -> None:
    world.set(JIRA_TYPE="datacenter")
    assert "JIRA_TYPE: this is Jira Cloud; leave it at auto" in wrong(world)


def test_an_error_in_the_middle_is_reported(world: World) -> None:
    world.sandbox.faults.add("status", system="jira", path="mypermissions", status=500)
    (announced,) = wrong(world)
    assert announced.startswith("Jira project PROJ: Jira answered 500")

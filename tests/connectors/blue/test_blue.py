"""What is Blue's own: two generations of names, errors with status 200, lists and `done`, tags, HTML, record ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from bridge.environment import ConfigError
from bridge.settings import KeyMap, load
from connectors.base import Done, Failed, Outcome, Retry, Skipped, Tools
from connectors.blue import SPEC
from connectors.blue.markup import MARKUP, as_html, as_text
from connectors.blue.settings import Settings
from connectors.tickets.graphql import literal
from sources.abc.client import AbcClient
from tests.connectors.blue.contract import variables
from tests.connectors.blue.world import FIRST, BlueWorld
from tools.sandbox.blue import ME, ORG_ID, PERSON, TOKEN_SECRET, WORKSPACE_ID
from tools.sandbox.server import running

BASE = variables("https://blue.test")


@pytest.fixture
def world() -> Iterator[BlueWorld]:
    with running() as sandbox:
        yield BlueWorld(sandbox, variables(sandbox.url))


def result(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    return dict(outcome.result)


def wrong(world: BlueWorld) -> list[str]:
    return [check.what for check in world.connector().check() if not check.ok]


def answered(world: BlueWorld, code: str, field: str = "createTodo", **more: Any) -> None:
    """The next request for this field is answered with an error, and status 200."""
    body = {"errors": [{"message": code, "extensions": {"code": code}, **more}], "data": None}
    world.sandbox.faults.add("status", system="blue", path=f"/{field}$", status=200, body=body)


def test_a_record_has_title_html_labels_and_the_marker_as_a_tag(world: BlueWorld) -> None:
    world.set(BLUE_LABELS="voc")
    issue = world.issue("결제가 안 돼요", description="<b>@mina</b>\nnext")
    made = {"ticket": f"app/{FIRST}", "created": True, "external_id": FIRST, "status": "Inbox"}
    assert result(world.created(issue)) == made
    record = world.row()
    assert (record.title, record.tags, record.inside.title) == ("결제가 안 돼요", ["voc", world.marker(issue)], "Inbox")
    assert record.html == (
        "<p>&lt;b&gt;@\u200bmina&lt;/b&gt;<br>\nnext<br>\n<br>\n"
        f"From ABC User Feedback: project Demo project, issue {issue.id}</p>"
    )


def test_a_feedback_is_a_quotation_in_html_and_in_text(world: BlueWorld) -> None:
    issue, feedback = world.issue(), world.feedback(message="a < b\n& c")
    world.added(feedback, issue)
    (comment,) = world.row().comments
    assert comment["html"] == (
        f"<p>Feedback {feedback} (App reviews)<br>\n<blockquote>a &lt; b<br>\n&amp; c</blockquote><br>\n"
        f"{world.feedback_marker(feedback)}</p>"
    )
    assert comment["text"] == (f"Feedback {feedback} (App reviews)\na < b\n& c\n{world.feedback_marker(feedback)}")


def test_the_newer_names_are_used_where_they_exist_and_asked_for_again_when_they_change(world: BlueWorld) -> None:
    world.created(world.issue())
    world.sandbox.blue.newer = True
    issue, context = world.issue("second"), world.context()
    outcome = world.created(issue, context)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, "GRAPHQL_VALIDATION_FAILED" in outcome.why) == ("server_error", True)
    assert result(world.created(issue, context.next_attempt()))["created"] is True
    assert world.made() == 2


def test_an_api_without_a_known_operation_is_reported(world: BlueWorld) -> None:
    none: dict[str, Any] = {"data": {"__schema": {"queryType": {"fields": []}, "mutationType": {"fields": []}}}}
    world.sandbox.faults.add("status", system="blue", path="/__schema$", status=200, body=none)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, "has no operation" in outcome.why) == ("config", True)


@pytest.mark.parametrize(
    ("code", "reason", "why"),
    [
        ("UNAUTHENTICATED", "auth", "renew BLUE_TOKEN_ID and BLUE_TOKEN_SECRET"),
        ("FORBIDDEN", "auth", "lacks a permission in BLUE_WORKSPACE"),
        ("TODO_LIST_NOT_FOUND", "not_found", "BLUE_LIST is wrong"),
        ("PROJECT_NOT_FOUND", "not_found", "BLUE_WORKSPACE is wrong"),
        ("COMPANY_NOT_FOUND", "not_found", "BLUE_ORG is wrong"),
        ("PROJECT_NOT_ACTIVE", "client_error", "archived"),
        ("PLAN_LIMIT_REACHED", "quota", "PLAN_LIMIT_REACHED"),
        ("BAD_USER_INPUT", "client_error", "BAD_USER_INPUT"),
        ("ZQmyopinionQZ", "client_error", "no code"),
    ],
)
def test_an_error_with_status_200_is_final(world: BlueWorld, code: str, reason: str, why: str) -> None:
    answered(world, code)
    issue, context = world.issue(), world.context()
    outcome = world.created(issue, context)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, why in outcome.why) == (reason, True)
    assert "ZQmyopinionQZ" not in outcome.why
    assert result(world.created(issue, context.next_attempt()))["created"] is True, "it was refused: no wait"


@pytest.mark.parametrize(
    "error",
    [
        {"extensions": {"code": "RATE_LIMITED"}},
        {"message": "You are trying to access 'createTodo' too often: rate limit exceeded"},
        {"extensions": {"code": "PLAN_LIMIT_REACHED", "data": {"kind": "rate_limited"}}},
    ],
    ids=["code", "message", "plan"],
)
def test_a_rate_limit_with_status_200_is_waited_for(world: BlueWorld, error: dict[str, Any]) -> None:
    world.sandbox.faults.add("status", system="blue", path="/createTodo$", status=200, body={"errors": [error]})
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 60)


def test_a_rate_limit_in_plain_json_names_the_time(world: BlueWorld) -> None:
    world.sandbox.blue.requests_left = 0
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 12)


def test_more_bulk_changes_than_blue_takes_are_waited_for(world: BlueWorld) -> None:
    world.sandbox.blue.bulk.most = 0
    outcome = world.created(world.issue(status="RESOLVED"))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "rate_limited"


@pytest.mark.parametrize("more", [{}, {"path": ["createTodo", "tags"]}], ids=["internal", "below the field"])
def test_a_create_that_may_have_been_carried_out_is_looked_for(world: BlueWorld, more: dict[str, Any]) -> None:
    """Blue made the record, and then could not answer."""
    issue, context = world.issue(), world.context()
    answered(world, "FORBIDDEN" if more else "INTERNAL_SERVER_ERROR", **more)
    assert isinstance(world.created(issue, context), Retry | Failed)
    waiting = world.created(issue, context.next_attempt(later=10))
    assert isinstance(waiting, Retry)
    assert waiting.reason == "not_yet"
    tag = {"title": world.marker(issue)}
    world.sandbox.blue.create(world.workspace(), {"title": "Payment fails", "tags": [tag]}, ME)
    assert result(world.created(issue, context.next_attempt(later=20)))["created"] is False
    assert world.made() == 1


def test_a_result_with_an_error_beside_it_counts(world: BlueWorld) -> None:
    issue = world.issue()
    world.created(issue)
    there = {"id": "cllist0", "title": "Inbox", "project": {"id": WORKSPACE_ID, "slug": "app"}}
    record = {"id": FIRST, "done": False, "createdAt": "", "createdBy": ME, "tags": [], "todoList": there}
    body = {"data": {"todo": record}, "errors": [{"message": "x", "path": ["todo", "cover"]}]}
    world.sandbox.faults.add("status", system="blue", path="/todo$", status=200, body=body)
    assert result(world.status_changed(issue))["ticket"] == f"app/{FIRST}"


def test_lists_and_done(world: BlueWorld) -> None:
    world.set(BLUE_STATUS_MAP="INIT=Inbox,IN_PROGRESS=in progress,RESOLVED=done,PENDING=Closed")
    issue = world.issue()
    world.created(issue)
    for status, shown, inside, done in (
        ("IN_PROGRESS", "In Progress", "In Progress", False),
        ("RESOLVED", "done", "In Progress", True),
        ("RESOLVED", "done", "In Progress", True),
        ("PENDING", "Closed", "Closed", False),
        ("RESOLVED", "done", "Closed", True),
        ("PENDING", "Closed", "Closed", False),
    ):
        world.sandbox.abc.set_status(issue.id, status)
        assert result(world.status_changed(issue))["status"] == shown
        assert (world.row().inside.title, world.row().done) == (inside, done)


def test_a_status_without_a_list_and_one_that_the_role_forbids_are_commented_once(world: BlueWorld) -> None:
    world.set(BLUE_STATUS_MAP="RESOLVED=Gone,PENDING=done")
    world.workspace().may_mark_done = False
    issue = world.issue()
    world.created(issue)
    for status, why in (("RESOLVED", "has no list 'Gone'"), ("PENDING", "may not allow this change")):
        world.sandbox.abc.set_status(issue.id, status)
        for _ in range(2):
            assert why in result(world.status_changed(issue))["warning"]
    assert len(world.bodies()) == 2


def test_each_abc_project_has_its_list(world: BlueWorld) -> None:
    world.set(BLUE_WORKSPACE="1=app,2=app", BLUE_LIST="1=Closed,2=Inbox", BLUE_STATUS_MAP="")
    world.created(world.issue())
    assert world.row().inside.title == "Closed"
    world.set(BLUE_LIST="Gone")
    outcome = world.created(world.issue("third"))
    assert outcome == Failed("BLUE_LIST: the workspace app has no list 'Gone'", "config")


@pytest.mark.parametrize("name", ["app", WORKSPACE_ID])
def test_a_workspace_goes_by_its_id_or_its_slug(world: BlueWorld, name: str) -> None:
    world.set(BLUE_WORKSPACE=name, BLUE_ORG=ORG_ID)
    issue = world.issue()
    assert result(world.created(issue))["ticket"] == f"{name}/{FIRST}"
    world.wipe()
    assert result(world.status_changed(issue))["ticket"] == f"{name}/{FIRST}"


def test_a_record_with_another_id_after_a_move_is_found_by_its_tag(world: BlueWorld) -> None:
    """In the older API a move between lists makes a copy."""
    issue = world.issue()
    world.created(issue)
    moved = world.sandbox.blue.move(FIRST, world.workspace().lists[1], copied=True)
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    found = result(world.status_changed(issue))
    assert (found["ticket"], found["moved_from"], found["status"]) == (f"app/{moved.id}", f"app/{FIRST}", "done")
    assert world.links.get("abc:issue:1:1")["id"] == moved.id
    assert world.made() == 1


def test_a_record_in_another_workspace_is_followed(world: BlueWorld) -> None:
    issue = world.issue()
    world.created(issue)
    world.sandbox.blue.move(FIRST, world.workspace("web").lists[0])
    world.sandbox.abc.set_status(issue.id, "RESOLVED")
    assert result(world.status_changed(issue))["status"] == "done"
    assert world.links.get("abc:issue:1:1")["key"] == f"web/{FIRST}"


def test_another_workspace_s_record_is_left_alone(world: BlueWorld) -> None:
    issue = world.issue(status="RESOLVED")
    other = world.sandbox.blue.create(world.workspace("web"), {"title": "by hand"})
    world.sandbox.abc.issues[issue.id].externalIssueId = other.id
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Skipped)
    assert "is not in the Blue workspace app" in outcome.why
    assert not other.done


@pytest.mark.parametrize("external_id", ["12", "PROJ-123", "acme/app#12"])
def test_a_number_of_another_system_names_no_record(world: BlueWorld, external_id: str) -> None:
    issue = world.issue()
    world.sandbox.abc.issues[issue.id].externalIssueId = external_id
    outcome = world.status_changed(issue)
    assert isinstance(outcome, Skipped)
    assert "names no Blue ticket" in outcome.why


def test_a_tag_by_somebody_else_is_no_marker_of_ours(world: BlueWorld) -> None:
    issue, blue = world.issue(), world.sandbox.blue
    blue.create(world.workspace(), {"title": "mine", "tags": [{"title": world.marker(issue)}]}, PERSON)
    made = result(world.created(issue))
    assert (made["created"], "made by another account" in made["warning"]) == (True, True)
    world.set(BLUE_FORMER_ACCOUNTS=PERSON["id"])
    world.wipe()
    world.sandbox.abc.issues[issue.id].externalIssueId = None
    assert result(world.created(issue))["ticket"] == f"app/{FIRST}"


def test_a_done_record_is_found_and_one_among_many_too(world: BlueWorld) -> None:
    issue, blue = world.issue(), world.sandbox.blue
    tag = {"title": world.marker(issue)}
    for _ in range(120):
        blue.create(world.workspace(), {"title": "copy", "tags": [tag]}, PERSON)
    mine = blue.create(world.workspace(), {"title": "x", "tags": [tag]}, ME)
    mine.done = True
    assert result(world.created(issue))["ticket"] == f"app/{mine.id}"


def test_a_comment_is_found_among_many(world: BlueWorld) -> None:
    issue, feedback = world.issue(), world.feedback()
    world.added(feedback, issue)
    for number in range(120):
        world.sandbox.blue.comment(world.row(), f"<p>{number}</p>", str(number))
    assert result(world.added(feedback, issue))["comment"] == "already exists"


def test_a_long_text_is_cut_between_entities_and_tags(world: BlueWorld) -> None:
    issue = world.issue()
    issue.name, issue.description = "x" * 300, "<&\n" * 30_000
    world.created(issue)
    assert len(world.row().title) == 255
    assert len(world.row().html.encode()) < 65_536
    assert result(world.added(world.feedback(message="&<\n" * 30_000), issue))["comment"] == "added"


@given(st.text(alphabet=st.sampled_from("a<>&\"'@\n가👍"), max_size=60), st.integers(40, 90))
def test_cut_html_holds_no_half_of_an_entity_or_tag(text: str, room: int) -> None:
    for made in (MARKUP.cut(MARKUP.literal(text), room), MARKUP.quote(MARKUP.literal(text), room)):
        assert MARKUP.units(made) <= room
        left = made.replace("<br>", "").replace("<blockquote>", "").replace("</blockquote>", "")
        assert "<" not in left
        for entity in ("&amp;", "&lt;", "&gt;", "&quot;", "&#x27;"):
            left = left.replace(entity, "")
        assert "&" not in left


@given(st.text(max_size=60))
def test_a_comment_in_text_is_what_the_person_wrote(text: str) -> None:
    plain = MARKUP.literal(text)
    assert as_text(as_html(plain)).replace("\u200b", "") == as_text(plain).replace("\u200b", "")
    assert "<script" not in as_html(MARKUP.literal(f"<script>{text}"))


@given(st.recursive(st.text() | st.booleans() | st.integers(-999, 999), lambda one: st.lists(one, max_size=3)))
def test_any_value_is_one_literal_of_graphql(value: Any) -> None:
    """A text can't end its literal and go on as an operation."""
    definition: Any = parse(f"{{ field(value: {literal(value)}) }}").definitions[0]
    (field,) = definition.selection_set.selections
    (argument,) = field.arguments
    assert plain(argument.value) == value


def plain(node: Any) -> Any:
    if hasattr(node, "values"):
        return [plain(one) for one in node.values]
    return int(node.value) if node.kind == "int_value" else node.value


def test_check_names_what_works(world: BlueWorld) -> None:
    assert [(check.ok, check.is_note, check.what) for check in world.connector().check()] == [
        (True, False, "signed in as Feedback Bridge"),
        (True, False, "BLUE_LIST: app has the list 'Inbox'"),
        (True, True, "app: only the first change shows whether the role may mark records as done"),
    ]
    assert world.tickets() == [], "nothing is changed"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"level": None}, "BLUE_WORKSPACE is wrong, or the account of BLUE_TOKEN_ID is no member"),
        ({"level": "COMMENT_ONLY"}, "the access level of BLUE_TOKEN_ID is COMMENT_ONLY; it needs Member or higher"),
        ({"archived": True}, "the workspace is archived"),
        ({"lists": []}, "BLUE_LIST: app has no list 'Inbox'"),
    ],
)
def test_check_names_what_is_missing(world: BlueWorld, change: dict[str, Any], why: str) -> None:
    world.set(BLUE_STATUS_MAP="RESOLVED=done")
    for name, value in change.items():
        setattr(world.workspace(), name, value)
    (what,) = wrong(world)
    assert why in what


def test_check_names_a_list_of_the_status_map_and_a_wrong_organization(world: BlueWorld) -> None:
    world.set(BLUE_STATUS_MAP="RESOLVED=Gone")
    assert wrong(world) == ["BLUE_STATUS_MAP: app has no list 'Gone'"]
    world.set(BLUE_ORG="other")
    (what,) = wrong(world)
    assert "BLUE_ORG is wrong" in what
    assert TOKEN_SECRET not in what


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"BLUE_WORKSPACE": "my app"}, "BLUE_WORKSPACE: 'my app' is no id or slug of a workspace"),
        (
            {"BLUE_WORKSPACE": "1=a,2=b", "BLUE_LIST": "1=Inbox"},
            "BLUE_LIST: BLUE_WORKSPACE names a workspace for ABC project 2, and this names no list for it",
        ),
        (
            {"BLUE_WORKSPACE": "*=a,2=b", "BLUE_LIST": "1=Inbox,2=Inbox"},
            "BLUE_LIST: BLUE_WORKSPACE names a workspace for the default (*), and this names no list for it",
        ),
        ({"BLUE_LIST": "x=Inbox"}, "BLUE_LIST: 'x' is not an ABC project id"),
        ({"BLUE_ORG": "a b"}, "BLUE_ORG: "),
        ({"BLUE_TOKEN_SECRET": ""}, "BLUE_TOKEN_SECRET: required"),
        ({"BLUE_STATUS_MAP": "GONE=done"}, "BLUE_STATUS_MAP: 'GONE' is not an ABC status"),
    ],
)
def test_a_wrong_variable_is_reported_at_the_start(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(Settings, {**BASE, **changes})
    assert raised.value.problems[0].startswith(problem)


def test_a_burst_of_24_deliveries_passes_within_half_a_minute() -> None:
    """With fewer than the 60 searches a minute that Blue takes."""
    tools = Tools("blue", "test", "en", {"abc": AbcClient("http://abc.test", KeyMap({}))}, 4)
    destination = SPEC.build(load(Settings, BASE), tools).destination(None)  # type: ignore[arg-type]
    assert destination.burst + 30 * destination.per_second >= 24
    assert destination.burst + 60 * destination.per_second < 60

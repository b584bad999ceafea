"""Every answer of Jira's has its outcome, each call is sent once, and no error holds a secret or an address."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest

from bridge.http import NoAnswer
from bridge.settings import load
from connectors.base import Failed, Retry
from connectors.jira.errors import JiraRefusal
from connectors.jira.messages import WITHHELD, known
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings
from tests.connectors.jira.world import World
from tools.sandbox.jira import EMAIL, TOKEN

OUTCOMES = {
    400: (Failed, "client_error"),
    401: (Failed, "auth"),
    402: (Failed, "quota"),
    403: (Failed, "auth"),
    404: (Failed, "not_found"),
    405: (Failed, "client_error"),
    408: (Retry, "timeout"),
    409: (Retry, "server_error"),
    410: (Failed, "not_found"),
    413: (Failed, "client_error"),
    423: (Retry, "server_error"),
    425: (Retry, "server_error"),
    429: (Retry, "rate_limited"),
    500: (Retry, "server_error"),
    501: (Failed, "server_error"),
    502: (Retry, "server_error"),
    503: (Retry, "server_error"),
    504: (Retry, "server_error"),
}


def clean(why: str, world: World) -> bool:
    return not any(secret in why for secret in (TOKEN, EMAIL, "Basic ", "127.0.0.1", "http://"))


@pytest.mark.parametrize("path", ["search", "/issue$"])
@pytest.mark.parametrize("status", OUTCOMES)
def test_every_status_has_its_outcome_and_is_asked_for_once(world: World, status: int, path: str) -> None:
    issue = world.issue()
    world.sandbox.faults.add(
        "status", system="jira", path=path, status=status, times=None, body=f"<html>{TOKEN}</html>"
    )
    outcome = world.created(issue)
    kind, reason = OUTCOMES[status]
    assert isinstance(outcome, Failed | Retry)
    assert (type(outcome), outcome.reason) == (kind, reason)
    assert clean(outcome.why, world), outcome.why
    assert len([fired for fired in world.sandbox.faults.fired if fired["kind"] == "status"]) == 1
    assert world.tickets() == []


def test_retry_after_and_the_limit_s_name_are_kept(world: World) -> None:
    headers = {"Retry-After": "17", "RateLimit-Reason": "jira-quota-tenant-based"}
    world.sandbox.faults.add("status", system="jira", status=429, headers=headers)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert outcome.after == 17
    assert "jira-quota-tenant-based" in outcome.why


@pytest.mark.parametrize("what", ["JIRA_API_TOKEN", "JIRA_PAT"])
def test_wrong_credentials_are_named_with_their_variable(world: World, datacenter: World, what: str) -> None:
    place = world if what == "JIRA_API_TOKEN" else datacenter
    place.set(**{what: "expired-and-wrong"})
    outcome = place.created(place.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert what in outcome.why
    assert "expired-and-wrong" not in outcome.why


def test_a_missing_permission_is_reported(world: World) -> None:
    world.sandbox.jira.permissions.discard("CREATE_ISSUES")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert "permission to create issues" in outcome.why


def test_jira_away_is_retried_and_nothing_is_taken_for_sent(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    issue = world.issue()
    world.set(JIRA_URL=f"http://127.0.0.1:{port}", JIRA_TYPE="cloud")
    outcome = world.created(issue)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert clean(outcome.why, world)
    assert world.links.get("abc:issue:1:1") == {}


def test_a_broken_connection_before_the_create_is_no_ambiguity(world: World) -> None:
    world.sandbox.faults.add("drop_before", system="jira", path="search")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "network"
    assert world.links.get("abc:issue:1:1") == {}


def test_a_time_out_of_the_create_is_ambiguous(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.http.adapter.READ_SECONDS", 0.3)
    world.sandbox.faults.add("hang", system="jira", method="POST", path="/issue$")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"
    assert "intent" in world.links.get("abc:issue:1:1")


@pytest.mark.parametrize("body", ["<html>Log in</html>", "", {"id": "1"}, ["?"]])
def test_a_page_in_place_of_jira_s_answer_to_a_create_is_ambiguous(world: World, body: object) -> None:
    world.sandbox.faults.add("status", system="jira", method="POST", path="/issue$", status=200, body=body)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ambiguous"


def test_a_redirect_is_not_followed(world: World) -> None:
    world.sandbox.faults.add("status", system="jira", status=302, headers={"Location": f"{world.sandbox.url}/else"})
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "JIRA_URL" in outcome.why


def test_the_wrong_jira_type_is_reported(world: World) -> None:
    world.set(JIRA_TYPE="datacenter")
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert "JIRA_TYPE" in outcome.why


def test_an_error_of_abc_is_abc_s(world: World) -> None:
    issue = world.issue()
    world.sandbox.faults.add("status", system="abc", status=403)
    outcome = world.created(issue)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert world.tickets() == []


@pytest.mark.parametrize("marker_field", ["", "customfield_10010"])
def test_a_jira_project_that_does_not_exist_is_named_with_its_variable(either: World, marker_field: str) -> None:
    either.set(JIRA_PROJECT="NOPE", JIRA_MARKER_FIELD=marker_field)
    outcome = either.created(either.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "JIRA_PROJECT: NOPE does not exist" in outcome.why
    assert ("JIRA_MARKER_FIELD" in outcome.why) is bool(marker_field)


def test_building_sends_no_request_and_asking_sends_one(world: World) -> None:
    seen = world.requests()
    port = JiraPort(load(Settings, world.variables), pool=4)
    assert world.sandbox.faults.fired == []
    assert port.is_cloud
    assert port.is_cloud
    assert seen() == ["GET /jira/rest/api/2/serverInfo"]


def test_the_port_s_errors_carry_jira_s_messages(world: World) -> None:
    port = JiraPort(load(Settings, world.variables), pool=4)
    with pytest.raises(JiraRefusal, match="Specify a valid issue type") as caught:
        port.create_ticket({"project": {"key": "PROJ"}, "issuetype": {"name": "Epic"}, "summary": "x"})
    assert caught.value.fields == {"issuetype": "Specify a valid issue type"}
    world.sandbox.faults.add("status", system="jira", status=200, body="<html>")
    with pytest.raises(NoAnswer, match="JIRA_URL"):
        port.ticket("PROJ-1")


SECRETS = ["my account is 4711", TOKEN[:8], "<b>Zugang</b>", "\ud83d", "it\n is required."]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
def test_nothing_that_may_quote_people_or_credentials_is_passed_on(world: World, status: int) -> None:
    """A validator, an app or a proxy may answer with anything: the ticket's text, the token, a page."""
    issue = world.issue()
    headers = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=http://127.0.0.1/login"}
    for secret, body in [(each, body) for each in SECRETS for body in bodies_with(each)]:
        world.wipe()
        world.sandbox.faults.add(
            "status", system="jira", method="POST", path="/issue$", status=status, body=body, headers=headers
        )
        outcome = world.created(issue)
        assert isinstance(outcome, Failed | Retry)
        assert f"{status}" in outcome.why or status == 400
        assert secret not in outcome.why
        assert clean(outcome.why, world)


def bodies_with(secret: str) -> list[object]:
    return [
        {"errorMessages": [f"'{secret}' is not allowed"], "errors": {}},
        {"errors": {"summary": f"{secret}: too rude"}},
        {"errors": {secret: "x", "summary": {"a": secret}}},
        {"errorMessage": secret},
        {"message": secret},
        {"errorMessages": [{"x": secret}, None, 5]},
        f"<html>{secret.encode('utf-8', 'replace').decode()}</html>",
    ]


def test_jira_s_own_messages_are_passed_on() -> None:
    for text in (
        "Team is required.",
        "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.",
        "Specify a valid issue type",
        "You do not have permission to create issues in this project.",
    ):
        assert known(text) == text
    assert known("The summary 'my account' is bad") == WITHHELD
    assert known(None) == known("") == ""
    assert known("x" * 10_000_000 + " is required.") == WITHHELD


@pytest.mark.parametrize("body", [None, [], 5, "x", {"errorMessages": None}, {"errorMessages": 7, "errors": []}])
def test_a_refusal_of_an_odd_shape_keeps_its_status(world: World, body: object) -> None:
    """Without its status a refused create would count as one that may have been done."""
    world.sandbox.faults.add("status", system="jira", method="POST", path="/issue$", status=400, body=json.dumps(body))
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert outcome.reason == "client_error"
    assert "intent" not in world.links.get("abc:issue:1:1")


def test_advice_comes_before_jira_s_messages(world: World) -> None:
    """They may be long, and what is kept of an outcome is not."""
    body = {"errorMessages": ["You do not have permission to create issues in this project."] * 50}
    world.sandbox.faults.add("status", system="jira", path="/issue$", status=403, body=body)
    outcome = world.created(world.issue())
    assert isinstance(outcome, Failed)
    assert "permission" in outcome.why[:200]


def test_an_answer_that_trickles_in_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each single read is in time, the whole never ends."""
    monkeypatch.setattr("bridge.http.adapter.TOTAL_SECONDS", 0.3)
    stop = threading.Event()

    def trickle(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            while not stop.wait(0.02):
                connection.sendall(b"1\r\n \r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        world.set(JIRA_URL=f"http://127.0.0.1:{server.getsockname()[1]}")
        outcome = world.created(world.issue())
        stop.set()
        thread.join()
    assert isinstance(outcome, Retry)
    assert outcome.reason == "timeout"

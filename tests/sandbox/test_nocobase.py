"""The stand-in for NocoBase refuses what NocoBase refuses, and finds and creates records as its API does."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tools.sandbox.app import Sandbox
from tools.sandbox.nocobase import API_KEY, COLLECTION, PASSWORD, SECRET, USER, WEBHOOK_PATH
from tools.sandbox.receiver import hub_signature

BASIC = (USER, PASSWORD)
BEARER = {"Authorization": f"Bearer {API_KEY}"}


def trigger(sandbox: Sandbox, path: str = WEBHOOK_PATH, **options: Any) -> requests.Response:
    options = {"json": {"id": 1}, "auth": BASIC, "method": "POST", **options}
    return requests.request(url=f"{sandbox.url}/nocobase/{path}", timeout=5, **options)


def act(sandbox: Sandbox, action: str, headers: dict[str, str] | None = None, **options: Any) -> tuple[int, Any]:
    method = "GET" if action.partition("?")[0] == "list" else "POST"
    url = f"{sandbox.url}/nocobase/api/{options.pop('collection', COLLECTION)}:{action}"
    answer = requests.request(method, url, headers=BEARER if headers is None else headers, timeout=5, **options)
    body = answer.json()
    return answer.status_code, body["data"] if answer.ok else body["errors"][0]


# The trigger


def test_an_asynchronous_workflow_answers_ok(sandbox: Sandbox) -> None:
    answer = trigger(sandbox, headers={"webhook-id": "a"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert sandbox.nocobase.runs == {"a": {"id": 1}}


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"method": "GET"}, 405),
        ({"method": "PUT"}, 405),
        ({"auth": None}, 401),
        ({"auth": (USER, "wrong")}, 401),
        ({"path": "api/webhook:trigger/another"}, 404),
        ({"json": None, "data": {"id": 1}}, 400),
        ({"json": [1]}, 400),
    ],
    ids=str,
)
def test_what_the_trigger_does_not_take(sandbox: Sandbox, options: dict[str, Any], status: int) -> None:
    assert trigger(sandbox, **options).status_code == status
    assert sandbox.nocobase.runs == {}


def test_a_workflow_that_is_off_is_not_found(sandbox: Sandbox) -> None:
    sandbox.nocobase.active = False
    assert trigger(sandbox).status_code == 404


def test_a_script_that_checks_the_signature_fails_the_workflow(sandbox: Sandbox) -> None:
    sandbox.nocobase.secret = SECRET
    assert trigger(sandbox).status_code == 500
    signed = hub_signature(SECRET, b'{"id":1}')
    assert trigger(sandbox, headers={"x-hub-signature-256": signed}).status_code == 200


# The REST API


@pytest.mark.parametrize(
    ("headers", "code"), [({}, "EMPTY_TOKEN"), ({"Authorization": "Bearer no"}, "INVALID_TOKEN")], ids=["none", "wrong"]
)
def test_a_key_is_needed(sandbox: Sandbox, headers: dict[str, str], code: str) -> None:
    status, error = act(sandbox, "list", headers)
    assert (status, error["code"]) == (401, code)


def test_a_record_is_created_once_by_its_key(sandbox: Sandbox) -> None:
    record = {"bridge_id": "a", "title": "로그인 오류", "unknown": 1}
    made = {"id": 1, "bridge_id": "a", "title": "로그인 오류", "status": None, "rating": None}
    first = "firstOrCreate?filterKeys[]=bridge_id"
    assert act(sandbox, first, json=record) == (200, made)
    assert act(sandbox, first, json={**record, "title": "other"}) == (200, made), "it stays as it is"
    update = "updateOrCreate?filterKeys[]=bridge_id"
    assert act(sandbox, update, json={"bridge_id": "a", "title": "other"})[1]["title"] == "other"
    assert act(sandbox, first, json={"bridge_id": "b"})[1]["id"] == 2


def test_a_unique_column_refuses_a_second_one(sandbox: Sandbox) -> None:
    assert act(sandbox, "create", json={"bridge_id": "a"})[0] == 200
    status, error = act(sandbox, "create", json={"bridge_id": "a"})
    assert (status, error["message"]) == (400, "bridge_id must be unique")


def test_a_list_is_filtered(sandbox: Sandbox) -> None:
    for name in ("a", "b"):
        act(sandbox, "create", json={"bridge_id": name})
    found = act(sandbox, "list", params={"filter": json.dumps({"bridge_id": {"$eq": "b"}}), "pageSize": "1"})
    assert [record["id"] for record in found[1]] == [2]
    assert len(act(sandbox, "list", params={"pageSize": "1"})[1]) == 1


@pytest.mark.parametrize(
    ("action", "options", "status"),
    [
        ("list", {"params": {"filter": '{"other": {"$eq": "b"}}'}}, 400),
        ("firstOrCreate?filterKeys[]=other", {"json": {"other": "b"}}, 400),
        ("create", {"json": [1]}, 400),
        ("destroyAll", {"json": {}}, 404),
        ("list", {"collection": "other"}, 404),
    ],
    ids=str,
)
def test_what_the_api_refuses(sandbox: Sandbox, action: str, options: dict[str, Any], status: int) -> None:
    assert act(sandbox, action, **options)[0] == status
    assert sandbox.nocobase.records == []


def test_a_role_may_not_create(sandbox: Sandbox) -> None:
    sandbox.nocobase.may_create = False
    assert act(sandbox, "create", json={"bridge_id": "a"}) == (403, {"message": "No permissions"})
    assert act(sandbox, "list") == (200, [])

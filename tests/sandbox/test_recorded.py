"""The stand-in for ABC User Feedback answers as the real server was recorded answering (release 8.2617.111)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import requests

from tests.sandbox.conftest import Receiver
from tools.sandbox import abc_admin
from tools.sandbox.abc_store import DEMO_KEY, AbcStore, FeedbackRow, IssueRow, now
from tools.sandbox.app import Sandbox

RECORDED = Path(__file__).parent / "recorded"
OTHER_KEY = "OTHERKEYOTHERKEY0001"
KEPT = ("name", "description", "status", "externalIssueId")


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def play(sandbox: Sandbox, request: dict[str, Any]) -> requests.Response:
    body = request["body"]
    data = None
    if isinstance(body, str):
        data = body.encode()
    elif body is not None:
        data = json.dumps(_whole(body)).encode()
    headers = {"Content-Type": "application/json"} if data is not None else {}
    if request["key"] is not None:
        headers["x-api-key"] = request["key"]
    return requests.request(
        request["method"], sandbox.url + "/abc" + request["path"], data=data, headers=headers, timeout=5
    )


def _whole(body: Any) -> Any:
    """Long texts were recorded as `<100000 characters>`."""
    if isinstance(body, dict):
        return {key: _whole(value) for key, value in body.items()}
    match = re.fullmatch(r"<(\d+) characters>", body) if isinstance(body, str) else None
    return "x" * int(match[1]) if match else body


def body_of(response: requests.Response) -> Any:
    return response.json() if response.content else None


def timeless(value: Any) -> Any:
    """Without the times, which differ, but keeping their keys."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(re.sub(r'"(createdAt|updatedAt)": "[^"]*"', r'"\1": ""', text))


def other_project(store: AbcStore) -> None:
    store.create_project("Other", OTHER_KEY)


def put_issue(store: AbcStore, number: int, **values: Any) -> None:
    store.issues[number] = IssueRow(number, 1, now(), now(), **values)


def test_issue_updates(sandbox: Sandbox) -> None:
    """Each of the 30 recorded PUTs: the same status, the same words, the same state afterwards, the same events."""
    store = sandbox.abc
    other_project(store)
    put_issue(store, 30, name="A-67443", description="descr A", status="IN_PROGRESS")
    put_issue(store, 31, name="B-67443", description="descr B", status="ON_REVIEW")
    put_issue(
        store,
        32,
        name="이 이름은 서른 글자를 훨씬 넘는 아주 긴 이슈 이름입니다 정말로요 확인 67443",
        description="",
        externalIssueId="",
    )
    for case in recorded("issue-update"):
        before = sandbox.sender.counts.events
        for key in KEPT if case["before"] and case["request"]["path"].endswith("/30") else ():
            setattr(store.issues[30], key, case["before"][key])
        response = play(sandbox, case["request"])
        assert (response.status_code, body_of(response)) == tuple(case["response"].values()), case["case"]
        if case["after"] and case["request"]["path"].endswith("/30"):
            stored = {key: getattr(store.issues[30], key) for key in KEPT}
            assert stored == {key: case["after"][key] for key in KEPT}, case["case"]
        assert sandbox.sender.counts.events - before == len(case["webhooks"]), case["case"]


def test_feedback_updates(sandbox: Sandbox) -> None:
    """Each of the 37 recorded calls: the same status, the same words, the same feedback afterwards."""
    store = sandbox.abc
    other_project(store)
    store.create_channel(1, "Second")
    third = store.create_channel(1, "Third")
    store.add_field(third, "off", "text").status = "INACTIVE"
    store.add_field(third, "other", "text")
    data = {"message": "원문 메시지", "note": "keep me", "rating": 3, "tags": ["bug", "ui"], "device": "ios"}
    store.feedbacks[225] = FeedbackRow(225, 1, now(), now(), data)
    for case in recorded("feedback-update"):
        response = play(sandbox, case["request"])
        assert response.status_code == case["response"]["status"], case["case"]
        assert timeless(body_of(response)) == timeless(case["response"]["body"]), case["case"]
        if case["after"]:
            stored = store.feedback_answer(store.feedbacks[225])
            assert timeless(_short(stored)) == timeless(case["after"]), case["case"]


def _short(feedback: dict[str, Any]) -> dict[str, Any]:
    return {
        key: f"<{len(value)} characters>" if isinstance(value, str) and len(value) > 1000 else value
        for key, value in feedback.items()
    }


def test_searches_and_reads(sandbox: Sandbox) -> None:
    """The status of each recorded read, and the words of each refusal."""
    store = sandbox.abc
    other_project(store)
    for number in range(1, 4):
        put_issue(store, number, name=f"issue {number}")
    store.feedbacks[1] = FeedbackRow(1, 1, now(), now(), {"message": "x"})
    for case in recorded("search"):
        response = play(sandbox, case["request"])
        assert response.status_code == case["response"]["status"], case["case"]
        if response.status_code >= 400:
            assert body_of(response) == case["response"]["body"], case["case"]


def test_creations_and_their_events(sandbox: Sandbox, receiver: Receiver) -> None:
    """Played in order on an empty server: the same ids, the same refusals, the same webhooks, byte for byte but for
    the times."""
    sandbox.sender.subscribe(receiver.url, "dummy-webhook-token-0001")
    for case in recorded("webhooks"):
        receiver.received.clear()
        for call in case["calls"]:
            if "/admin/" in call["request"]["path"]:
                sandbox.abc.update_issue(3, call["request"]["body"])
                continue
            response = play(sandbox, call["request"])
            assert (response.status_code, body_of(response)) == tuple(call["response"].values()), case["case"]
        assert sandbox.sender.wait_idle(10)
        events = sorted((timeless(got.event) for got in receiver.received), key=_name_and_id)
        expected = sorted((timeless(event) for event in case["webhooks"]), key=_name_and_id)
        assert events == expected, case["case"]
        assert [list(_flat(event)) for event in events] == [list(_flat(event)) for event in expected], case["case"]


def _name_and_id(event: dict[str, Any]) -> tuple[str, int]:
    about = event["data"].get("issue") or event["data"]["feedback"]
    return event["event"], about["id"]


def _flat(value: Any, at: str = "") -> Any:
    """Every key with the way to it: their order counts."""
    for key, item in value.items():
        yield f"{at}.{key}"
        if isinstance(item, dict):
            yield from _flat(item, f"{at}.{key}")


def test_the_admin_api(sandbox: Sandbox) -> None:
    """Each recorded call about sign-in and webhooks: the same status, the same words, the same rows."""
    url = f"{sandbox.url}/abc"
    signed_in = requests.post(
        f"{url}/api/admin/auth/signIn/email",
        json={"email": abc_admin.EMAIL, "password": abc_admin.PASSWORD},
        timeout=5,
    ).json()["accessToken"]
    for case in recorded("admin"):
        request = case["request"]
        headers = {"Authorization": f"Bearer {signed_in}"} if request["signedIn"] else {"x-api-key": DEMO_KEY}
        response = requests.request(
            request["method"], url + request["path"], json=request["body"], headers=headers, timeout=5
        )
        assert response.status_code == case["response"]["status"], case["case"]
        assert stable(body_of(response)) == stable(case["response"]["body"]), case["case"]


def stable(value: Any) -> Any:
    """Without the times and the tokens of a sign-in, which differ, and without the ids of a webhook's events: some were
    recorded after others had been made."""
    if isinstance(value, dict):
        return {
            key: "" if key in ("createdAt", "updatedAt", "accessToken", "refreshToken") else stable(part)
            for key, part in value.items()
            if not (key == "id" and "type" in value)
        }
    if isinstance(value, list):  # webhooks come in no certain order
        return sorted(
            (stable(part) for part in value),
            key=lambda part: str(part.get("id") or part) if isinstance(part, dict) else part,
        )
    return value

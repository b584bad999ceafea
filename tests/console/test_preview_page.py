"""The preview in the console: what `flask preview` shows, and no file of the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.browser import Browser, visible
from tests.jobs.world import World, status_event


def test_a_sample(operator: Browser) -> None:
    answer = operator.submit("/tools", "/tools/preview", event="ISSUE_STATUS_CHANGE", connector="slack")
    text = visible(answer.text)
    assert answer.status_code == 200
    assert "This would be sent." in text
    assert "#feedback" in text
    assert "xoxb-of-the-tests" not in answer.text
    assert "Previewed ISSUE_STATUS_CHANGE slack" in visible(operator.get("/audit").text)


def test_a_stored_event(operator: Browser, world: World) -> None:
    event = world.accept(status_event(3, 1)).event_id
    answer = operator.submit(f"/events/{event}", "/tools/preview", connector="slack")
    assert (answer.status_code, "This would be sent." in answer.text) == (200, True), visible(answer.text)


def test_a_secret_in_an_event_is_masked(operator: Browser, world: World) -> None:
    body = status_event(3, 1)
    body["data"]["issue"]["name"] = "xoxb-of-the-tests"
    event = world.accept(body).event_id
    answer = operator.submit(f"/events/{event}", "/tools/preview", connector="slack")
    assert "This would be sent." in answer.text
    assert "xoxb-of-the-tests" not in answer.text


@pytest.mark.parametrize(
    ("event", "connector"),
    [("f" * 20, "slack"), ("NOTHING", "slack"), ("", "slack"), ("ISSUE_CREATION", "nothing"), ("ISSUE_CREATION", "")],
)
def test_what_there_is_no_preview_of(operator: Browser, event: str, connector: str) -> None:
    answer = operator.submit("/tools", "/tools/preview", event=event, connector=connector)
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)


def test_no_file_of_the_server_is_read(operator: Browser, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"event": "ISSUE_CREATION", "planted": 1}')
    answer = operator.submit("/tools", "/tools/preview", event=str(file), connector="slack")
    assert answer.status_code == 400
    assert "planted" not in answer.text

"""An operator's own text of an alert: what it sees, what it can't do, and how a mistake is reported."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.environment import ConfigError
from connectors.alerts.flow import AlertConnector
from connectors.base import Done, Failed, Outcome, Preview, Skipped
from console.previewing import NoLinks
from sources.abc.models import AbcEvent, Issue, Named
from sources.base import Event, Subject
from tests.connectors.context import MemoryContext
from tests.connectors.jandi.world import build, deliver
from tools.sandbox.app import Sandbox


def changed(name: str = "Cannot log in") -> Event:
    data: dict[str, Any] = {
        "project": {"id": 1, "name": "My Project"},
        "issue": {"id": 3, "name": name, "status": "RESOLVED"},
        "previousStatus": "INIT",
    }
    issue, project = Issue(**data["issue"], externalIssueId="12"), Named(**data["project"])
    return AbcEvent(
        source="abc",
        id="e1",
        name="ISSUE_STATUS_CHANGE",
        subject=Subject("abc", "issue", 1, 3),
        occurred=0.0,
        body={"data": data},
        project=project,
        issue=issue,
        previous_status="INIT",
    )


def posted(sandbox: Sandbox, template: str, event: Event) -> tuple[Outcome, list[str]]:
    connector = build(sandbox, JANDI_TEMPLATE=template, JANDI_TICKET_URL="https://tracker.example/{id}")
    outcome = deliver(connector, MemoryContext(), event)
    return outcome, [message.body for message in sandbox.jandi.messages]


def test_a_template_replaces_the_whole_message(sandbox: Sandbox) -> None:
    template = r"[{{ project.name }}] {{ text }}\n{{ previousStatus }} {{ ticket.label }} {{ ticket.url }}"
    sentence = 'The status of issue "Cannot log in" changed from New to Resolved.'
    text = f"[My Project] {sentence}\nINIT 12 https://tracker.example/12"
    assert posted(sandbox, template, changed()) == (Done({}), [text])
    (message,) = sandbox.jandi.messages
    assert (message.colour, message.info) == ("#27AE60", [])


def test_what_a_template_inserts_stands_on_one_line_and_is_no_markup(sandbox: Sandbox) -> None:
    hostile = "x\nThe status is Resolved. [[link]](https://evil.example) {{ 7 * 7 }}"
    _, (text,) = posted(sandbox, "{{ issue.name }}", changed(hostile))
    assert "\n" not in text
    assert "]](" not in text
    assert "{{ 7 * 7 }}" in text


def test_what_an_event_does_not_have_is_null(sandbox: Sandbox) -> None:
    event = Event("logto", "e9", "User.Created", Subject("logto", "user", "", "u1"), 0.0, {"name": "kim"})
    template = "{% if issue %}{{ issue.name }}{% else %}{{ event }} {{ data.name }} {{ feedback }}{% endif %}"
    assert posted(sandbox, template, event) == (Done({}), ["User.Created kim"])


def test_an_empty_text_is_no_message(sandbox: Sandbox) -> None:
    empty = Skipped("JANDI_TEMPLATE is empty for this event")
    assert posted(sandbox, "{% if false %}x{% endif %} ", changed()) == (empty, [])


def test_a_template_that_does_not_fit_an_event_is_reported_without_its_text(sandbox: Sandbox) -> None:
    outcome, texts = posted(sandbox, r"{{ text }}\n{{ data.issue.name + 1 }}", changed("secret name"))
    assert outcome == Failed("JANDI_TEMPLATE, line 2: TypeError with the values of this event", "config")
    assert not texts


@pytest.mark.parametrize(
    ("template", "line"),
    [(r"{{ text }}\n{{ isue.name }}", 2), ("{{ text ", 1), ("{{ text|nothing }}", 1)],
)
def test_a_mistake_is_reported_at_the_start(sandbox: Sandbox, template: str, line: int) -> None:
    with pytest.raises(ConfigError, match=rf"JANDI_TEMPLATE.*line {line}"):
        build(sandbox, JANDI_TEMPLATE=template)


def test_a_value_that_an_event_does_not_have_inserts_nothing(sandbox: Sandbox) -> None:
    event = Event("logto", "e9", "User.Created", Subject("logto", "user", "", "u1"), 0.0, {})
    template = "[{{ project.name }}{{ issue.nothing }}{{ data.a.b }}] {{ feedback | tojson }} {{ data.x | tojson }}"
    assert posted(sandbox, template, event) == (Done({}), ["[] null null"])


def test_a_template_is_sandboxed(sandbox: Sandbox) -> None:
    template = "{{ data.issue[data.project.name] }}"
    assert posted(sandbox, template, changed()) == (Skipped("JANDI_TEMPLATE is empty for this event"), [])
    event = Event("logto", "e9", "User.Created", Subject("logto", "user", "", "u1"), 0.0, {"name": "__class__"})
    outcome, _ = posted(sandbox, "{{ text[data.name] }}", event)
    assert outcome == Failed("JANDI_TEMPLATE, line 1: SecurityError with the values of this event", "config")


def gathered(sandbox: Sandbox, *names: str, **variables: Any) -> tuple[list[Outcome | None], list[str]]:
    """Outcomes, and the lines of the digest."""
    connector = build(sandbox, **variables)
    assert isinstance(connector, AlertConnector)
    outcomes = connector.gather([(changed(name), MemoryContext(delivery_id=f"{name}.jandi")) for name in names])
    return outcomes, [line for message in sandbox.jandi.messages for line in message.body.splitlines()[1:]]


def test_the_lines_of_a_digest_have_a_template_of_their_own(sandbox: Sandbox) -> None:
    template = r"{{ previousStatus }}\n{{ issue.name }}{{ 1 // (issue.name != 'odd') }}"
    outcomes, lines = gathered(sandbox, "one", "two\nthree", "odd", JANDI_DIGEST_TEMPLATE=template)
    why = "JANDI_DIGEST_TEMPLATE, line 2: ZeroDivisionError with the values of this event"
    assert outcomes == [Done({}), Done({}), Failed(why, "config")]
    assert lines == ["• INIT one1", "• INIT two three1"]


def test_what_is_no_message_by_itself_is_no_line_of_a_digest(sandbox: Sandbox) -> None:
    template = "{% if issue.name != 'quiet' %}{{ text }}{% endif %}"
    outcomes, lines = gathered(sandbox, "one", "quiet", "two", JANDI_TEMPLATE=template)
    assert outcomes == [Done({}), Skipped("JANDI_TEMPLATE is empty for this event"), Done({})]
    assert len(lines) == 2


def test_a_preview_shows_the_line_of_a_digest(sandbox: Sandbox) -> None:
    connector = build(sandbox, JANDI_DIGEST_TEMPLATE="{{ issue.name }} at {{ ticket.label }}")
    assert isinstance(connector, AlertConnector)
    shown = connector.preview(changed(), NoLinks())
    assert isinstance(shown, Preview)
    assert shown.notes == ("its line in a digest: • Cannot log in at 12",)

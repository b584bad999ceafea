"""The preview of a poster that a plug-in wrote with no more than it needs for posting."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.settings import load
from connectors.alerts.contents import Content
from connectors.alerts.flow import AlertConnector
from connectors.alerts.poster import Marker, Posted, Target
from connectors.base import Check, Preview
from connectors.jandi.settings import JandiSettings
from console.previewing import NoLinks
from tests.connectors.alerts.world import status_change, tools


class Plain:
    system = "Plain"

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        return Posted()

    def check(self) -> Iterator[Check]:
        yield Check(True, "nothing to ask")


def test_a_poster_that_shows_no_message_is_previewed_by_its_texts() -> None:
    settings = load(
        JandiSettings, {"JANDI_WEBHOOK_URL": "https://wh.jandi.com/connect-api/webhook/1/made-up-0123456789"}
    )
    shown = AlertConnector(settings, tools("plain"), Plain()).preview(status_change(), NoLinks())
    assert isinstance(shown, Preview)
    assert shown.content["sentence"] == 'The status of issue "Cannot log in" changed from New to In Progress.'
    assert shown.notes == ("the JSON for Plain is not shown: its poster has no method `message`",)

"""Events of the service itself, as an operator reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.alerts.contents import NO_TICKET, alert
from sources import REGISTRY
from sources.base import Event, Request

AT = "2026-01-02T03:04:05.678Z"


def parsed(body: dict[str, Any]) -> Event:
    found = REGISTRY["bridge"].parse(Request("default", body, json.dumps(body).encode(), {}))
    assert isinstance(found, Event)
    return found


@pytest.mark.parametrize(
    ("body", "en", "ko", "ja"),
    [
        (
            {
                "event": "dead_letter",
                "connector": "jira",
                "reason": "auth",
                "count": 3,
                "why": "JIRA_API_TOKEN: expired",
            },
            "Feedback Bridge: jira – dead letters: 3 (auth): JIRA_API_TOKEN: expired",
            "Feedback Bridge: jira – 전달 실패 3건 (auth): JIRA_API_TOKEN: expired",
            "Feedback Bridge: jira – 配信失敗 3件（auth）：JIRA_API_TOKEN: expired",
        ),
        (
            {"event": "breaker_opened", "destination": "slack #feedback", "reason": "down"},
            "Feedback Bridge: slack #feedback – not available, deliveries wait (down)",
            "Feedback Bridge: slack #feedback – 사용할 수 없어 전달이 대기 중입니다 (down)",
            "Feedback Bridge: slack #feedback – 利用できないため、配信を待機しています（down）",
        ),
        (
            {"event": "breaker_closed", "destination": "jira"},
            "Feedback Bridge: jira – available again",
            "Feedback Bridge: jira – 다시 사용할 수 있습니다",
            "Feedback Bridge: jira – 再び利用できます",
        ),
        (
            {"event": "misconfigured", "system": "abc", "reason": "auth", "count": 1, "why": "refused"},
            "Feedback Bridge: abc – a setting is wrong (auth): refused",
            "Feedback Bridge: abc – 설정이 잘못되었습니다 (auth): refused",
            "Feedback Bridge: abc – 設定に誤りがあります（auth）：refused",
        ),
        (
            {"event": "source_silent", "source": "abc", "why": "its webhook is INACTIVE"},
            "Feedback Bridge: abc – no events arrive: its webhook is INACTIVE",
            "Feedback Bridge: abc – 이벤트가 오지 않습니다: its webhook is INACTIVE",
            "Feedback Bridge: abc – イベントが届きません：its webhook is INACTIVE",
        ),
        (
            {"event": "source_silent", "source": "abc", "count": 7},
            "Feedback Bridge: abc – "
            "7 events came without a webhook and were found by comparing: is the webhook active?",
            "Feedback Bridge: abc – 웹훅으로 오지 않아 직접 조회해서 찾은 이벤트 7건: 웹훅이 활성 상태인지 확인하세요",
            "Feedback Bridge: abc – Webhookで届かず、照合で見つかったイベント7件：Webhookが有効か確認してください",
        ),
    ],
    ids=["dead_letter", "breaker_opened", "breaker_closed", "misconfigured", "webhook_off", "source_silent"],
)
def test_it_reads_well_in_every_language(body: dict[str, Any], en: str, ko: str, ja: str) -> None:
    shown = [alert(parsed({**body, "at": AT}), language, NO_TICKET, "message") for language in ("en", "ko", "ja")]
    assert [one and one.sentence for one in shown] == [en, ko, ja]


def test_the_error_of_another_system_stays_on_its_line() -> None:
    why = "x\n<!channel>\u202e " + "long " * 200
    body = {"event": "dead_letter", "at": AT, "connector": "jira", "reason": "client_error", "count": 1, "why": why}
    shown = alert(parsed(body), "en", NO_TICKET, "message")
    assert shown is not None
    assert "\n" not in shown.sentence
    assert "\u202e" not in shown.sentence
    assert len(shown.sentence) < 400


def test_events_about_one_connector_are_in_order() -> None:
    made = [
        parsed({"event": "dead_letter", "at": AT, "connector": "jira", "reason": reason})
        for reason in ("auth", "config")
    ]
    assert {str(event.subject) for event in made} == {"bridge:connector:jira"}
    assert made[0].id != made[1].id
    assert made[0].occurred == 1767323045.678

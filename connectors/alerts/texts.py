"""The texts of messages, in the operator's language.

Sentences are templates for plain text: `{name}` issue, `{previous}` and `{status}` readable statuses, `{channel}` of
ABC. The names of statuses and of an issue are those of ABC User Feedback's own web app where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.settings import Language


@dataclass(frozen=True, slots=True)
class Texts:
    status_changed: str
    status_is: str
    """Where no previous status is known, or it is the same."""
    issue_created: str
    feedback_created: str
    feedback_added: str
    digest: str
    """Before the lines of a message for many events."""
    project: str
    issue: str
    feedback: str
    channel: str
    ticket: str
    event: str
    """For events of other sources, with the two below."""
    who: str
    """Who caused it."""
    link: str
    inner_quotes: Mapping[int, str]
    """For names, which the sentences put into quotation marks: those of a quotation within one."""
    statuses: Mapping[str, str]


_SINGLE: dict[int, str] = dict.fromkeys(map(ord, '"“”„‟〝〞＂'), "'")
_CORNERS: dict[int, str] = dict(zip(map(ord, "「」｢｣"), "『』『』", strict=True))

TEXTS: Mapping[Language, Texts] = {
    "en": Texts(
        status_changed='The status of issue "{name}" changed from {previous} to {status}.',
        status_is='The status of issue "{name}" is {status}.',
        issue_created='New issue "{name}".',
        feedback_created='New feedback in channel "{channel}".',
        feedback_added='Feedback was added to issue "{name}".',
        digest="{count} events in one message, because there are so many:",
        project="Project",
        issue="Issue",
        feedback="Feedback",
        channel="Channel",
        ticket="Ticket",
        event="Event",
        who="By",
        link="Link",
        inner_quotes=_SINGLE,
        statuses={
            "INIT": "New",
            "ON_REVIEW": "On Review",
            "IN_PROGRESS": "In Progress",
            "RESOLVED": "Resolved",
            "PENDING": "Pending",
        },
    ),
    "ko": Texts(
        status_changed='이슈 "{name}"의 상태가 {previous}에서 {status}{ro} 변경되었습니다.',
        status_is='이슈 "{name}"의 상태는 {status}입니다.',
        issue_created='새 이슈가 등록되었습니다: "{name}"',
        feedback_created='채널 "{channel}"에 새 피드백이 등록되었습니다.',
        feedback_added='이슈 "{name}"에 피드백이 추가되었습니다.',
        digest="한꺼번에 많은 일이 있어 {count}건을 모아서 알려드립니다:",
        project="프로젝트",
        issue="이슈",
        feedback="피드백",
        channel="채널",
        ticket="티켓",
        event="이벤트",
        who="작업자",
        link="링크",
        inner_quotes=_SINGLE,
        statuses={
            "INIT": "신규",
            "ON_REVIEW": "검토 중",
            "IN_PROGRESS": "진행 중",
            "RESOLVED": "완료",
            "PENDING": "보류",
        },
    ),
    "ja": Texts(
        status_changed="イシュー「{name}」のステータスが{previous}から{status}に変更されました。",
        status_is="イシュー「{name}」のステータスは{status}です。",
        issue_created="新しいイシューが登録されました:「{name}」",
        feedback_created="チャンネル「{channel}」に新しいフィードバックが登録されました。",
        feedback_added="イシュー「{name}」にフィードバックが追加されました。",
        digest="一度に多くのイベントがあったため、{count}件をまとめてお知らせします:",
        project="プロジェクト",
        issue="イシュー",
        feedback="フィードバック",
        channel="チャンネル",
        ticket="チケット",
        event="イベント",
        who="実行者",
        link="リンク",
        inner_quotes=_SINGLE | _CORNERS,
        statuses={
            "INIT": "新規",
            "ON_REVIEW": "検討中",
            "IN_PROGRESS": "進行中",
            "RESOLVED": "完了",
            "PENDING": "保留",
        },
    ),
}


def ro(name: str) -> str:
    """The Korean particle "to" after `name`: 으로 after a final consonant other than ㄹ, else 로; both where the sound
    is unknown (a status in Latin letters)."""
    last = ord(name[-1]) - 0xAC00 if name else -1
    if not 0 <= last < 11172:  # the block of Hangul syllables, 28 finals each
        return "(으)로"
    return "로" if last % 28 in (0, 8) else "으로"

"""The texts of messages and tickets in the operator's language: the one catalogue, read by `alerts/` and `tickets/`.

Texts are templates of `str.format` for plain text; a Korean one may have `{ro}`, the particle behind `{status}`. The
names of statuses and of an issue are those of ABC User Feedback's own web app where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from bridge.service import Language


class Text(TypedDict):
    """One text in every language that BRIDGE_LANGUAGE may have."""

    en: str
    ko: str
    ja: str


# What happened. `{name}`: the issue's, `{previous}` and `{status}`: readable statuses, `{channel}`: of ABC.
STATUS_CHANGED: Text = {
    "en": 'The status of issue "{name}" changed from {previous} to {status}.',
    "ko": '이슈 "{name}"의 상태가 {previous}에서 {status}{ro} 변경되었습니다.',
    "ja": "イシュー「{name}」のステータスが{previous}から{status}に変更されました。",
}
STATUS_IS: Text = {
    "en": 'The status of issue "{name}" is {status}.',
    "ko": '이슈 "{name}"의 상태는 {status}입니다.',
    "ja": "イシュー「{name}」のステータスは{status}です。",
}
"""Where no previous status is known, or it is the same."""
ISSUE_CREATED: Text = {
    "en": 'New issue "{name}".',
    "ko": '새 이슈가 등록되었습니다: "{name}"',
    "ja": "新しいイシュー「{name}」が登録されました。",
}
FEEDBACK_CREATED: Text = {
    "en": 'New feedback in channel "{channel}".',
    "ko": '채널 "{channel}"에 새 피드백이 등록되었습니다.',
    "ja": "チャンネル「{channel}」に新しいフィードバックが登録されました。",
}
FEEDBACK_ADDED: Text = {
    "en": 'Feedback was added to issue "{name}".',
    "ko": '이슈 "{name}"에 피드백이 추가되었습니다.',
    "ja": "イシュー「{name}」にフィードバックが追加されました。",
}
DIGEST: Text = {
    "en": "{count} events in one message, because there are so many:",
    "ko": "짧은 시간에 이벤트가 많이 발생하여 {count}건을 모아서 알려드립니다:",
    "ja": "短時間に多くのイベントが発生したため、{count}件をまとめてお知らせします：",
}
"""Before the lines of a message for many events."""

# Titles of the facts below a message. EVENT, WHO (who caused it) and LINK are for events of other sources than ABC.
PROJECT: Text = {"en": "Project", "ko": "프로젝트", "ja": "プロジェクト"}
ISSUE: Text = {"en": "Issue", "ko": "이슈", "ja": "イシュー"}
FEEDBACK: Text = {"en": "Feedback", "ko": "피드백", "ja": "フィードバック"}
CHANNEL: Text = {"en": "Channel", "ko": "채널", "ja": "チャンネル"}
TICKET: Text = {"en": "Ticket", "ko": "티켓", "ja": "チケット"}
EVENT: Text = {"en": "Event", "ko": "이벤트", "ja": "イベント"}
WHO: Text = {"en": "By", "ko": "작업자", "ja": "実行者"}
LINK: Text = {"en": "Link", "ko": "링크", "ja": "リンク"}

STATUSES: Mapping[str, Text] = {
    "INIT": {"en": "New", "ko": "신규", "ja": "新規"},
    "ON_REVIEW": {"en": "On Review", "ko": "검토 중", "ja": "検討中"},
    "IN_PROGRESS": {"en": "In Progress", "ko": "진행 중", "ja": "進行中"},
    "RESOLVED": {"en": "Resolved", "ko": "완료", "ja": "完了"},
    "PENDING": {"en": "Pending", "ko": "보류", "ja": "保留"},
}
"""By ABC's own names of them."""

QUOTED: Text = {"en": '"{title}"', "ko": '"{title}"', "ja": "「{title}」"}
"""How a name stands in a line that is no sentence."""
OCCURRENCES: Mapping[str, Text] = {
    "created": {"en": "created", "ko": "등록됨", "ja": "作成"},
    "updated": {"en": "updated", "ko": "수정됨", "ja": "更新"},
    "renamed": {"en": "renamed", "ko": "이름 변경됨", "ja": "名前を変更"},
    "deleted": {"en": "deleted", "ko": "삭제됨", "ja": "削除"},
    "closed": {"en": "closed", "ko": "닫힘", "ja": "クローズ"},
    "reopened": {"en": "reopened", "ko": "다시 열림", "ja": "再オープン"},
    "done": {"en": "done", "ko": "완료됨", "ja": "完了"},
    "moved": {"en": "moved", "ko": "이동됨", "ja": "移動"},
    "moved_to": {"en": "moved to {status}", "ko": "{status}{ro} 이동됨", "ja": "{status}へ移動"},
    "status": {
        "en": "status {previous} → {status}",
        "ko": "상태 {previous} → {status}",
        "ja": "ステータス {previous} → {status}",
    },
    "commented": {"en": "new comment", "ko": "새 댓글", "ja": "新しいコメント"},
    "comment_updated": {"en": "comment edited", "ko": "댓글 수정됨", "ja": "コメントを編集"},
    "comment_deleted": {"en": "comment deleted", "ko": "댓글 삭제됨", "ja": "コメントを削除"},
    "labeled": {"en": "label added", "ko": "라벨 추가됨", "ja": "ラベルを追加"},
    "unlabeled": {"en": "label removed", "ko": "라벨 제거됨", "ja": "ラベルを削除"},
    "assigned": {"en": "assigned", "ko": "담당자 지정됨", "ja": "担当者を設定"},
    "unassigned": {"en": "unassigned", "ko": "담당자 해제됨", "ja": "担当者を解除"},
    "dead_letter": {
        "en": "dead letters: {count} ({reason}): {why}",
        "ko": "전달 실패 {count}건 ({reason}): {why}",
        "ja": "配信失敗 {count}件（{reason}）：{why}",
    },
    "breaker_opened": {
        "en": "not available, deliveries wait ({reason})",
        "ko": "사용할 수 없어 전달이 대기 중입니다 ({reason})",
        "ja": "利用できないため、配信を待機しています（{reason}）",
    },
    "breaker_closed": {"en": "available again", "ko": "다시 사용할 수 있습니다", "ja": "再び利用できます"},
    "misconfigured": {
        "en": "a setting is wrong ({reason}): {why}",
        "ko": "설정이 잘못되었습니다 ({reason}): {why}",
        "ja": "設定に誤りがあります（{reason}）：{why}",
    },
    "source_silent": {
        "en": "{count} events came without a webhook and were found by comparing: is the webhook active?",
        "ko": "웹훅으로 오지 않아 직접 조회해서 찾은 이벤트 {count}건: 웹훅이 활성 상태인지 확인하세요",
        "ja": "Webhookで届かず、照合で見つかったイベント{count}件：Webhookが有効か確認してください",
    },
    "webhook_off": {
        "en": "no events arrive: {why}",
        "ko": "이벤트가 오지 않습니다: {why}",
        "ja": "イベントが届きません：{why}",
    },
    "test": {"en": "a test", "ko": "테스트", "ja": "テスト"},
    "registered": {"en": "registered", "ko": "가입함", "ja": "登録"},
    "signed_in": {"en": "signed in", "ko": "로그인함", "ja": "サインイン"},
    "password_reset": {"en": "password reset", "ko": "비밀번호 재설정됨", "ja": "パスワードを再設定"},
    "suspended": {"en": "suspension changed", "ko": "정지 상태 변경됨", "ja": "停止状態を変更"},
    "members_changed": {"en": "members changed", "ko": "구성원 변경됨", "ja": "メンバーを変更"},
    "scopes_changed": {"en": "permissions changed", "ko": "권한 변경됨", "ja": "権限を変更"},
}
"""What happened at another source than ABC, by `Summary.what`. `{previous}`, `{status}`: the source's own names;
`{count}`, `{reason}`, `{why}`: of events of the service itself."""

# Of tickets and their comments. `{project}`, `{channel}`: names; `{issue}`, `{feedback}`: numbers.
TICKET_ORIGIN: Text = {
    "en": "From ABC User Feedback: project {project}, issue {issue}",
    "ko": "ABC User Feedback: 프로젝트 {project}, 이슈 {issue}",
    "ja": "ABC User Feedback：プロジェクト {project}、イシュー {issue}",
}
TICKET_UNNAMED: Text = {"en": "Issue {issue}", "ko": "이슈 {issue}", "ja": "イシュー {issue}"}
"""The title of a ticket where the issue has no name that a person can see."""
TICKET_FEEDBACK: Text = {
    "en": "Feedback {feedback} ({channel})",
    "ko": "피드백 {feedback} ({channel})",
    "ja": "フィードバック {feedback}（{channel}）",
}
TICKET_NO_WAY: Text = {
    "en": 'In ABC User Feedback this is now {status}, here it should be "{target}". '
    'The workflow has no way there from "{current}": please move the ticket by hand.',
    "ko": 'ABC User Feedback에서 상태가 {status}{ro} 변경되어 이 티켓은 "{target}" 상태여야 합니다. '
    '그러나 워크플로에 현재 상태 "{current}"에서 이동하는 전환이 없으니 티켓을 직접 옮겨 주세요.',
    "ja": "ABC User Feedbackでステータスが{status}に変更されたため、このチケットは「{target}」になるはずです。"
    "しかし、ワークフローに現在の「{current}」からのトランジションがありません。チケットを手動で移動してください。",
}
"""`{status}`: as in STATUSES; `{target}`, `{current}`: the ticket's."""

_SINGLE = dict.fromkeys(map(ord, '"“”„‟〝〞＂'), "'")
_CORNERS = dict(zip(map(ord, "「」｢｣"), "『』『』", strict=True))
INNER_QUOTES: Mapping[Language, Mapping[int, str]] = {"en": _SINGLE, "ko": _SINGLE, "ja": _SINGLE | _CORNERS}
"""For `str.translate` of names, which the sentences put into quotation marks: those of a quotation within one."""


def ro(name: str) -> str:
    """The Korean particle "to" after `name`: 으로 after a final consonant other than ㄹ, else 로; both where the sound
    is unknown (a status in Latin letters)."""
    last = ord(name[-1]) - 0xAC00 if name else -1
    if not 0 <= last < 11172:  # the block of Hangul syllables, 28 finals each
        return "(으)로"
    return "로" if last % 28 in (0, 8) else "으로"

"""What Slack's refusals mean, and what to do about them. Pure.

Only names of errors and scopes are quoted, never free text: what stands in the way (a proxy, a gateway) may answer with
a page that repeats the address or the headers, and those hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bridge.http import Answer
from connectors.alerts import poster
from connectors.alerts.poster import may_be_done
from connectors.answers import code_of, refused
from connectors.base import Failed, Reason, Retry
from connectors.slack.settings import SlackSettings

SYSTEM = "Slack"

PASSING: Mapping[str, Reason] = {
    "ratelimited": "rate_limited",
    "rate_limited": "rate_limited",
    "message_limit_exceeded": "rate_limited",
    "request_timeout": "timeout",  # Slack did not receive the request whole
    "service_unavailable": "server_error",
    "team_added_to_org": "server_error",  # the workspace is being moved
    "internal_error": "server_error",
    "fatal_error": "server_error",
    "rollup_error": "server_error",
}
"""Worth another try. https://docs.slack.dev/reference/methods/chat.postMessage#errors"""

MAYBE_DONE = frozenset({"internal_error", "fatal_error", "rollup_error"})
"""Slack's page on these: some aspect of the operation may have succeeded before the error."""

_SIGN_IN = "set {bot_token} to the token that the Slack app shows after it was installed again"
_CHANNEL = "set {channel} to a channel that the bot is in (its id is safest)"
_POLICY = "ask an administrator of the workspace, or set {channel} to another channel"
_HOOK = "make a new incoming webhook in the Slack app and set {webhook_url}"
_DEFECT = "this is a defect of Feedback Bridge: please report it"

FINAL: Mapping[str, tuple[Reason, str]] = {
    "channel_not_found": ("config", f"it does not exist, or is private and the bot is not in it: {_CHANNEL}"),
    "not_in_channel": ("config", "type /invite and the bot's name in that channel"),
    "is_archived": ("config", f"the channel is archived: unarchive it, or {_CHANNEL}"),
    "restricted_action_non_threadable_channel": ("config", "set {threads}=false"),
    "restricted_action_thread_only_channel": ("config", _POLICY),
    "restricted_action_read_only_channel": ("config", _POLICY),
    "restricted_action": ("auth", f"a rule of the workspace keeps the bot from posting: {_POLICY}"),
    "no_permission": ("auth", "the token lacks a permission: reinstall the Slack app with the scope chat:write"),
    "not_allowed_token_type": ("auth", _SIGN_IN),
    "invalid_auth": ("auth", _SIGN_IN),
    "not_authed": ("auth", _SIGN_IN),
    "account_inactive": ("auth", f"the app was removed from the workspace: {_SIGN_IN}"),
    "token_revoked": ("auth", _SIGN_IN),
    "token_expired": ("auth", f"{_SIGN_IN}, and turn token rotation off"),
    "access_denied": ("auth", _POLICY),
    "accesslimited": ("auth", _POLICY),
    "ekm_access_denied": ("auth", _POLICY),
    "org_login_required": ("auth", "the workspace was moved: install the Slack app there again"),
    "team_access_not_granted": ("auth", "the app is not installed in that workspace: install it there"),
    "msg_too_long": ("client_error", _DEFECT),
    "msg_blocks_too_long": ("client_error", _DEFECT),
    "invalid_blocks": ("client_error", _DEFECT),
    "invalid_blocks_format": ("client_error", _DEFECT),
    "no_text": ("client_error", _DEFECT),
    "invalid_arguments": ("client_error", _DEFECT),
    "invalid_metadata_format": ("client_error", _DEFECT),
    "metadata_too_large": ("client_error", _DEFECT),
    # Incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
    "invalid_payload": ("client_error", _DEFECT),
    "no_service": ("auth", f"the webhook was removed or disabled: {_HOOK}"),
    "no_active_hooks": ("auth", f"the webhook was disabled: {_HOOK}"),
    "no_service_id": ("auth", _HOOK),
    "no_team": ("auth", _HOOK),
    "team_disabled": ("auth", "the workspace is disabled"),
    "invalid_token": ("auth", _HOOK),
    "channel_is_archived": ("config", f"the webhook's channel is archived: unarchive it, or {_HOOK}"),
    "action_prohibited": ("auth", f"a rule of the workspace keeps webhooks from posting there: {_POLICY}"),
    "posting_to_general_channel_denied": ("auth", f"only some people may post in that channel: {_POLICY}"),
}

THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
"""The message to reply to is no more."""

SIGNED_OUT = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
"""Nothing works until the token is replaced, and everything will then."""


Variable = Callable[[str], str]
"""The variable of a field, for what to do: SlackSettings.variable."""


def _plain_variable(field: str) -> str:
    return SlackSettings.variables()[field]


class Refused(poster.Refused):
    """`error`: Slack's name for it, "" where it is none."""

    def __init__(self, error: str, outcome: Retry | Failed, *, maybe_done: bool = False) -> None:
        self.error = error
        super().__init__(outcome, maybe_done=maybe_done, thread_gone=error in THREAD_GONE)


def refusal(answer: Answer, channel: str = "", sent: str = "", variable: Variable = _plain_variable) -> Refused:
    """An answer of the Web API that is not `"ok": true`. `channel`: as the operator calls it, for the message; `sent`:
    what the request held, of which nothing is repeated."""
    body = answer.json()
    if not isinstance(body, dict) or body.get("ok") is not False:
        return _not_slack(answer)
    error = _code(body.get("error"))
    if error == "missing_scope":
        needed = _code(body.get("needed"), "a-z.:_,")
        why = f"Slack refused: missing_scope: add the scope {needed or 'it needs'} to the Slack app and reinstall it"
        return Refused(error, Failed(why, "auth"))
    return _named(error, answer, variable, channel, sent)


def webhook_refusal(answer: Answer, sent: str = "", variable: Variable = _plain_variable) -> Refused:
    """An answer of an incoming webhook that is not `ok`. `sent`: as in `refusal`."""
    error = _code(answer.text.strip())
    if not answer.ok and (error in PASSING.keys() | FINAL.keys() or "_" in error):
        return _named(error, answer, variable, sent=sent)  # an error's name; one word alone may be anybody's
    body = answer.json()
    if answer.ok and isinstance(body, dict) and body.get("ok") is True:
        why = "{webhook_url} is the address of a workflow, which takes no messages"
        return Refused("", Failed(_filled(f"{why}: {_HOOK}", variable), "config"))
    return _not_slack(answer)


def _named(error: str, answer: Answer, variable: Variable, channel: str = "", sent: str = "") -> Refused:
    where = f" (channel {channel})" if channel else ""
    if error in PASSING:
        outcome = Retry(f"Slack refused: {error}{where}", PASSING[error], answer.retry_after)
        return Refused(error, outcome, maybe_done=error in MAYBE_DONE)
    if error in FINAL:
        reason, advice = FINAL[error]
        return Refused(error, Failed(f"Slack refused: {error}{where}: {_filled(advice, variable)}", reason))
    shown = code_of(error, [sent])
    if not answer.ok:
        return Refused(
            error, refused("Slack", answer.status, shown, answer.retry_after), maybe_done=may_be_done(answer.status)
        )
    return Refused(error, Failed(f"Slack refused: {shown or 'without a reason'}{where}", "client_error"))


def _not_slack(answer: Answer) -> Refused:
    if answer.ok:
        why = "what answered in Slack's place makes no sense; the message may have been posted"
        return Refused("", Retry(why, "ambiguous"), maybe_done=True)
    return Refused("", refused("Slack", answer.status, "", answer.retry_after), maybe_done=may_be_done(answer.status))


def _filled(advice: str, variable: Variable) -> str:
    """With the names of variables in place of fields."""
    return re.sub(r"\{(\w+)\}", lambda field: variable(field[1]), advice)


def _code(value: object, alphabet: str = "a-z_") -> str:
    return value if isinstance(value, str) and re.fullmatch(f"[{alphabet}]{{1,60}}", value) else ""

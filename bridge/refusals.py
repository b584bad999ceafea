"""What of another system's refusal may be passed on: its code, and messages whose form is known. Pure.

A message may repeat what was sent: a person's feedback, or a part of a key. So free text is never passed on; a code
is short and made of letters, and of a message in a known form it is known which parts come from us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_CODE = 64
LONGEST_NUMBER = 999_999
LONGEST_MESSAGE = 100_000
NAME = "{}"
ANYTHING = "{...}"
# Keys hold digits, codes do not (`insufficient_quota`, `API_KEY_INVALID`, `keyInvalid`, `auth/expired`).
_CODE = re.compile(r"[A-Za-z]+(?:[_.:/-][A-Za-z]+)*", re.ASCII)
_NAME = re.compile(r"\w+(?:[.-]\w+)*", re.ASCII)
_PARTS = re.compile(r"(\{\}|\{\.\.\.\})")


def code_of(value: object, sent: Iterable[str] = ()) -> str:
    """`value` when it is an error code: letters with `_ . : / -` between them, or a short number; else "".

    `sent`: the texts that the request held; a word of theirs is no code.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value <= LONGEST_NUMBER else ""
    if not isinstance(value, str) or len(value) > LONGEST_CODE or not _CODE.fullmatch(value):
        return ""
    return "" if any(value in text for text in sent) else value


class Messages:
    """The messages of a system that may be passed on, each with its variable parts as `{}`, where a name or a number
    of the system's own stands, or as one `{...}`, where anything may stand: that is not passed on.

    `{}: invalid value (value: {...}, format: {})` lets a feedback's text out, and the field's name through.
    """

    def __init__(self, *forms: str) -> None:
        self._forms = [_PARTS.split(form) for form in forms]

    def __call__(self, message: object) -> str:
        """The message, or the known ones of a list; "" when none is known."""
        if isinstance(message, list):
            return "; ".join(known for one in message[:20] if (known := self(one)))
        if not isinstance(message, str) or len(message) > LONGEST_MESSAGE:
            return ""
        found = (_fitted(form, message) for form in self._forms)
        return next((text for text in found if text is not None), "")


def _fitted(form: list[str], message: str) -> str | None:
    """The message in this form, without what may be anything; None when it has another form."""
    shown, at = "", 0
    for number, part in enumerate(form):
        if part == NAME:
            name = _NAME.match(message, at)
            if name is None or len(name[0]) > LONGEST_CODE:
                return None
            shown, at = shown + name[0], name.end()
        elif part == ANYTHING:
            following = form[number + 1]
            end = message.rfind(following, at) if following else len(message)
            if end < 0:
                return None
            shown, at = shown + "…", end
        elif message.startswith(part, at):
            shown, at = shown + part, at + len(part)
        else:
            return None
    return shown if at == len(message) else None

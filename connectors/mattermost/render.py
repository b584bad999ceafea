"""A message of Mattermost. Pure. https://developers.mattermost.com/integrate/reference/message-attachments/"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from bridge.text import cut
from connectors.alerts.colours import colour_of
from connectors.alerts.contents import Content, Digest, Fact
from connectors.alerts.markdown import linked, literal, quoted

# A server makes several posts of a longer text: of 4,000 characters with an old database, of 16,383 with any other.
TEXT_MAX = 4000
# It keeps attachments as JSON of at most 7,600 characters, with what it adds. Longer ones it cuts or refuses.
ATTACHMENT_MAX = 7000
VALUE_MAX = 1000  # ours, so that five facts leave room
# The server makes links and mentions of Slack's `<…|…>` and `<!…>`, in spite of a backslash; `$…$` is a formula.
plain = partial(literal, own={"<": "&lt;", "&": "&amp;", "$": "&#36;"})


def render(content: Content) -> dict[str, Any]:
    if isinstance(content, Digest):
        return {"text": plain(content.text(TEXT_MAX, _length))}
    message = {"text": plain(cut(content.sentence, TEXT_MAX, length=_length))}
    fields = [{"title": plain(fact.title), "value": _value(fact), "short": True} for fact in content.facts]
    attachment = {"color": colour_of(content.status), "text": "", "fields": fields}
    room = ATTACHMENT_MAX - stored_length(attachment)
    attachment["text"] = quoted(cut(content.quotation, room, length=_quotation_length), plain)
    return {**message, "attachments": [attachment]} if fields or content.quotation else message


def stored_length(value: object) -> int:
    """Characters of `value` in the server's JSON, in which Go writes `<`, `>` and `&` as six."""
    text = json.dumps(value, ensure_ascii=False)
    return len(text) + 5 * len(re.findall("[<>&\u2028\u2029]", text))


def _value(fact: Fact) -> str:
    value = linked(fact, plain)
    if stored_length(value) <= VALUE_MAX:
        return value
    return plain(cut(fact.value, VALUE_MAX, length=lambda part: stored_length(plain(part))))


def _quotation_length(text: str) -> int:
    return stored_length(quoted(text, plain))


def _length(text: str) -> int:
    """As the server counts: characters, not UTF-16 units."""
    return len(plain(text))

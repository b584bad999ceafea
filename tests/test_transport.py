"""What others answer is safe to store and to send on."""

from __future__ import annotations

import json
import re

import requests
from hypothesis import given
from hypothesis import strategies as st

from transport import Answer, without_halves

# Small, so that backslashes and halves of characters meet.
TEXTS = st.text(st.sampled_from(["\\", "u", "d", "8", "3", '"', "a", "\n", "가", "😀", "\ud83d", "\ude00", "\udc00"]))


def answer(body: bytes) -> Answer:
    return Answer(200, requests.structures.CaseInsensitiveDict(), body)


@given(TEXTS, st.booleans())
def test_half_characters_become_the_replacement_character_and_all_else_stays(text: str, upper: bool) -> None:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # halves that belong together
    written = json.dumps({"text": text})
    if upper:
        written = re.sub(r"\\u[0-9a-f]{4}", lambda found: f"\\u{found[0][2:].upper()}", json.dumps({"text": whole}))
    assert json.loads(without_halves(written.encode())) == {"text": re.sub("[\ud800-\udfff]", "\ufffd", whole)}


def test_a_body_that_is_not_quite_utf_8_is_still_json() -> None:
    said = answer(b'\xef\xbb\xbf{"text": "\xed\xa0\xbd and \xff"}').json()["text"]
    assert said.encode() == said.encode("utf-8", "replace")
    assert said.endswith(" and \ufffd")

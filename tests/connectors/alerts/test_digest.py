"""A digest fits into the shortest message of any chat, and counts what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text import utf16_length
from connectors.alerts.contents import LINE_MIN, Digest
from tests.connectors.alerts.world import digest_of, status_change

SENTENCE = '• The status of issue "Cannot log in" changed from New to In Progress. (#3)'


def doubled(text: str) -> int:
    """As a chat counts that escapes every character but line breaks."""
    return 2 * len(text) - text.count("\n")


def left_out(text: str) -> int:
    found = re.search(r"… \+([0-9]+)$", text)
    return int(found[1]) if found else 0


def test_where_there_is_room_nothing_is_cut() -> None:
    content = digest_of([status_change()] * 30, "en")
    assert content.text(4000, len).splitlines() == [content.head, *[SENTENCE] * 30]


def test_a_message_of_500_characters_shows_what_can_be_read_and_counts_the_rest() -> None:
    content = digest_of([status_change(name=f"Cannot log in from device {number}") for number in range(30)], "en")
    head, *lines, last = content.text(500, len).splitlines()
    assert head == "30 events in one message, because there are so many:"
    assert lines[0].startswith('• The status of issue "Cannot log in from device 0" changed')
    assert (len(lines), last) == (7, "… +23")
    assert all(len(line) >= LINE_MIN for line in lines)


def test_the_room_that_short_lines_leave_is_for_the_long_ones() -> None:
    content = Digest("head", ("• short", "x" * 100, "• short", "y" * 200))
    assert content.text(250, len).splitlines() == ["head", "• short", "x" * 100, "• short", "y" * 127 + "…"]


@given(
    head=st.text("h한😀", min_size=1, max_size=60),
    lines=st.lists(st.text("a한😀 ", min_size=1, max_size=400).map("• {}".format), min_size=1, max_size=40),
    limit=st.integers(1, 3000),
    longest=st.integers(1, 400),
    length=st.sampled_from([len, utf16_length, doubled]),
)
@example(head="h", lines=["• a"] * 40, limit=90, longest=400, length=len)
def test_whatever_the_limit_it_is_kept_and_every_event_is_shown_or_counted(
    head: str, lines: list[str], limit: int, longest: int, length: Callable[[str], int]
) -> None:
    content = Digest(head, tuple(lines))
    text = content.text(limit, length)
    assert length(text) <= limit
    if length(head) + LINE_MIN < limit:
        assert text == "\n".join([head, *content.fitted(limit, limit, length)]), "its last line is not cut"
    fitted = content.fitted(limit, longest, length)
    assert all(length(line) <= max(longest, length("… +40")) for line in fitted)
    shown = fitted[:-1] if left_out(fitted[-1]) else fitted
    assert len(shown) + left_out(fitted[-1]) == len(lines)
    for line, whole in zip(shown, lines, strict=False):
        kept = line.removesuffix("…")
        rest = whole[len(kept) :]
        one_more = kept + rest[: len(rest) - len(rest.lstrip()) + 1] + "…"  # blanks before a cut are taken away
        assert whole.startswith(kept)
        assert line.rstrip() == whole.rstrip() or length(one_more) > min(longest, LINE_MIN)


@pytest.mark.parametrize("limit", [1, 20, 52])
def test_where_not_even_one_line_fits_it_is_the_head(limit: int) -> None:
    text = digest_of([status_change()] * 30, "en").text(limit, len)
    assert len(text) <= limit
    assert "30 events in one message, because there are so many:".startswith(text.rstrip("…"))

"""Text as people read it: blank, cut, counted, and made harmless on a line."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text import abc_length, cut, inert, is_blank, utf16_length, without_controls, without_lone_surrogates

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
KOREA = "\U0001f1f0\U0001f1f7"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
THUMB = "\U0001f44d\U0001f3fd"
JAMO = "\u1112\u1161\u11ab"  # 한, as macOS writes names of files
ACCENT = "e\u0301"
CLUSTERS = [FAMILY, KOREA, ENGLAND, THUMB, JAMO, ACCENT, "\u2764\ufe0f", "\r\n", "क्षि", "a", "한", "😀", " ", "\u3164"]

texts = st.lists(st.sampled_from(CLUSTERS) | st.text(max_size=4), max_size=40).map("".join)
lengths = st.sampled_from([len, utf16_length, abc_length, lambda text: len(text.encode("utf-8", "surrogatepass"))])


def boundaries(text: str) -> set[int]:
    """By the whole text, which `cut` does not look at."""
    return {0, *(cluster.end() for cluster in regex.finditer(r"\X", text))}


# Blank


@pytest.mark.parametrize(
    "text",
    [
        *("", " \t\r\n", "\u00a0\u3000\u2003", "\u3164", "\u200b", "\u2800", "\ufeff", "\u115f\u1160", "\uffa0"),
        *("\u200e\u202e\u2066", "\x00\x1b\x7f", "\ufe0f", "\U000e0041", "\ud800", "\u2060\u180e", "\u034f"),
        *("\ufffc", "\u00ad", " \u3164\u200b\u2800 " * 50),
    ],
)
def test_what_a_person_does_not_see_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "가")
    assert not is_blank("." + text)


@pytest.mark.parametrize("text", [*(c for c in CLUSTERS if not c.isspace() and c != "\u3164"), "0", "-", "\u0600"])
def test_what_a_person_sees_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@given(st.text())
def test_letters_digits_and_marks_are_never_blank(text: str) -> None:
    fillers = {"\u115f", "\u1160", "\u3164", "\uffa0"}  # letters by their category
    if any(
        unicodedata.category(character)[0] in "LNPS" and character not in fillers | {"\u2800"} for character in text
    ):
        assert not is_blank(text) or regex.search(r"[\p{Default_Ignorable_Code_Point}\ufffc\U0001D159]", text)
    if not text.strip():
        assert is_blank(text)


# Cutting


@pytest.mark.parametrize("cluster", [FAMILY, KOREA, ENGLAND, THUMB, JAMO, ACCENT, "\u2764\ufe0f"])
def test_no_cut_goes_through_what_a_person_sees_as_one(cluster: str) -> None:
    for limit in range(1, 3 * len(cluster)):
        kept = cut("x" + cluster * 3, limit)
        assert len(kept) <= limit
        assert kept in {"…", *("x" + cluster * count + "…" for count in range(3))}, limit


def test_what_fits_stays_as_it_is() -> None:
    assert cut("한국어", 3) == "한국어"
    assert cut("한국어", 2) == "한…"
    assert cut("한국어", 0) == ""
    assert cut("", 0) == ""
    assert cut("one two", 5) == "one…"  # no blank before the ellipsis


@given(texts, st.integers(0, 120), lengths)
@example(KOREA * 100, 151, len)
@example("a" + KOREA * 100, 151, len)
@example("\u2764\ufe0f" * 40, 30, abc_length)
def test_a_cut_fits_ends_at_a_boundary_and_leaves_out_as_little_as_it_can(
    text: str, limit: int, length: Callable[[str], int]
) -> None:
    kept = cut(text, limit, length=length)
    if length(text) <= limit:
        assert kept == text
        return
    assert length(kept) <= limit
    if length("…") > limit:
        assert kept == ""
        return
    assert kept.endswith("…")
    stem = kept[:-1]
    assert text.startswith(stem)
    ends = sorted(boundaries(text))
    assert len(stem) in ends or text[len(stem)].isspace()
    following = next((end for end in ends if not text[len(stem) : end].isspace() and end > len(stem)), len(text))
    assert length(text[:following].rstrip() + "…") > limit or not text[len(stem) : following].strip()


def test_a_cluster_without_end_is_cut_all_the_same() -> None:
    """Otherwise one letter with a thousand marks would leave nothing of a text, or be taken whole."""
    assert cut("e" + "\u0301" * 1000, 100) == "e" + "\u0301" * 98 + "…"
    assert len(cut("good " + "e" + "\u0301" * 1000, 500)) == 500
    assert len(cut("\u200d".join([THUMB] * 1000), 30)) == 30


ADVERSARIAL = [
    "\u0301", KOREA, "\U0001f1f0", "\U0001f468\u200d", "\u1100", "\u1161", "\u0600", "\r", " ", "\u3164", "\ufe0f",
    "\ud800", "क्", "\u202e", "\x00", "ㅋ", "a \u0301",
]  # fmt: skip


def seconds(act: Callable[[str], object], text: str) -> float:
    """In processor time: other load doesn't count."""
    start = time.process_time()
    act(text)
    return time.process_time() - start


@pytest.mark.parametrize("piece", ADVERSARIAL, ids=ascii)
@pytest.mark.parametrize(
    "act",
    [
        is_blank, utf16_length, abc_length, without_lone_surrogates, inert, without_controls,
        lambda text: cut(text, 30), lambda text: cut(text, len(text) - 1),
        lambda text: cut(text, len(text) // 2, length=abc_length),
    ],
    ids=["is_blank", "utf16", "abc", "surrogates", "inert", "controls", "cut_30", "cut_last", "cut_half"],
)  # fmt: skip
def test_time_grows_with_the_text_and_no_faster(act: Callable[[str], object], piece: str) -> None:
    """Quadratic work would take 256 times as long for 16 times the text."""
    small = min(seconds(act, piece * (15_625 // len(piece))) for _ in range(3))
    large = piece * (250_000 // len(piece))
    assert any(seconds(act, large) <= 80 * max(small, 0.0005) for _ in range(3))


# Counting


@pytest.mark.parametrize(
    ("text", "utf16", "abc"),
    [
        ("", 0, 0),
        ("한국어", 3, 3),
        ("😀" * 30, 60, 30),  # ABC takes 30 of them as a name
        ("😀" * 31, 62, 31),
        ("❤\ufe0f" * 30, 60, 30),
        ("☎\ufe0e", 2, 1),
        ("\ufe0f", 1, 1),  # nothing before it
        ("a\ufe0f\ufe0f", 3, 2),  # only the first one after a character
        ("😀\ufe0f", 3, 1),
        (FAMILY, 11, 7),
        ("\ud83d", 1, 1),
    ],
)
def test_lengths_are_those_of_the_other_side(text: str, utf16: int, abc: int) -> None:
    """As validator 13.15.26 answers under Node for the same texts."""
    assert (utf16_length(text), abc_length(text)) == (utf16, abc)


@given(st.text())
def test_utf16_is_what_an_encoder_counts(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


# Harmless


def test_halves_of_characters_are_replaced_and_pairs_are_joined() -> None:
    assert without_lone_surrogates("a\ud83db") == "a\ufffdb"
    assert without_lone_surrogates("\ude00\ud83d") == "\ufffd\ufffd"
    assert without_lone_surrogates("\ud83d" + "\ude00") == "😀"
    assert without_lone_surrogates("한 😀") == "한 😀"


@given(st.text(alphabet=st.characters() | st.sampled_from("\ud800\udfff\u202e\x00\n")))
def test_inert_text_stays_on_its_line_and_turns_nothing_around(text: str) -> None:
    line = inert(text)
    assert line == inert(line)
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in line)
    assert without_lone_surrogates(line) == line
    assert inert(text) == " ".join(without_controls(text).split())


def test_inert_text_keeps_what_people_write() -> None:
    assert inert("  one\n\ttwo\u2028three\u202e evil\x1b[31m ") == "one two three evil[31m"
    assert inert(FAMILY + ENGLAND + "한글 مرحبا") == FAMILY + ENGLAND + "한글 مرحبا"
    assert without_controls("one\ntwo\u202e\x07\r\n") == "one\ntwo\r\n"

"""Text of people in a chat that reads Markdown. An independent parser reads it back, and finds the text alone."""

from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from connectors.alerts.contents import Fact
from connectors.alerts.markdown import ZERO_WIDTH_SPACE, linked, literal, quoted

discord = partial(literal, own={"<": "\\<"})
mattermost = partial(literal, own={"<": "&lt;", "&": "&amp;", "$": "&#36;"})
SYSTEMS = {"discord": discord, "mattermost": mattermost}
COMMON_MARK = MarkdownIt("commonmark").enable("strikethrough")


def parts(markdown: str) -> list[tuple[str, str]]:
    """What a parser makes of it: kinds of inline parts with their texts, of one paragraph."""
    blocks = COMMON_MARK.parse(markdown)
    assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"], markdown
    return [(part.type, part.content) for part in blocks[1].children or []]


def shown(markdown: str) -> str:
    kinds = {"text": None, "text_special": None, "softbreak": "\n", "link_open": "", "link_close": ""}
    found = parts(markdown)
    assert {kind for kind, _ in found} <= kinds.keys(), found
    text = "".join(content if kinds[kind] is None else str(kinds[kind]) for kind, content in found)
    return text.replace(ZERO_WIDTH_SPACE, "")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    "text",
    [
        "*a* **b** _c_ __d__ ~~e~~ `f` ||g|| a*b*c",
        "# a\n## b\n-# c\na\n===\nb\n---",
        "> a\n>>> b",
        "- a\n+ b\n* c\n1. d\n2) e",
        "[a](https://evil.example) ![a](b) [a]: b",
        "<script> <b>a</b> <!-- c --> <a@b.example>",
        "C:\\temp \\* \\_ \\\\ \\",
        "@everyone @here @channel <@1> <@&2> <#3> <t:1> <:a:1> :smile: ~town #tag",
        "<!channel> <https://evil.example|ABC> <a|b>",
        "$x^2$ {a} (b)",
    ],
)
def test_text_is_shown_as_it_was_typed(system: str, text: str) -> None:
    # Mattermost's and Discord's own syntax is unknown to CommonMark: see the tests below.
    assert shown(SYSTEMS[system](text)).replace("%40", "@") == text


@pytest.mark.parametrize("system", SYSTEMS)
def test_nobody_is_mentioned_and_nothing_is_named(system: str) -> None:
    text = "@everyone @here @all @channel @kim <@1> <@!1> <@&2> <#3> <:a:1> <a:b:1> :smile: ~town #tag <t:1:R> <!here>"
    markdown = SYSTEMS[system](text)
    assert not re.search(r"@\w|(?<!\\)<|:\w+:|~\w|#[a-z]", markdown)


def test_mattermost_reads_no_entity_of_a_user() -> None:
    """Discord reads none at all."""
    assert shown(mattermost("a & b &amp; &lt; &#42;")) == "a & b &amp; &lt; &#42;"
    assert discord("&amp;") == "&amp;"


def test_mattermost_finds_none_of_slacks_links() -> None:
    """Its server makes `[text](address)` of them before it reads the Markdown."""
    markdown = mattermost("<https://evil.example|click> <a|b> <!channel>")
    assert not re.search(r"<([^\n<|>]+)\|([^|\n>]+)>|<!\w+>", markdown)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("see https://a.example/b_c*d?e=[1](2).", "https://a.example/b_c*d?e=[1](2", ")."),
        ('name "https://a.example" changed', "https://a.example", '" changed'),
        ("https://a.example를 보세요", "https://a.example", "를 보세요"),
        ("https://a.example/@channel", "https://a.example/%40channel", ""),
        ("https://a.example|b>", "https://a.example", "|b>"),
    ],
)
def test_an_address_is_a_link_to_itself(system: str, text: str, address: str, rest: str) -> None:
    links = [part for part in COMMON_MARK.parseInline(SYSTEMS[system](text))[0].children or [] if part.attrs]
    assert [link.attrs["href"] for link in links] == [address.replace("[", "%5B").replace("]", "%5D")]
    assert shown(SYSTEMS[system](text)).endswith(rest)


def test_a_scheme_that_is_none_of_the_web_is_no_link() -> None:
    for text in ("javascript:alert(1)", "tel:1", "ftp://a.example", "<javascript:alert(1)>"):
        assert all(kind != "link_open" for kind, _ in parts(mattermost(text)))


PARTS = [*"\\`*_{}[]()#+-.!<>|~@:$&=/ \n1a한😀", "https://", "\n- ", "\n1. ", "@all"]
TEXTS = st.lists(st.sampled_from(PARTS) | st.characters(), max_size=60).map("".join)


@given(TEXTS, st.sampled_from(sorted(SYSTEMS)))
def test_whatever_people_write_no_markup_is_found(text: str, system: str) -> None:
    text = "x" + " ".join(re.sub(r"[\x00-\x1f\x7f\s]|&(?=\w|#)", " ", text).split())
    kinds = {kind for kind, _ in parts(SYSTEMS[system](text))}
    assert kinds <= {"text", "text_special", "link_open", "link_close"}


@given(TEXTS, st.sampled_from(sorted(SYSTEMS)))
def test_nothing_is_lost(text: str, system: str) -> None:
    markdown = SYSTEMS[system](text)
    for was, now in (("&lt;", "<"), ("&#36;", "$"), ("&amp;", "&"), ("%40", "@")):
        markdown = markdown.replace(was, now)
    letters = re.compile(r"[^\w]|40", re.ASCII)
    assert letters.sub("", markdown) == letters.sub("", text)


def test_a_quotation_is_one_for_the_chat_too() -> None:
    assert quoted("> # a\n>\n> > b", discord) == "> \\# a\n>\n> \\> b"


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (Fact("Ticket", "PROJ_1", "https://x.example/PROJ_1"), "[PROJ\\_1](https://x.example/PROJ_1)"),
        (Fact("Ticket", "a](b", "https://x.example/(a)[b]\\"), "[a)(b](https://x.example/%28a%29%5Bb%5D%5C)"),
        (Fact("Ticket", "*1*"), "\\*1\\*"),
        (Fact("Ticket", "1", "https://x.example/" + "a" * 1000), "1"),
        (Fact("Link", "https://x.example/a…", "https://x.example/ab"), "<https://x.example/ab>"),
    ],
)
def test_a_fact_leads_to_its_address(fact: Fact, value: str) -> None:
    assert linked(fact, discord) == value

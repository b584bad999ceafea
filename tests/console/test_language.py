"""The console's texts: the same keys and values in each language, and the language that a person wants."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from werkzeug.datastructures import LanguageAccept

from app import create_app
from console.pages.language import LANGUAGES, TEXTS, Translator, choose
from tests.console.browser import ENVIRON, Browser
from tests.web import serving
from tools.sandbox.processes import ROOT


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_each_language_has_the_same_keys_and_values(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    for key, text in TEXTS[language].items():
        assert values(text) == values(TEXTS["en"][key]), key
        assert text.strip() == text != "", key


def test_each_text_is_used_and_exists() -> None:
    """In a template or in the code, whole or by its start (`t.maybe('error.' ~ kind)`)."""
    files = [file for file in (ROOT / "console").rglob("*") if file.suffix in (".html", ".py")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files if file.parent.name != "texts")
    quoted = set(re.findall(r"""["']([a-z_0-9.]+)["'}{]""", code)) | set(re.findall(r'f"([a-z_0-9.]+)\{', code))
    starts = tuple(name for name in quoted if re.fullmatch(r"(?:[a-z_]+\.)+", name))
    for key in TEXTS["en"]:
        assert key in quoted or key.startswith(starts), f"nothing uses the text {key}"
    for key in re.findall(r"""\bt\(['"]([a-z_0-9.]+)['"][,)]""", code):
        assert key in TEXTS["en"], key


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        (None, "fr-FR,ja;q=0.5", "ja"),
        (None, "fr", "en"),
        ("ja", "ko", "ja"),
        ("xx", "ko", "ko"),
    ],
)
def test_the_language_is_chosen(cookie: str | None, accepted: str, language: str) -> None:
    parts = [part.partition(";q=") for part in accepted.split(",") if part]
    assert choose(cookie, LanguageAccept([(name, float(q or 1)) for name, _, q in parts])) == language


def test_the_switch_is_kept(redis_url: str) -> None:
    with serving(create_app({**ENVIRON, "REDIS_URL": redis_url}).wsgi_app) as url:
        browser = Browser(url)
        assert '<html lang="ko">' in browser.get("/login", Accept_Language="ko").text
        answer = browser.get("/login?next=/audit&language=ja")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/audit")
        assert '<html lang="ja">' in browser.get("/login", Accept_Language="ko").text
        assert browser.get("/login?language=xx").status_code == 302
        # Names that `url_for` would take for its own.
        for query in ("endpoint=x", "_method=PUT", "_external=1&_scheme=ftp"):
            assert browser.get(f"/login?{query}").status_code == 200
            assert browser.get(f"/login?{query}&language=ja").headers["Location"] == f"/login?{query}"
        assert '<html lang="ja">' in browser.get("/login").text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_200, "2 h"), (200_000, "2 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert Translator("en").duration(seconds) == text

"""Which translations a feedback needs, and why the others are left out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.text import is_blank
from connectors.base import Check
from connectors.translate.language import base, has_words, language_of
from connectors.translate.settings import TranslateSettings

TEXT_FORMATS = ("text", "keyword")
THERE = "a translation exists already"


@dataclass(frozen=True, slots=True)
class Wish:
    """A translation that is wanted: `text` in the language `target`, to stand in the field `into`."""

    source: str
    """The field that the text is from."""
    text: str
    target: str
    into: str

    def __str__(self) -> str:
        return f"{self.source} → {self.into}"


def wishes_of(fields: Mapping[str, Any], settings: TranslateSettings) -> tuple[list[Wish], dict[str, str]]:
    """What has to be translated, and for every other target field why not."""
    wishes: list[Wish] = []
    skipped: dict[str, str] = {}
    for source, target, into in settings.written():
        text = fields.get(source)
        why = _why_not(text, target, fields.get(into), settings)
        if isinstance(text, str) and why is None:
            wishes.append(Wish(source, text, target, into))
        else:
            skipped[into] = f"{source} → {into}: {why}"
    return wishes, skipped


def _why_not(text: Any, target: str, there: Any, settings: TranslateSettings) -> str | None:
    if _is_empty(text):
        return "there is no text"
    if not isinstance(text, str):
        return "it holds no text but numbers or options"
    if not _is_empty(there):
        return THERE
    if len(text) > (most := settings.translate_max_characters):
        variable = settings.variable("translate_max_characters")
        return f"it has {len(text)} characters, more than {variable}={most}"
    if not has_words(text):
        return "there are no words to translate"
    return f"it is in {target} already" if language_of(text) == base(target) else None


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))


def format_problem(key: str, formats: Mapping[str, str], variable: str) -> str:
    """Why a text can't be read from, or written into, the channel's field `key`; "" when nothing is known against it.

    `formats`: the format of each field by its key; `variable`: the one that names the fields.
    """
    if key not in formats:
        return f"there is no field '{key}': create it (format text) or correct {variable}"
    if formats[key] not in TEXT_FORMATS:
        # ABC would make a new option of every text that is written into a select.
        return f"the field '{key}' is of format {formats[key]}, not text: correct {variable}"
    return ""


def source_checks(where: str, formats: Mapping[str, str], settings: TranslateSettings) -> Iterator[Check]:
    """What is wrong with the fields that the texts are read from."""
    for key in dict.fromkeys(source for source, _, _ in settings.written()):
        if problem := format_problem(key, formats, settings.variable("translate_fields")):
            yield Check(False, f"{where}: {problem}")

"""The translator: reads the feedback, translates what is missing, keeps the result, writes it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.abc_errors import outcome_of
from connectors.base import Check, Context, Done, Outcome, Skipped
from connectors.translate.language import has_words, is_in
from connectors.translate.parts import pack, to_translate, translated
from connectors.translate.providers.base import Provider, ProviderTrouble
from connectors.translate.settings import TranslateSettings
from sources.abc.client import AbcClient, AbcError
from sources.event import Event


@dataclass(frozen=True, slots=True)
class Wish:
    """A translation that is wanted: `text` in the language `target`, to stand in the field `into`."""

    text: str
    target: str
    into: str


class TranslateConnector:
    def __init__(
        self, settings: TranslateSettings, abc: AbcClient, provider: Provider, channels: Sequence[tuple[int, int]]
    ) -> None:
        self._wanted = settings.written()
        self._targets = settings.translate_target
        self._abc = abc
        self._provider = provider
        self._channels = channels

    def deliver(self, event: Event, context: Context) -> Outcome:
        if event.project is None or event.channel is None or event.feedback is None:
            return Skipped(f"{event.name} speaks of no feedback")
        place = (event.project.id, event.channel.id, event.feedback.id)
        try:
            # Read again: the event may be old, and somebody may have translated it by now.
            feedback = self._abc.get_feedback(*place)
            wishes, skipped = wishes_of(feedback.fields, self._wanted)
            if not wishes:
                return Skipped("; ".join(skipped))
            values = self._translate(wishes, context)
            # Between the reading and this writing the text may change. Then the translation of the older text stands
            # there: ABC has no conditional write, and an edit is no event that would tell us.
            context.keep()
            written = self._abc.set_feedback_fields(*place, values)
        except ProviderTrouble as trouble:
            return trouble.outcome
        except AbcError as error:
            return outcome_of(error, context)
        if not written:
            return Skipped(f"{', '.join(values)}: filled by somebody else in the meantime")
        return Done(
            {
                "fields": sorted(written),
                "provider": self._provider.who.name,
                "characters": sum(len(wish.text) for wish in wishes),
                **({"skipped": skipped} if skipped else {}),
            }
        )

    def _translate(self, wishes: Sequence[Wish], context: Context) -> dict[str, str]:
        """The value of each field to write. What is paid for is kept at once, part by part, so that no later attempt
        pays for it again; the note goes by the text itself, so an edited text is translated anew."""
        limits = self._provider.limits
        known: dict[str, str] = dict(context.notes.get("translations", {}))
        for target in dict.fromkeys(wish.target for wish in wishes):
            parts = [
                part for wish in wishes if wish.target == target for part in to_translate(wish.text, limits.characters)
            ]
            missing = [part for part in dict.fromkeys(parts) if note_of(part, target) not in known]
            for request in pack(missing, limits):
                answers = self._provider.translate(request, target)
                known |= {note_of(part, target): answer for part, answer in zip(request, answers, strict=True)}
                context.keep(translations=known)
        return {wish.into: _joined(wish, known, limits.characters) for wish in wishes}

    def check(self) -> Iterator[Check]:
        try:
            yield from self._provider.check(self._targets)
        except ProviderTrouble as trouble:
            yield Check(False, str(trouble))
        for project, channel in self._channels:
            try:
                fields = {field.key: field.writable for field in self._abc.fields(project, channel)}
            except AbcError as error:
                yield Check(False, f"channel {project}:{channel}: {error}")
                continue
            yield from field_checks(f"channel {project}:{channel}", fields, self._wanted)


def wishes_of(fields: Mapping[str, Any], wanted: Sequence[tuple[str, str, str]]) -> tuple[list[Wish], list[str]]:
    """What has to be translated, and for everything else why not. `wanted`: see TranslateSettings.written()."""
    wishes: list[Wish] = []
    skipped: list[str] = []
    for source, target, into in wanted:
        text = fields.get(source)
        why = _why_not(text, target, fields.get(into))
        if isinstance(text, str) and why is None:
            wishes.append(Wish(text, target, into))
        else:
            skipped.append(f"{source} → {into}: {why}")
    return wishes, skipped


def _why_not(text: Any, target: str, there: Any) -> str | None:
    if text is None or text == "":
        return "there is no text"
    if not isinstance(text, str):
        return "it holds no text but numbers or options"
    if isinstance(there, str) and not there.strip():
        there = None
    if there is not None:
        return "a translation is there already"
    if not has_words(text):
        return "there are no words to translate"
    return f"it is in {target} already" if is_in(text, target) else None


def note_of(part: str, target: str) -> str:
    """Under what a translation is kept: short, and without the text itself."""
    return hashlib.sha256(f"{target}\n{part}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _joined(wish: Wish, known: Mapping[str, str], limit: int) -> str:
    return translated(wish.text, limit, lambda part: known[note_of(part, wish.target)])


def field_checks(where: str, fields: Mapping[str, bool], wanted: Sequence[tuple[str, str, str]]) -> Iterator[Check]:
    """Whether the channel has the fields. `fields`: whether each one may be written to."""
    for source in dict.fromkeys(source for source, _, _ in wanted):
        if source not in fields:
            yield Check(False, f"{where}: there is no field '{source}' to translate; check TRANSLATE_FIELDS")
    for into in (into for _, _, into in wanted):
        if into not in fields:
            yield Check(
                False, f"{where}: there is no field '{into}'; create it (text, editable) or check TRANSLATE_FIELDS"
            )
        elif not fields[into]:
            yield Check(False, f"{where}: the field '{into}' can't be written to; make it editable and active")
        else:
            yield Check(True, f"{where}: translations go into '{into}'")

"""The translator: reads the feedback, translates what is missing, keeps the result, writes it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.abc_errors import outcome_of
from connectors.base import Check, Context, Destination, Done, Failed, Outcome, Skipped
from connectors.translate.language import has_words, is_in
from connectors.translate.parts import pack, split, to_translate, translated
from connectors.translate.providers.base import Provider, ProviderTrouble
from connectors.translate.settings import TranslateSettings
from sources.abc.client import AbcClient, AbcError
from sources.event import Event, Feedback, Issue

TEXT_FORMATS = ("text", "keyword")


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
        self._destination = Destination(f"translate {settings.translate_provider}", settings.translate_rate, burst=10)

    def destination(self, _event: Event) -> Destination:
        return self._destination

    def missing(self, entity: Issue | Feedback) -> bool:
        return isinstance(entity, Feedback) and bool(wishes_of(entity.fields, self._wanted)[0])

    def repeats(self, _entity: Issue | Feedback) -> bool:
        """Who emptied a field wants it empty; and a translation is paid for."""
        return False

    def behind(self, _entity: Issue | Feedback, _link: Mapping[str, str]) -> bool:
        """What stands in the field is all there is."""
        return False

    def deliver(self, event: Event, context: Context) -> Outcome:
        if event.project is None or event.channel is None or event.feedback is None:
            return Skipped(f"{event.name} speaks of no feedback")
        place = (event.project.id, event.channel.id, event.feedback.id)
        try:
            # Read again: the event may be old, and somebody may have translated it by now.
            feedback = self._abc.get_feedback(*place)
            wishes, skipped = wishes_of(feedback.fields, self._wanted)
            if not wishes:
                return _wrote_before(feedback.fields, context) or Skipped("; ".join(skipped))
            values = self._translate(wishes, context)
            result = self._result(wishes, skipped)
            # Between the reading and this writing the text may change. Then the translation of the older text stands
            # there: ABC has no conditional write, and an edit is no event that would tell us.
            context.keep(writing={"result": result, "digest": _digest(values)})
            written = self._abc.set_feedback_fields(*place, values)
        except ProviderTrouble as trouble:
            return trouble.outcome
        except AbcError as error:
            return _wrong_field(error, self._wanted) or outcome_of(error, context)
        if not written:
            return Skipped(f"{', '.join(values)}: filled by somebody else in the meantime")
        return Done({**result, "fields": sorted(written)})

    def _result(self, wishes: Sequence[Wish], skipped: Sequence[str]) -> dict[str, Any]:
        """What the record tells of it: never a word of the text."""
        result: dict[str, Any] = {
            "fields": sorted(wish.into for wish in wishes),
            "provider": self._provider.who.name,
            "characters": sum(len(wish.text) for wish in wishes),
        }
        return {**result, "skipped": list(skipped)} if skipped else result

    def _translate(self, wishes: Sequence[Wish], context: Context) -> dict[str, str]:
        """The value of each field to write. What is paid for is kept at once, part by part, so that no later attempt
        pays for it again; the note goes by the text itself, so an edited text is translated anew."""
        limits = self._provider.limits
        known: dict[str, str] = dict(context.notes.get("translations", {}))
        for target in dict.fromkeys(wish.target for wish in wishes):
            parts = [
                part
                for wish in wishes
                if wish.target == target
                for part in to_translate(split(wish.text, limits.characters))
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
                yield from self._check_fields(project, channel)
            except AbcError as error:
                yield Check(False, f"channel {project}:{channel}: {error}")

    def _check_fields(self, project: int, channel: int) -> Iterator[Check]:
        where = f"channel {project}:{channel}"
        formats = {field.key: field.format for field in self._abc.fields(project, channel)}
        yield from field_checks(where, formats, self._wanted)
        for into in (into for _, _, into in self._wanted if formats.get(into) in TEXT_FORMATS):
            problem = self._abc.field_problem(project, channel, into)
            yield Check(not problem, f"{where}: translations go into '{into}'" + (f": {problem}" if problem else ""))


def _wrote_before(fields: Mapping[str, Any], context: Context) -> Done | None:
    """An earlier attempt's write arrived, though its answer did not: then this delivery has done its work."""
    writing = context.notes.get("writing")
    if not writing:
        return None
    result: dict[str, Any] = writing["result"]
    there = {into: fields.get(into) for into in result["fields"]}
    return Done(result) if _digest(there) == writing["digest"] else None


def _digest(values: Mapping[str, Any]) -> str:
    return note_of(json.dumps(values, sort_keys=True), "")


def _wrong_field(error: AbcError, wanted: Sequence[tuple[str, str, str]]) -> Failed | None:
    """ABC refuses what was sent without naming the field, and all that is ever sent is these fields."""
    if error.reason != "invalid":
        return None
    keys = ", ".join(into for _, _, into in wanted)
    return Failed(
        f"{error} ({keys}): each must be a text field of the channel, editable and active; then replay", "config"
    )


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
    if _is_blank(text):
        return "there is no text"
    if not isinstance(text, str):
        return "it holds no text but numbers or options"
    if not _is_blank(there):
        return "a translation is there already"
    if not has_words(text):
        return "there are no words to translate"
    return f"it is in {target} already" if is_in(text, target) else None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def note_of(part: str, target: str) -> str:
    """Under what a translation is kept: short, and without the text itself."""
    return hashlib.sha256(f"{target}\n{part}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _joined(wish: Wish, known: Mapping[str, str], limit: int) -> str:
    return translated(split(wish.text, limit), lambda part: known[note_of(part, wish.target)])


def field_checks(where: str, formats: Mapping[str, str], wanted: Sequence[tuple[str, str, str]]) -> Iterator[Check]:
    """What is wrong with the channel's fields. `formats`: the format of each field by its key."""
    sources = dict.fromkeys(source for source, _, _ in wanted)
    for key in [*sources, *(into for _, _, into in wanted)]:
        if key not in formats:
            yield Check(False, f"{where}: there is no field '{key}'; create it (format text) or mend TRANSLATE_FIELDS")
        elif formats[key] not in TEXT_FORMATS:
            # ABC would make a new option of every text that is written into a select.
            yield Check(
                False, f"{where}: the field '{key}' is of format {formats[key]}, not text; mend TRANSLATE_FIELDS"
            )

"""The translator: reads the feedback, translates what is missing, keeps the result, writes it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors import patience
from connectors.abc_errors import outcome_of
from connectors.base import Check, Context, Destination, Done, Failed, Links, Outcome, Preview, Retry, Skipped, Tools
from connectors.translate.checks import check
from connectors.translate.plausible import unchanged
from connectors.translate.providers.base import Provider
from connectors.translate.settings import TranslateSettings
from connectors.translate.targets import Targets
from connectors.translate.wishes import Wish, wishes_of
from connectors.translate.work import TRANSLATIONS, Failure, Work
from sources.abc.client import AbcClient, AbcError
from sources.abc.models import AbcEvent, Feedback, Issue
from sources.base import Event, seconds_of

Position = tuple[int, int, int]
"""Ids of project, channel and feedback."""


class TranslateConnector:
    def __init__(self, settings: TranslateSettings, tools: Tools, abc: AbcClient, provider: Provider) -> None:
        self._settings = settings
        self._abc = abc
        self._targets = Targets(abc, settings.variable("translate_fields"))
        self._provider = provider
        self._channels = tools.channels
        where = f"{tools.name} {settings.translate_provider}"
        self._destination = Destination(where, settings.translate_rate, burst=10)

    def destination(self, _event: Event) -> Destination:
        return self._destination

    def missing(self, entity: Issue | Feedback) -> bool:
        return isinstance(entity, Feedback) and bool(self._wishes(entity)[0])

    def repeats(self, _entity: Issue | Feedback) -> bool:
        """Who emptied a field wants it empty; and a translation is paid for."""
        return False

    def behind(self, _entity: Issue | Feedback, _link: Mapping[str, str]) -> bool:
        """What stands in the field is all there is."""
        return False

    def preview(self, event: Event, links: Links) -> Preview | Skipped | Failed:  # noqa: ARG002
        """The texts as they are: how they are cut into requests, and what is kept of an earlier attempt, the delivery
        finds out."""
        if not isinstance(event, AbcEvent) or event.project is None or event.channel is None or event.feedback is None:
            return Skipped(f"{event.name} is about no feedback")
        wishes, skipped = self._wishes(event.feedback)
        if not wishes:
            return Skipped("; ".join(skipped.values()))
        content = [
            {"field": wish.source, "text": wish.text, "language": wish.target, "into": wish.into} for wish in wishes
        ]
        notes = (*skipped.values(), "the feedback is read again before it is translated")
        return Preview(self._destination.name, content, notes)

    def deliver(self, event: Event, context: Context) -> Outcome:
        if not isinstance(event, AbcEvent) or event.project is None or event.channel is None or event.feedback is None:
            return Skipped(f"{event.name} is about no feedback")
        position = (event.project.id, event.channel.id, event.feedback.id)
        try:
            return self._deliver(position, context)
        except AbcError as error:
            return outcome_of(error, context)

    def _deliver(self, position: Position, context: Context) -> Outcome:
        # Read again: the event may be old, and somebody may have translated it by now.
        feedback = self._abc.get_feedback(*position)
        wishes, skipped = self._wishes(feedback)
        ours = _written_before(feedback.fields, context)
        skipped = {into: why for into, why in skipped.items() if into not in ours}
        if not wishes:
            return Done(self._result(ours, skipped, context)) if ours else Skipped("; ".join(skipped.values()))
        if left := patience.left_after_wipe(context, seconds_of(feedback.createdAt) or 0.0):
            why = "the feedback is older than our records (Redis is new, or was wiped)"
            what = "its translation may be on its way to ABC User Feedback"
            return Retry(f"{why}, so {what}: reading it again before it is translated", "not_yet", left)
        self._make_sure_of_channel(position, context)
        problems = self._targets.problems(*position[:2], [wish.into for wish in wishes])
        failures: dict[str, Failure] = {into: Failed(why, "config") for into, why in problems.items()}
        wishes = [wish for wish in wishes if wish.into not in problems]
        values, without = Work(self._provider, context).run(wishes)
        failures |= without
        for wish in wishes:
            if wish.into in values and unchanged(wish.text, values[wish.into]):
                del values[wish.into]
                skipped[wish.into] = f"{wish}: it came back unchanged: names, or in {wish.target} already"
        written, refused = self._write(position, values, wishes, context)
        failures |= {into: Failed(why, "config") for into, why in refused.items()}
        if failures:
            return _failure(failures, written)
        if not written and not ours:
            filled = [f"{', '.join(values)}: filled by somebody else in the meantime"] if values else []
            return Skipped("; ".join([*filled, *skipped.values()]))
        return Done(self._result([*ours, *written], skipped, context))

    def _wishes(self, feedback: Feedback) -> tuple[list[Wish], dict[str, str]]:
        return wishes_of(feedback.fields, self._settings)

    def _make_sure_of_channel(self, position: Position, context: Context) -> None:
        """An event may name a feedback of another channel, and ABC would write to it: an earlier attempt, or ABC, must
        have found it in this one. Raises AbcError."""
        if TRANSLATIONS in context.notes or self._abc.feedback_is_of(*position):
            return
        project, channel, feedback = position
        raise AbcError(
            "not_found", f"feedback {feedback} is not in channel {channel} of project {project}", again=False
        )

    def _write(
        self, position: Position, values: Mapping[str, str], wishes: Sequence[Wish], context: Context
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The fields that were written, and the problems of those that ABC refused. Raises AbcError."""
        if not values:
            return {}, {}
        writing = context.notes.get("writing", {})
        digests = {**writing.get("digests", {}), **{into: _digest(value) for into, value in values.items()}}
        characters = {wish.into: len(wish.text) for wish in wishes if wish.into in values}
        # Between the reading and this writing the text may change. Then the translation of the older text stands
        # there: ABC has no conditional write, and it announces no edits.
        context.keep(writing={"digests": digests, "characters": {**writing.get("characters", {}), **characters}})
        try:
            return self._abc.set_feedback_fields(*position, values), {}
        except AbcError as error:
            if error.reason != "invalid":
                raise
            return self._write_others(position, values, error)

    def _write_others(
        self, position: Position, values: Mapping[str, str], error: AbcError
    ) -> tuple[dict[str, str], dict[str, str]]:
        """ABC refuses all where it refuses one, without naming it: asked about each, the others are still written."""
        self._targets.forget(*position[:2], values)
        problems = self._targets.problems(*position[:2], values)
        others = {into: value for into, value in values.items() if into not in problems}
        if not problems:
            advice = "each must be a text field of the channel, editable and active"
            return {}, dict.fromkeys(values, f"{error}: {advice}")
        return self._abc.set_feedback_fields(*position, others) if others else {}, problems

    def _result(self, fields: Sequence[str], skipped: Mapping[str, str], context: Context) -> dict[str, Any]:
        """What the record shows: never a word of the text."""
        characters = context.notes["writing"]["characters"]
        result: dict[str, Any] = {
            "fields": sorted(set(fields)),
            "provider": self._provider.who.name,
            "characters": sum(characters.get(into, 0) for into in set(fields)),
        }
        return {**result, "skipped": list(skipped.values())} if skipped else result

    def check(self) -> Iterator[Check]:
        return check(self._settings, self._provider, self._abc, self._targets, self._channels)


def _written_before(fields: Mapping[str, Any], context: Context) -> list[str]:
    """Target fields that hold what an earlier attempt wrote: its write arrived, though its answer may not have."""
    digests = context.notes.get("writing", {}).get("digests", {})
    return [into for into, digest in digests.items() if _digest(fields.get(into)) == digest]


def _digest(value: Any) -> str:
    return hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _failure(failures: Mapping[str, Failure], written: Mapping[str, str]) -> Outcome:
    """One outcome for what could not be translated or written: another try where that may help for any of it."""
    again = [failure for failure in failures.values() if isinstance(failure, Retry)]
    first = again[0] if again else next(iter(failures.values()))
    reasons: dict[str, list[str]] = {}
    for into, failure in failures.items():
        reasons.setdefault(failure.why, []).append(into)
    why = "; ".join(f"{', '.join(fields)}: {reason}" for reason, fields in reasons.items())
    why += f" (written: {', '.join(sorted(written))})" if written else ""
    return Retry(why, first.reason, first.after) if isinstance(first, Retry) else Failed(why, first.reason)

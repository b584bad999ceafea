"""The translating itself: parts, requests, and what is kept so that nothing is paid for twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

from connectors.base import Context, Failed, Retry
from connectors.translate.parts import Limits, pack, pieces, to_translate, translated
from connectors.translate.plausible import objection
from connectors.translate.providers.base import Provider, ProviderError
from connectors.translate.wishes import Wish

TRANSLATIONS = "translations"
"""The note whose items are the translations of the parts, by `note_of`."""
MOST_LEVELS = 4
"""How often the size of the parts is halved for a provider that does not manage them."""
MOST_REFUSED = 3
"""How often implausible answers are asked for again: each is paid for."""

Failure = Retry | Failed


class Work:
    """One attempt's translating."""

    def __init__(self, provider: Provider, context: Context) -> None:
        self._provider = provider
        self._context = context
        self._known: dict[str, str] = dict(context.notes.get(TRANSLATIONS, {}))
        self._level = int(context.notes.get("smaller", 0))
        self._requests = 0
        self._failed: dict[str, Failure] = {}
        """Why a part has no translation, by its note."""
        self._refusals = int(context.notes.get("refused", 0)) + 1
        """How often implausible answers were refused, once for each attempt, this one included."""
        self._ended: Failure | None = None
        """Why nothing more is asked for."""

    def run(self, wishes: Sequence[Wish]) -> tuple[dict[str, str], dict[str, Failure]]:
        """The translation for each target field, and for each that has none why."""
        values: dict[str, str] = {}
        failures: dict[str, Failure] = {}
        for target in dict.fromkeys(wish.target for wish in wishes):
            some = [wish for wish in wishes if wish.target == target]
            try:
                limits = self._provider.limits()
                self._translate(some, target, limits)
            except ProviderError as error:
                self._ended = self._ended or error.outcome
                failures |= {wish.into: error.outcome for wish in some}
                continue
            for wish in some:
                parts = self._parts(wish, limits)
                failure = self._failure(parts, target)
                if failure:
                    failures[wish.into] = failure
                else:
                    values[wish.into] = self._joined(parts, target)
        return values, failures

    def _failure(self, parts: list[str], target: str) -> Failure | None:
        missing = [note for part in to_translate(parts) if (note := note_of(part, target)) not in self._known]
        reasons = [self._failed[note] for note in missing if note in self._failed]
        return reasons[0] if reasons else self._ended if missing else None

    def _joined(self, parts: list[str], target: str) -> str:
        return translated(parts, lambda part: self._known[note_of(part, target)])

    def _parts(self, wish: Wish, limits: Limits) -> list[str]:
        return list(pieces(wish.text, limits, self._level, lambda part: note_of(part, wish.target) in self._known))

    def _translate(self, wishes: Sequence[Wish], target: str, limits: Limits) -> None:
        """Asks for what is missing, until all is there or nothing more can be had in this attempt."""
        while self._ended is None:
            level = self._level
            parts = [part for wish in wishes for part in to_translate(self._parts(wish, limits))]
            notes = {note_of(part, target): part for part in parts}
            missing = [part for note, part in notes.items() if note not in self._known and note not in self._failed]
            for request in pack(missing, limits.smaller(level)):
                if self._ended is None and self._level == level:
                    self._ask(request, target, limits)
            if self._level == level:
                return

    def _ask(self, request: list[str], target: str, limits: Limits) -> None:
        """One request: its translations are kept, or it is recorded why there are none."""
        self._context.charge(limits.turns(request) - (0 if self._requests else 1))
        self._requests += 1
        try:
            answers = self._provider.translate(request, target)
        except ProviderError as error:
            self._without(request, target, error, limits)
            return
        good: dict[str, str] = {}
        bad: dict[str, str] = {}
        for part, answer in zip(request, answers, strict=True):
            why = objection(part, answer, target)
            (bad if why else good)[note_of(part, target)] = why or answer
        if good:
            self._known |= good
            # Many languages of a long text may be more than a delivery keeps. What is not kept is written all the same,
            # and paid for again only where the writing fails.
            with suppress(ValueError):
                self._context.add(TRANSLATIONS, good)
        if bad:
            failure = self._refused(next(iter(bad.values())))
            self._failed |= dict.fromkeys(bad, failure)

    def _without(self, request: list[str], target: str, error: ProviderError, limits: Limits) -> None:
        outcome = error.outcome
        if error.returned and len(request) == 1:
            self._failed[note_of(request[0], target)] = self._refused(error.returned)
        elif error.smaller and self._level < MOST_LEVELS:
            # Smaller parts may work: after a time-out in the next attempt, else now.
            self._level += 1
            self._context.keep(smaller=self._level)
            self._ended = outcome if outcome.reason == "timeout" else None
        elif len(request) > 1 and (error.about_text or error.returned):
            # One of the texts may be the reason: the others are not lost with it.
            for part in request:
                if self._ended is None:
                    self._ask([part], target, limits)
        elif error.about_text:
            self._failed[note_of(request[0], target)] = outcome
        else:
            self._ended = outcome

    def _refused(self, why: str) -> Failure:
        """The provider answered, but not with a translation: another try may be better, and each is paid for."""
        what = f"{self._provider.who.name} returned {why}"
        if self._refusals < MOST_REFUSED:
            self._context.keep(refused=self._refusals)
            return Retry(what, "client_error")
        self._context.keep(refused=None)  # a replay has as many tries
        return Failed(f"{what}, in {self._refusals} attempts; another provider or model may do better", "client_error")


def note_of(part: str, target: str) -> str:
    """Under what a translation is kept: short, and without the text itself."""
    return hashlib.sha256(f"{target}\n{part}".encode("utf-8", "surrogatepass")).hexdigest()[:32]

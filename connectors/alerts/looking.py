"""Looks for a message that may have been posted, and decides what the result means."""

from __future__ import annotations

from bridge.http import NoAnswer
from connectors import patience
from connectors.alerts.poster import CannotLook, Looking, Marker, Posted, Poster, Refused, Target
from connectors.alerts.settings import AlertSettings
from connectors.answers import no_answer
from connectors.base import Context, Outcome, Retry, Skipped
from sources.base import Event

CLOCK_SECONDS = 600.0
"""The largest difference between the ledger's clock and the other system's at which a look-up finds the message."""


def needs_look(event: Event, context: Context) -> bool:
    """Whether the message may have been posted: by an earlier attempt, or before the ledger was wiped."""
    return bool(context.notes.get("posting")) or not context.remembers(event.occurred)


class Looker:
    def __init__(self, settings: AlertSettings, poster: Poster) -> None:
        self._settings = settings
        self._poster = poster

    def look(self, event: Event, context: Context, target: Target, marker: Marker) -> Posted | Outcome | None:
        """The message, if it was posted; None if it must be posted (again); else the outcome. `target`: where the
        message would be."""
        posting = context.notes.get("posting")
        if posting:
            oldest = latest = posting["at"]
        else:
            # An event that is sent again, or found by reconcile, may have been posted before the ledger was wiped.
            oldest, latest = event.occurred, context.now()
        try:
            if not isinstance(self._poster, Looking):
                raise CannotLook(f"{self._poster.system} can't look up messages here")
            posted = self._poster.look(marker, target, max(0.0, oldest - CLOCK_SECONDS), latest + CLOCK_SECONDS)
        except CannotLook as why:
            return self._unsure(context, str(why), bool(posting))
        except NoAnswer as error:
            return no_answer(self._poster.system, error)
        except Refused as refused:
            return refused.outcome
        if posted:
            return posted
        if posting:
            left = patience.left(posting["at"], context.now(), patience.SETTLE_SECONDS)
            doubt = f"{self._poster.system} does not show the message yet, and may still post it"
            return _settling(min(left, patience.LOOK_EVERY), doubt)
        # One look at the end of the wait is enough: a channel may have many such events, and each look is a request.
        left = patience.left_after_wipe(context, event.occurred)
        older = "the event is older than our records (Redis is new, or was wiped)"
        return _settling(left, f"{older}, so a request for its message may still be on its way")

    def _unsure(self, context: Context, why: str, tried: bool) -> Outcome | None:
        if self._settings.when_unsure == "never":
            system, variable = self._poster.system, self._settings.variable("when_unsure")
            doubt = (
                f"{system} did not confirm the message" if tried else "it may have been posted before Redis was wiped"
            )
            unsure = {"unsure": f"may never have been posted: {why}"}
            return Skipped(f"{doubt}, and {variable}=never", unsure)
        context.keep(unsure=f"{'posted again' if tried else 'may have been posted before'}: {why}")
        return None


def _settling(left: float, why: str) -> Retry | None:
    """A retry while the other system may still post the message of a request that we gave up; None after that."""
    return Retry(f"{why}: looking again before it is posted", "not_yet", left) if left else None

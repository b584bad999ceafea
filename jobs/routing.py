"""Decides which connectors act on an event, by `<CONNECTOR>_EVENTS` and `<CONNECTOR>_FILTER`. Pure. Mistakes are
reported at the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from bridge.environment import ConfigError
from bridge.text import cut
from jobs.ledger.values import Planned
from sources import EVENTS, REGISTRY, events_of, find
from sources.base import Event
from sources.facts import facts_of
from sources.reading import plain, written
from sources.tickets import TicketEvent

if TYPE_CHECKING:
    from jobs.filters import Condition

DOTLESS = tuple(name for name in EVENTS if "." not in name)
"""The names of ABC's events. The event names of all other sources begin with the source and a dot."""
LONGEST_PATTERN = 200
"""The most characters of a pattern for event names: fnmatch takes longer for longer patterns."""
QUOTED = 100


@dataclass(frozen=True, slots=True)
class Route:
    """The events that one connector instance gets."""

    connector: str
    patterns: tuple[str, ...]
    condition: Condition | None = None
    events_variable: str = ""
    filter_variable: str = ""
    """These are the variables of the patterns and of the condition, as the operator wrote them."""
    tickets: bool = False
    """Whether the connector is a ticket system: then it also gets implied events."""
    sources: frozenset[str] = frozenset()
    """The sources whose events the connector can act on, even if the patterns match more; empty: all sources."""
    back: str = ""
    """The ticket system (as a source) from which the connector carries statuses back. The connector gets these changes
    of status in any case: patterns and filter apply only to ABC's events."""
    known: tuple[str, ...] = EVENTS
    """The known event names of the sources in use."""
    filter: str = ""
    """The text of the condition."""

    def takes(self, event: Event) -> bool:
        """Whether the connector acts on the event, unless its filter excludes the event."""
        if self.carries_back(event):
            return True
        named = self.wants(event.name, *event.aliases)
        return self.acts_on(event.source) and named and (self.tickets or not event.implied)

    def carries_back(self, event: Event) -> bool:
        """Whether the event is a change of status that the connector carries back."""
        return event.source == self.back and isinstance(event, TicketEvent) and event.moves

    def acts_on(self, source: str) -> bool:
        """Whether the connector can act on events of this source."""
        return not self.sources or source in self.sources

    def expected(self) -> Iterator[str]:
        """The known names of events that the connector may get."""
        return (name for name in self.known if self.wants(name))

    def wants(self, *names: str) -> bool:
        """Whether a pattern matches one of the event's names, and no `!pattern` does."""
        chosen = [pattern for pattern in self.patterns if not pattern.startswith("!")] or ["*"]
        left_out = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        return any(_any_match(name, chosen) for name in names) and not any(_any_match(name, left_out) for name in names)

    def why_not(self, event: Event) -> str:
        """Why the connector gets no delivery of the event, or a skipped one; "" if it gets a delivery to run."""
        if self.carries_back(event):
            return ""
        if not self.acts_on(event.source):
            return f"{self.connector} acts on events of {', '.join(sorted(self.sources))} only"
        if not self.takes(event):
            if self.wants(event.name, *event.aliases):
                return f"{event.name} is implied by another event, and only ticket systems get such events"
            return f"{self.events_variable} does not name {event.name}"
        return self.objection(facts_of(event)) if self.condition else ""

    def objection(self, facts: Mapping[str, Any]) -> str:
        """Why the filter excludes an event with these facts; "" if it does not."""
        if self.condition is None:
            return ""
        why = self.condition.objection(facts)
        if why is None:
            return ""
        variable = self.filter_variable
        return f"{variable} does not apply to this event: {why}" if why else f"excluded by {variable}"


def make_route(
    connector: str,
    events: str | None,
    condition: str | None,
    default_events: Iterable[str],
    variables: tuple[str, str],
    sources: Iterable[str] = REGISTRY,
) -> Route:
    """`variables`: those of the events and of the condition, as the operator wrote them; `sources`: every source whose
    events may arrive.

    Raises ConfigError, which names the variable and shows the mistake.
    """
    variable, rule_variable = variables
    listed = [part.strip() for part in events.split(",") if part.strip()] if events else default_events
    patterns = tuple(map(_as_names_are, listed))
    # After `source.` any name is allowed: the source may have events that are not known here.
    starts = tuple(f"{source}." for source in sources if not set(events_of([source])) & set(DOTLESS))
    there_are = ", ".join([*DOTLESS, *(f"{start}*" for start in starts)])
    problems = [] if patterns else [f"{variable}: names no event; there are {there_are}"]
    problems += [
        f"{variable}: '{cut(pattern, QUOTED)}' matches none of {there_are}"
        for pattern in patterns
        if len(pattern) > LONGEST_PATTERN or not _any_match_of(pattern.removeprefix("!"), starts)
    ]
    rule = None
    if condition:
        # The import takes half a second, because the engine builds its grammar: only needed with a filter.
        from jobs.filters import Condition

        try:
            rule = Condition(condition)
        except ConfigError as error:
            problems += [f"{rule_variable}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    return Route(connector, patterns, rule, variable, rule_variable, filter=condition or "")


def plan(event: Event, routes: Iterable[Route]) -> list[Planned]:
    """One delivery for each connector that wants the event. If a filter excludes the event, the delivery is skipped,
    with the reason."""
    wanted = [route for route in routes if route.takes(event)]
    facts = facts_of(event) if any(route.condition for route in wanted) else {}
    planned = []
    for route in wanted:
        objection = "" if route.carries_back(event) else route.objection(facts)
        planned.append(Planned(route.connector, "skipped" if objection else "queued", objection))
    return planned


def _as_names_are(pattern: str) -> str:
    """The pattern in the notation of event names: people write a name as the sender writes it, such as
    `crm.deal won`."""
    source, dot, name = pattern.partition(".")
    # A whole name of any length is one of a generic source; those of other sources have several parts.
    is_whole = name and find(source.removeprefix("!")) is None and not set("*?[") & set(name)
    return f"{source}{dot}{plain(name) if is_whole else written(name)}"


def _any_match(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _any_match_of(pattern: str, starts: tuple[str, ...]) -> bool:
    return pattern.startswith(starts) or any(fnmatchcase(name, pattern) for name in EVENTS)

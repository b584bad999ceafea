"""Which connectors act on an event: `<CONNECTOR>_EVENTS`, `<CONNECTOR>_FILTER`. Pure; reports mistakes at start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from bridge.environment import ConfigError
from bridge.text import cut
from jobs.ledger.values import Planned
from sources import EVENTS, REGISTRY, events_of
from sources.base import Event
from sources.facts import facts_of
from sources.tickets import TicketEvent

if TYPE_CHECKING:
    from jobs.filters import Condition

DOTLESS = tuple(name for name in EVENTS if "." not in name)
"""The names of ABC's events: those of all other sources begin with the source and a dot."""
LONGEST_PATTERN = 200
"""Characters of a pattern for names of events: fnmatch's time grows with it."""
QUOTED = 100


@dataclass(frozen=True, slots=True)
class Route:
    """One connector's share of the events."""

    connector: str
    patterns: tuple[str, ...]
    condition: Condition | None = None
    events_variable: str = ""
    filter_variable: str = ""
    """The variables of the patterns and of the condition, as the operator wrote them."""
    tickets: bool = False
    """Whether the connector keeps tickets: it also gets the events that the source only implies."""
    sources: frozenset[str] = frozenset()
    """The sources whose events the connector can act on, whatever the patterns match; none: all."""
    back: str = ""
    """The source whose tickets the connector keeps and carries back: it gets their changes of status as well, whatever
    the patterns and the filter, which are about ABC's events."""
    known: tuple[str, ...] = EVENTS
    """The known names of events of the sources in use."""

    def takes(self, event: Event) -> bool:
        """Whether the connector acts on the event, as far as its filter lets it."""
        if self.carries_back(event):
            return True
        named = self.wants(event.name, *event.aliases)
        return self.acts_on(event.source) and named and (self.tickets or not event.implied)

    def carries_back(self, event: Event) -> bool:
        """Whether the event shows that a ticket was changed whose status the connector carries back."""
        return event.source == self.back and isinstance(event, TicketEvent) and event.moves

    def acts_on(self, source: str) -> bool:
        """Whether events of this source mean anything to the connector."""
        return not self.sources or source in self.sources

    def expected(self) -> Iterator[str]:
        """The known names of events that the connector may get."""
        return (name for name in self.known if self.wants(name))

    def wants(self, *names: str) -> bool:
        """Some pattern matches one of the event's names, and no `!pattern` does."""
        chosen = [pattern for pattern in self.patterns if not pattern.startswith("!")] or ["*"]
        left_out = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        return any(_any_match(name, chosen) for name in names) and not any(_any_match(name, left_out) for name in names)

    def why_not(self, event: Event) -> str:
        """Why the connector gets no delivery of the event, or a skipped one; "" where it gets one."""
        if self.carries_back(event):
            return ""
        if not self.acts_on(event.source):
            return f"{self.connector} acts on events of {', '.join(sorted(self.sources))} only"
        if not self.takes(event):
            if self.wants(event.name, *event.aliases):
                return f"{event.name} is implied by another event, and such events are for ticket systems only"
            return f"{self.events_variable} does not name {event.name}"
        return self.objection(facts_of(event)) if self.condition else ""

    def objection(self, facts: Mapping[str, Any]) -> str:
        """Why the filter leaves these facts out, or "" when it lets them through."""
        if self.condition is None:
            return ""
        why = self.condition.objection(facts)
        if why is None:
            return ""
        variable = self.filter_variable
        return f"{variable} does not apply to this event: {why}" if why else f"left out by {variable}"


def make_route(
    connector: str,
    events: str | None,
    condition: str | None,
    default_events: Iterable[str],
    variables: tuple[str, str],
    sources: Iterable[str] = REGISTRY,
) -> Route:
    """`variables`: those of the events and of the condition, as the operator wrote them; `sources`: every source there
    may be events of.

    Raises ConfigError naming the variable and pointing at the mistake.
    """
    variable, rule_variable = variables
    patterns = tuple(part.strip() for part in events.split(",") if part.strip()) if events else tuple(default_events)
    # Behind its source any name may be written: a source gets new events.
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
        # The engine builds its grammar when it is imported: half a second that only those with a filter wait for.
        from jobs.filters import Condition

        try:
            rule = Condition(condition)
        except ConfigError as error:
            problems += [f"{rule_variable}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    return Route(connector, patterns, rule, variable, rule_variable)


def plan(event: Event, routes: Iterable[Route]) -> list[Planned]:
    """One delivery for each connector that wants the event; those that a filter leaves out are skipped, with why."""
    wanted = [route for route in routes if route.takes(event)]
    facts = facts_of(event) if any(route.condition for route in wanted) else {}
    planned = []
    for route in wanted:
        objection = "" if route.carries_back(event) else route.objection(facts)
        planned.append(Planned(route.connector, "skipped" if objection else "queued", objection))
    return planned


def _any_match(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _any_match_of(pattern: str, starts: tuple[str, ...]) -> bool:
    return pattern.startswith(starts) or any(fnmatchcase(name, pattern) for name in EVENTS)

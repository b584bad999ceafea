"""`flask settings`: every variable in force, what it is set to and where that comes from; no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.environment import read_setting, read_variable
from bridge.redaction import MASK, holds_secret
from bridge.settings import KeyMap, Settings
from connectors import find, label_of
from jobs.configuration import Configuration
from sources.configuration import DEFAULT


def listed(configuration: Configuration, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """One row for each variable that has a value: `variable`, `value`, and `origin`: `environment`, `file` (of the
    variable's `_FILE`), `default`, or `base` (an instance inherits it from the variable without its label)."""
    rows = Rows(configuration, environ)
    yield from rows.of(configuration.service)
    for settings in configuration.apis.values():
        yield from rows.of(settings)
    yield from rows.row("SOURCES", "", DEFAULT)
    for settings in configuration.sources.chosen.values():
        yield from rows.of(settings)
    for name, settings in configuration.connectors.items():
        spec = find(name)
        yield from rows.of(settings, label_of(name))
        events, condition = spec.routing
        yield from rows.row(events, label_of(name), ",".join(spec.default_events))
        yield from rows.row(condition, label_of(name), "")


class Rows:
    def __init__(self, configuration: Configuration, environ: Mapping[str, str]) -> None:
        self._redact = configuration.redact
        self._environ = environ

    def of(self, settings: Settings, label: str = "") -> Iterator[dict[str, str]]:
        for field, variable in settings.variables().items():
            value = getattr(settings, field)
            yield from self.row(variable, label, spelled(value), secret=holds_secret(value))

    def row(self, variable: str, label: str, value: str, *, secret: bool = False) -> Iterator[dict[str, str]]:
        """`value`: in force where the environment has none."""
        _, read = read_setting(variable, label, self._environ)
        own = f"{variable}__{label.upper()}" if label else variable
        written = read_variable(read, self._environ)
        shown = value if written is None else written
        if shown:
            yield {
                "variable": own,
                "value": MASK if secret else self._redact(shown),
                "origin": self._origin(own, read, written),
            }

    def _origin(self, own: str, read: str, written: str | None) -> str:
        if written is None:
            return "default"
        if read != own:
            return "base"
        return "environment" if self._environ.get(read, "").strip() else "file"


def spelled(value: object) -> str:
    """A default as an operator would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, KeyMap):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(spelled, value))
    return f"{value:g}" if isinstance(value, float) else str(value)

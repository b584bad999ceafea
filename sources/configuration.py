"""The settings of the sources: which ones are used (SOURCES), and the secrets that prove their requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.environment import ConfigError, read_variable
from bridge.settings import Settings, load
from bridge.values import parts_of
from sources import REGISTRY
from sources.base import Source
from sources.signatures import Proof

DEFAULT = "abc"


@dataclass(frozen=True, slots=True)
class Sources:
    """`chosen`: the settings of each source in SOURCES, by its name; `doubts`: what is probably a mistake."""

    chosen: Mapping[str, Settings]
    doubts: tuple[str, ...] = ()

    def proofs(self) -> dict[str, tuple[Source, Proof]]:
        """Each source with how its requests prove themselves."""
        return {name: (REGISTRY[name], REGISTRY[name].proof(settings)) for name, settings in self.chosen.items()}


def configure_sources(environ: Mapping[str, str]) -> Sources:
    """Raises ConfigError with every problem."""
    problems: list[str] = []
    chosen: dict[str, Settings] = {}
    try:
        names = list(dict.fromkeys(part.lower() for part in parts_of(read_variable("SOURCES", environ) or DEFAULT)))
    except (ConfigError, ValueError) as error:
        raise ConfigError(error.problems if isinstance(error, ConfigError) else [f"SOURCES: {error}"]) from None
    for name in names:
        if (source := REGISTRY.get(name)) is None:
            problems.append(f"SOURCES: there is no '{name}'; there are {', '.join(REGISTRY)}")
            continue
        try:
            if read_variable(source.secret, environ) is None:
                problems.append(_unset(source))
            chosen[name] = load(source.settings, environ)
        except ConfigError as error:
            problems += error.problems
    if not names:
        problems.append(f"SOURCES: names no source; there are {', '.join(REGISTRY)}")
    if problems:
        raise ConfigError(problems)
    return Sources(chosen, tuple(_unlisted(environ, names)))


def variables() -> set[str]:
    """Every variable of every source."""
    own = (source.settings.variables().values() for source in REGISTRY.values())
    return {"SOURCES", *(name for names in own for name in names)}


def _unset(source: Source) -> str:
    if source.name == DEFAULT:
        return f"{source.secret}: required, but not set; the same text as in the feedback app's webhook"
    return f"{source.secret}: required by the source {source.name}, but not set"


def _unlisted(environ: Mapping[str, str], names: list[str]) -> list[str]:
    """Secrets of sources that SOURCES does not name: their requests are answered 404."""
    return [
        f"{source.secret}: SOURCES does not name {source.name}; its requests are answered 404"
        for source in REGISTRY.values()
        if source.name not in names and (environ.get(source.secret) or environ.get(f"{source.secret}_FILE"))
    ]

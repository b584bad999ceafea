"""The settings of the sources: which sources are used (SOURCES), and the secrets that prove their requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.environment import ConfigError, read_variable
from bridge.plug_ins import BadPlugIn
from bridge.settings import Settings, load
from bridge.values import parts_of
from sources import APIS, OWN, PLUG_INS, REGISTRY, find
from sources.generic import NAME, make_source
from sources.generic.settings import GenericSettings
from sources.signatures import Proof
from sources.source import Source

DEFAULT = "abc"


@dataclass(frozen=True, slots=True)
class Sources:
    """`chosen`: the settings of each source in SOURCES, by its name; `used`: these sources; `warnings`: what may
    be a mistake or on purpose."""

    chosen: Mapping[str, Settings]
    used: Mapping[str, Source]
    warnings: tuple[str, ...] = ()

    def proofs(self) -> dict[str, tuple[Source, Proof]]:
        """Each source with the proof that its requests must have."""
        return {name: (source, source.proof(self.chosen[name])) for name, source in self.used.items()}


def configure_sources(environ: Mapping[str, str]) -> Sources:
    """Raises ConfigError with all problems."""
    names = source_names(environ)
    problems = [] if names else [f"SOURCES: names no source; there are {_known()}, and your own names"]
    chosen: dict[str, Settings] = {}
    used: dict[str, Source] = {}
    for name in names:
        if name == OWN:
            problems.append(
                f"SOURCES: {OWN} is the service itself, and always on: remove it here, and name its events in the "
                "_EVENTS of a connector"
            )
            continue
        if name not in REGISTRY and not NAME.fullmatch(name):
            problems.append(
                f"SOURCES: '{name}' should be one of {_known()}, or your own name of 1 to 30 characters of a-z 0-9 _"
            )
            continue
        try:
            _check_plug_in(name)
            source = find(name) or make_source(name)
            if read_variable(source.secret, environ) is None:
                problems.append(_unset(source))
            chosen[name] = load(source.settings, environ)
            used[name] = find(name) or make_source(name, chosen[name])
        except BadPlugIn as error:
            problems.append(f"SOURCES: {error}")
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Sources(chosen, used, tuple(_unlisted(environ, names)))


def _check_plug_in(name: str) -> None:
    """Raises BadPlugIn."""
    PLUG_INS.check(name)
    source = None if name in REGISTRY else find(name)
    if source and (source.facts or source.api):
        raise BadPlugIn(f"the plug-in '{name}' declares `facts` or `api`, which only built-in sources can have")


def source_names(environ: Mapping[str, str]) -> list[str]:
    """The names in SOURCES, each once, in lower case. Raises ConfigError if they can't be read."""
    try:
        return list(dict.fromkeys(part.lower() for part in parts_of(read_variable("SOURCES", environ) or DEFAULT)))
    except ValueError as error:
        raise ConfigError([f"SOURCES: {error}"]) from None


def variables(names: Iterable[str] = ()) -> set[str]:
    """All variables of the built-in sources, and of the other sources in `names`."""
    settings = [source.settings for source in REGISTRY.values()] + [api.settings for api in APIS.values()]
    settings += [(find(name) or make_source(name)).settings for name in names if name not in REGISTRY]
    return {"SOURCES", *(name for kind in settings for name in kind.variables().values())}


def _known() -> str:
    return ", ".join([*(name for name in REGISTRY if name != OWN), *sorted(PLUG_INS.kinds())])


def _unset(source: Source) -> str:
    if source.name == DEFAULT:
        return f"{source.secret}: required, but not set; use the same text as in the webhook of ABC User Feedback"
    required = f"{source.secret}: required by the source {source.name}, but not set"
    return required if find(source.name) else f"{required} (the built-in sources are {_known()})"


_FIELDS = "|".join(field.upper() for field in GenericSettings.model_fields)
_GENERIC = re.compile(rf"SOURCE_([A-Z0-9_]+?)_(?:{_FIELDS})(?:_FILE)?")


def _unlisted(environ: Mapping[str, str], names: list[str]) -> Iterator[str]:
    """Warnings about secrets of sources that SOURCES does not name: their requests are answered 404."""
    given = {
        source.secret: source.name
        for source in REGISTRY.values()
        if source.secret and (environ.get(source.secret) or environ.get(f"{source.secret}_FILE"))
    }
    matches = ((variable, _GENERIC.fullmatch(variable)) for variable in sorted(environ) if environ[variable])
    given |= {variable: found[1].lower() for variable, found in matches if found}
    for variable, name in given.items():
        if name not in names:
            yield f"{variable}: SOURCES does not name {name}; its requests are answered 404"

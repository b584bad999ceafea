"""What `flask check` reports about the translator: its provider and languages, then the fields of known channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.base import Check, note
from connectors.translate.providers.base import Provider, ProviderError
from connectors.translate.settings import TranslateSettings
from connectors.translate.targets import Targets
from connectors.translate.wishes import source_checks
from sources.abc.client import AbcClient, AbcError


def check(
    settings: TranslateSettings,
    provider: Provider,
    abc: AbcClient,
    targets: Targets,
    channels: Sequence[tuple[int, int]],
) -> Iterator[Check]:
    """See connectors.base.Connector.check. `channels`: ids of project and channel."""
    try:
        yield from provider.check(settings.translate_target)
    except ProviderError as error:
        no_answer = error.outcome.reason in ("network", "timeout")
        advice = f"; look at {provider.who.address_variable}" if no_answer else ""
        yield Check(False, f"{error}{advice}")
    if not channels:
        yield note(
            "no channel is known yet, so its fields were not checked; set RECONCILE_CHANNELS, or run "
            "this again after the first feedback"
        )
    for project, channel in channels:
        try:
            yield from _fields(settings, abc, targets, project, channel)
        except AbcError as error:
            yield Check(False, f"channel {project}:{channel}: {error}")


def _fields(
    settings: TranslateSettings, abc: AbcClient, targets: Targets, project: int, channel: int
) -> Iterator[Check]:
    where = f"channel {project}:{channel}"
    formats = {field.key: field.format for field in abc.fields(project, channel)}
    yield from source_checks(where, formats, settings)
    keys = [into for _, _, into in settings.written()]
    problems = targets.problems(project, channel, keys)
    for into in keys:
        why = f": {problems[into]}" if into in problems else ""
        yield Check(into not in problems, f"{where}: translations go into '{into}'{why}")

"""Translates the texts of a feedback and writes them back into its own fields."""

from __future__ import annotations

from connectors.base import Spec, Tools
from connectors.translate.connector import TranslateConnector
from connectors.translate.providers import build_provider
from connectors.translate.settings import TranslateSettings


def build(settings: TranslateSettings, tools: Tools) -> TranslateConnector:
    assert tools.abc is not None, "needs"
    return TranslateConnector(settings, tools, tools.abc, build_provider(settings))


SPEC = Spec(
    kind="translate",
    settings=TranslateSettings,
    default_events=("FEEDBACK_CREATION",),
    build=build,
    needs=frozenset({"abc"}),
    acts=frozenset({"FEEDBACK_CREATION", "ISSUE_ADDITION"}),
    writes=lambda settings: (settings.variable("translate_fields"), [into for _, _, into in settings.written()]),
)

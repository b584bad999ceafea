"""Translates the texts of a feedback and writes them back into its own fields."""

from __future__ import annotations

from connectors.base import Tools
from connectors.translate.connector import TranslateConnector
from connectors.translate.providers import build_provider
from connectors.translate.settings import TranslateSettings as Settings

__all__ = ["DEFAULT_EVENTS", "NEEDS_ABC", "Settings", "build"]

DEFAULT_EVENTS = ("FEEDBACK_CREATION",)
NEEDS_ABC = True


def build(settings: Settings, tools: Tools) -> TranslateConnector:
    assert tools.abc is not None, "NEEDS_ABC"
    return TranslateConnector(settings, tools.abc, build_provider(settings), tools.channels)

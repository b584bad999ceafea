"""Translators: LibreTranslate, DeepL v2, Google v2 and an OpenAI-compatible server, with one little dictionary."""

from __future__ import annotations

from flask import Blueprint

from tools.sandbox.translators import deepl, google, libretranslate, openai
from tools.sandbox.translators.dictionary import detect as detect
from tools.sandbox.translators.dictionary import translate as translate
from tools.sandbox.translators.state import KEY as KEY
from tools.sandbox.translators.state import Translators as Translators


def blueprint(translators: Translators) -> Blueprint:
    """All routes; each provider below a path of its own."""
    routes = Blueprint("translators", __name__)
    libretranslate.add_routes(routes, translators.libretranslate)
    deepl.add_routes(routes, translators.deepl)
    google.add_routes(routes, translators.google)
    openai.add_routes(routes, translators.openai)
    return routes

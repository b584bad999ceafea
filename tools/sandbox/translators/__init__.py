"""Translators: every provider that the bridge has, with one little dictionary."""

from __future__ import annotations

from flask import Blueprint

from tools.sandbox.translators import apertium, azure, deepl, google, libretranslate, openai, papago
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
    papago.add_routes(routes, translators.papago)
    azure.add_routes(routes, translators.azure)
    apertium.add_routes(routes, translators.apertium)
    return routes

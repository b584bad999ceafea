"""Keeps secrets out of everything that people or programs read: logs, stored errors, answers, pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import BaseModel, SecretStr

from settings import KeyMap

MASK = "<secret>"
SHORTEST = 6  # a shorter "secret" would mask innocent text


class Redactor:
    """Replaces every known secret in a text by `<secret>`, in the forms in which it travels: as it is, URL-quoted, as
    JSON or Python write it, and, for a URL, its path and query (an exception of `requests` shows them without the
    host) and its password."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # Longest first: a secret inside a longer one must not leave the rest of the longer one behind.
        self._forms = sorted(forms | set(self._forms), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def _forms(secret: str) -> Iterable[str]:
    plain = [secret, *_parts_of_url(secret)]
    forms = [*plain, quote(secret, safe=""), quote_plus(secret)]
    for text in plain:
        forms += [form[1:-1] for form in (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text))]
    return [form for form in forms if len(form) >= SHORTEST]


def _parts_of_url(text: str) -> list[str]:
    if "://" not in text:
        return []
    try:
        parts = urlsplit(text)
    except ValueError:
        return []
    password = parts.password or ""
    return [parts.path.strip("/"), parts.query, password, unquote(password)]


def secrets_of(*models: BaseModel) -> list[str]:
    """Every secret value in the given settings, and the Basic credentials that name+token pairs travel as."""
    found: list[str] = []
    for model in models:
        values = [getattr(model, name) for name in type(model).model_fields]
        found += [secret for value in values for secret in _secrets_in(value)]
        names = [value for value in values if isinstance(value, str) and "@" in value]
        found += [base64.b64encode(f"{n}:{s}".encode()).decode() for n in names for s in list(found)]
    return found


def _secrets_in(value: object) -> Iterable[str]:
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, KeyMap):
        return [secret for _, item in value.items() for secret in _secrets_in(item)]
    if isinstance(value, list):
        return [secret for item in value for secret in _secrets_in(item)]
    return []

"""Keeps secrets out of everything that people or programs read: logs, stored errors, answers, pages."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from pydantic import BaseModel, SecretStr

from bridge.settings import KeyMap

MASK = "<secret>"
SHORTEST = 6  # a shorter "secret" would mask innocent text
LONG_SEGMENT = 10
"""Characters from which the path of a secret address, or a part of it, is taken for a token: `services` and `hook` are
none."""
# Bounded, so that a run of backslashes takes linear time. Four: JSON inside JSON.
_ESCAPES = re.compile(
    r"(?P<unicode>(?:\\{1,4}u[0-9a-fA-F]{4})+)"
    r"|\\{1,4}x(?P<hex>[0-9a-fA-F]{2})"
    r"|\\{1,4}(?P<plain>[\"'/])"
    r"|(?P<percent>(?:%(?:25)?[0-9a-fA-F]{2})+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)"
)


_CREDENTIALS = re.compile(r"(?:Basic|Bearer|Token|ApiKey|Key) +(\S+)", re.IGNORECASE)
"""A header's value in which the second part is the secret."""


class Redactor:
    """Replaces every known secret in a text by `<secret>`, in the forms in which it travels: as it is, quoted for an
    address, for JSON, Python or HTML (all of it or only some of its characters), in base64 and hexadecimal; and, for a
    secret address, its parts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._plain: list[str] = []
        self._forms: list[str] = []
        self._pieces: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        plain = {part for secret in secrets for part in _parts(secret) if len(part) >= SHORTEST} | set(self._plain)
        forms = {form for part in plain for form in _forms(part) if len(form) >= SHORTEST}
        # Longest first: a secret inside a longer one must not leave the rest of the longer one behind.
        self._plain = sorted(plain, key=len, reverse=True)
        self._forms = sorted(forms, key=len, reverse=True)
        self._pieces = set()

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return self._without_escaped(text) if self._plain and ("\\" in text or "%" in text or "&" in text) else text

    def strictly(self, text: str) -> str:
        """Also without parts of secrets, of SHORTEST characters and more: for texts of others, who may have cut what
        they quote. It takes a little for a secret that is none, such as a word in the path of a secret address."""
        if not self._pieces:
            secret = (form for form in self._forms if "://" not in form)
            self._pieces = {form[at : at + SHORTEST] for form in secret for at in range(len(form) - SHORTEST + 1)}
        return MASK.join(map(self._without_pieces, self(text).split(MASK)))

    def _without_pieces(self, text: str) -> str:
        starts = (at for at in range(len(text) - SHORTEST + 1) if text[at : at + SHORTEST] in self._pieces)
        kept, end = [], 0
        for first, last in _merged((at, at + SHORTEST) for at in starts):
            kept += [text[end:first], MASK]
            end = last
        return "".join([*kept, text[end:]])

    def _without_escaped(self, text: str) -> str:
        """Masks secrets of which some characters are escaped: looks for them in the text without escapes, and masks
        the characters that they stand for."""
        bare = _ESCAPES.sub(_unescaped, text)
        if bare == text or not any(part in bare for part in self._plain):
            return text
        spans = list(_merged(sorted(self._spans(text))))
        pieces, end = [], 0
        for first, last in spans:
            pieces += [text[end:first], MASK]
            end = last
        return "".join([*pieces, text[end:]])

    def _spans(self, text: str) -> Iterable[tuple[int, int]]:
        """Where secrets stand in `text`, escaped or not."""
        characters: list[str] = []
        origins: list[tuple[int, int]] = []  # of each character of the bare text
        at = 0
        for found in [*_ESCAPES.finditer(text), None]:
            until = found.start() if found else len(text)
            characters += text[at:until]
            origins += [(place, place + 1) for place in range(at, until)]
            if found:
                meant = _unescaped(found)
                characters += meant
                origins += [found.span()] * len(meant)
                at = found.end()
        bare = "".join(characters)
        for part in self._plain:
            start = bare.find(part)
            while start >= 0:
                yield origins[start][0], origins[start + len(part) - 1][1]
                start = bare.find(part, start + 1)


def _unescaped(found: re.Match[str]) -> str:
    kind = found.lastgroup
    text = found[0]
    if kind == "unicode":
        units = "".join(chr(int(unit, 16)) for unit in re.findall(r"u([0-9a-fA-F]{4})", text))
        return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if kind == "hex":
        return chr(int(found["hex"], 16))
    if kind == "plain":
        return found["plain"]
    if kind == "percent":
        return unquote(re.sub("%25", "%", text) if re.search("%25[0-9a-fA-F]", text) else text, errors="replace")
    return html.unescape(text)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    first, last = -1, -1
    for start, end in spans:
        if start > last:
            if last >= 0:
                yield first, last
            first, last = start, end
        last = max(last, end)
    if last >= 0:
        yield first, last


def _parts(secret: str) -> list[str]:
    """The secret, and for an address what of it is secret by itself: an exception of `requests` shows the path without
    the host, another system the token alone."""
    if "://" not in secret:
        credentials = _CREDENTIALS.fullmatch(secret)
        return [secret, credentials[1]] if credentials else [secret]
    try:
        address = urlsplit(secret)
    except ValueError:
        return [secret]
    path, password = address.path.strip("/"), address.password or ""
    segments = [part for part in path.split("/") if len(part) >= LONG_SEGMENT]
    values = [value for _, value in parse_qsl(address.query)]
    found = [
        secret,
        *([path] if len(path) >= LONG_SEGMENT else []),
        *segments,
        address.query,
        *values,
        password,
        address.netloc.rpartition("@")[0],
    ]
    return [*found, *(unquote(part) for part in found), *(unquote_plus(value) for value in values)]


def _forms(part: str) -> Iterable[str]:
    data = part.encode("utf-8", "surrogatepass")
    yield part
    yield from (quote(data, safe=""), quote_plus(data), data.hex(), data.hex().upper(), html.escape(part))
    yield from (text[1:-1] for text in (json.dumps(part), json.dumps(part, ensure_ascii=False), repr(part)))
    yield from _base64(data)


def _base64(data: bytes) -> Iterable[str]:
    """How the bytes look inside something that was encoded whole, wherever they stand in it: without the characters at
    both ends that hold bits of their neighbours."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data).rstrip(b"=")
        first = (before * 8 + 5) // 6
        last = (before + len(data)) * 8 // 6
        core = whole[first:last].decode()
        if len(core) >= SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def secrets_of(*models: BaseModel) -> list[str]:
    """Every secret value in the given settings, and the Basic credentials that name+token pairs travel as."""
    found: list[str] = []
    for model in models:
        values = [getattr(model, name) for name in type(model).model_fields]
        found += [secret for value in values for secret in _secrets_in(value)]
        names = [value for value in values if isinstance(value, str) and "@" in value]
        found += [base64.b64encode(f"{n}:{s}".encode()).decode() for n in names for s in list(found)]
    return found


def holds_secret(value: object) -> bool:
    """Whether the value of a setting is, or holds, a secret."""
    return any(True for _ in _secrets_in(value))


def _secrets_in(value: object) -> Iterable[str]:
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, KeyMap):
        return [secret for _, item in value.items() for secret in _secrets_in(item)]
    if isinstance(value, list | dict):
        items = value.values() if isinstance(value, dict) else value
        return [secret for item in items for secret in _secrets_in(item)]
    return []

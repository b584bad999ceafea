"""Keeps secrets out of everything that people or programs read: logs, stored errors, answers, pages."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from pydantic import BaseModel, SecretStr

from bridge.settings import KeyMap

MASK = "<secret>"
SHORTEST = 6  # a shorter "secret" would mask innocent text
LONG_TOKEN = 16
"""Characters from which a part of a secret address is a token, whatever it looks like."""
SHORT_TOKEN = 10
"""Characters from which a part of a secret address is a token if it has a digit or mixed case. `mattermost` and
`automations` are words."""
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
_CONFIDENTIAL = re.compile(r"key|token|secret|sig|pass|pwd|auth|code|cred|hash", re.IGNORECASE)
"""In the name of a parameter of an address: its value is a secret, whatever it looks like."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORD = re.compile(r"[A-Z]?[^A-Z0-9]*|[^a-z0-9]*")
"""In lower case, in capitals, or with a capital at the start."""


class Redactor:
    """Replaces every known secret in a text by `<secret>`, in the forms in which it travels: as it is, quoted for an
    address, for JSON, Python or HTML (all of it or only some of its characters), in base64 and hexadecimal; and, for a
    secret address, its parts that are secret by themselves.

    `words`: of the service itself, such as the names of connectors. They are never masked: whoever reads them learns
    nothing, and without them can't read what happened."""

    def __init__(self, secrets: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._words = {word.casefold() for word in words}
        self._plain: list[str] = []
        self._forms: list[str] = []
        self._quoted_whole: set[str] = set()
        self._pieces: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        plain = set(self._plain)
        for secret in secrets:
            tokens, around = _parts(secret, self._words)
            plain.update(part for part in (*tokens, *around) if self._masked(part))
            # What surrounds a known token, such as `hooks/…`, consists of words: its pieces are no secrets.
            self._quoted_whole.update(around if len(tokens) > 1 else ())
        forms = {form for part in plain for form in _forms(part) if len(form) >= SHORTEST}
        # Longest first: a secret inside a longer one must not leave the rest of the longer one behind.
        self._plain = sorted(plain, key=len, reverse=True)
        self._forms = sorted(forms, key=len, reverse=True)
        self._pieces = set()

    def _masked(self, part: str) -> bool:
        return len(part) >= SHORTEST and part.casefold() not in self._words

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return self._without_escaped(text) if self._plain and ("\\" in text or "%" in text or "&" in text) else text

    def strictly(self, text: str) -> str:
        """Also without parts of secrets, of SHORTEST characters and more: for texts of others, who may have cut what
        they quote. It takes a little for a secret that is none, such as a word in the path of a secret address."""
        if not self._pieces:
            whole = [part for part in self._plain if part not in self._quoted_whole and "://" not in part]
            pieces = {piece for part in whole for form in _forms(part) for piece in _pieces_of(form)}
            self._pieces = pieces - {piece for word in self._words for piece in _pieces_of(word)}
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


def _pieces_of(text: str) -> Iterable[str]:
    return (text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1))


def _parts(secret: str, words: Collection[str]) -> tuple[list[str], list[str]]:
    """The secret, and for an address what of it is secret by itself: an exception of `requests` shows the path without
    the host, another system the token alone. First the secret and each token in it, then what holds several parts."""
    if "://" not in secret:
        credentials = _CREDENTIALS.fullmatch(secret)
        return [secret, *([credentials[1]] if credentials else [])], []
    try:
        address = urlsplit(secret)
    except ValueError:
        return [secret], []
    path = address.path.strip("/")
    segments = path.split("/")
    tokens = [part for part in segments if _is_token(part)]
    values = [value for name, value in parse_qsl(address.query) if _CONFIDENTIAL.search(name) or _is_token(value)]
    values += [password for password in [address.password] if password]
    # A path may hold a token that is short; one word, or words of our own such as `webhook/jira`, are none.
    known = len(segments) == 1 or all(part.casefold() in words for part in segments)
    around = [*([] if known else [path]), address.query, address.netloc.rpartition("@")[0]]
    found = [*tokens, *values, *map(unquote, tokens), *map(unquote, values), *map(unquote_plus, values)]
    return [secret, *found], [*around, *map(unquote, around)]


def _is_token(part: str) -> bool:
    """Whether a part of a secret address looks like a token, and not like a word."""
    meant = unquote(part)
    if not SHORT_TOKEN <= len(meant) < LONG_TOKEN:
        return len(meant) >= LONG_TOKEN
    return not (_DATE.fullmatch(meant) or all(map(_WORD.fullmatch, re.split(r"[-_. ]", meant))))


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

"""A system that repeats in its error what was sent to it: no client passes on a user's words or a part of a key."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.settings import KeyMap
from connectors.base import Connector
from sources.abc.client import AbcClient
from sources.base import Event
from tests import hostile
from tests.connectors.contract import all_cases, cases_of
from tests.connectors.world import World
from tests.hostile import http, listening
from tools.sandbox.server import running

WORDS = "ZQmyopinionQZ"
TEXT = f"{WORDS} 그리고 더"
KEY = "zqkey0123-4567-89abc-defgh"
EXPLAINED = (200, 400, 422)
"""Statuses with which systems explain what is wrong with a request."""
OTHERS = (401, 403, 404, 409, 413, 429, 500, 503)
Attempt = Callable[[], object]


def forms(received: str, key: str) -> Iterator[str]:
    """What a system may make of a request that it quotes."""
    yield received
    yield f"invalid value: {WORDS}"
    yield WORDS
    yield f"Field '{WORDS}' cannot be set"
    yield f"Incorrect API key provided: {key[:9]}*****"
    yield f"the value {WORDS} must be a string"
    yield f"{WORDS} {WORDS} is required."
    yield f"invalid value (value: {WORDS}, type: text, format: {WORDS})"
    yield html.escape(f"<b>{WORDS}</b>")
    yield WORDS[:8] + "…"


def bodies(text: str) -> Iterator[bytes]:
    """Where errors stand in the answers of the systems that we know."""
    many: list[Any] = [
        {"message": text},
        {"message": [text], "code": text},
        {"error": text, "ok": False},
        {"error": {"message": text, "code": text, "type": text, "status": text}},
        {"error": {"errors": [{"reason": text, "message": text}], "message": text}},
        [{"error": {"message": text, "status": text}}],
        {"errorMessages": [text], "errors": {text: text, "summary": text}},
        {"detail": text, "errorMessage": text, "response": text, "error_description": text},
        {"message": {"title": [text], text: ["can't be blank"]}, "errors": [{"field": text, "code": text}]},
        {"ok": False, "error": "missing_scope", "needed": text, "provided": text},
    ]
    yield from (json.dumps(one).encode() for one in many)
    yield text.encode()
    yield f"<html><body>{text}</body></html>".encode()


def answers(*, key: str, statuses: tuple[int, ...] = ()) -> Iterator[tuple[int, bytes]]:
    """Statuses and bodies: every form in every explanation, each of both with every status of EXPLAINED.
    `statuses`: further ones, each with one form of every explanation."""
    received = f"POST /{key} Authorization: Bearer {key} {WORDS}"
    for number, form in enumerate(forms(received, key)):
        for place, body in enumerate(bodies(form)):
            yield EXPLAINED[(number + place) % len(EXPLAINED)], body
    yield from ((status, body) for body in bodies(received) for status in statuses)


class Echo:
    """A server that gives one answer to every request, and remembers whether a request contained a text of `sent`."""

    def __init__(self, *sent: str) -> None:
        self._sent = sent
        self.received = False
        self.status, self.body, self.header = 200, b"", ""

    def __call__(self, connection: Any, stop: Any) -> None:
        while True:
            request = hostile.request(connection).decode("utf-8", "replace")
            for credentials in re.findall(r"(?i)authorization: basic (\S+)", request):
                request += base64.b64decode(credentials).decode()
            self.received |= any(text in request for text in self._sent)
            headers = (f"X-Request-Id: {self.header}", f"RateLimit-Reason: {self.header}")
            connection.sendall(http(self.status, self.body, *headers))


def assert_silent(attempt: Attempt, secrets: tuple[str, ...], answer: str) -> None:
    """No part of what was sent is in the outcome of an attempt, or in its error."""
    try:
        outcome = repr(attempt())
    except Exception as error:  # noqa: BLE001  whatever its kind, its text is stored
        outcome = f"{error!s} {error!r} {getattr(error, 'outcome', '')!r}"
    for part in (WORDS[:8], *(secret[:9] for secret in secrets)):
        assert part not in outcome, f"{answer}: {outcome}"


def assert_silent_after_every_answer(
    echo: Echo, attempt: Attempt, *secrets: str, but_for: tuple[int, ...] = ()
) -> None:
    key = secrets[0]
    echo.header = f"{WORDS[:8]} {key[:9]}"
    for echo.status, echo.body in answers(key=key, statuses=OTHERS):
        if echo.status in but_for:
            continue
        assert_silent(attempt, secrets, f"{echo.status} {echo.body!r}")
    assert echo.received


@contextmanager
def world_of(kind: str, name: str) -> Iterator[World]:
    case = cases_of(kind)[name]
    with running(**case.options) as sandbox:
        case.prepare(sandbox)
        yield World(kind, case, sandbox)


def attempt_of(world: World, connector: Connector, event: Event) -> Attempt:
    """The first attempt of a delivery, again and again."""
    return lambda: connector.deliver(event, world.context(event))


WITH_SECRET = [(kind, name) for kind, name in all_cases() if cases_of(kind)[name].secrets]
WITHOUT_SECRET = [(kind, name) for kind, name in all_cases() if not cases_of(kind)[name].secrets]
TICKET_SYSTEMS = [(kind, name) for kind, name in all_cases() if cases_of(kind)[name].world]


@pytest.mark.parametrize(("kind", "name"), WITH_SECRET)
def test_nothing_that_was_sent_comes_back_in_an_outcome(kind: str, name: str) -> None:
    """The system repeats it in its answer to the first request of a delivery."""
    with world_of(kind, name) as world:
        echo = Echo(WORDS, *world.case.secrets)
        with listening(echo) as port:
            connector = world.build(**world.case.variables(f"http://127.0.0.1:{port}"))
            attempt = attempt_of(world, connector, world.event(text=TEXT))
            kept = (200,) if world.case.keeps_answer else ()
            assert_silent_after_every_answer(echo, attempt, *world.case.secrets, but_for=kept)


@pytest.mark.parametrize(("kind", "name"), [*TICKET_SYSTEMS, *WITHOUT_SECRET])
def test_nothing_of_a_text_comes_back_in_an_outcome(kind: str, name: str) -> None:
    """The system repeats it in its answer to the first request that holds the text: the one that has the effect."""
    with world_of(kind, name) as world:
        attempt = attempt_of(world, world.build(), world.event(text=TEXT))
        where = {"system": world.case.system, "method": "POST", "path": world.case.write}
        for status, body in answers(key=(*world.case.secrets, KEY)[0]):
            world.sandbox.faults.add("status", status=status, body=body.decode(), **where)
            assert_silent(attempt, world.case.secrets, f"{status} {body!r}")
        assert not world.sandbox.faults.pending(), "each answer was given"


def test_nothing_that_was_sent_comes_back_in_an_error_of_abc() -> None:
    echo = Echo(WORDS, KEY)
    with listening(echo) as port:
        client = AbcClient(f"http://127.0.0.1:{port}", KeyMap({"*": SecretStr(KEY)}))
        attempt = lambda: list(client.search_feedbacks(1, 1, {"message": WORDS}))  # noqa: E731
        assert_silent_after_every_answer(echo, attempt, KEY)

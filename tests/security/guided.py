"""Coverage-guided fuzzing with Atheris: the bytes that reach new lines of the service are changed further.

`bin/fuzz` runs each target in a process of its own, because Atheris ends the process. What a target raises is a
finding. Without Atheris the targets can be called, and nothing looks for inputs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

try:
    import atheris
except ImportError:
    atheris = None

LOOKED_AT = ["bridge", "connectors", "jobs", "sources", "jinja2", "rule_engine"]
with atheris.instrument_imports(include=LOOKED_AT) if atheris else nullcontext():
    from bridge.environment import ConfigError
    from bridge.http.adapter import Adapter
    from bridge.templates import TemplateMistake, render_template
    from connectors.base import Connector, Done, Failed, LeaseLost, Outcome, Retry, Skipped
    from jobs.filters import Condition
    from sources import REGISTRY
    from sources.base import Event, Request, Unread
    from sources.facts import facts_of
    from sources.receive import holds_too_much
    from sources.source import Source
    from tests.connectors.context import MemoryContext
    from tests.connectors.contract import all_cases, cases_of
    from tests.connectors.world import World
    from tools.sandbox.server import running

STATUSES = (200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503)
SLOWEST = 20
"""Seconds after which an input is taken for one that does not end."""
MEGABYTES = 2048
Target = Callable[[bytes], None]


@dataclass
class Recorded:
    """A delivery against the stand-ins, with the answers that it got: it is made again without a network."""

    connector: Connector
    event: Event
    answers: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)


def sources() -> tuple[Target, list[bytes]]:
    """Bodies of every source, read as the receiver reads them."""
    all_sources = list(REGISTRY.values())
    samples = [(number, one.samples(name)) for number, one in enumerate(all_sources) for name in one.events]

    def target(data: bytes) -> None:
        source, raw = all_sources[data[0] % len(all_sources)] if data else all_sources[0], data[1:]
        if holds_too_much(raw):
            return
        with suppress(ValueError, RecursionError):  # as the receiver: no JSON
            body = json.loads(raw)
            if isinstance(body, dict):
                parsed(source, Request("fuzz", body, raw, source.samples(source.events[0]).headers))

    return target, [bytes([number]) + sample.body for number, sample in samples]


def parsed(source: Source, request: Request) -> None:
    try:
        event = source.parse(request)
    except ValueError as error:
        raise AssertionError("a source raises for a body") from error
    assert isinstance(event, Event | Unread)
    if isinstance(event, Event):
        json.dumps(facts_of(event))
        assert len(str(event.subject)) < 1000


def filters() -> tuple[Target, list[bytes]]:
    """Conditions that an operator may write, and that are judged or refused with a reason."""
    source = REGISTRY["abc"]
    event = source.parse(source.samples("FEEDBACK_CREATION").request())
    assert isinstance(event, Event)
    facts = facts_of(event)

    def target(data: bytes) -> None:
        with suppress(ConfigError):
            objection = Condition(data.decode("utf-8", "replace")).objection(facts)
            assert objection is None or isinstance(objection, str)

    written = ("feedback.rating > 3 and project.id in [1, 2]", 'issue.name =~~ r"pay" or not issue.status == "INIT"')
    return target, [text.encode() for text in written]


def templates() -> tuple[Target, list[bytes]]:
    """Templates that an operator may write."""
    values = {"issue": {"id": 1, "name": "결제 실패", "tags": ["a", "b"]}, "feedback": {"message": "x" * 500}}

    def target(data: bytes) -> None:
        with suppress(TemplateMistake):
            assert isinstance(render_template(data.decode("utf-8", "replace"), values), str)

    written = (
        "{% for tag in issue.tags %}{{ loop.index }}: {{ tag|upper }}{% endfor %}",
        "{{ issue.name|truncate(3) }} {% if feedback.message %}{{ '%s' % issue.id }}{% endif %}",
    )
    return target, [text.encode() for text in written]


def answers() -> tuple[Target, list[bytes]]:
    """One answer of a delivery's requests, of every connector, is replaced by other bytes."""
    recorded = [record(kind, name) for kind, name in all_cases()]

    def target(data: bytes) -> None:
        if len(data) < 4:
            return
        one, at, status = recorded[data[0] % len(recorded)], data[1], STATUSES[data[2] % len(STATUSES)]
        replay(one, at % max(1, len(one.answers)), status, data[3:])

    seeds = [
        bytes([number, at, 0]) + body
        for number, one in enumerate(recorded)
        for at, (_, _, body) in enumerate(one.answers)
    ]
    return target, seeds


def record(kind: str, name: str) -> Recorded:
    case = cases_of(kind)[name]
    send = Adapter._send
    with running(**case.options) as sandbox:
        case.prepare(sandbox)
        world = World(kind, case, sandbox)
        one = Recorded(world.build(), world.event())

        def recording(self: Adapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            response = send(self, request, *args, **kwargs)
            one.answers.append((response.status_code, dict(response.headers), response.content))
            return response

        Adapter._send = recording  # type: ignore[method-assign]
        try:
            one.connector.deliver(one.event, MemoryContext())
        finally:
            Adapter._send = send  # type: ignore[method-assign]
    return one


def replay(one: Recorded, at: int, status: int, body: bytes) -> Outcome | None:
    """The outcome of the delivery when its request number `at` gets this answer; None when its lease was lost."""
    given, send = iter(range(10_000)), Adapter._send

    def replaying(_self: Adapter, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        number = next(given)
        known = one.answers[number] if number < len(one.answers) else (404, {}, b"{}")
        response = requests.Response()
        response.status_code, headers, response._content = (status, known[1], body) if number == at else known
        response.headers.update(headers)
        response.request, response.url, response.encoding = request, str(request.url), "utf-8"
        return response

    Adapter._send = replaying  # type: ignore[method-assign, assignment]
    try:
        outcome = one.connector.deliver(one.event, MemoryContext())
    except LeaseLost:
        return None
    finally:
        Adapter._send = send  # type: ignore[method-assign]
    assert isinstance(outcome, Done | Skipped | Retry | Failed)
    assert len(repr(outcome)) < 100_000, "an answer is kept whole"
    return outcome


TARGETS: Mapping[str, Callable[[], tuple[Target, list[bytes]]]] = {
    "sources": sources,
    "filters": filters,
    "templates": templates,
    "answers": answers,
}


def main() -> None:
    """`python -m tests.security.guided TARGET SECONDS SEED FOLDER`: the folder takes the inputs that are kept."""
    name, seconds, seed, folder = sys.argv[1:5]
    target, seeds = TARGETS[name]()
    for number, text in enumerate(seeds):
        (Path(folder) / f"seed-{number}").write_bytes(text)
    options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEGABYTES}"]
    atheris.Setup([sys.argv[0], *options, "-max_len=20000", f"-artifact_prefix={folder}/", folder], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

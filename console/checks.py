"""`flask check`: the configuration, Redis, the source, and every third party, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dotenv import dotenv_values
from honcho import environ as honcho
from redis.exceptions import RedisError

from connectors.base import Check, note
from jobs.configuration import Configuration, build_connectors, make_tools
from jobs.connection import connect
from jobs.health import redis_trouble
from sources.abc.client import AbcError


def checks(configuration: Configuration, offline: bool) -> Iterator[Check]:
    """Every line of `flask check`."""
    service = configuration.service
    names = ", ".join(configuration.connectors) or "none: set CONNECTORS"
    yield Check(True, f"configuration: valid; connectors: {names}")
    yield from (Check(False, doubt) for doubt in configuration.doubts)
    if offline:
        return
    try:
        trouble = redis_trouble(connect(service, "command"))
        yield from (Check(False, f"redis: {what}") for what in trouble)
        if not trouble:
            yield Check(True, "redis: answers and keeps what it is told")
    except RedisError as error:
        yield Check(False, f"redis: {type(error).__name__}: {error}; look at REDIS_URL (bin/dev runs one of its own)")
    yield from _abc_checks(configuration)
    for name, connector in build_connectors(configuration).items():
        yield from (replace(line, what=f"{name}: {line.what}") for line in connector.check())


def dotenv_checks(path: Path) -> Iterator[Check]:
    """`honcho start` and `flask` read `.env` by different rules (quotes, blanks, `#`, backslashes, `$`): where they
    differ, what is checked here is not what runs."""
    if not path.is_file():
        return
    here = dotenv_values(path)
    try:
        there: dict[str, str] = honcho.parse(path.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    except ValueError as error:
        yield Check(False, f".env: honcho can't read it ({error}): put values into single quotes")
        return
    for name in sorted(name for name in here if (here[name] or "") != there.get(name, "")):
        yield Check(False, f"{name}: honcho reads another value from .env than flask: put it into single quotes")


def _abc_checks(configuration: Configuration) -> Iterator[Check]:
    abc = make_tools(configuration.service).abc
    if abc is None:
        return
    projects = {int(key) for key, _ in configuration.service.abc_api_key.items() if key.isdigit()}
    projects |= {project for project, _ in configuration.service.reconcile_channels}
    if not projects:
        advice = "name your channels in RECONCILE_CHANNELS (1:1): catch-up then finds them even when Redis lost all"
        yield note(f"abc: not asked; {advice}")
    for project in sorted(projects):
        try:
            yield Check(True, f"abc: project {project} is '{abc.project_name(project)}', the API key fits")
        except AbcError as error:
            yield Check(False, f"abc: project {project}: {error}")

"""What docs/reference.md lists, taken from the code: `bin/docs --write` writes it, and a test compares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

import connectors
import sources
from app import create_app
from bridge.service import ServiceSettings
from bridge.settings import Settings
from connectors.translate import providers
from console.settings import spelled
from tools.figures import write

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference.md"
PASSWORD = "a-password-of-the-reference"  # noqa: S105  of an application that serves nobody
COMMAND = "bin/docs --write"


def blocks(redis_url: str) -> dict[str, str]:
    """The text of each block, by its command. `redis_url`: of an empty database; /metrics is read from it."""
    given = {"WEBHOOK_TOKEN": "a-token-of-the-reference", "CONSOLE_PASSWORD": PASSWORD, "REDIS_URL": redis_url}
    given |= {"CONNECTORS": "slack", "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/"}
    application = create_app(given)
    with Redis.from_url(redis_url) as redis:
        redis.hset("fb:default:last", "slack", "ok")  # a destination that was seen: some metrics are about those
    parts = {
        "commands": commands(application),
        "endpoints": endpoints(application),
        "metrics": metrics(application),
        "variables": variables(),
        "events": events(),
    }
    return {f"{COMMAND} {name}": text for name, text in parts.items()}


def write_all(redis_url: str) -> None:
    """Writes every block into the page. Raises ValueError when the page lacks one."""
    for command, text in blocks(redis_url).items():
        write(PAGE, command, text)


def commands(application: Flask) -> str:
    """Ours, without those of Flask itself."""
    return "\n\n".join(
        _command(name, command)
        for name, command in sorted(application.cli.commands.items())
        if command.callback is not None and not command.callback.__module__.startswith("flask.")
    )


def _command(name: str, command: click.Command) -> str:
    arguments = " ".join(option.make_metavar(_context(command)) for option in command.params if _is_argument(option))
    about = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    rows = [(_code(", ".join(option.opts)), _meaning(option), _default(option)) for option in options]
    text = f"### {f'flask {name} {arguments}'.strip()}\n\n{about}"
    return f"{text}\n\n{_table(('option', 'meaning', 'default'), rows)}" if rows else text


def _meaning(option: click.Option) -> str:
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    return " ".join(filter(None, [option.help, ", ".join(_code(str(choice)) for choice in choices)]))


def _context(command: click.Command) -> click.Context:
    return click.Context(command)


def _is_argument(option: click.Parameter) -> bool:
    return isinstance(option, click.Argument)


def _default(option: click.Option) -> str:
    return _code(spelled(option.default)) if option.show_default and not callable(option.default) else ""


def endpoints(application: Flask) -> str:
    """Of the JSON API, as its OpenAPI document describes them."""
    client = application.test_client()
    paths = client.get("/api/openapi.json", headers={"Authorization": f"Bearer {PASSWORD}"}).get_json()["paths"]
    rows = [
        (
            _code(f"{method.upper()} {path}"),
            about["summary"],
            ", ".join(_code(item["name"]) for item in about.get("parameters", []) if item["in"] == "query"),
            ", ".join(about["responses"]),
        )
        for path, methods in paths.items()
        for method, about in methods.items()
    ]
    return _table(("request", "what it does", "query", "answers"), rows)


def metrics(application: Flask) -> str:
    """Of /metrics, with the labels of its series."""
    text = application.test_client().get("/metrics").get_data(as_text=True)
    rows = []
    for family in text_string_to_metric_families(text):
        labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append((_code(name), family.type, ", ".join(map(_code, labels)), family.documentation))
    return _table(("metric", "type", "labels", "what it counts"), rows)


def variables() -> str:
    """Of the service, every source, connector and translator."""
    rows = dict(_variables())
    return _table(("variable", "default", "secret"), [(_code(name), *rest) for name, rest in sorted(rows.items())])


def _variables() -> Iterator[tuple[str, tuple[str, str]]]:
    kinds: list[type[Settings]] = [ServiceSettings, *(api.settings for api in sources.APIS.values())]
    kinds += [source.settings for source in sources.REGISTRY.values()]
    kinds += [providers.find(provider).settings for provider in providers.REGISTRY]
    yield "SOURCES", ("`abc`", "")
    for name in connectors.REGISTRY:
        spec = connectors.find(name)
        kinds.append(spec.settings)
        names, condition = spec.routing
        yield names, (_code(",".join(spec.default_events)), "")
        yield condition, ("", "")
    for kind in kinds:
        for field, variable in kind.variables().items():
            about = kind.model_fields[field]
            is_secret = "Secret" in repr(about.annotation) + repr(about.metadata)
            default = "" if is_secret or about.is_required() else spelled(about.get_default(call_default_factory=True))
            yield variable, (_code(default), "yes" if is_secret else "")


def events() -> str:
    """The known names of each source; others are kept as well."""
    rows = [
        (_code(name), ", ".join(_code(event) for event in source.events)) for name, source in sources.REGISTRY.items()
    ]
    return _table(("source", "events"), rows)


def _code(text: str) -> str:
    """Empty for nothing; a table's cell can't hold a line break."""
    shown = re.sub(r"\s*\n\s*", r"\\n", text).replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(re.sub(r" +\|", " |", f"| {' | '.join(str(cell) for cell in line)} |") for line in lines)

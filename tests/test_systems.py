"""docs/systems.md lists every system and what the code does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import connectors
import sources
from connectors.base import Gathering, Restoring
from connectors.translate import providers
from jobs.configuration import configure
from jobs.runtime import Runtime
from tests.connectors.contract import cases_of
from tools.sandbox.processes import ROOT

PAGE = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
COMMON = {"WEBHOOK_TOKEN": "a-token-for-this-test", "ABC_API_URL": "http://127.0.0.1:9", "ABC_API_KEY": "made-up"}
MANY = 1000
"""A crowd that never gathers is larger."""


def yes(value: object) -> str:
    return "yes" if value else "–"


def connector_rows() -> Iterator[str]:
    for kind in connectors.REGISTRY:
        spec, cases = connectors.find(kind), cases_of(kind).values()
        fields = spec.settings.model_fields
        own = next(iter(cases)).variables("http://127.0.0.1:9")
        built = Runtime(configure({**COMMON, "CONNECTORS": kind, **own})).connectors[kind]
        labelled = {f"{variable}__EU": value for variable, value in own.items()}
        instances = Runtime(configure({**COMMON, "CONNECTORS": f"{kind}.eu", **labelled})).connectors
        does = "tickets" if spec.tickets else "translations" if kind == "translate" else None
        does = does or ("messages" if "feedback_field" in fields else "webhooks")
        found = {case.finds_again for case in cases}
        again = "looked up" if found == {True} else "may appear twice" if found == {False} else "depends"
        again = "sent again with its id" if does == "webhooks" else again
        rate = next(field.default for name, field in fields.items() if name.rpartition("_")[2] == "rate")
        columns = [
            f"[`{kind}`](connectors/{kind}.md)",
            does,
            yes("status_map" in fields),
            yes("status_back" in fields),
            yes("comment_template" in fields),
            "linked" if spec.tickets else "links them" if "ticket_url" in fields else "–",
            again,
            yes(isinstance(built, Gathering) and built.crowd < MANY),
            yes(isinstance(built, Restoring)),
            f"{rate:g}",
            yes([*instances] == [f"{kind}.eu"]),
        ]
        yield f"| {' | '.join(columns)} |"


def source_rows() -> Iterator[str]:
    for name, source in sources.REGISTRY.items():
        columns = [f"[`{name}`](sources/{name}.md)", str(len(source.events)), yes(source.api), yes(source.facts)]
        yield f"| {' | '.join(columns)} |"


def translator_rows() -> Iterator[str]:
    for kind in providers.REGISTRY:
        shared = connectors.find("translate").settings.model_fields
        variables = providers.find(kind).settings.variables()
        own = [f"`{variable}`" for field, variable in variables.items() if field not in shared]
        yield f"| `{kind}` | {', '.join(own)} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "Connectors": connector_rows,
    "Sources": source_rows,
    "Translators": translator_rows,
}


@pytest.mark.parametrize("heading", TABLES)
def test_the_table_is_what_the_code_does(heading: str) -> None:
    expected = list(TABLES[heading]())
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert table == expected, "\n" + "\n".join(expected)

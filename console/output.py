"""What the commands print: texts of other people in it can't steer the terminal, and errors are sentences."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from redis.exceptions import RedisError

from bridge.failures import name_of
from bridge.terminal import escaped, printable
from jobs.ledger.query import FILTERS, BadQuery
from jobs.ledger.values import STATES
from jobs.probe import MEMORY, is_full

Callback = TypeVar("Callback", bound=Callable[..., Any])


def show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    """A table of these columns, or, for scripts, the whole rows as one JSON object a line."""
    if as_json:
        for row in rows:
            echo(as_json_text(row))
        return
    cells = [tuple(_cell(row.get(column)) for column in columns) for row in rows]
    if rows and sys.stdout.isatty():
        _show_on_terminal(columns, cells)
        return
    table = [columns, *cells]
    widths = [max(len(line[number]) for line in table) for number in range(len(columns))]
    for line in table:
        echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if not rows:
        echo("(nothing)")


def _show_on_terminal(columns: tuple[str, ...], cells: list[tuple[str, ...]]) -> None:
    """Long texts go on inside their column. Texts are texts: `[red]` in one is no style."""
    from rich.console import Console  # takes a tenth of a second: not where nobody looks at a table
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


@contextmanager
def progress(what: str, err: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal, else nothing. It gets how much is done, and of how much (None: not known)."""
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _cell(value: object) -> str:
    text = "" if value is None else printable(" ".join(str(value).split()))
    return text if len(text) <= 80 else text[:79] + "…"


def echo(text: str, err: bool = False) -> None:
    """Prints what may hold other people's texts, without what could steer the terminal."""
    click.echo(printable(text, keep="\n"), err=err)


def as_json_text(value: object, indent: int | None = None) -> str:
    """JSON that people can read in a terminal: all that is not printable is escaped, halves of a character too."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent), keep="\n")


def filters(condition: str = "") -> Callable[[Callback], Callback]:
    """An option for each filter of a search; that of `q` is --text. `condition`: begins the help of each."""

    def add(callback: Callback) -> Callback:
        for name, meaning in reversed(FILTERS.items()):
            callback = click.option(
                "--text" if name == "q" else f"--{name}",
                name,
                type=click.Choice(STATES) if name == "state" else str,
                callback=lambda _context, _option, value: value or "",
                help=f"{condition}: {meaning[0].lower()}{meaning[1:]}." if condition else f"{meaning}.",
            )(callback)
        return callback

    return add


def in_sentences(command: click.Command) -> None:
    """Redis away, or a bad query: a sentence instead of a traceback. A terminal that can't show a character gets its
    number."""
    callback = command.callback
    assert callback is not None

    def guarded(*args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return callback(*args, **kwargs)
        except BadQuery as error:
            raise click.ClickException(str(error)) from None
        except RedisError as error:
            what = MEMORY if is_full(error) else f"Redis: {printable(name_of(error))}; look at REDIS_URL"
            raise click.ClickException(what) from None

    command.callback = guarded

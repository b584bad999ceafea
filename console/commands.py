"""The operator's commands: `flask check`, `events`, `replay`, `resume`, `reconcile`, `send-test`."""

from __future__ import annotations

import io
import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from flask import Flask
from redis.exceptions import RedisError

from bridge.environment import ConfigError
from bridge.failures import name_of
from bridge.http import NoAnswer, new_session, send
from bridge.terminal import escaped, printable
from connectors.base import Check
from console.checks import checks, dotenv_checks
from jobs.configuration import Configuration
from jobs.ledger.ledger import FINISHED, STATES
from jobs.ledger.records import BadQuery, Query, Records
from jobs.reconcile import comparison
from jobs.reconcile.reconciler import Reconciler, StillConfigured, instant
from jobs.runtime import Runtime
from sources import spelled
from sources.abc import samples
from sources.abc.client import AbcClient, AbcError
from sources.abc.settings import AbcSettings

COLUMNS = ("id", "event", "entity", "state", "attempts", "updated_at", "error")


class Desk:
    """What the commands work with, made when one needs it: `--help` and `check` answer in any environment."""

    def __init__(self, configured: Configuration | ConfigError) -> None:
        self._configured = configured

    @cached_property
    def configuration(self) -> Configuration:
        if isinstance(self._configured, ConfigError):
            raise click.ClickException("\n  ".join(["correct these variables first:", *self._configured.problems]))
        return self._configured

    @cached_property
    def runtime(self) -> Runtime:
        return Runtime(self.configuration, "command")

    def checks(self, offline: bool) -> Iterator[Check]:
        if isinstance(self._configured, ConfigError):
            return (Check(False, problem) for problem in self._configured.problems)
        redact = self._configured.redact
        lines = itertools.chain(dotenv_checks(Path(".env")), checks(self.runtime, offline))
        return (replace(line, what=redact(line.what)) for line in lines)


def register(app: Flask, configured: Configuration | ConfigError) -> None:
    """Adds the commands to `flask`."""
    desk = Desk(configured)

    @app.cli.command("check")
    @click.option("--offline", is_flag=True, help="Only the variables; makes no request.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def check(offline: bool, as_json: bool) -> None:
        """Validate the configuration and test every configured third party; exit 1 if anything fails.

        A note is no failure: something could not be found out, or may matter later.
        """
        bad = 0
        for line in desk.checks(offline):
            bad += not line.ok
            status = "note" if line.is_note else "ok" if line.ok else "fail"
            about, _, what = line.what.partition(": ")
            if as_json:
                _echo(_json({"status": status, "about": about, "what": what}))
            else:
                _echo(f"{'FAIL' if status == 'fail' else status:4} {printable(line.what)}")
        sys.exit(1 if bad else 0)

    @app.cli.command("events")
    @click.argument("event_id", required=False)
    @click.option("--state", type=click.Choice(STATES), help="Only deliveries in this state.")
    @click.option("--connector", default="", help="Only this connector's.")
    @click.option("--event", default="", help="Only of this event name, such as ISSUE_CREATION.")
    @click.option("--entity", default="", help="Only about this entity, such as abc:issue:1:3 (project, id).")
    @click.option("--ignored", is_flag=True, help="Instead: events that nothing acted on, or that could not be read.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def events(event_id: str | None, ignored: bool, as_json: bool, limit: int, **words: str | None) -> None:
        """List deliveries, the newest first; with an EVENT_ID, show that event whole."""
        if event_id:
            found = desk.runtime.records.event(event_id)
            if found is None:
                raise click.ClickException(f"there is no event {event_id}; finished ones are kept for RETENTION_DAYS")
            _echo(_json(found, indent=2))
            return
        if ignored:
            rows = desk.runtime.records.events("unreadable", limit) + desk.runtime.records.events("ignored", limit)
            _show(rows, ("id", "event", "state", "received_at", "why"), as_json)
            return
        words["entity"] = spelled(words["entity"] or "")
        query = Query(limit=limit, **{name: value or "" for name, value in words.items()})
        _show(desk.runtime.records.deliveries(query)[0], COLUMNS, as_json)

    @app.cli.command("replay")
    @click.argument("delivery_ids", nargs=-1)
    @click.option("--dead", is_flag=True, help="All dead letters, the oldest first.")
    def replay(delivery_ids: tuple[str, ...], dead: bool) -> None:
        """Send deliveries again from their first attempt. A done one repeats nothing."""
        if dead == bool(delivery_ids):
            raise click.UsageError("name the DELIVERY_IDS, or use --dead")
        words = {
            id_: desk.runtime.replayer.replay(id_)
            for id_ in (desk.runtime.records.ids_in("dead") if dead else delivery_ids)
        }
        for id_, word in words.items():
            _echo(f"{word:8} {id_}")
        if not words:
            _echo("there is no dead letter")
        sys.exit(0 if all(word == "queued" for word in words.values()) else 1)

    @app.cli.command("resume")
    @click.argument("name")
    def resume(name: str) -> None:
        """Start a connector instance again that has stopped: it was answered 410, that nothing more is wanted.

        What waited meanwhile is sent. The delivery that was answered 410 is dead: `flask replay` sends it again.
        """
        stopped = desk.runtime.replayer.resume(name)
        if not stopped and name not in desk.configuration.connectors:
            raise click.ClickException(f"CONNECTORS names no {name!r}")
        _echo(f"{name} runs again" if stopped else f"{name} has not stopped")

    @app.cli.command("reconcile")
    @click.option("--since", help="From this time on (2026-11-01T00:00Z), or from that long ago (36h, 7d).")
    @click.option("--dry-run", is_flag=True, help="Only print what would be done.")
    @click.option("--wait", is_flag=True, help="Wait for changes whose event may still arrive, about a minute.")
    @click.option("--forget", metavar="PROJECT[:CHANNEL]", help="Instead: stop comparing a channel, or a project.")
    def reconcile(since: str | None, dry_run: bool, wait: bool, forget: str | None) -> None:
        """Compare with ABC User Feedback and recover what was missed; the workers do it every RECONCILE_EVERY s."""
        reconciler = desk.runtime.reconciler
        if reconciler is None:
            raise click.ClickException("there is nothing to compare with: set ABC_API_URL and ABC_API_KEY")
        if forget:
            _forget(reconciler, forget)
            return
        try:
            start = instant(since, time.time()) if since else None
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--since") from None
        report = reconciler.run(start, dry_run)
        if wait and report.younger and not report.capped:
            _echo(f"waiting {report.wait:.0f} s: {report.changes(comparison.SETTLED_SECONDS)}", err=True)
            time.sleep(report.wait + 0.1)
            report = report.then(reconciler.run(start, dry_run))
        _show([asdict(found) for found in report.findings], ("event_id", "name", "entity", "action"), as_json=False)
        for line in report.summary(comparison.SETTLED_SECONDS, dry_run):
            _echo(line)
        for problem in report.problems():
            _echo(desk.configuration.redact(problem), err=True)
        sys.exit(1 if report.errors or report.forgotten else 0)

    @app.cli.command("send-test")
    @click.option("--url", help="The receiver; default: /webhook on this machine's PORT.")
    @click.option("--event", "name", type=click.Choice(tuple(samples.DATA)), default="ISSUE_STATUS_CHANGE")
    @click.option("--project", default=1, show_default=True, help="ABC project id.")
    @click.option("--channel", default=1, show_default=True, help="ABC channel id.")
    @click.option("--issue", default=1, show_default=True, help="ABC issue id.")
    @click.option("--feedback", default=1, show_default=True, help="ABC feedback id.")
    @click.option("--wait", default=20.0, show_default=True, help="Seconds to wait for the deliveries.")
    def send_test(url: str | None, name: str, wait: float, **ids: int) -> None:
        """Send a sample event to a running receiver, as the feedback app would, and show the result.

        Connectors act on it as on any other: with an id that exists a ticket is made, a message is sent.
        """
        url = url or f"http://127.0.0.1:{desk.configuration.service.port}/webhook"
        created = _creation_times(desk.runtime.apis.get("abc"), **ids)
        event_id = _send(desk.configuration, url, samples.body(name, **ids, created=created))
        rows = list(_until_finished(desk.runtime.records, event_id, wait))
        _show(rows, COLUMNS, as_json=False)
        sys.exit(0 if rows and all(row["state"] in ("done", "skipped") for row in rows) else 1)

    for command in (check, events, replay, resume, reconcile, send_test):
        _in_sentences(command)


def _forget(reconciler: Reconciler, text: str) -> None:
    try:
        found = reconciler.forget(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    except StillConfigured as error:
        raise click.ClickException(str(error)) from None
    if not found:
        raise click.ClickException(f"{text} is not among what is compared")
    for position in found:
        _echo(f"not compared any more, until an event names it: {reconciler.describe(position)}")


def _creation_times(abc: AbcClient | None, *, project: int, channel: int, issue: int, feedback: int) -> dict[str, str]:
    """`createdAt` of the issue and the feedback, where ABC User Feedback has them and can be asked."""
    found: dict[str, str] = {}
    if abc is not None:
        with suppress(AbcError):
            found["issue"] = abc.get_issue(project, issue).createdAt
        with suppress(AbcError):
            found["feedback"] = abc.get_feedback(project, channel, feedback).createdAt
    return found


def _token(configuration: Configuration) -> str:
    settings = configuration.sources.chosen.get("abc")
    if not isinstance(settings, AbcSettings):
        raise click.ClickException("SOURCES does not list abc: /webhook is switched off")
    return settings.webhook_token[0].get_secret_value()


def _send(configuration: Configuration, url: str, body: bytes) -> str:
    token = _token(configuration)
    headers = {"Content-Type": "application/json", "x-webhook-token": token}
    try:
        answer = send(new_session(), "POST", url, headers=headers, data=body)
    except NoAnswer as failure:
        raise click.ClickException(f"{url}: {failure}; is the receiver running there?") from None
    found = answer.json()
    if not answer.ok or not isinstance(found, dict):
        raise click.ClickException(f"{url} answered {answer.status}: {_excerpt(configuration, answer.text)}")
    if "event_id" not in found:
        raise click.ClickException(f"{url} answered without an event_id; is that the receiver?")
    _echo(f"accepted as event {found['event_id']}{' (known already)' if found.get('duplicate') else ''}")
    return str(found["event_id"])


def _excerpt(configuration: Configuration, text: str) -> str:
    """The start of an answer. Masked before it is cut: a cut through a secret would leave its start."""
    return printable(configuration.redact(text)[:300])


def _until_finished(records: Records, event_id: str, seconds: float) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while True:
        found = records.event(event_id)
        rows: list[dict[str, Any]] = found["deliveries"] if found else []
        if all(row["state"] in FINISHED for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(0.2)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        for row in rows:
            _echo(_json(row))
        return
    table = [columns, *(tuple(_cell(row.get(column)) for column in columns) for row in rows)]
    widths = [max(len(line[number]) for line in table) for number in range(len(columns))]
    for line in table:
        _echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if not rows:
        _echo("(nothing)")


def _cell(value: object) -> str:
    text = "" if value is None else printable(" ".join(str(value).split()))
    return text if len(text) <= 80 else text[:79] + "…"


def _echo(text: str, err: bool = False) -> None:
    """Prints what may hold other people's texts, without what could steer the terminal."""
    click.echo(printable(text, keep="\n"), err=err)


def _json(value: object, indent: int | None = None) -> str:
    """JSON that people can read in a terminal: all that is not printable is escaped, halves of a character too."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent), keep="\n")


def _in_sentences(command: click.Command) -> None:
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
            raise click.ClickException(f"Redis: {printable(name_of(error))}; look at REDIS_URL") from None

    command.callback = guarded

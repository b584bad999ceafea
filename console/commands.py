"""The operator's commands: `flask check`, `settings`, `events`, `preview`, `reconcile`, `send-test`; those that repair
are in console/repairs.py, `register` in console/registering.py."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace

import click
from flask import Flask

from bridge.environment import ConfigError
from bridge.terminal import printable
from bridge.times import instant
from console import registering, repairs
from console.checks import as_row
from console.desk import Desk
from console.output import as_json_text, echo, filters, in_sentences, progress, show
from console.previewing import NoPreview, lines_of, preview_of
from console.sending import CannotSend, creation_times, own_address, send_sample, until_finished
from console.settings import listed
from jobs.configuration import Configuration
from jobs.ledger.query import Query
from jobs.reconcile import comparison
from jobs.reconcile.reconciler import Reconciler, StillConfigured
from sources.abc import samples

COLUMNS = ("id", "event", "entity", "state", "attempts", "updated_at", "error")


def register(app: Flask, configured: Configuration | ConfigError, environ: Mapping[str, str]) -> None:
    """Adds the commands to `flask`. `environ`: what was configured."""
    desk = Desk(configured)
    repairs.register(app, desk)

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
            row = as_row(line)
            if as_json:
                echo(as_json_text(row))
            else:
                echo(f"{'FAIL' if row['status'] == 'fail' else row['status']:4} {printable(line.what)}")
        sys.exit(1 if bad else 0)

    @app.cli.command("settings")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def settings(as_json: bool) -> None:
        """List every variable in force, its value and its origin; secrets are masked.

        "base" is a value that an instance inherits from the variable without its label, "file" that of a variable's
        _FILE. Variables that have no value and no default are left out.
        """
        show(list(listed(desk.configuration, environ)), ("variable", "value", "origin"), as_json)

    @app.cli.command("events")
    @click.argument("event_id", required=False)
    @filters()
    @click.option("--ignored", is_flag=True, help="List events that no connector acted on, or that could not be read.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
    @click.option("--cursor", default="", help="Continue after the earlier rows: the value at their end.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def events(event_id: str | None, ignored: bool, as_json: bool, limit: int, **words: str) -> None:
        """List deliveries, the newest first; with an EVENT_ID, show the complete event.

        With --state the times are those of the last change of state, else those at which the events arrived.
        """
        if event_id:
            found = desk.runtime.records.event(event_id)
            if found is None:
                raise click.ClickException(f"there is no event {event_id}; finished ones are kept for RETENTION_DAYS")
            echo(as_json_text(found) if as_json else as_json_text(found, indent=2))
            return
        if ignored:
            rows = desk.runtime.records.events("unreadable", limit) + desk.runtime.records.events("ignored", limit)
            show(rows, ("id", "event", "state", "received_at", "why"), as_json)
            return
        query = Query.of(words, time.time())
        page = desk.runtime.records.whole_page(replace(query, limit=limit))
        show(page.rows, COLUMNS, as_json)
        if page.next:
            echo(f"for older ones: --cursor {page.next}", err=True)

    @app.cli.command("preview")
    @click.argument("event")
    @click.argument("connector")
    @click.option("--source", default="abc", show_default=True, help="Of the request in a file.")
    @click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Of the request in a file.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object.")
    def preview(event: str, connector: str, source: str, headers: tuple[str, ...], as_json: bool) -> None:
        """Print what CONNECTOR would send for EVENT, and where; makes no request.

        EVENT is the id of an event that was received, the name of an event (a sample of it is used), or a file with
        the body of a webhook. CONNECTOR is a name in CONNECTORS, such as slack or slack.mobile.
        """
        given = dict(_header(header) for header in headers)
        try:
            shown = preview_of(desk.runtime, event, connector, source, given)
        except NoPreview as error:
            raise click.ClickException(str(error)) from None
        redact = desk.configuration.redact
        if as_json:
            echo(redact(as_json_text(shown.as_dict())))
        else:
            for line in lines_of(shown):
                echo(redact(line))
        sys.exit(1 if shown.outcome == "failed" else 0)

    @app.cli.command("reconcile")
    @click.option("--since", help="From this time on (2026-11-01T00:00Z), or from that long ago (36h, 7d).")
    @click.option("--dry-run", is_flag=True, help="Only print what would be done.")
    @click.option("--wait", is_flag=True, help="Wait for changes whose event may still arrive, about a minute.")
    @click.option("--forget", metavar="PROJECT[:CHANNEL]", help="Only stop comparing a channel or a project.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def reconcile(since: str | None, dry_run: bool, wait: bool, forget: str | None, as_json: bool) -> None:
        """Compare with ABC User Feedback and handle missed changes; the workers do it every RECONCILE_EVERY s."""
        reconciler = desk.runtime.reconciler
        if reconciler is None:
            raise click.ClickException("there is nothing to compare with: set ABC_API_URL and ABC_API_KEY")
        if forget:
            desk.record("forget", forget)
            _forget(reconciler, forget)
            return
        try:
            start = instant(since, time.time()) if since else None
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--since") from None
        if not dry_run:
            desk.record("reconcile", since or "")
        with progress("comparing", err=True) as advance:
            report = reconciler.run(start, dry_run, advance)
        if wait and report.younger and not report.capped:
            echo(f"waiting {report.wait:.0f} s: {report.changes(comparison.SETTLED_SECONDS)}", err=True)
            time.sleep(report.wait + 0.1)
            report = report.then(reconciler.run(start, dry_run))
        show([asdict(found) for found in report.findings], ("event_id", "name", "entity", "action"), as_json)
        for line in report.summary(comparison.SETTLED_SECONDS, dry_run):
            echo(line, err=as_json)
        for problem in report.problems():
            echo(desk.configuration.redact(problem), err=True)
        sys.exit(1 if report.errors or report.forgotten else 0)

    @app.cli.command("send-test")
    @click.option("--url", help="The receiver; default: /webhook on this machine's PORT.")
    @click.option("--event", "name", type=click.Choice(tuple(samples.DATA)), default="ISSUE_STATUS_CHANGE")
    @click.option("--project", default=1, show_default=True, help="ABC project id.")
    @click.option("--channel", default=1, show_default=True, help="ABC channel id.")
    @click.option("--issue", default=1, show_default=True, help="ABC issue id.")
    @click.option("--feedback", default=1, show_default=True, help="ABC feedback id.")
    @click.option("--wait", default=20.0, show_default=True, help="Seconds to wait for the deliveries.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def send_test(url: str | None, name: str, wait: float, as_json: bool, **ids: int) -> None:
        """Send a sample event to a running receiver, as the feedback app would, and show the result.

        Connectors act on it as on any other: with an id that exists a ticket is made, a message is sent.
        """
        url = url or own_address(desk.configuration)
        created = creation_times(desk.runtime.apis.get("abc"), **ids)
        try:
            desk.record("sample", " ".join([name, *(f"{kind}={number}" for kind, number in sorted(ids.items()))]))
            sent = send_sample(desk.configuration, url, samples.body(name, **ids, created=created))
        except CannotSend as problem:
            raise click.ClickException(str(problem)) from None
        echo(f"accepted as event {sent.event_id}{' (known already)' if sent.is_known else ''}", err=as_json)
        rows = list(until_finished(desk.runtime.records, sent.event_id, wait))
        show(rows, COLUMNS, as_json)
        sys.exit(0 if rows and all(row["state"] in ("done", "skipped") for row in rows) else 1)

    register_webhook = registering.make_command(desk)
    app.cli.add_command(register_webhook)
    for command in (check, settings, events, preview, reconcile, register_webhook, send_test):
        in_sentences(command)


def _header(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise click.BadParameter("should be NAME=VALUE", param_hint="--header")
    return name, value


def _forget(reconciler: Reconciler, text: str) -> None:
    try:
        found = reconciler.forget(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    except StillConfigured as error:
        raise click.ClickException(str(error)) from None
    if not found:
        raise click.ClickException(f"{text} is not compared")
    for position in found:
        echo(f"no longer compared, until an event names it: {reconciler.describe(position)}")

"""The commands that repair: `flask dead`, `replay`, `drop`, `resume`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

import click
from flask import Flask

from console.advice import advice_for
from console.desk import Desk
from console.output import as_json_text, echo, filters, in_sentences, progress, show
from jobs.ledger.query import Query
from jobs.replay import FASTEST, RATE, SLOWEST, Progress

LOOK_EVERY = 0.5
"""Seconds between two looks at a replay that is waited for."""


def register(app: Flask, desk: Desk) -> None:
    """Adds the commands to `flask`."""

    @app.cli.command("dead")
    @click.option("--connector", default="", help="Only this connector's.")
    @click.option("--reason", default="", help="Only with this reason, such as auth.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def dead(connector: str, reason: str, as_json: bool) -> None:
        """Count dead letters by connector and reason, with what to do about each group.

        `flask events --state dead --connector NAME --reason REASON` lists those of a group, `flask replay --all` with
        the same options sends them again.
        """
        rows = []
        cursor: str | None = ""
        while cursor is not None:
            found = desk.runtime.records.dead(connector, reason, cursor)
            rows += [{**asdict(group), "to_do": advice_for(group.reason)} for group in found.groups]
            cursor = found.next
        show(rows, ("connector", "reason", "count", "oldest", "newest"), as_json)
        for row in [] if as_json else rows:
            error = " ".join(row["error"].split())
            echo(f"\n{row['connector']} {row['reason']}\n  error: {error}\n  to do: {row['to_do']}")

    @app.cli.command("replay")
    @click.argument("delivery_ids", nargs=-1)
    @click.option("--dead", is_flag=True, help="All dead letters, the oldest first: --all --state dead.")
    @click.option(
        "--all",
        "everything",
        is_flag=True,
        help="All deliveries that the filters find; without --state only dead letters.",
    )
    @filters("With --all")
    @click.option(
        "--rate", default=RATE, show_default=True, type=click.FloatRange(SLOWEST, FASTEST), help="Deliveries a second."
    )
    @click.option("--wait", is_flag=True, help="With --all: wait until each has ended, and show the progress.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def replay(
        delivery_ids: tuple[str, ...],
        dead: bool,
        everything: bool,
        rate: float,
        wait: bool,
        as_json: bool,
        **words: str,
    ) -> None:
        """Send deliveries again from their first attempt. A delivery that is done repeats nothing.

        Name DELIVERY_IDS, or use --all with filters. Those of --all go one after the other, at --rate; they are planned
        at once, so the command may end before they are sent.
        """
        if (dead or everything) == bool(delivery_ids):
            raise click.UsageError("name the DELIVERY_IDS, or use --all or --dead")
        if delivery_ids:
            _replay_each(desk, delivery_ids, as_json)
            return
        query = Query.of(words | {"state": "dead" if dead else words["state"] or "dead"}, time.time())
        _replay_all(desk, query, rate, wait, as_json)

    @app.cli.command("drop")
    @click.argument("delivery_ids", nargs=-1)
    @click.option(
        "--group", nargs=2, metavar="CONNECTOR REASON", help="All dead letters of a group that flask dead lists."
    )
    @click.option("--reason", required=True, help="Why; it is kept with the delivery.")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object a line.")
    def drop(delivery_ids: tuple[str, ...], group: tuple[str, str] | None, reason: str, as_json: bool) -> None:
        """Never send these deliveries: they become skipped, and the next of their line starts.

        Name DELIVERY_IDS, or a group: flask drop --group jira config --reason "the project is closed". What was dropped
        can still be replayed.
        """
        if (group is None) == (not delivery_ids):
            raise click.UsageError("name the DELIVERY_IDS, or a --group")
        if group is not None:
            _drop_group(desk, *group, reason, as_json)
            return
        results = []
        for id_ in delivery_ids:
            desk.record("drop", f"{id_}: {reason}")
            results.append((id_, desk.runtime.replayer.drop(id_, reason)))
        _show_results(results, as_json)
        sys.exit(0 if all(result == "skipped" for _, result in results) else 1)

    @app.cli.command("resume")
    @click.argument("name")
    @click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object.")
    def resume(name: str, as_json: bool) -> None:
        """Start a connector instance again that stopped because the other side answered 410.

        What waited meanwhile is sent. The delivery that was answered 410 is dead: `flask replay` sends it again.
        """
        desk.record("resume", name)
        stopped = desk.runtime.replayer.resume(name)
        if not stopped and name not in desk.configuration.connectors:
            raise click.ClickException(f"CONNECTORS names no {name!r}")
        if as_json:
            echo(as_json_text({"name": name, "resumed": stopped}))
        else:
            echo(f"{name} runs again" if stopped else f"{name} has not stopped")

    for command in (dead, replay, drop, resume):
        in_sentences(command)


def _replay_each(desk: Desk, delivery_ids: tuple[str, ...], as_json: bool) -> None:
    results = []
    for id_ in delivery_ids:
        desk.record("replay", id_)
        results.append((id_, desk.runtime.replayer.replay(id_)))
    _show_results(results, as_json)
    sys.exit(0 if all(result == "queued" for _, result in results) else 1)


def _replay_all(desk: Desk, query: Query, rate: float, wait: bool, as_json: bool) -> None:
    given = {name: value for name, value in asdict(query).items() if value and name != "limit"}
    desk.record("replay", " ".join(f"{name}={value}" for name, value in given.items()) + f" rate={rate:g}")
    count, replay_id = 0, ""
    with progress("planning", err=True) as advance:
        for bulk in desk.runtime.replayer.replay_everything(query, rate):
            count, replay_id = count + bulk.count, bulk.id
            advance(count, None)
    if not count:
        echo(as_json_text({"id": replay_id, "count": 0}) if as_json else _nothing(query))
        return
    found = desk.runtime.replayer.progress(replay_id) or Progress(replay_id, count, 0, 0, 0)
    if wait:
        with progress("sending", err=True) as advance:
            while found.left:
                advance(found.count - found.left, found.count)
                time.sleep(LOOK_EVERY)
                found = desk.runtime.replayer.progress(replay_id) or found
    if as_json:
        echo(as_json_text({**asdict(found), "left": found.left}))
    elif wait:
        echo(f"{found.done} done, {found.skipped} skipped, {found.dead} dead again")
    else:
        echo(f"deliveries that are sent again: {count}, {rate:g} a second; replay {replay_id}")
    sys.exit(1 if wait and found.dead else 0)


def _drop_group(desk: Desk, connector: str, reason: str, why: str, as_json: bool) -> None:
    desk.record("drop_group", f"{connector} {reason}: {why}")
    count = 0
    with progress("dropping", err=True) as advance:
        for count in desk.runtime.replayer.drop_whole_group(connector, reason, why):
            advance(count, None)
    found = {"connector": connector, "reason": reason, "count": count}
    dropped = f"deliveries of {connector} with the reason {reason} that were dropped: {count}"
    echo(as_json_text(found) if as_json else dropped)


def _nothing(query: Query) -> str:
    is_plain = query == Query(state="dead")
    return "there is no dead letter" if is_plain else "no delivery matches these filters"


def _show_results(results: list[tuple[str, str]], as_json: bool) -> None:
    for id_, result in results:
        echo(as_json_text({"id": id_, "state": result}) if as_json else f"{result:8} {id_}")

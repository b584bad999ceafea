"""`/tools`: check everything, send a sample event, reconcile."""

from __future__ import annotations

import time

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

import sources
from bridge.times import instant
from console.pages import work
from console.pages.console import Console, done, page, translator
from console.sending import CannotSend, creation_times, own_address, send_sample
from console.tasks import Task
from sources.abc import samples

KINDS = ("check", "reconcile")
IDS = ("project", "channel", "issue", "feedback")
LARGEST_ID = 10**15


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/tools")
    def tools() -> tuple[str, int]:
        return shown()

    def shown(status: int = 200, **problems: str) -> tuple[str, int]:
        return page(
            "tools",
            status,
            tasks={kind: console.tasks.find(kind) for kind in KINDS},
            can_compare=console.runtime.sweep is not None,
            takes_samples="abc" in console.configuration.sources.chosen,
            events=tuple(samples.DATA),
            previewable=names_of_events(console),
            connectors=tuple(console.configuration.connectors),
            given=request.form,
            problems=problems,
        )

    @blueprint.get("/tools/<kind>")
    def task(kind: str) -> tuple[str, int]:
        """A part of the page, while its task goes on."""
        if kind not in KINDS:
            abort(404)
        return page(f"parts/{kind}", task=console.tasks.find(kind))

    @blueprint.post("/tools/check")
    def start_check() -> Response:
        console.record("check")
        started = console.tasks.start("check", {}, work.check(console.runtime))
        return done("tools", "started" if started else "running", _anchor="check")

    @blueprint.post("/tools/reconcile")
    def start_reconcile() -> Response | tuple[str, int]:
        reconciler = console.runtime.reconciler
        if reconciler is None:
            abort(404)
        since, dry_run = request.form.get("since", "").strip(), request.form.get("now") != "yes"
        try:
            start = instant(since, time.time()) if since else None
        except ValueError:
            return shown(400, since=translator()("tools.bad_since"))
        if not dry_run and not _was_seen(console.tasks.find("reconcile"), request.form.get("seen", ""), since):
            return shown(409, since=translator()("tools.dry_run_first"))
        console.record("reconcile_dry" if dry_run else "reconcile", since)
        about = {"since": since, "dry_run": dry_run}
        started = console.tasks.start("reconcile", about, work.reconcile(console.runtime, reconciler, start, dry_run))
        return done("tools", "started" if started else "running", _anchor="reconcile")

    @blueprint.post("/tools/sample")
    def sample() -> Response | tuple[str, int]:
        name = request.form.get("event", "")
        ids = {kind: request.form.get(kind, "1") for kind in IDS}
        if name not in samples.DATA or not all(text.isascii() and text.isdigit() for text in ids.values()):
            return shown(400, sample=translator()("tools.bad_id"))
        numbers = {kind: min(int(text[:16]), LARGEST_ID) for kind, text in ids.items()}
        console.record("sample", " ".join([name, *(f"{kind}={number}" for kind, number in numbers.items())]))
        created = creation_times(console.runtime.apis.get("abc"), **numbers)
        body = samples.body(name, **numbers, created=created)
        try:
            sent = send_sample(console.configuration, own_address(console.configuration), body)
        except CannotSend as problem:
            return shown(502, sample=str(problem))
        return done("event", "known" if sent.is_known else "accepted", event_id=sent.event_id)


def names_of_events(console: Console) -> tuple[str, ...]:
    """Those of the sources in use."""
    used = (*console.configuration.sources.used.values(), sources.REGISTRY[sources.OWN])
    return tuple(dict.fromkeys(name for source in used for name in source.events))


def _was_seen(last: Task | None, seen: str, since: str) -> bool:
    """Whether the dry run with this start has ended, and its result was on the page that sent the form."""
    is_dry = last is not None and last.state == "done" and last.about == {"since": since, "dry_run": True}
    return is_dry and last is not None and last.id == seen

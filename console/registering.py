"""`flask register`: creates or updates the webhook in ABC User Feedback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

import click
from pydantic import SecretStr

from bridge.addresses import web_address
from console.desk import Desk
from console.output import echo
from jobs.configuration import Configuration
from sources.abc import registration
from sources.abc.admin import AdminClient, Webhook
from sources.abc.errors import AbcError
from sources.abc.events import KINDS
from sources.abc.models import NAME
from sources.abc.settings import AbcSettings, ApiSettings


def make_command(desk: Desk) -> click.Command:

    @click.command("register")
    @click.option(
        "--url", required=True, help="The address for ABC's webhooks, such as https://bridge.example.com/webhook."
    )
    @click.option("--project", required=True, type=click.IntRange(1), help="ABC project id.")
    @click.option("--channel", "chosen", multiple=True, type=click.IntRange(1), help="Only this channel; default: all.")
    @click.option("--event", "events", multiple=True, type=click.Choice(tuple(KINDS)), help="Only this event.")
    @click.option("--dry-run", is_flag=True, help="Only print what would change.")
    def register(url: str, project: int, chosen: tuple[int, ...], events: tuple[str, ...], dry_run: bool) -> None:
        """Create or update the webhook of a project in ABC User Feedback, with the first token of WEBHOOK_TOKEN.

        It is found by its address: run it again after a channel was added to the project, or after the token was
        changed. ABC_ADMIN_EMAIL and ABC_ADMIN_PASSWORD sign in; where they are unset, a terminal is asked for them.
        --channel and --event may be given several times; all four events are the default.
        """
        url = _address(url)
        configured = desk.configuration
        token = _token(configured)
        client = _client(configured)

        def record(what: str) -> None:
            desk.record("register", configured.redact(f"project {project}, {url}: {what}"))

        try:
            for line in _register(client, url, project, token, chosen, events or tuple(KINDS), record, dry_run):
                echo(configured.redact(line))
        except AbcError as error:
            raise click.ClickException(configured.redact(str(error))) from None

    return register


def _register(
    client: AdminClient,
    url: str,
    project: int,
    token: SecretStr,
    chosen: Iterable[int],
    events: Iterable[str],
    record: Callable[[str], None],
    dry_run: bool,
) -> Iterator[str]:
    """Lines for a person. `record`: gets what is about to be changed. Raises AbcError, click.ClickException and
    RedisError."""
    channels = _channels(client, project, chosen) if set(events) & set(registration.OF_CHANNELS) else {}
    known = client.webhooks(project)
    before, after = registration.wanted(known, url, token, events, channels)
    yield from (f"note: {doubt}" for doubt in registration.doubts(url))
    for other in registration.others(known, url, after.id):
        yield f"note: webhook {other.id} '{other.name}' has the same address, so events arrive twice: delete it in ABC"
    lines = registration.changes(before, after)
    verb = "unchanged" if not lines else "updated" if before else "created"
    if lines and not dry_run:
        record("; ".join([verb, *lines]))
        after = _saved(client, project, after)
    which = f" {after.id}" if after.id else ""
    start = "dry run: would be " if lines and dry_run else ""
    yield f"{start}{verb}: webhook{which} '{after.name}' of project {project}"
    yield from (f"  {line}" for line in lines)
    if channels:
        yield f"  channels: {', '.join(f'{id_} ({name})' for id_, name in sorted(channels.items()))}"


def _saved(client: AdminClient, project: int, wanted: Webhook) -> Webhook:
    saved = client.save(project, wanted)
    if left := registration.changes(saved, wanted):
        what = f"ABC User Feedback took the webhook, but shows it differently: {'; '.join(left)}. Run the command again"
        raise AbcError("server_error", what, again=True)
    return saved


def _channels(client: AdminClient, project: int, chosen: Iterable[int]) -> dict[int, str]:
    """Those that the webhook is to announce. ABC itself does not check that a channel belongs to the project."""
    there = client.channels(project)
    if not there:
        raise click.ClickException(
            f"project {project} has no channel, or does not exist: look at --project, or create a channel in ABC first"
        )
    wanted = tuple(dict.fromkeys(chosen)) or tuple(there)
    if strange := [id_ for id_ in wanted if id_ not in there]:
        has = ", ".join(f"{id_} ({name})" for id_, name in sorted(there.items()))
        raise click.ClickException(f"project {project} has no channel {', '.join(map(str, strange))}; it has {has}")
    return {id_: there[id_] for id_ in wanted}


def _address(url: str) -> str:
    try:
        address = web_address(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    if problem := registration.why_refused(address):
        raise click.BadParameter(problem, param_hint="--url")
    return address


def _token(configured: Configuration) -> SecretStr:
    settings = configured.sources.chosen.get(NAME)
    if not isinstance(settings, AbcSettings):
        raise click.ClickException("SOURCES does not name abc: its webhook would be answered 404. Add it")
    return settings.webhook_token[0]


def _client(configured: Configuration) -> AdminClient:
    settings = configured.apis[NAME]
    assert isinstance(settings, ApiSettings)
    if settings.abc_api_url is None:
        raise click.ClickException("ABC_API_URL: required by `flask register`, but not set")
    email, password = settings.abc_admin_email, settings.abc_admin_password
    if (email is None or password is None) and not sys.stdin.isatty():
        raise click.ClickException("set ABC_ADMIN_EMAIL and ABC_ADMIN_PASSWORD, or run this on a terminal")
    if email is None:
        email = str(click.prompt("ABC_ADMIN_EMAIL"))
    if password is None:
        password = SecretStr(click.prompt("ABC_ADMIN_PASSWORD", hide_input=True))
        configured.redact.add([password.get_secret_value()])
    return AdminClient(settings.abc_api_url, email, password)

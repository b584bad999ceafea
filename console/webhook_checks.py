"""`flask check`: whether ABC's webhook is on, points here, and announces what the connectors act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.base import Check, note
from jobs.configuration import Configuration
from jobs.routing import Route
from sources.abc import registration
from sources.abc.admin import AdminClient
from sources.abc.errors import AbcError
from sources.abc.events import KINDS
from sources.abc.models import NAME
from sources.abc.settings import AbcSettings, ApiSettings


def webhook_checks(configuration: Configuration, projects: Iterable[int]) -> Iterator[Check]:
    """A line for each project; a note where it can't be found out."""
    settings, received = configuration.apis[NAME], configuration.sources.chosen.get(NAME)
    assert isinstance(settings, ApiSettings)
    if not isinstance(received, AbcSettings) or settings.abc_api_url is None:
        return
    if settings.abc_admin_email is None or settings.abc_admin_password is None:
        yield note(
            "abc: whether its webhook is active and points here is not checked: "
            "set ABC_ADMIN_EMAIL and ABC_ADMIN_PASSWORD"
        )
        return
    client = AdminClient(settings.abc_api_url, settings.abc_admin_email, settings.abc_admin_password)
    needed = needed_events(configuration.routes)
    for project in projects:
        try:
            yield from _of_project(configuration, client, received, project, needed)
        except AbcError as error:
            yield Check(False, f"abc: webhook of project {project}: {error}")


def needed_events(routes: Iterable[Route]) -> list[str]:
    """Events of ABC that some connector acts on. Ticket systems also act on what a new feedback implies."""
    routes = list(routes)
    found = {name for route in routes for name in KINDS if route.acts_on(NAME) and route.wants(name)}
    found |= (
        {"FEEDBACK_CREATION"} if any(route.tickets and route.wants("ISSUE_ADDITION") for route in routes) else set()
    )
    return [name for name in KINDS if name in found]


def _of_project(
    configuration: Configuration, client: AdminClient, received: AbcSettings, project: int, needed: list[str]
) -> Iterator[Check]:
    what, how = f"abc: webhook of project {project}", f"`flask register --project {project} --url …`"
    webhooks = client.webhooks(project)
    webhook = registration.ours(webhooks, configuration.service.console_url or "", received.webhook_token)
    if webhook is None:
        yield Check(False, f"{what}: none of its {len(webhooks)} webhooks leads to …/webhook: {how} creates it")
        return
    what = f"{what}: '{webhook.name}'"
    if not webhook.active:
        yield Check(False, f"{what} is INACTIVE, and announces nothing: {how} activates it")
        return
    if not registration.has_token(webhook, received.webhook_token):
        yield Check(False, f"{what} has a token that is not in WEBHOOK_TOKEN: it is answered 401. {how} sets the first")
        return
    channels, whole = client.channels(project), True
    for event, left_out in registration.missing(webhook, needed, channels):
        whole = False
        if left_out:
            names = ", ".join(f"{id_} ({channels[id_]})" for id_ in left_out)
            yield note(f"{what} does not announce {event} of the channels {names}; {how} adds all channels")
        else:
            yield Check(False, f"{what} does not announce {event}, and a connector acts on it: {how} adds it")
    if whole:
        yield Check(True, f"{what} is active, and announces {', '.join(needed) or 'nothing that a connector needs'}")

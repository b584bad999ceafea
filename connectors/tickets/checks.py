"""`flask check` of a ticket system: what works, and what is missing and where to correct it. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.http import NoAnswer
from connectors.base import Check
from connectors.tickets.base import Refused, TicketApi
from connectors.tickets.settings import TicketSettings


def check(api: TicketApi, settings: TicketSettings) -> Iterator[Check]:
    """The account, then each container; without an account nothing more can be known."""

    def why(error: Refused | NoAnswer) -> str:
        if isinstance(error, Refused):
            return error.outcome.why
        return f"{api.title}: {error}; look at {settings.variable(settings.ADDRESS)}"

    try:
        yield from api.check_account()
    except (Refused, NoAnswer) as error:
        yield Check(False, why(error))
        return
    for container in dict.fromkeys(container for _, container in settings.containers.items()):
        try:
            yield from api.check_container(container)
        except (Refused, NoAnswer) as error:
            yield Check(False, f"{api.container} {container}: {why(error)}")

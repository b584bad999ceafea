"""`flask check` of a ticket system: what works, what is missing, and where to correct it. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bridge.http import NoAnswer
from connectors.base import Check, Failed
from connectors.tickets.base import Refused, TicketApi
from connectors.tickets.settings import TicketSettings


def check(api: TicketApi, settings: TicketSettings) -> Iterator[Check]:
    """Checks the account, then each container. Without a working account the containers can't be checked."""

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


def renamed(variable: str, container: str, name: str) -> Check | None:
    """A failure if the container was renamed: the old name still works for reading, but not for new tickets.
    `variable`: of the containers; `name`: the present name."""
    if name.casefold() == container.casefold():
        return None
    return Check(False, f"{variable}: {container} is called {name[:150]} now: correct it")


def can_create(container: str, create: Callable[[], object]) -> Check:
    """Whether tickets can be created. `create` sends an invalid ticket, which has no effect. The ticket system checks
    the permission first: if it refuses the ticket and not the account, the permission exists."""
    try:
        create()
    except Refused as refusal:
        if not isinstance(refusal.outcome, Failed) or refusal.outcome.reason != "client_error":
            return Check(False, f"{container}: no issue can be created: {refusal.outcome.why}")
    return Check(True, f"{container}: issues can be created")

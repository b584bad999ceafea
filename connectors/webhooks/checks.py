"""Checks whether a receiver of webhooks can be reached, without sending a webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import requests

from bridge.http import Forbidden, NoAnswer, send
from connectors.base import Check, note


def reached(session: requests.Session, url: str, variable: Callable[[str], str]) -> Iterator[Check]:
    """Sends an OPTIONS request, which starts nothing at a receiver. Any answer counts. `variable`: gives the name of a
    field's variable."""
    try:
        send(session, "OPTIONS", url)
    except Forbidden as error:
        yield Check(False, f"{error}; look at {variable('url')}; {variable('allow_private')}=true allows it")
    except NoAnswer as error:
        yield Check(False, f"{error}; look at {variable('url')}")
    else:
        yield Check(True, "the receiver is reached")
    if url.startswith("http://"):
        yield note(f"{variable('url')} begins with http://: others can read the webhooks")

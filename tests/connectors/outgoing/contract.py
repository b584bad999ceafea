"""Outgoing webhooks in the contract tests. The receiver knows a webhook by its id: one sent twice has one effect."""

from __future__ import annotations

from tests.connectors.contract import Case
from tests.connectors.webhooks.world import FUNCTIONS as FUNCTIONS
from tools.sandbox.app import Sandbox
from tools.sandbox.receiver import KEY, SECRET


def prepare(sandbox: Sandbox) -> None:
    sandbox.receiver.key = KEY


CASES = {
    "standard": Case(
        system="outgoing",
        variables=lambda url: {
            "OUTGOING_URL": f"{url}/outgoing/hook",
            "OUTGOING_SECRET": SECRET,
            "OUTGOING_HEADERS": f'{{"x-key": "{KEY}"}}',
            "OUTGOING_ALLOW_PRIVATE": "true",
        },
        effects=lambda sandbox: len(sandbox.receiver.webhooks),
        secrets=(SECRET, KEY),
        wrong_key=("OUTGOING_SECRET", "whsec_d3JvbmctYnV0LXdlbGwtZm9ybWVkLXNlY3JldA=="),
        address="OUTGOING_URL",
        sees_wrong_key=False,
        takes_any_event=True,
        meanings={404: "config", 410: "gone"},
        prepare=prepare,
    ),
}

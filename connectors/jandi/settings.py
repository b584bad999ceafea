"""What an operator sets for JANDI: docs/connectors/jandi.md."""

from __future__ import annotations

import re

from bridge.settings import Rate
from connectors.alerts.webhook import WebhookSettings


class JandiSettings(WebhookSettings):
    """`rate` and BURST keep both of JANDI's limits, 60 messages a minute and 500 in ten minutes, with one bucket: it
    lets through at most BURST, and one for each 1 / `rate` s. The ledger lets a message go up to 5 s after its turn, so
    that is at most 5 + 52 in a minute, and 5 + 484 in ten."""

    PREFIX = "jandi"
    BURST = 5
    HOST = re.compile(r"(www\.|wh\.)?jandi\.com")
    PATH = re.compile(r"/connect-api/webhook/.+")
    EXAMPLE = "https://wh.jandi.com/connect-api/webhook/…"

    rate: Rate = 0.8

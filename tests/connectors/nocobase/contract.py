"""NocoBase in the contract tests. A workflow knows an event by `webhook-id`: one started twice has one effect."""

from __future__ import annotations

from tests.connectors.contract import Case
from tests.connectors.webhooks.world import FUNCTIONS as FUNCTIONS
from tools.sandbox.nocobase import API_KEY, COLLECTION, KEY, PASSWORD, USER, WEBHOOK_PATH

CASES = {
    "workflow": Case(
        system="nocobase",
        variables=lambda url: {
            "NOCOBASE_URL": f"{url}/nocobase/{WEBHOOK_PATH}",
            "NOCOBASE_USER": USER,
            "NOCOBASE_PASSWORD": PASSWORD,
        },
        effects=lambda sandbox: len(sandbox.nocobase.runs),
        secrets=(KEY, PASSWORD),
        wrong_key=("NOCOBASE_PASSWORD", "another-made-up-password"),
        address="NOCOBASE_URL",
        sees_wrong_key=False,
        keeps_answer=True,
        takes_any_event=True,
        meanings={404: "config"},
    ),
    "records": Case(
        system="nocobase",
        variables=lambda url: {
            "NOCOBASE_URL": f"{url}/nocobase",
            "NOCOBASE_API_KEY": API_KEY,
            "NOCOBASE_COLLECTION": COLLECTION,
            "NOCOBASE_FIELDS": '{"title": "{{ issue.name or feedback.message }}", "status": "{{ event }}"}',
        },
        effects=lambda sandbox: len(sandbox.nocobase.records),
        secrets=(API_KEY,),
        wrong_key=("NOCOBASE_API_KEY", "another-made-up-api-key"),
        address="NOCOBASE_URL",
        write=":firstOrCreate",
        takes_any_event=True,
        meanings={404: "config"},
    ),
}

"""Posting to a workflow of Microsoft Teams (Power Automate), and what its answers mean.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

from __future__ import annotations

from typing import Any

from bridge.http import Answer
from connectors.alerts.contents import Content
from connectors.alerts.settings import host_of
from connectors.alerts.webhook import WebhookPoster, mapping
from connectors.teams.render import render

_NEW = "make a new one in Teams (Workflows) and set {webhook_url}"
_ANYONE = "the workflow's trigger must accept Anyone: choose that, save, and set {webhook_url} to the new address"


class Teams(WebhookPoster):
    system = "Teams"
    gone = f"the workflow was deleted, or its address is wrong: {_NEW}"
    refusals = {  # noqa: RUF012
        "WorkflowNotFound": ("auth", f"the workflow was deleted: {_NEW}"),
        "WorkflowTriggerIsNotEnabled": ("config", f"the workflow is off: turn it on in Power Automate, or {_NEW}"),
        "DirectApiAuthorizationRequired": ("auth", _ANYONE),
        "MissingApiVersionParameter": ("config", "{webhook_url} lacks a part: copy all of the address, also after ?"),
        "TriggerInputSchemaMismatch": ("config", f"the workflow's trigger expects something else than a card: {_NEW}"),
    }

    def body(self, content: Content) -> dict[str, Any]:
        return render(content)

    def code(self, answer: Answer) -> object:
        error = mapping(answer).get("error")
        return error.get("code") if isinstance(error, dict) else None

    def result(self, answer: Answer) -> dict[str, str]:  # noqa: ARG002
        """A workflow is only started: whether its card appears is shown in its run history alone."""
        return {"state": "accepted by the workflow"}

    def doubt(self, address: str) -> str:
        has_ended = host_of(address).endswith(".logic.azure.com")
        return "logic.azure.com ended on 30 November 2025; copy the workflow's new address" if has_ended else ""

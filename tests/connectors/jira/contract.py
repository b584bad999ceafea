"""Jira in the contract tests: Cloud and Data Center."""

from __future__ import annotations

from tests.connectors.contract import Case
from tools.sandbox.app import Sandbox
from tools.sandbox.jira import EMAIL, TOKEN


def variables(url: str) -> dict[str, str]:
    return {"JIRA_URL": f"{url}/jira", "JIRA_PROJECT": "PROJ", "JIRA_STATUS_MAP": "INIT=To Do,RESOLVED=Done"}


def effects(sandbox: Sandbox) -> int:
    return sandbox.jira.created_count + sum(len(ticket.comments) for ticket in sandbox.jira.tickets.values())


CASES = {
    "cloud": Case(
        system="jira",
        variables=lambda url: {**variables(url), "JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN},
        effects=effects,
        secrets=(TOKEN,),
        wrong_key=("JIRA_API_TOKEN", "another-jira-token"),
        address="JIRA_URL",
        write="/issue$",
        first_meanings={400: "config"},  # to a search: the project does not exist
    ),
    "datacenter": Case(
        system="jira",
        variables=lambda url: {**variables(url), "JIRA_PAT": TOKEN},
        effects=effects,
        secrets=(TOKEN,),
        wrong_key=("JIRA_PAT", "another-jira-token"),
        address="JIRA_URL",
        write="/issue$",
        first_meanings={400: "config"},  # to a search: the project does not exist
        options={"deployment": "Server"},
    ),
}

"""Jira in the contract tests: Cloud and Data Center."""

from __future__ import annotations

from connectors.jira.markup import MARKUP
from connectors.jira.settings import Settings
from tests.connectors.contract import Case
from tests.connectors.jira.world import World
from tests.connectors.tickets.world import functions
from tools.sandbox.app import Sandbox
from tools.sandbox.jira import EMAIL, TOKEN


def variables(url: str) -> dict[str, str]:
    return {"JIRA_URL": f"{url}/jira", "JIRA_PROJECT": "PROJ", "JIRA_STATUS_MAP": "INIT=To Do,RESOLVED=Done"}


def effects(sandbox: Sandbox) -> int:
    return sandbox.jira.created_count + sum(len(ticket.comments) for ticket in sandbox.jira.tickets.values())


def case(deployment: str, wrong_key: str, credentials: dict[str, str]) -> Case:
    return Case(
        system="jira",
        variables=lambda url: {**variables(url), **credentials},
        effects=effects,
        secrets=(TOKEN,),
        wrong_key=(wrong_key, "another-jira-token"),
        address="JIRA_URL",
        write="/issue$",
        first_meanings={400: "config"},  # to a search: the project does not exist
        options={"deployment": deployment},
        world=World,
    )


CASES = {
    "cloud": case("Cloud", "JIRA_API_TOKEN", {"JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN}),
    "datacenter": case("Server", "JIRA_PAT", {"JIRA_PAT": TOKEN}),
}

FUNCTIONS = functions(Settings, CASES["cloud"].variables("https://jira.test"), MARKUP)

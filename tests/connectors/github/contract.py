"""GitHub in the contract tests."""

from __future__ import annotations

from connectors.github.settings import Settings
from connectors.tickets.markup import MARKDOWN
from tests.connectors.contract import Case
from tests.connectors.github.world import GitHubWorld
from tests.connectors.tickets.world import functions
from tools.sandbox.app import Sandbox
from tools.sandbox.github import REPO, TOKEN


def prepare(sandbox: Sandbox) -> None:
    sandbox.github.search_lag = 0.0
    sandbox.github.writes.most = sandbox.github.remaining = 1_000_000


def effects(sandbox: Sandbox) -> int:
    issues = sandbox.github.repositories[REPO].issues.values()
    return sandbox.github.created_count + sum(len(issue.comments) for issue in issues)


CASES = {
    "token": Case(
        system="github",
        variables=lambda url: {
            "GITHUB_API_URL": f"{url}/github",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPO": REPO,
            "GITHUB_STATUS_MAP": "INIT=open,RESOLVED=closed,PENDING=closed:not_planned",
        },
        effects=effects,
        secrets=(TOKEN,),
        wrong_key=("GITHUB_TOKEN", "another-github-token"),
        address="GITHUB_API_URL",
        write="/issues$",
        prepare=prepare,
        world=GitHubWorld,
    ),
}

FUNCTIONS = functions(Settings, CASES["token"].variables("https://github.test"), MARKDOWN)

"""GitLab in the contract tests: with a project's path, and with its id."""

from __future__ import annotations

from connectors.gitlab.markup import MARKUP, unlinked
from connectors.gitlab.settings import Settings
from tests.connectors.contract import Case
from tests.connectors.gitlab.world import ByIdWorld, GitLabWorld
from tests.connectors.tickets.world import functions
from tools.sandbox.app import Sandbox
from tools.sandbox.gitlab import PROJECT, TOKEN


def prepare(sandbox: Sandbox) -> None:
    sandbox.gitlab.new_notes.most = sandbox.gitlab.remaining = 1_000_000


def effects(sandbox: Sandbox) -> int:
    issues = sandbox.gitlab.at(PROJECT).issues.values()
    return sandbox.gitlab.created_count + sum(len(issue.notes) for issue in issues)


def variables(url: str, project: str) -> dict[str, str]:
    return {
        "GITLAB_URL": f"{url}/gitlab",
        "GITLAB_TOKEN": TOKEN,
        "GITLAB_PROJECT": project,
        "GITLAB_STATUS_MAP": "INIT=opened,RESOLVED=closed",
    }


def case(project: str, world: type[GitLabWorld]) -> Case:
    return Case(
        system="gitlab",
        variables=lambda url: variables(url, project),
        effects=effects,
        secrets=(TOKEN,),
        wrong_key=("GITLAB_TOKEN", "another-gitlab-token"),
        address="GITLAB_URL",
        write="/issues$",
        prepare=prepare,
        world=world,
    )


CASES = {"path": case(PROJECT, GitLabWorld), "id": case("5", ByIdWorld)}

FUNCTIONS = {**functions(Settings, variables("https://gitlab.test", PROJECT), MARKUP), "unlinked": unlinked}

"""The real service with the stand-ins, as processes, for the demo and the tests of the whole system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import time
from typing import Any, Self

import requests
from redis import Redis

from tools.sandbox import blue, discord, github, gitlab, jandi, jira, mattermost, nocobase, receiver, slack, teams
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.processes import Processes, answers, free_port, procfile, python_command, start_valkey

TOKEN = "dummy-webhook-token-0001"  # the one in the recorded requests
PASSWORD = "demo-console-password"
JIRA_PROJECT = "PROJ"
CHANNEL = "#feedback"
MORE_PROJECTS = {2: "GitHub", 3: "GitLab", 4: "Blue"}
"""Further ABC projects -> their ticket system. The tickets of the first project are in Jira."""
CALL_SECONDS = 10.0
"""The time limit of a request of `call`."""


@dataclass(frozen=True)
class Service:
    """The addresses of all processes; `environment`: the variables of web and worker."""

    web: str
    sandbox: str
    redis: str
    environment: Mapping[str, str]
    project: int = 1
    """The ABC project in which people act; its only channel has the same number."""

    def of(self, project: int) -> Self:
        """The same service, with people who act in another project."""
        return replace(self, project=project)

    # What people do in ABC User Feedback, through its API.

    def abc(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.sandbox}/abc/api/projects/{self.project}/{path}"
        return call(method, url, {"x-api-key": DEMO_KEY}, json=values)

    def write_feedback(self, values: Mapping[str, Any]) -> int:
        return int(self.abc("POST", f"channels/{self.project}/feedbacks", values)["id"])

    def open_issue(self, name: str, description: str | None = None) -> int:
        return int(self.abc("POST", "issues", {"name": name, "description": description})["id"])

    def add_to_issue(self, feedback: int, issue: int) -> None:
        self.abc("POST", f"channels/{self.project}/feedbacks/{feedback}/issue/{issue}")

    def change_status(self, issue: int, status: str) -> None:
        # A PUT replaces all values: missing ones are lost or reset.
        now = self.abc("GET", f"issues/{issue}")
        kept = {name: now[name] for name in ("name", "description", "externalIssueId")}
        self.abc("PUT", f"issues/{issue}", {**kept, "status": status})

    # What can be seen afterwards.

    def state(self) -> dict[str, Any]:
        """All effects at the third parties."""
        return dict(get(f"{self.sandbox}/control/state"))

    def deliveries(self, **query: str) -> list[dict[str, Any]]:
        """The service's own records, newest first."""
        return list(get(f"{self.web}/api/deliveries", query, {"Authorization": f"Bearer {PASSWORD}"})["deliveries"])


def start_service(
    processes: Processes,
    *,
    more_projects: bool = False,
    more: Callable[[str], Mapping[str, str]] = lambda _sandbox: {},
    **changes: str,
) -> Service:
    """Starts Valkey, the stand-ins and the Procfile's processes (`valkey`, `sandbox`, `web`, `worker`), and waits until
    they are ready. `more_projects`: adds those of MORE_PROJECTS to ABC; `more`: the address of the stand-ins ->
    variables. These and `changes` are added to `environment()`."""
    redis_url = start_valkey(processes, free_port())
    date_ledger_back(redis_url)
    sandbox_port, web_port = free_port(), free_port()
    sandbox, web = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{web_port}"
    webhook = ("--webhook", f"{web}/webhook", "--token", TOKEN)
    processes.start("sandbox", python_command("-m", "tools.sandbox", "--port", str(sandbox_port), *webhook))
    further = {**(with_more_projects(sandbox) if more_projects else {}), **more(sandbox)}
    env = {**environment(sandbox, redis_url), **further, "PORT": str(web_port), **changes}
    for name, command in procfile().items():
        processes.start(name, command, env)
    processes.wait_for("the stand-ins to answer", lambda: answers(f"{sandbox}/control/state"))
    if more_projects:
        add_more_projects(sandbox)
    processes.wait_for("the service to be ready", lambda: answers(f"{web}/readyz"))
    return Service(web, sandbox, redis_url, env)


def date_ledger_back(redis_url: str) -> None:
    """Makes the ledger an hour old. With a new ledger, deliveries of older events would wait, because requests from
    before a wipe could still arrive; but here Redis was not wiped."""
    with Redis.from_url(redis_url) as redis:
        redis.set("fb:default:born", int((time() - 3600) * 1000), nx=True)


def environment(sandbox: str, redis_url: str) -> dict[str, str]:
    """The variables of a service whose third parties are the stand-ins at the address `sandbox`."""
    return {
        "WEBHOOK_TOKEN": TOKEN,
        "REDIS_URL": redis_url,
        "CONNECTORS": "translate,jira,slack",
        "CONSOLE_PASSWORD": PASSWORD,
        "ABC_API_URL": f"{sandbox}/abc",
        "ABC_API_KEY": DEMO_KEY,
        "TRANSLATE_PROVIDER": "libretranslate",
        "LIBRETRANSLATE_URL": f"{sandbox}/libretranslate",
        "JIRA_URL": f"{sandbox}/jira",
        "JIRA_EMAIL": jira.EMAIL,
        "JIRA_API_TOKEN": jira.TOKEN,
        "JIRA_PROJECT": JIRA_PROJECT,
        "JIRA_STATUS_MAP": "ON_REVIEW=In Progress,IN_PROGRESS=In Progress,RESOLVED=Done",
        "SLACK_BOT_TOKEN": slack.TOKEN,
        "SLACK_CHANNEL": CHANNEL,
        "SLACK_API_URL": f"{sandbox}/slack/api/",
        "JANDI_WEBHOOK_URL": f"{sandbox}/jandi/{jandi.WEBHOOK_PATH}",
        "DISCORD_WEBHOOK_URL": f"{sandbox}/discord/{discord.WEBHOOK_PATH}",
        "MATTERMOST_WEBHOOK_URL": f"{sandbox}/mattermost/{mattermost.WEBHOOK_PATH}",
        "TEAMS_WEBHOOK_URL": f"{sandbox}/teams/{teams.WEBHOOK_PATH}",
        "OUTGOING_URL": f"{sandbox}/outgoing/hook",
        "OUTGOING_SECRET": receiver.SECRET,
        "OUTGOING_ALLOW_PRIVATE": "true",
        "NOCOBASE_URL": f"{sandbox}/nocobase/{nocobase.WEBHOOK_PATH}",
        "NOCOBASE_USER": nocobase.USER,
        "NOCOBASE_PASSWORD": nocobase.PASSWORD,
    }


def with_more_projects(sandbox: str) -> dict[str, str]:
    """The variables that differ if ABC has the projects of MORE_PROJECTS."""
    return {
        "CONNECTORS": "translate,jira,github,gitlab,blue,slack",
        "JIRA_PROJECT": f"1={JIRA_PROJECT}",
        "GITHUB_API_URL": f"{sandbox}/github",
        "GITHUB_TOKEN": github.TOKEN,
        "GITHUB_REPO": f"2={github.REPO}",
        "GITHUB_STATUS_MAP": "ON_REVIEW=open,IN_PROGRESS=open,RESOLVED=closed,PENDING=closed:not_planned",
        "GITLAB_URL": f"{sandbox}/gitlab",
        "GITLAB_TOKEN": gitlab.TOKEN,
        "GITLAB_PROJECT": f"3={gitlab.PROJECT}",
        "GITLAB_STATUS_MAP": "RESOLVED=closed",
        "BLUE_API_URL": f"{sandbox}/blue/graphql",
        "BLUE_TOKEN_ID": blue.TOKEN_ID,
        "BLUE_TOKEN_SECRET": blue.TOKEN_SECRET,
        "BLUE_ORG": blue.ORG,
        "BLUE_WORKSPACE": f"4={blue.WORKSPACE}",
        "BLUE_LIST": "Inbox",
        "BLUE_STATUS_MAP": "RESOLVED=done",
    }


def add_more_projects(sandbox: str) -> None:
    """Adds the projects of MORE_PROJECTS to the stand-in of ABC. Each has a channel with the project's number."""
    for project, system in MORE_PROJECTS.items():
        made = call("POST", f"{sandbox}/control/project", json={"name": f"App {system}", "key": DEMO_KEY})
        assert made == {"project": project, "channel": project}


def get(url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON at `url`, without the proxies of the environment. Raises requests.RequestException."""
    return call("GET", url, headers, params=query)


def call(method: str, url: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
    """The JSON of the answer to a request (None for an empty answer). Raises requests.RequestException."""
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(method, url, headers=headers, timeout=CALL_SECONDS, **more)
    response.raise_for_status()
    return response.json() if response.content else None

"""All stand-ins at one address, as an object for tests and the demo."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tools.sandbox import (
    abc_routes,
    blue_routes,
    control,
    discord,
    github_routes,
    gitlab_routes,
    jandi,
    jira_routes,
    mattermost,
    nocobase,
    receiver,
    slack_routes,
    teams,
    translators,
)
from tools.sandbox.abc import Abc
from tools.sandbox.abc_admin import Admin
from tools.sandbox.abc_sender import INTERVAL_SECONDS, TIMEOUT_SECONDS, Sender
from tools.sandbox.blue import Blue
from tools.sandbox.changes import Mail
from tools.sandbox.discord import Discord
from tools.sandbox.faults import FaultMiddleware, Faults
from tools.sandbox.github import GitHub
from tools.sandbox.gitlab import GitLab
from tools.sandbox.jandi import Jandi
from tools.sandbox.jira import Deployment, Jira
from tools.sandbox.mattermost import Mattermost
from tools.sandbox.nocobase import NocoBase
from tools.sandbox.receiver import Receiver
from tools.sandbox.slack import Slack
from tools.sandbox.systems import OTHERS, Systems
from tools.sandbox.teams import Teams
from tools.sandbox.translators import Translators


@dataclass
class Sandbox:
    """The third parties. `url`: their address, after they have started."""

    abc: Abc
    sender: Sender
    jira: Jira
    github: GitHub
    gitlab: GitLab
    blue: Blue
    slack: Slack
    jandi: Jandi
    discord: Discord
    mattermost: Mattermost
    teams: Teams
    receiver: Receiver
    nocobase: NocoBase
    translate: Translators
    faults: Faults
    abc_admin: Admin
    moves: list[dict[str, Any]] = field(default_factory=list)
    """Every change of a ticket's status since the ticket systems send webhooks (people.py), in order."""
    mail: Mail = field(default_factory=Mail)
    """The webhooks that were sent because of `/control/ticket-webhooks`."""
    app: Systems = field(init=False)
    url: str = ""

    def state(self) -> dict[str, Any]:
        """All effects, as plain data."""
        return control.state(self)

    def close(self) -> None:
        """Ends the sender and all requests that hang."""
        self.faults.stop()
        self.sender.stop()


def create_sandbox(
    *,
    deployment: Deployment = "Cloud",
    interval: float = INTERVAL_SECONDS,
    timeout: float = TIMEOUT_SECONDS,
    parallel: int = 64,
    seed: int = 0,
    ascii: bool = False,
) -> Sandbox:
    """`interval`, `timeout` (seconds) and `parallel` are the sender's; `seed` is for faults with a probability;
    `ascii`: see Systems."""
    sender = Sender(interval, timeout, parallel)
    abc = Abc(sender)
    sandbox = Sandbox(
        abc,
        sender,
        Jira(deployment),
        GitHub(),
        GitLab(),
        Blue(),
        Slack(),
        Jandi(),
        Discord(),
        Mattermost(),
        Teams(),
        Receiver(),
        NocoBase(),
        Translators(),
        Faults(seed),
        Admin(abc),
    )
    blueprints = {
        "abc": partial(abc_routes.blueprint, sandbox.abc, sandbox.abc_admin),
        "jira": partial(jira_routes.blueprint, sandbox.jira),
        "github": partial(github_routes.blueprint, sandbox.github),
        "gitlab": partial(gitlab_routes.blueprint, sandbox.gitlab),
        "blue": partial(blue_routes.blueprint, sandbox.blue),
        "slack": partial(slack_routes.blueprint, sandbox.slack),
        "jandi": partial(jandi.blueprint, sandbox.jandi),
        "teams": partial(teams.blueprint, sandbox.teams),
        "mattermost": partial(mattermost.blueprint, sandbox.mattermost),
        "discord": partial(discord.blueprint, sandbox.discord),
        "outgoing": partial(receiver.blueprint, sandbox.receiver),
        "nocobase": partial(nocobase.blueprint, sandbox.nocobase),
        OTHERS: partial(translators.blueprint, sandbox.translate),
        "control": partial(control.blueprint, sandbox),
    }
    sandbox.app = Systems(blueprints, ascii=ascii)
    sandbox.app.wsgi_app = FaultMiddleware(sandbox.app.wsgi_app, sandbox.faults)
    return sandbox

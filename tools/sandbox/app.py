"""All stand-ins in one Flask application, and what tests and the demo hold on to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

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
from tools.sandbox.teams import Teams
from tools.sandbox.translators import Translators


@dataclass
class Sandbox:
    """The third parties. `url` is where they listen, once they do."""

    app: Flask
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
    url: str = ""

    def state(self) -> dict[str, Any]:
        """Every effect, as plain data."""
        return control.state(self)

    def close(self) -> None:
        """Ends the sender and whatever hangs."""
        self.faults.stop()
        self.sender.stop()


def create_sandbox(
    *,
    deployment: Deployment = "Cloud",
    interval: float = INTERVAL_SECONDS,
    timeout: float = TIMEOUT_SECONDS,
    parallel: int = 64,
    seed: int = 0,
) -> Sandbox:
    """`interval`, `timeout` (seconds) and `parallel` are the sender's; `seed` is for faults with a probability."""
    app = Flask("sandbox")
    sender = Sender(interval, timeout, parallel)
    abc = Abc(sender)
    sandbox = Sandbox(
        app,
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
    app.register_blueprint(abc_routes.blueprint(sandbox.abc, sandbox.abc_admin), url_prefix="/abc")
    app.register_blueprint(jira_routes.blueprint(sandbox.jira), url_prefix="/jira")
    app.register_blueprint(github_routes.blueprint(sandbox.github), url_prefix="/github")
    app.register_blueprint(gitlab_routes.blueprint(sandbox.gitlab), url_prefix="/gitlab")
    app.register_blueprint(blue_routes.blueprint(sandbox.blue), url_prefix="/blue")
    app.register_blueprint(slack_routes.blueprint(sandbox.slack), url_prefix="/slack")
    app.register_blueprint(jandi.blueprint(sandbox.jandi), url_prefix="/jandi")
    app.register_blueprint(teams.blueprint(sandbox.teams), url_prefix="/teams")
    app.register_blueprint(mattermost.blueprint(sandbox.mattermost), url_prefix="/mattermost")
    app.register_blueprint(discord.blueprint(sandbox.discord), url_prefix="/discord")
    app.register_blueprint(receiver.blueprint(sandbox.receiver), url_prefix="/outgoing")
    app.register_blueprint(nocobase.blueprint(sandbox.nocobase), url_prefix="/nocobase")
    app.register_blueprint(translators.blueprint(sandbox.translate))
    app.register_blueprint(control.blueprint(sandbox))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.register_error_handler(HTTPException, _http_error)
    app.wsgi_app = FaultMiddleware(app.wsgi_app, sandbox.faults)  # type: ignore[method-assign]
    return sandbox


def _http_error(error: HTTPException) -> Response:
    if request.path.startswith("/abc/") and isinstance(error, NotFound | MethodNotAllowed):
        return abc_routes.not_found()
    body = json.dumps({"error": error.name, "message": error.description})
    return Response(body, error.code, content_type="application/json")

"""Sign-in at a certified OpenID provider (npm: oidc-provider), which `.ci/run` installs where npm is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.console.browser import forms
from tests.web import Web, start_web
from tools.sandbox.processes import Processes, free_port

FOLDER = Path(__file__).parent / "provider"
NODE = shutil.which("node")
CLIENT, SECRET = "bridge", "made-up-secret-of-the-client"
MOST_STEPS = 12


def can_run() -> bool:
    """It needs Node.js 20."""
    if NODE is None or not (FOLDER / "node_modules").is_dir():
        return False
    shown = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", shown)
    return found is not None and int(found[1]) >= 20


pytestmark = pytest.mark.skipif(not can_run(), reason="npm has not installed tests/console/provider, or Node.js is old")


@pytest.fixture(scope="module")
def site(processes: Processes, valkey_url: str) -> Web:
    """A web process whose operators sign in at the provider; only Ann may."""
    assert NODE
    port = free_port()
    web = start_web(
        processes,
        valkey_url,
        CONSOLE_PASSWORD="",
        CONSOLE_SECRET="made-up-secret-of-the-console-0001",
        OIDC_ISSUER=f"http://127.0.0.1:{port}",
        OIDC_CLIENT_ID=CLIENT,
        OIDC_CLIENT_SECRET=SECRET,
        OIDC_ALLOW="ann@example.com",
    )
    redirect = f"{web.url}/login/oidc/callback"
    command = [NODE, str(FOLDER / "server.mjs"), str(port), CLIENT, SECRET, redirect]
    provider = processes.start("provider", command, {})
    processes.wait_for("the provider", lambda: "listening" in provider.output())
    return web


def signed_in_as(name: str, site: Web) -> tuple[requests.Response, requests.Session]:
    """A person follows every redirect and fills in every form, until a page of the console has none of the
    provider's."""
    person = requests.Session()
    person.trust_env = False
    address, form = f"{site.url}/login/oidc", None
    for _ in range(MOST_STEPS):
        answer = person.request("POST" if form else "GET", address, data=form, timeout=20, allow_redirects=False)
        form = None
        if "Location" in answer.headers:
            address = urljoin(address, answer.headers["Location"])
        elif not address.startswith(site.url) and (found := forms(answer.text)):
            address, form = urljoin(address, found[0].action), found[0].fields
            if form.get("prompt") == "login":
                form |= {"login": name, "password": "anything"}
        else:
            return answer, person
    raise AssertionError(f"after {MOST_STEPS} steps the sign-in is at {address}")


def test_who_is_allowed_is_signed_in(site: Web) -> None:
    answer, person = signed_in_as("ann", site)
    assert answer.status_code == 200
    assert answer.url == f"{site.url}/"
    assert re.search(r'action="/logout"', answer.text)
    audit = person.get(f"{site.url}/audit", timeout=20)
    assert "ann@example.com" in audit.text


def test_who_is_not_allowed_stays_outside(site: Web) -> None:
    answer, person = signed_in_as("eve", site)
    assert answer.status_code == 403
    assert person.get(f"{site.url}/", timeout=20, allow_redirects=False).status_code == 302

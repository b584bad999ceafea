"""What the pages work with, and what a page does with a request: who asks, in which language, and how it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.rarely import Rarely
from bridge.service import ServiceSettings
from console.advice import advice_key
from console.attempts import Attempts
from console.audit import Audit
from console.pages.language import LANGUAGES, Translator, instant
from console.pages.sessions import Session, Sessions, Signer
from console.password import Password
from console.tasks import Tasks
from jobs.configuration import Configuration
from jobs.runtime import Runtime

if TYPE_CHECKING:
    from console.oidc import Provider  # of the extra `oidc`

STATIC = Path(__file__).parent.parent / "static"
MENU = ("overview", "deliveries", "dead", "connectors", "tools", "audit")
"""The pages in the order of the menu; each is an endpoint of the blueprint."""


@dataclass(frozen=True)
class Console:
    """One for each process. `runtime`: with the patience of operators."""

    runtime: Runtime
    password: Password | None
    signer: Signer
    sessions: Sessions
    attempts: Attempts
    audit: Audit
    tasks: Tasks
    provider: Provider | None
    """For the sign-in by OIDC."""
    lines: Rarely = field(default_factory=Rarely)
    """Of the log: those that visitors cause who have not signed in."""

    @property
    def configuration(self) -> Configuration:
        return self.runtime.configuration

    def record(self, what: str, about: str = "") -> None:
        """Writes the change that this request asks for into the audit. Raises RedisError."""
        self.audit.add(who(), what, about, request.remote_addr or "")


def make_console(runtime: Runtime, password: Password | None) -> Console:
    service, redis = runtime.configuration.service, runtime.redis
    signer = Signer(service)
    return Console(
        runtime,
        password,
        signer,
        Sessions(redis, service.bridge_instance, signer),
        Attempts(redis, service.bridge_instance),
        Audit(redis, service.bridge_instance),
        Tasks(redis, service.bridge_instance),
        _provider(service),
    )


def _provider(service: ServiceSettings) -> Provider | None:
    if service.oidc_issuer is None:
        return None
    from console.oidc import Provider

    return Provider(service)


def who() -> str:
    """Who is signed in."""
    session: Session = g.session
    return session.who


def translator() -> Translator:
    t: Translator = g.t
    return t


def page(name: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """The template `<name>.html` with what every page shows."""
    session: Session | None = g.get("session")
    common: Mapping[str, Any] = {
        "t": translator(),
        "session": session,
        "menu": MENU if session else (),
        "here": request.endpoint.partition(".")[2] if request.endpoint else "",
        "languages": LANGUAGES,
        "language_links": {name: address_in(name) for name in LANGUAGES},
        "instant": instant,
        "asset": _asset,
        "advice_key": advice_key,
        "notice": _notice(),
    }
    return render_template(f"{name}.html", **common, **values), status


def _asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return url_for("console.static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def address_in(name: str) -> str:
    """The address of this page in another language, "": without a choice. Of a form's answer: of the overview.

    Anybody writes the query: it must not reach `url_for`, which takes names of its own (`endpoint`, `_method`)."""
    if request.method != "GET":
        return url_for("console.overview", language=name)
    query = {key: value for key, value in request.args.items() if key != "language"}
    query |= {"language": name} if name else {}
    path = request.script_root + quote(request.path)
    return f"{path}?{urlencode(query, safe='/:@,')}" if query else path


def done(endpoint: str, notice: str, count: int | None = None, **values: Any) -> Response:
    """After a change: to a page that shows what was done (303, so that a reload changes nothing). `notice`: the key of
    a text, without `notice.`."""
    return redirect(url_for(f"console.{endpoint}", notice=notice, count=count, **values), 303)


def _notice() -> str:
    count = request.args.get("count", "")
    n = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
    text = translator().maybe(f"notice.{request.args.get('notice', '')}")
    return text.format(n=n)

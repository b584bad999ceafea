"""The web process: the receiver, the signals, the JSON API, and the commands (`flask …`)."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, current_app, request
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from bridge import logs, tracing
from bridge.environment import ConfigError, environment
from bridge.gateway import Gateway
from bridge.networks import forwarded_for
from bridge.processes import CannotListen, end_with_parent, listen
from console import api, signals
from console import commands as cli
from console.attempts import Attempts
from console.bodies import Bodies
from console.password import Password
from jobs.accept import Acceptor
from jobs.configuration import configure, configure_or_exit, exit_for
from jobs.runtime import Runtime
from sources import receive
from sources.base import Event, Request, Unread
from sources.refusals import Reason, Refusals
from sources.source import Source

THREADS = 32
"""Each is held for the one round trip of a webhook; a request comes to one when it has arrived whole."""
BIND_SECONDS = 5.0
"""How long a start waits for its port: the processes of one that was killed end within this time."""


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application for any WSGI server: `granian --interface wsgi --factory app:create_app`.

    Exits with 78 when the environment is wrong; `flask` then still has its commands, which print what is wrong.
    """
    given = environment() if environ is None else environ
    try:
        configuration = configure(given)
    except ConfigError as error:
        if os.environ.get("FLASK_RUN_FROM_CLI") != "true" or "run" in sys.argv[1:2]:
            exit_for(error)
        app = Flask(__name__, static_folder=None)
        cli.register(app, error, given)
        return app
    service = configuration.service
    logs.set_up(service, configuration.redact)
    app = Flask(__name__, static_folder=None)
    if service.trusted_proxies:
        app.wsgi_app = _behind(service.trusted_proxies, app.wsgi_app)  # type: ignore[method-assign]

    if service.otel_exporter_otlp_endpoint:
        tracing.set_up(service.otel_exporter_otlp_endpoint, service.bridge_instance)
    quick, patient = Runtime(configuration, "receive"), Runtime(configuration, "console")
    refusals = app.extensions["refusals"] = Refusals(quick.ledger.count)
    proofs, accept = configuration.sources.proofs(), _make_accept(quick.acceptor)
    receiver = receive.Receiver(service, proofs, accept, refusals.add)
    app.register_blueprint(receiver.blueprint())
    app.register_blueprint(signals.make_blueprint(quick.health))
    password = Password(service.console_password) if service.console_password else None
    app.register_blueprint(api.make_blueprint(password, Attempts(patient.redis, patient.instance), patient))
    app.extensions["bodies"] = _with_console(app, patient, password, receiver)
    app.register_error_handler(HTTPException, _error_handler(refusals))
    cli.register(app, configuration, given)
    return app


def _with_console(app: Flask, runtime: Runtime, password: Password | None, receiver: receive.Receiver) -> Bodies:
    """Adds the console, when it is configured: its modules are not even imported otherwise."""
    if not runtime.configuration.service.has_console:
        return Bodies(receiver, None, None, ())
    from console.pages import console, cookies, site

    pages = console.make_console(runtime, password)
    app.register_blueprint(site.make_blueprint(pages))
    app.extensions["not_found"] = site.make_not_found(pages)
    return Bodies(receiver, password, pages.signer.is_ours, cookies.SESSION_COOKIES)


def _behind(proxies: int, application: Callable[..., Any]) -> Callable[..., Any]:
    """Makes the caller's address the one that our proxies report, or "" where they report none."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        environ["REMOTE_ADDR"] = forwarded_for(environ.get("HTTP_X_FORWARDED_FOR", ""), proxies)
        return application(environ, start_response)

    return call


def _make_accept(acceptor: Acceptor) -> receive.Accept:
    def accept(source: Source, event: Event | Unread, sent: Request) -> tuple[str, bool]:
        try:
            with tracing.span("webhook", "server", source=source.name) as trace:
                accepted = acceptor.accept(source.name, event, sent.raw, headers=source.kept(sent), trace=trace)
                tracing.note(event_id=accepted.event_id, duplicate=int(accepted.duplicate))
        except RedisError as error:
            raise receive.CannotStore(f"{type(error).__name__}: {error}") from None
        return accepted.event_id, accepted.duplicate

    return accept


def _error_handler(refusals: Refusals) -> Callable[[HTTPException], Response]:
    """Errors as JSON; to a person who is signed in, an unknown address as a page. A webhook that was sent to a wrong
    path, or with a wrong method, is counted."""
    wrong_address: dict[int | None, Reason] = {404: "not_found", 405: "method"}

    def handle(error: HTTPException) -> Response:
        is_webhook = request.method == "POST" or request.path.rstrip("/").startswith("/webhook")
        if is_webhook and error.code in wrong_address:
            refusals.add(wrong_address[error.code], request.remote_addr)
        not_found: Callable[[], Response | None] | None = current_app.extensions.get("not_found")
        if error.code == 404 and not_found and (shown := not_found()):
            return shown
        answer = Response.force_type(error.get_response())  # with its headers, such as the Allow of a 405
        answer.data = json.dumps({"error": error.name})
        answer.content_type = "application/json"
        return answer

    return handle


def create_gateway() -> Gateway:
    """What each process of the web server runs: `granian --interface rsgi --factory app:create_gateway`."""
    end_with_parent()
    app = create_app()
    app.extensions["bodies"].prepare()
    return Gateway(app.wsgi_app, app.extensions["bodies"], app.extensions["refusals"].add, THREADS)


def main() -> None:
    """`python app.py`: checks the environment first, so that a mistake ends the process at once with one message."""
    configuration = configure_or_exit(environment())
    service = configuration.service
    logs.set_up(service, configuration.redact)
    logs.log_doubts((*configuration.doubts, *configuration.warnings))
    from bridge.web_server import WebServer

    try:
        listener = listen(service.port, BIND_SECONDS)
    except CannotListen as problem:
        logging.getLogger("web").error(str(problem))
        sys.exit(1)
    WebServer("app:create_gateway", listener, service.web_concurrency).serve()


if __name__ == "__main__":
    main()

"""The web process: the receiver, the signals, the JSON API, and the commands (`flask …`)."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

import cli
import logs
from bridge.environment import ConfigError, environment
from console import api, signals
from jobs.accept import Acceptor
from jobs.configuration import Configuration, configure, configure_or_exit, exit_for
from jobs.connection import connect
from jobs.health import Health
from jobs.records import Records
from jobs.replay import Replayer
from sources.abc import receive
from sources.event import Event, Unread

THREADS = 32
"""Each is held for the one round trip of a webhook; a caller who stalls in its body holds one, until it hangs up."""


SERVER_LOGS = {"incremental": True, "handlers": {}, "loggers": {}}
"""The server's own lines go where ours go (`logs.py`)."""


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application for any WSGI server: `granian --interface wsgi --factory app:create_app`.

    Exits with 78 when the environment is wrong; `flask` then still has its commands, which tell what is wrong.
    """
    given = environment() if environ is None else environ
    try:
        configuration = configure(given)
    except ConfigError as error:
        if os.environ.get("FLASK_RUN_FROM_CLI") != "true" or "run" in sys.argv[1:2]:
            exit_for(error)
        app = Flask(__name__, static_folder=None)
        cli.register(app, error)
        return app
    service = configuration.service
    logs.set_up(service, configuration.redact)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = service.max_body_bytes
    if service.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=service.trusted_proxies)  # type: ignore[method-assign]

    instance = service.bridge_instance
    quick, patient = connect(service, "receive"), connect(service, "console")
    app.register_blueprint(receive.make_blueprint(service, _make_accept(configuration, quick)))
    health = Health(quick, instance, configuration.routes, service.abc_api_url is not None)
    app.register_blueprint(signals.make_blueprint(health))
    app.register_blueprint(
        api.make_blueprint(service.console_password, Records(patient, instance), Replayer(patient, instance))
    )
    app.register_error_handler(HTTPException, _as_json)
    cli.register(app, configuration)
    return app


def _make_accept(configuration: Configuration, redis: Redis) -> receive.Accept:
    acceptor = Acceptor(redis, configuration.service.bridge_instance, configuration.routes)

    def accept(source: str, event: Event | Unread, body: bytes) -> tuple[str, bool]:
        try:
            accepted = acceptor.accept(source, event, body)
        except RedisError as error:
            raise receive.CannotStore(f"{type(error).__name__}: {error}") from None
        return accepted.event_id, accepted.duplicate

    return accept


def _as_json(error: HTTPException) -> Response:
    answer = Response.force_type(error.get_response())  # with its headers, such as the Allow of a 405
    answer.data = json.dumps({"error": error.name})
    answer.content_type = "application/json"
    return answer


def main() -> None:
    """`python app.py`: checks the environment first, so that a mistake ends the process at once and in words."""
    configuration = configure_or_exit(environment())
    service = configuration.service
    logs.set_up(service, configuration.redact)
    logs.tell_doubts(configuration.doubts)
    # Meant so: the threads wait for Redis, not for the CPU.
    logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "app:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address="0.0.0.0",  # noqa: S104  a container's router comes from outside
        port=service.port,
        workers=service.web_concurrency,
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=25,
        log_dictconfig=SERVER_LOGS,
    ).serve()


if __name__ == "__main__":
    main()

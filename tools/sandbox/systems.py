"""One Flask application for each stand-in, created at its first request: a test needs only two or three of twenty."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from tools.sandbox import abc_routes
from tools.sandbox.web import json_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OTHERS = ""
"""The name of the blueprint for paths that no other blueprint has."""


class Systems:
    """The WSGI application for all stand-ins: the first part of a path names the stand-in, whose blueprint answers.

    `ascii`: whether JSON in answers escapes all non-ASCII characters, which lone surrogates need. `wsgi_app` may be
    wrapped.
    """

    def __init__(self, blueprints: Mapping[str, Callable[[], Blueprint]], *, ascii: bool) -> None:
        self.wsgi_app: WSGIApplication = self._dispatch
        self._blueprints = blueprints
        self._ascii = ascii
        self._made: dict[str, Flask] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.wsgi_app(environ, start_response)

    def _dispatch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        first = str(environ.get("PATH_INFO", "")).strip("/").split("/", 1)[0]
        name = first if first in self._blueprints else OTHERS
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
        return self._made[name](environ, start_response)

    def _make(self, name: str) -> Flask:
        app = Flask("sandbox")
        app.register_blueprint(self._blueprints[name](), url_prefix=f"/{name}" if name else None)
        app.json.sort_keys = False  # type: ignore[attr-defined]
        app.json.ensure_ascii = self._ascii  # type: ignore[attr-defined]
        app.register_error_handler(HTTPException, _http_error)
        return app


def _http_error(error: HTTPException) -> Response:
    if request.path.startswith("/abc/") and isinstance(error, NotFound | MethodNotAllowed):
        return abc_routes.not_found()
    return json_answer(error.code or 500, {"error": error.name, "message": error.description})

"""One request to ABC User Feedback, for both of its APIs."""

from __future__ import annotations

from typing import Any

import requests

from bridge.http import Answer, NoAnswer, send
from sources.abc.errors import AbcError


def call(session: requests.Session, method: str, url: str, **request: Any) -> tuple[Answer, Any]:
    """The answer, whatever its status, and its JSON: None where it has none, and for JSON that is nested too deeply.
    `request`: see bridge.http.send. Raises AbcError without an answer."""
    try:
        answer = send(session, method, url, **request)
    except NoAnswer as error:
        raise AbcError(error.reason, f"ABC User Feedback: {error}", again=True) from None
    try:
        return answer, answer.json()
    except RecursionError:
        return answer, None

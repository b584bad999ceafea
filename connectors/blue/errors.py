"""What Blue's refusals mean, with the variable or permission to look at. Pure.

https://blue.cc/api/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.http import Answer
from connectors.base import Failed, Retry
from connectors.blue.settings import Settings
from connectors.tickets.rest import LIMIT_SECONDS

OUTDATED = "GRAPHQL_VALIDATION_FAILED"
"""The names of operations are others now."""
TEMPORARY = ("INTERNAL_SERVER_ERROR", "UNKNOWN_ERROR", OUTDATED)
QUOTA = ("PAYMENT_REQUIRED", "PLAN_LIMIT_REACHED", "COMPANY_NOT_ACTIVE", "TOO_MANY_TODOS", "TODO_LIST_LIMIT")
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+|UNAUTHENTICATED|FORBIDDEN")
_LIMITED = re.compile(r"rate.?limit|too many requests|limit exceeded", re.IGNORECASE)


def explain(settings: Settings, answer: Answer) -> str:
    """Of an answer that is no GraphQL."""
    return _advice(settings, {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: ""}.get(answer.status, "-"))


def judge(settings: Settings, error: Mapping[str, Any]) -> Retry | Failed:
    """Of an error in an answer that is GraphQL."""
    more = error.get("extensions")
    extensions = more if isinstance(more, dict) else {}
    details = extensions.get("data")
    code = str(extensions.get("code"))
    code = code if _CODE.fullmatch(code) else ""
    limited = isinstance(details, dict) and details.get("kind") == "rate_limited"
    if limited or code == "RATE_LIMITED" or _LIMITED.search(str(error.get("message"))[:2000]):
        return Retry("Blue refuses: too many requests", "rate_limited", LIMIT_SECONDS)
    why = "; ".join(filter(None, [f"Blue refuses ({code or 'no code'})", _advice(settings, code)]))
    if code in TEMPORARY:
        return Retry(why, "server_error")
    if code in QUOTA:
        return Failed(why, "quota")
    if code in ("UNAUTHENTICATED", "INVALID_CREDENTIALS", "FORBIDDEN", "TODO_LIST_IS_HIDDEN"):
        return Failed(why, "auth")
    return Failed(why, "not_found" if code.endswith("_NOT_FOUND") else "client_error")


def _advice(settings: Settings, code: str) -> str:
    name = settings.variable
    account = f"the account of {name('token_id')}"
    return {
        "UNAUTHENTICATED": f"the token is wrong or expired: renew {name('token_id')} and {name('token_secret')}",
        "INVALID_CREDENTIALS": f"the token is wrong or expired: renew {name('token_id')} and {name('token_secret')}",
        "FORBIDDEN": f"{account} lacks a permission in {name('workspace')}: it needs the role Member or higher",
        "TODO_LIST_IS_HIDDEN": f"the role of {account} does not show the list ({name('list')})",
        "TODO_LIST_NOT_FOUND": f"{name('list')} is wrong, or {account} may not see that list",
        "PROJECT_NOT_FOUND": f"{name('workspace')} is wrong, or {account} is no member of that workspace",
        "COMPANY_NOT_FOUND": f"{name('org')} is wrong, or {account} is no member of that organization",
        "PROJECT_NOT_ACTIVE": f"the workspace ({name('workspace')}) is archived",
        "": f"look at {name('api_url')}",
    }.get(code, "")

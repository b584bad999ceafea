"""`flask check`: what at GitHub works, and what is missing. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Check, Failed, note
from connectors.github.settings import Settings
from connectors.tickets.base import Refused
from connectors.tickets.rest import Rest

EXPIRATION = "github-authentication-token-expiration"


def check_account(settings: Settings, rest: Rest) -> Iterator[Check]:
    answer = rest.call("GET", "/user")
    with rest.reading():
        login = answer.json()["login"]
    yield Check(True, f"signed in as {str(login)[:100]}")
    if expires := answer.headers.get(EXPIRATION, "")[:30]:
        yield note(f"{settings.variable('token')} expires on {expires}")


def check_repository(settings: Settings, rest: Rest, repo: str) -> Iterator[Check]:
    found = rest.one("GET", f"/repos/{repo}")
    name = str(found.get("full_name", repo))
    if name.casefold() != repo.casefold():
        yield Check(False, f"{settings.variable('repo')}: {repo} is called {name[:150]} now: correct it")
        return
    try:
        # Without a title GitHub makes no issue; it asks for the permission before it looks for the title.
        rest.call("POST", f"/repos/{repo}/issues", {})
    except Refused as refusal:
        if not isinstance(refusal.outcome, Failed) or refusal.outcome.reason != "client_error":
            yield Check(False, f"{repo}: no issue can be created: {refusal.outcome.why}")
            return
        yield Check(True, f"{repo}: issues can be created")
    permissions = found.get("permissions")
    if settings.labels and isinstance(permissions, dict) and not (permissions.get("push") or permissions.get("triage")):
        what = f"{settings.variable('labels')}: GitHub drops labels of an account that may not write to {repo}"
        yield Check(False, f"{what}: give it the role Triage or Write, or leave the variable empty")

"""`flask check`: what at GitHub works, and what is missing. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.http import NoAnswer
from connectors.base import Check, Failed, note
from connectors.github.settings import Settings
from connectors.tickets.base import Refused
from connectors.tickets.rest import Rest

EXPIRATION = "github-authentication-token-expiration"


def check(settings: Settings, rest: Rest) -> Iterator[Check]:
    try:
        answer = rest.call("GET", "/user")
        login = (answer.json() or {}).get("login", "")
        yield Check(True, f"signed in as {str(login)[:100]}")
        if expires := answer.headers.get(EXPIRATION, "")[:30]:
            yield note(f"{settings.variable('token')} expires on {expires}")
    except (Refused, NoAnswer) as error:
        yield Check(False, _why(settings, error))
        return
    for repo in dict.fromkeys(repo for _, repo in settings.repo.items()):
        try:
            yield from _check_repo(settings, rest, repo)
        except (Refused, NoAnswer) as error:
            yield Check(False, f"{repo}: {_why(settings, error)}")


def _check_repo(settings: Settings, rest: Rest, repo: str) -> Iterator[Check]:
    found = rest.one("GET", f"/repos/{repo}")
    name = str(found.get("full_name", repo))
    if name.casefold() != repo.casefold():
        yield Check(False, f"{settings.variable('repo')}: {repo} is called {name[:150]} now: correct it")
        return
    try:
        # Without a title GitHub makes no issue; it asks for the permission before it looks for the title.
        rest.call("POST", f"/repos/{repo}/issues", {})
    except Refused as refusal:
        if isinstance(refusal.outcome, Failed) and refusal.outcome.reason == "client_error":
            yield Check(True, f"{repo}: issues can be created")
        else:
            yield Check(False, f"{repo}: no issue can be created: {refusal.outcome.why}")
            return
    permissions = found.get("permissions")
    if settings.labels and isinstance(permissions, dict) and not (permissions.get("push") or permissions.get("triage")):
        what = f"{settings.variable('labels')}: GitHub drops labels of an account that may not write to {repo}"
        yield Check(False, f"{what}: give it the role Triage or Write, or leave the variable empty")


def _why(settings: Settings, error: Refused | NoAnswer) -> str:
    if isinstance(error, Refused):
        return error.outcome.why
    return f"GitHub: {error}; look at {settings.variable('api_url')}"

"""Who may sign in by OIDC: OIDC_ALLOW. Pure, and nobody where anything is missing or odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLE = "role:"
MOST_ROLES = 1000


@dataclass(frozen=True, slots=True)
class Allowed:
    """All in lower case but the roles."""

    addresses: frozenset[str]
    domains: frozenset[str]
    roles: frozenset[str]

    def admits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the person with these claims may sign in. An address counts only where the provider has verified it:
        with some providers people write any address into their profile."""
        address = claims.get("email")
        if isinstance(address, str) and claims.get("email_verified") is True:
            lower = address.lower()
            if lower in self.addresses or (_is_address(lower) and lower.partition("@")[2] in self.domains):
                return True
        return not self.roles.isdisjoint(roles_of(claims))


def roles_of(claims: Mapping[str, Any]) -> set[str]:
    """The claim `roles`: names, as Logto and Entra ID have them, or objects with a `name`."""
    listed = claims.get("roles")
    if not isinstance(listed, list):
        return set()
    names = (item.get("name") if isinstance(item, dict) else item for item in listed[:MOST_ROLES])
    return {name for name in names if isinstance(name, str)}


def read_allow(entries: list[str]) -> Allowed:
    """From `ann@example.com`, `@example.com`, `role:operator`. Raises ValueError."""
    addresses, domains, roles = set(), set(), set()
    if not entries:
        raise ValueError("has no entry: it should be a list of e-mail addresses, @domains and role:names")
    for entry in entries:
        if entry.startswith(ROLE) and entry != ROLE:
            roles.add(entry.removeprefix(ROLE))
        elif entry.startswith("@") and _is_domain(entry[1:]):
            domains.add(entry[1:].lower())
        elif _is_address(entry):
            addresses.add(entry.lower())
        else:
            raise ValueError(f"'{entry}' is no e-mail address, no @domain and no role:name")
    return Allowed(frozenset(addresses), frozenset(domains), frozenset(roles))


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and _is_domain(domain) and not any(map(str.isspace, local))


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(labels) > 1 and all(labels) and "@" not in text and not any(map(str.isspace, text))

"""What a ticket is called: `PROJ-12`, `acme/app#12`, or the number alone where the container is known. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """`key`: the form of a whole key, which is the container, the separator and a number."""

    key: re.Pattern[str]
    separator: str

    def key_of(self, external_id: str, container: str) -> str | None:
        """The ticket that an externalIssueId names: a number of `container`, or a whole key. None: no ticket's
        name."""
        if self.key.fullmatch(key := f"{container}{self.separator}{external_id}"):
            return key
        return external_id if self.key.fullmatch(external_id) else None

    def container_of(self, key: str) -> str:
        return key.rpartition(self.separator)[0]

    def number_of(self, key: str) -> str:
        return key.rpartition(self.separator)[2]

"""The names of tickets: `PROJ-12`, `acme/app#12`, or only the number if the container is known. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """`key`: the pattern of a whole key: container, separator and number."""

    key: re.Pattern[str]
    separator: str

    def key_of(self, external_id: str, container: str) -> str | None:
        """The key of the ticket that an externalIssueId names: by a number in `container`, or by a whole key. None if
        it names no ticket."""
        if self.key.fullmatch(key := f"{container}{self.separator}{external_id}"):
            return key
        return external_id if self.key.fullmatch(external_id) else None

    def container_of(self, key: str) -> str:
        return key.rpartition(self.separator)[0]

    def number_of(self, key: str) -> str:
        return key.rpartition(self.separator)[2]

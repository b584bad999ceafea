"""The variables of every ticket system; each adapter adds PREFIX and the map of containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, field_validator

from bridge.settings import Credential, KeyMap, Pairs, Rate, Settings, TextList, is_id
from connectors.tickets.templates import CommentTemplate, Template

ABC_STATUSES = ("INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING")


def containers(form: re.Pattern[str], what: str) -> Callable[[KeyMap[str]], KeyMap[str]]:
    """Validates a map from ABC projects to containers. `what`: the end of the error "'x' is …" about a container that
    does not match `form`."""

    def check(projects: KeyMap[str]) -> KeyMap[str]:
        for abc_project, container in projects.items():
            if abc_project != "*" and not is_id(abc_project):
                raise ValueError(f"'{abc_project}' is not an ABC project id (a number, or * for all others)")
            if not form.fullmatch(container):
                raise ValueError(f"'{container}' is {what}")
        return projects

    return check


def _check_status_map(pairs: dict[str, str]) -> dict[str, str]:
    for abc_status in pairs:
        if abc_status not in ABC_STATUSES:
            raise ValueError(f"'{abc_status}' is not an ABC status ({', '.join(ABC_STATUSES)})")
    return pairs


def _check_status_back(pairs: dict[str, str]) -> dict[str, str]:
    _check_status_map(dict.fromkeys(pairs.values(), ""))
    return pairs


Labels = Annotated[TextList, Field(default_factory=list)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
StatusMap = Annotated[Pairs, AfterValidator(_check_status_map), Field(default_factory=dict)]


StatusBack = Annotated[Pairs, AfterValidator(_check_status_back), Field(default_factory=dict)]


class TicketSettings(Settings):
    """Base of an adapter's settings class."""

    CONTAINER: ClassVar[str]
    """The field that maps ABC projects to containers."""
    ADDRESS: ClassVar[str]
    """The field with the address of the ticket system's API."""

    labels: Labels
    status_map: StatusMap
    external_id: Literal["number", "key"] = "number"
    summary_template: Template | None = None
    description_template: Template | None = None
    comment_template: CommentTemplate | None = None
    rate: Rate = 10
    former_accounts: Annotated[TextList, Field(default_factory=list)]
    """Accounts that the bridge used before: their tickets and comments count as ours."""

    @property
    def containers(self) -> KeyMap[str]:
        return cast(KeyMap[str], getattr(self, self.CONTAINER))

    def container_of(self, asked: str, *names: str) -> str:
        """The settings' name for the container that has these names (its id, its path); the last of these if the
        settings do not name it. `asked`: preferred if they name it twice."""
        same = [name.casefold() for name in names]
        known = [container for _, container in self.containers.items() if container.casefold() in same]
        return asked if asked in known else next(iter(known), names[-1])

    @property
    def address(self) -> str:
        return cast(str, getattr(self, self.ADDRESS))


class ReturningSettings(TicketSettings):
    """Settings of a ticket system that supports status back (connectors.tickets.base.Returning)."""

    status_back: StatusBack


class IssueSettings(ReturningSettings):
    """Settings of a tracker whose issues have the same statuses in every container (connectors/tickets/issues.py)."""

    TITLE: ClassVar[str]
    """The tracker's name for people."""
    LONGEST_LABEL: ClassVar[int] = 255
    STATUSES: ClassVar[tuple[str, ...]]
    FURTHER: ClassVar[tuple[str, ...]] = ()
    """Statuses that only the tracker sets."""

    token: Credential

    @field_validator("labels")
    @classmethod
    def _check_labels(cls, labels: list[str]) -> list[str]:
        if any(len(label) > cls.LONGEST_LABEL for label in labels):
            raise ValueError(f"{cls.TITLE}'s labels have at most {cls.LONGEST_LABEL} characters")
        return labels

    @field_validator("status_map")
    @classmethod
    def _check_statuses(cls, pairs: dict[str, str]) -> dict[str, str]:
        return cls._only(pairs, pairs.values(), cls.STATUSES)

    @field_validator("status_back")
    @classmethod
    def _check_statuses_back(cls, pairs: dict[str, str]) -> dict[str, str]:
        return cls._only(pairs, pairs, (*cls.STATUSES, *cls.FURTHER))

    @classmethod
    def _only(cls, pairs: dict[str, str], given: Iterable[str], known: tuple[str, ...]) -> dict[str, str]:
        for status in given:
            if status not in known:
                raise ValueError(f"'{status}' is not a status of a {cls.TITLE} issue ({', '.join(known)})")
        return pairs


def back_of(settings: TicketSettings) -> Mapping[str, str]:
    """Statuses of the ticket system with the ABC status for each; empty if no status is carried back."""
    return settings.status_back if isinstance(settings, ReturningSettings) else {}

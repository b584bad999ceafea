"""`flask check`: what in Jira works, and what is missing and where to put it right. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Check, note
from connectors.jira.catalog import find, names_of, unknown_type
from connectors.jira.errors import JiraRefusal, search_outcome_of
from connectors.jira.port import PERMISSIONS, JiraPort
from connectors.jira.settings import Settings
from connectors.jira.shapes import Status
from connectors.jira.status import is_at, is_in_category

# Required fields that Jira or we always fill.
FILLED = {"project", "issuetype", "summary", "description", "reporter"}


def check_account(settings: Settings, port: JiraPort) -> Iterator[Check]:
    info = port.server_info()
    kind = "Cloud" if port.is_cloud else "Data Center"
    yield Check(True, f"Jira {info.get('version', '')} ({kind}) answers")
    if str(info.get("deploymentType")) == "Cloud" and not port.is_cloud:
        yield Check(False, f"{settings.variable('type')}: this is Jira Cloud; leave it at auto")
    yield Check(True, f"signed in as {port.myself().shown}")


def check_project(settings: Settings, port: JiraPort, key: str) -> Iterator[Check]:
    """One line for each thing that must fit; stops where nothing more can be known."""
    try:
        yield Check(True, f"project {key}: {port.project(key)}")
    except JiraRefusal as refusal:
        if not refusal.gone:
            raise
        yield Check(False, f"{settings.variable('project')}: {key} does not exist, or the account may not see it")
        return
    for name in sorted(set(PERMISSIONS) - port.permissions(key)):
        yield Check(False, f"project {key}: the account lacks the permission {name}")
    yield from _check_search(settings, port, key)
    yield from _check_create_screen(settings, port, key)
    yield from _check_statuses(settings, port, key)


def _check_search(settings: Settings, port: JiraPort, key: str) -> Iterator[Check]:
    """The search that comes before each new ticket."""
    try:
        next(port.search(key, ["abc-check"]), None)
    except JiraRefusal as refusal:
        yield Check(False, f"project {key}: {search_outcome_of(refusal, settings, key).why}")


def _check_create_screen(settings: Settings, port: JiraPort, key: str) -> Iterator[Check]:
    wanted = settings.issue_type
    types = port.issue_types(key)
    found = find(types, wanted)
    if found is None:
        yield Check(False, unknown_type(settings, key, types))
        return
    fields = {field.id: field for field in port.create_fields(key, found.id)}
    yield Check(True, f"project {key}: tickets of the type {wanted} can be created")
    yield from _check_fields(settings, key, set(fields))
    ours = FILLED | set(settings.fields) | {"labels"} | ({"priority"} if settings.priority else set())
    for name, field in fields.items():
        if field.required and name not in ours:
            what = f"project {key}: the field {name} ({field.name}) is required"
            yield Check(False, f"{what}: set it in {settings.variable('fields')}")
    priority, choices = settings.priority, fields["priority"].choices if "priority" in fields else ()
    if priority and choices and find(choices, priority) is None:
        what = f"{settings.variable('priority')}: {key} shows no '{priority}', but {names_of(choices)}"
        yield note(f"{what}; Jira may know it under a name in another language, or refuse every ticket")


def _check_fields(settings: Settings, key: str, screen: set[str]) -> Iterator[Check]:
    marker = settings.marker_field or "labels"
    if marker in screen:
        yield Check(True, f"project {key}: tickets can be marked ({marker})")
    elif settings.marker_field:
        yield Check(False, f"{settings.variable('marker_field')}: {marker} is not on the create screen of {key}")
    else:
        advice = f"add Labels to it, or name a text field of that screen in {settings.variable('marker_field')}"
        yield Check(False, f"project {key}: labels are not on the create screen: {advice}")
    wanted = dict.fromkeys(settings.fields, settings.variable("fields"))
    if settings.priority:
        wanted["priority"] = settings.variable("priority")
    if settings.labels:
        wanted["labels"] = settings.variable("labels")
    for name, variable in wanted.items():
        if name not in screen and name not in (marker, "resolution"):
            yield Check(False, f"{variable}: {name} is not on the create screen of {key}")


def _check_statuses(settings: Settings, port: JiraPort, key: str) -> Iterator[Check]:
    if not settings.status_map and not settings.status_back:
        return
    statuses = port.statuses(key)
    for abc_status, target in settings.status_map.items():
        what = f"{settings.variable('status_map')}: {abc_status} is carried to '{target}'"
        yield _has_status(statuses, target, what, key)
    for target, abc_status in settings.status_back.items():
        what = f"{settings.variable('status_back')}: '{target}' is carried back as {abc_status}"
        yield _has_status(statuses, target, what, key)


def _has_status(statuses: list[Status], target: str, what: str, key: str) -> Check:
    there = any(is_at(status, target) or is_in_category(status, target) for status in statuses)
    names = ", ".join(dict.fromkeys(status.name for status in statuses))
    return Check(True, f"{what} in {key}") if there else Check(False, f"{what}, but {key} has only {names}")

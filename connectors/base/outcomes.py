"""The outcome of an attempt, and the reasons of failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Reason: TypeAlias = Literal[
    "auth",  # credentials missing, wrong, expired, or without the permission
    "config",  # a value that the operator set does not exist or does not fit
    "rate_limited",  # too many requests: try again later
    "quota",  # the quota is used up: a person must act
    "timeout",  # no answer in time
    "network",  # no connection, or it broke
    "server_error",  # the other system failed: 5xx
    "client_error",  # the other system refuses this one request: 4xx
    "gone",  # the other system accepts no more requests (410): the connector instance stops until a person resumes it
    "not_found",  # the subject of the event was deleted
    "not_yet",  # the subject is not visible yet (the source announces before it commits)
    "ambiguous",  # sent, result unknown: look for the effect before sending again
    "crashed",  # the connector raised an exception: a defect of the bridge
]
"""Why an attempt failed: a closed set, also a label of the metrics."""


@dataclass(frozen=True, slots=True)
class Done:
    """The effect exists. `result` describes it (ticket key, message time stamp, fields written)."""

    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do; `why` is the reason, for people."""

    why: str
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later. `after`: seconds that the other system asked us to wait. For `rate_limited` and `not_yet`, the
    next attempt follows after this time; for other reasons it can only make the schedule's delay longer. `at_source`:
    the source (ABC) failed, so the outcome shows nothing about the destination."""

    why: str
    reason: Reason
    after: float | None = None
    at_source: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """It can't work until a person changes something; `why`: what happened and what to do. `at_source`: as in
    Retry."""

    why: str
    reason: Reason
    at_source: bool = False


Outcome: TypeAlias = Done | Skipped | Retry | Failed


class LeaseLost(Exception):
    """Another worker has taken this delivery over: stop at once, do nothing more."""

"""What the commands work with, made when one needs it: `--help` and `check` answer in any environment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import click

from bridge.environment import ConfigError
from connectors.base import Check
from console.audit import Audit
from console.checks import every_check
from jobs.configuration import Configuration
from jobs.runtime import Runtime


class Desk:
    def __init__(self, configured: Configuration | ConfigError) -> None:
        self._configured = configured

    @cached_property
    def configuration(self) -> Configuration:
        if isinstance(self._configured, ConfigError):
            raise click.ClickException("\n  ".join(["correct these variables first:", *self._configured.problems]))
        return self._configured

    @cached_property
    def runtime(self) -> Runtime:
        return Runtime(self.configuration, "command")

    def checks(self, offline: bool) -> Iterator[Check]:
        if isinstance(self._configured, ConfigError):
            return (Check(False, problem) for problem in self._configured.problems)
        return every_check(self.runtime, offline, cache(lambda: self.record("check")))

    def record(self, what: str, about: str = "") -> None:
        """Writes a change into the audit, before it is made. Raises RedisError."""
        Audit(self.runtime.redis, self.runtime.instance).add("command", what, about)

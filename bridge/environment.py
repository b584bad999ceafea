"""The environment: variables as UTF-8, each also as the content of a file that NAME_FILE names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bridge.values import mistake_in, tidy

EXIT_BAD_CONFIG = 78  # EX_CONFIG of sysexits.h: process managers and operators can distinguish it from a crash


class ConfigError(Exception):
    """What is wrong with the environment: one `VARIABLE: what to do` line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def environment() -> dict[str, str]:
    """This process's variables. They are UTF-8 whatever the locale: Python itself reads them by the locale, and garbles
    Korean where that is latin-1 or a C without UTF-8."""
    return {os.fsdecode(name): value.decode("utf-8", "surrogateescape") for name, value in os.environb.items()}


def read_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of `name`, or the content of the file that `name`_FILE names; None when neither is set.

    Raises ConfigError when both are set, the file can't be read, or the value is an obvious mistake.
    """
    value, path = tidy(environ.get(name, "")), tidy(environ.get(f"{name}_FILE", ""))
    if value and path:
        raise ConfigError([f"{name}: set either {name} or {name}_FILE, not both"])
    if path:
        value = _read_file(name, path)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ConfigError([f"{name}: is not UTF-8 text"])
    # A template is free text: quotes and brackets may belong to it.
    problem = "" if name.partition("__")[0].endswith("_TEMPLATE") else mistake_in(value)
    if problem:
        raise ConfigError([f"{name}{'_FILE' if path else ''}: {problem}"])
    return value or None


def read_setting(name: str, label: str, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """The value of a variable for the connector instance `label`, and the variable that it was read from.

    The instance's own variable is `NAME__LABEL`; where it is unset, NAME counts, and `-` means "not set for this
    instance". `label` is "" for a connector without one. Raises ConfigError, as `read_variable`.
    """
    own = f"{name}__{label.upper()}" if label else name
    value = read_variable(own, environ)
    if not label or value is not None:
        return (None if label and value == "-" else value), own
    inherited = read_variable(name, environ)
    return inherited, own if inherited is None else name


def _read_file(name: str, path: str) -> str:
    try:
        return tidy(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ConfigError([f"{name}_FILE: {path} is not UTF-8 text: save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{name}_FILE: can't read {path}: {error.strerror or type(error).__name__}"]) from None
    except ValueError:
        raise ConfigError([f"{name}_FILE: {path!r} can't be the path of a file"]) from None

"""On a terminal lists are tables as wide as it is, and long work shows a bar; elsewhere all is plain."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from console.output import progress, show

ROWS = [{"id": "a.slack", "error": "[red]no[/red] \x1b[31m " + "long " * 15}]


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, stream: str, columns: int) -> Iterator[Callable[[str], str]]:
    """Makes the stream a terminal of so many columns: what was printed on it up to a text."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(theirs, "w") as screen:
        monkeypatch.setattr(f"sys.{stream}", screen)

        def printed(until: str) -> str:
            screen.flush()
            text = ""
            while until not in text:
                ready, _, _ = select.select([ours], [], [], 10)
                assert ready, f"{until!r} was not printed: {text!r}"
                text += os.read(ours, 65_536).decode("utf-8", "replace")
            return text

        yield printed
    os.close(ours)


def test_a_list_is_a_table_that_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, "stdout", 50) as printed:
        show(ROWS, ("id", "error"), as_json=False)
        print("the end", file=sys.stdout)
        lines = printed("the end").partition("the end")[0].replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[0].split() == ["id", "error"]
    assert "[red]no[/red]" in lines[1]
    assert len(lines) > 2, "a long text goes on in the next line"
    assert "\x1b" not in "".join(lines), "another system's text does not steer the terminal"


def test_elsewhere_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"id": "a.slack", "error": None}, {"id": "b", "error": "x"}], ("id", "error"), as_json=False)
    assert capsys.readouterr().out == "id       error\na.slack\nb        x\n"
    show([], ("id",), as_json=False)
    assert capsys.readouterr().out == "id\n(nothing)\n"


def test_long_work_shows_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, "stderr", 80) as printed:
        with progress("comparing", err=True) as advance:
            advance(3, 7)
        assert "comparing" in printed("3/7")
    plain = io.StringIO()
    monkeypatch.setattr("sys.stderr", plain)
    with progress("comparing", err=True) as advance:
        advance(3, 7)
    assert plain.getvalue() == ""

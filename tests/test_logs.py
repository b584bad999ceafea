"""What is written to standard error: nothing of what users wrote in an exception, nothing that a terminal obeys."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from bridge.failures import name_of, place_of, traceback_of
from bridge.http import NoAnswer
from bridge.terminal import escaped, printable
from tools.sandbox.processes import ROOT

WORDS = "users-own-words"
# A clear of the screen, a title for the window, CSI as one character, a change of direction, a new line, DEL, halves.
CONTROLS = "\x1b[2J \x1b]0;title\x07 \x9b31m \u202etxt.exe \r\n 2026 forged line \x7f \ud83d end"

SCRIPT = f"""
import logging
import threading
import structlog
from bridge.logs import set_up
from bridge.redaction import Redactor
from bridge.service import ServiceSettings

set_up(ServiceSettings(log_format=LOG_FORMAT, log_level="debug"), Redactor(["planted-secret"]))
log = structlog.get_logger("test")
controls, words = {CONTROLS!a}, {WORDS!r}
log.info("one " + controls, two=controls, listed=[controls], nested={{"three": controls}}, error=ValueError(controls))
log.info("named", **{{"odd \\x1b[2J name": 1}})
logging.getLogger("foreign").warning("four %s", controls)
log.info("한국어 日本語 😀")
try:
    try:
        int(words)
    except ValueError as cause:
        raise KeyError(words) from cause
except KeyError:
    log.exception("caught")
    logging.getLogger("foreign").exception("caught by a library")
logging.getLogger("foreign").warning("%d is no number", words)
for quoting in ("urllib3.connectionpool", "jira", "slack_sdk.web", "deepl", "requests"):
    logging.getLogger(quoting).error("it said: " + words)
thread = threading.Thread(target=lambda: int(words), name="my thread")
thread.start()
thread.join()
raise ValueError(words + " planted-secret")
"""


def run(log_format: str) -> str:
    script = f"LOG_FORMAT = {log_format!r}\n{SCRIPT}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True)
    assert done.returncode == 1
    assert done.stdout == b""
    return done.stderr.decode("utf-8")


@pytest.fixture(scope="module", params=["json", "console"])
def written(request: pytest.FixtureRequest) -> str:
    return run(str(request.param))


def test_nothing_in_the_log_is_obeyed_by_a_terminal(written: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in written)
    assert "한국어 日本語 😀" in written
    assert written.count("\\u001b[2J") >= 4  # shown, not lost
    assert not any(line.strip().startswith("2026 forged") for line in written.splitlines())


def test_no_text_of_an_exception_that_quotes_its_value_is_logged(written: str) -> None:
    """Neither of one that we catch, nor of one that ends a thread or the process, nor by logging's own errors."""
    assert WORDS not in written
    assert "planted" not in written
    assert written.count("ValueError") >= 4
    assert written.count("KeyError") >= 2
    for what in ("which led to", "my thread", "the process ends", "a log line of foreign could not be written"):
        assert what in written
    assert 'File "<string>", line' in written.replace('\\"', '"')


def test_each_entry_is_one_json_object() -> None:
    lines = [line for line in run("json").splitlines() if not line.startswith("a log line of")]
    entries = [json.loads(line) for line in lines]
    assert entries[0]["two"].encode("utf-8", "replace").decode() == CONTROLS.encode("utf-8", "replace").decode()
    assert [entry["event"] for entry in entries[-2:]] == ["a thread ended: a defect", "the process ends: a defect"]


def test_colours_on_a_terminal_are_ours_alone() -> None:
    script = f"LOG_FORMAT = 'console'\n{SCRIPT}"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
    process.wait(30)
    os.close(ours)
    assert b"\x1b[" in shown
    assert b"\x1b[2J" not in shown
    assert b"\x1b]0" not in shown
    assert "\u202e".encode() not in shown


# Exceptions


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError(WORDS), "ValueError"),
        (KeyError(WORDS), "KeyError"),
        (UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, "bad"), "UnicodeDecodeError"),
        (json.JSONDecodeError("bad", WORDS, 0), "JSONDecodeError"),
        (Exception(WORDS), "Exception"),
        (AttributeError("no attribute 'x'"), "AttributeError: no attribute 'x'"),
        (FileNotFoundError(2, "No such file"), "FileNotFoundError: [Errno 2] No such file"),
        (ResponseError("OOM command not allowed"), "ResponseError: OOM command not allowed"),
        (NoAnswer("network", "host not found", sent=False), "NoAnswer: host not found"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_the_text_of_an_exception_is_shown_where_it_names_no_value(error: Exception, shown: str) -> None:
    assert name_of(error) == shown


def test_an_exception_of_another_package_has_no_text() -> None:
    """`requests` derives its own from OSError, and they quote addresses."""
    import requests

    assert name_of(requests.ConnectionError(WORDS)) == "ConnectionError"


def test_where_it_happened_is_shown() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("x")
    assert place_of(caught.value).startswith("test_logs.py:")
    assert "test_where_it_happened_is_shown" in traceback_of(caught.value)
    assert place_of(ValueError()) == ""


def test_a_recursion_without_end_is_short_in_the_log() -> None:
    def again(depth: int) -> int:
        return again(depth + 1) + 1

    with pytest.raises(RecursionError) as caught:
        again(0)
    assert len(traceback_of(caught.value).splitlines()) < 100


# Terminals


@given(st.text(st.characters(codec=None) | st.sampled_from(CONTROLS), max_size=40))
def test_escaped_text_is_printable_and_means_the_same(text: str) -> None:
    assert escaped(text).isprintable()
    assert printable(text).isprintable()
    written = json.dumps(text, ensure_ascii=False)
    assert json.loads(escaped(written)) == json.loads(written)


@given(st.text(st.characters(categories=("L", "N", "P")), max_size=40))
def test_text_that_is_shown_stays_as_it_is(text: str) -> None:
    assert escaped(text) == printable(text) == text

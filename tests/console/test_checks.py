"""What `flask check` finds before it sends any request."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.checks import dotenv_checks


def problems(folder: Path, text: str) -> list[str]:
    (folder / ".env").write_text(text, encoding="utf-8")
    return [check.what for check in dotenv_checks(folder / ".env") if not check.ok]


@pytest.mark.parametrize(
    "line",
    [
        "SLACK_CHANNEL=#feedback",
        "SLACK_CHANNEL=*=#a,2=#b",
        "SLACK_CHANNEL=a b",
        'SLACK_CHANNEL={"a": 1}',
        "SLACK_CHANNEL=a\\b",
        'SLACK_CHANNEL="a${HOME}b"',
    ],
)
def test_a_value_that_the_two_readers_of_env_see_differently_is_named(tmp_path: Path, line: str) -> None:
    (problem,) = problems(tmp_path, f"{line}\nLOG_LEVEL=info\n")
    assert problem.startswith("SLACK_CHANNEL: ")


def test_a_file_that_one_of_them_can_not_read_is_reported(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "SLACK_CHANNEL=it's\n")
    assert problem.startswith(".env: honcho can't read it")


def test_quoted_values_are_alike(tmp_path: Path) -> None:
    assert problems(tmp_path, "A='*=#a,2=#b'\nB='{\"x\": 1}'\nC=plain\nD='In Progress'\nE=\n") == []


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert list(dotenv_checks(tmp_path / ".env")) == []

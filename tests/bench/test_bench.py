"""The measures run, and print every row; how fast anything is depends on the machine and is no matter of a test."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.bench.attackers import ATTACKS, Attack
from tools.bench.attacks import COLUMNS, Measure
from tools.bench.common import FIRST_PAGE, PERFORMANCE, SECURITY, Report, Sample, body, percentile
from tools.bench.console import PAGES, QUERIES, TO_THE_END
from tools.figures import blocks
from tools.sandbox.processes import ROOT, Processes, free_port, start_valkey

RECEIVER = [
    "a view that answers",
    "SET NX + LPUSH in one round trip",
    "SET NX + one RQ job in one round trip",
    "one delivery of the event",
    "three deliveries of the event",
    "three `Queue.enqueue`",
    "SET NX + LPUSH, pipelined",
    "SET NX + one RQ job, pipelined",
    "`Acceptor.accept`, one delivery",
    "`Acceptor.accept`, three deliveries",
    "503 while Redis hangs",
    "200 once it goes on",
]
WORKER = [
    "`rq worker`",
    "one process",
    "two processes",
    "one `Queue.enqueue`, `rq worker`",
    "the bridge",
]


def run(command: str, *options: str) -> list[list[str]]:
    """The cells of every row that `bin/bench <command> <options>` prints."""
    done = subprocess.run([ROOT / "bin" / "bench", command, *options], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"CPython \d.*rq \d.*redis \d.*granian \d", done.stdout)
    return [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("|")]


def test_the_receivers_measure_prints_every_row_and_counts_one_round_trip() -> None:
    """However many deliveries an event has, storing it is one round trip: counted by the server, not by us."""
    rows = run("receiver", "--quick")
    for name in RECEIVER:
        assert [row for row in rows if name in row[0] and re.search(r"\d", row[1])], f"no figures for {name}"
    assert [row[3].strip() for row in rows if "Acceptor.accept" in row[0]] == ["1.00", "1.00"]


def test_the_consoles_measure_prints_every_row() -> None:
    """It fills a ledger by the real scripts, and every query must be answered."""
    rows = run("console", "--quick")
    for name in (*QUERIES, *PAGES, *TO_THE_END, "the longest command in Redis", "memory in Redis of an event"):
        start = name.partition("{")[0]
        assert [row for row in rows if row[0].startswith(start) and re.search(r"\d", row[1])], f"no figures for {name}"
    [found] = [row for row in rows if row[0].startswith("the text of one event")]
    assert found[1].strip() == "3"


def test_the_workers_measure_prints_every_row() -> None:
    """It ends with an error unless each call was made exactly once."""
    rows = run("worker", "--quick")
    for name in WORKER:
        assert [row for row in rows if name in row[0] and re.search(r"\d", row[1])], f"no figures for {name}"


@pytest.mark.timeout(180)
def test_the_measure_of_attacks_shows_who_is_harmed(tmp_path: Path) -> None:
    """Stalled bodies harm nobody; a filter that leaves all normal events out keeps their messages away."""
    [stalled] = [attack for attack in ATTACKS if attack.title.startswith("64 bodies")]
    quiet = Attack("a filter", lambda _target: None, {"SLACK_FILTER": "issue.name == 'another'"})
    with Processes(tmp_path) as processes:
        measure = Measure(processes, start_valkey(processes, free_port()), ROOT, 15)
        harmless, harmful = (dict(zip(COLUMNS, measure.row(attack), strict=True)) for attack in (stalled, quiet))
    answered = re.compile(r"\d+\.\d s")
    assert answered.fullmatch(harmless["webhook answered"])
    assert answered.fullmatch(harmful["webhook answered"])
    assert answered.fullmatch(harmless["message sent"])
    assert harmful["message sent"] == "5 of 5 not"


def test_a_report_goes_into_the_blocks_of_its_command(tmp_path: Path) -> None:
    page, first_page = tmp_path / "page.md", tmp_path / "first.md"
    for path in (page, first_page):
        path.write_text("<!-- figures: bin/bench receiver -->\n\nold\n\n<!-- /figures -->\n", encoding="utf-8")
    report = Report("bin/bench receiver")
    report.add("CPython 3.11")
    report.table("Calls", ["call", "µs"], [["one", "61"]])
    report.ratio("one against another", "2 ×")
    report.write(page, first_page)
    table = "### Calls\n\n| call | µs |\n| ---- | -- |\n| one  | 61 |"
    assert blocks(page.read_text("utf-8")) == {"bin/bench receiver": f"CPython 3.11\n\n{table}"}
    assert "| one against another | 2 ×      |" in blocks(first_page.read_text("utf-8"))["bin/bench receiver"]


@pytest.mark.parametrize(
    ("page", "commands"),
    [
        (PERFORMANCE, ["bin/bench receiver", "bin/bench worker", "bin/bench console"]),
        (FIRST_PAGE, ["bin/bench worker", "bin/bench receiver"]),
        (SECURITY, ["bin/bench attacks"]),
    ],
    ids=["performance", "first page", "security"],
)
def test_the_pages_have_the_blocks_that_are_written(page: Path, commands: list[str]) -> None:
    assert list(blocks(page.read_text(encoding="utf-8"))) == commands


@pytest.mark.parametrize(
    "command",
    ["receiver --quick --write", "worker --quick --write", "attacks --only none --write"],
    ids=["receiver", "worker", "attacks"],
)
def test_figures_of_a_part_are_not_written(command: str) -> None:
    done = subprocess.run([ROOT / "bin" / "bench", *command.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--write" in done.stderr


def test_events_are_of_the_size_that_is_asked_for_and_all_different() -> None:
    bodies = {body(1_000_000_000 + number) for number in range(100)}
    assert len(bodies) == 100
    assert all(700 <= len(raw) <= 900 for raw in bodies)


def test_a_sample_shows_its_middle_and_its_spread() -> None:
    assert Sample((1200.0, 900.0, 1000.0)).text() == "1,000 (900–1,200)"
    assert Sample((4.0, 30.0, 8.0)).to(Sample((2.0, 10.0, 4.0))) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0

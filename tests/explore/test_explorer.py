"""The ledger keeps its promises in every order of what can happen, and the explorer notices where it would not."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.ledger.scripts import TEXTS
from tools.explore import mutants, report, story
from tools.explore.__main__ import find, main
from tools.explore.canonical import digest
from tools.explore.model import Model
from tools.explore.report import Found
from tools.explore.search import Search, walk
from tools.explore.versions import next_version
from tools.explore.world import State, World
from tools.explore.worlds import ALL, LARGE, SMALL, WALKS

QUICK = [world for world in SMALL if world.quick]


@pytest.mark.parametrize("world", QUICK, ids=lambda world: world.name)
def test_the_ledger_keeps_its_promises_in_every_state_of_a_small_world(world: World) -> None:
    result = Search(world).run()
    assert (result.promise, result.how, result.trace) == ("", "", ())
    assert result.finished
    assert result.transitions >= result.states - 1 > 20


def test_the_ledger_keeps_its_promises_on_random_walks() -> None:
    for world in WALKS:
        result = walk(world, seed=1, seconds=1.0)
        assert (result.promise, result.how, result.trace) == ("", "", ())
        assert result.transitions > 100


EVERY = {mutant.name: mutant for mutant in (*mutants.protections(), *mutants.named())}


@pytest.mark.parametrize(
    ("name", "world", "promise"),
    [
        ("a lease without its token check", "frozen", "one effect"),
        (
            "a lease that ran out and counts while its line is held",
            "a line in which one is frozen",
            "one lease at a time",
        ),
        ("`admit` without a lease", "a digest that is frozen", "who waits is listed, and nobody else"),
        (
            "a second subject that is freed without a lease",
            "work on a second subject that is frozen",
            "one attempt at a time",
        ),
        ("a part of a note that is kept without a lease", "notes in parts", "one effect"),
        ("further turns that a bucket keeps for ever", "attempts of two requests", "every key can be forgotten"),
        ("a second subject on which two work", "work on a second subject", "one attempt at a time"),
        (
            "what has stopped and nobody wakes",
            "a connector that stops",
            "what waits for a destination goes on with it",
        ),
        ("a stop that nobody heeds", "a connector that stops", "what has stopped makes no attempt"),
        ("a `hold` that is ignored", "a line", "one attempt at a time"),
        ("a `hold` that outlives its lease", "a line whose keys never expire", "every delivery finishes"),
        (
            "an unfinished delivery that is forgotten",
            "retention with dead letters",
            "an unfinished delivery is never forgotten",
        ),
        ("a dead letter without its notes", "dead letters", "one effect"),
        (
            "a held delivery that nobody wakes",
            "a breaker that many wait for",
            "what waits for a destination goes on with it",
        ),
        ("what a newer version wrote is run", "two versions and one event", "what a newer version wrote is left alone"),
        ("without clock (`bin/chaos --without clock`)", "killed", "every delivery finishes"),
    ],
)  # fmt: skip
def test_a_protection_that_is_switched_off_is_noticed(name: str, world: str, promise: str) -> None:
    found = find([ALL[world]], EVERY[name])
    assert (found.promise, found.world) == (promise, world)
    assert found.steps > 1


def test_every_protection_of_the_ledger_in_chaos_is_among_the_mutants() -> None:
    assert [name.split("`")[1] for name in EVERY if name.startswith("without ")] == [
        f"bin/chaos --without {name}" for name in ("lock", "lease", "clock")
    ]
    assert all(mutant.texts != TEXTS for mutant in EVERY.values())


def test_a_script_in_which_the_next_version_can_not_be_made_is_reported() -> None:
    with pytest.raises(LookupError, match=r"lease\.lua"):
        next_version({**TEXTS, "lease": ""})


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    first, again, other = ([m.name for m in mutants.sampled(20, seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 20


@pytest.mark.parametrize("name", ["a line", "a rate limit", "a connector that is switched on later", "a wiped Redis"])
def test_states_that_count_as_the_same_have_the_same_future(name: str) -> None:
    """Else a state would be taken for one that was seen, and what follows from it never be looked at."""
    model, compared = Model(ALL[name]), 0

    def future(state: State) -> set[bytes]:
        return {digest(model.after(state, action)) for action in model.choices.possible(state)}

    first = model.first()
    seen, level = {digest(first): first}, [first]
    for _ in range(14):
        following = []
        for state in level:
            for action in model.choices.possible(state):
                then = model.after(state, action)
                known = seen.setdefault(digest(then), then)
                if known is then:
                    following.append(then)
                elif compared < 60 and known != then:
                    compared += 1
                    assert future(known) == future(then), (name, action)
        level = following[:30]
    assert compared > 20


# What a person sees


TRACE = "send a; send b; take 0; step 0; take 1; step 1; step 0"


def test_a_story_shows_the_steps_and_the_keys_that_matter() -> None:
    lines = list(story.lines(ALL["a line"], TRACE.split("; ")[:4]))
    assert any("worker 0 asks for the lease of a.one" in line for line in lines)
    assert any("delivery:a.one: state running" in line for line in lines)
    assert any("hold:one:abc:issue:1:1: a.one" in line for line in lines)
    assert lines[-1] == "     all promises hold; without a fault comes next: step 0"


def test_the_story_of_a_broken_promise_ends_with_it() -> None:
    mutant = EVERY["a `hold` that is ignored"]
    result = Search(ALL["a line"], mutant.texts).run()
    lines = list(story.lines(ALL["a line"], result.trace, mutant.texts))
    assert lines[-1] == f"     BROKEN: {result.promise}: {result.how}"
    assert "BROKEN" not in "".join(story.lines(ALL["a line"], result.trace)), "the ledger as it is holds"


def test_the_command_plays_a_trace_and_lists_the_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a line", "--play", TRACE]) == 0
    assert "worker 1 asks for the lease of b.one" in capsys.readouterr().out
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len([*SMALL, *LARGE, *WALKS]) == len(ALL)
    with pytest.raises(SystemExit):
        main(["no such world"])
    with pytest.raises(SystemExit):
        main(["--play", TRACE])


def test_the_command_explores_and_writes_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures: bin/explore -->\nold\n<!-- /figures -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    assert main(["one event", "killed", "--write"]) == 0
    assert "holds   one event: 32 states" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- figures: bin/explore -->\n\n| world")
    assert "\n| all " in text
    assert "old" not in text
    assert text.endswith("<!-- /figures -->\nafter\n")
    with pytest.raises(ValueError, match="no block"):
        report.write(report.MUTANTS, "")


def test_what_was_not_found_stands_out() -> None:
    lines = report.mutants_table([Found("a", "w", 3, 0.1, "p"), Found("b", "", 0, 2.0, "")]).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")] == ["", "a", "p", "w", "3", "0.1 s", ""]
    assert [cell.strip() for cell in lines[3].split("|")] == ["", "b", "**none**", "", "", "2.0 s", ""]

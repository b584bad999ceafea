"""The mutants of a Python module are those that the report lists."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tools.mutation.lane import code_holder, code_of
from tools.mutation.python import mutants
from tools.sandbox.processes import ROOT

MODULES = [
    "jobs/reconcile/levels.py",
    "jobs/delivery/schedule.py",
    "jobs/delivery/flow.py",
    "bridge/http/deadline.py",
    "connectors/base/outcomes.py",
    "sources/signatures.py",
]


def changes(source: str) -> set[str]:
    return {mutant.after for mutant in mutants(source)}


def test_comparisons_logic_arithmetic_and_constants_are_changed() -> None:
    assert changes("late = a <= b and c is None or d - 5") == {
        "late = a < b and c is None or d - 5",
        "late = a > b and c is None or d - 5",
        "late = a <= b or c is None or d - 5",
        "late = a <= b and c is not None or d - 5",
        "late = a <= b and c is None and d - 5",
        "late = a <= b and c is None or d + 5",
        "late = a <= b and c is None or d - 6",
    }


def test_conditions_are_made_constant_and_statements_are_left_out() -> None:
    assert {mutant.name for mutant in mutants("if not late:\n    self.calls += 1\n    raise TimeoutError")} == {
        "if not late:  =>  if True:",
        "if not late:  =>  if False:",
        "if not late:  =>  if late:",
        "self.calls += 1  =>  pass",
        "self.calls += 1  =>  self.calls += 2",
        "raise TimeoutError  =>  pass",
    }


def test_what_no_test_can_notice_stays() -> None:
    """The very moment of a deadline, and what only a type checker reads."""
    assert changes("late = time.monotonic() >= end") == {"late = time.monotonic() < end"}
    assert changes("late = end == time.time()") == {"late = end != time.time()"}
    assert changes("if TYPE_CHECKING: import x") == {"if True: import x"}


@pytest.mark.parametrize(
    "source", ['"""5 > 4 and True"""', "x: Annotated[int, 5]", "@cache(5)\ndef f(): ...", "log.warning('x', n=5)"]
)
def test_docstrings_annotations_decorators_and_log_lines_stay(source: str) -> None:
    assert changes(source) == set()


def test_the_function_around_a_change_is_known_and_offsets_count_characters_of_any_script() -> None:
    [first, second] = mutants('class A:\n    def b(self):\n        def c(): return "가", 1\n        return c, 2\n')
    assert (first.inside, first.line, first.after.strip()) == ("A.b.<locals>.c", 3, 'def c(): return "가", 2')
    assert (second.inside, second.line, second.after.strip()) == ("A.b", 4, "return c, 3")


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_another_program(module: str) -> None:
    """A mutant that does not compile would count as noticed; one that changes nothing, as one that no test notices."""
    text = (ROOT / module).read_text(encoding="utf-8")
    original = ast.dump(ast.parse(text))
    for mutant in mutants(text):
        assert ast.dump(ast.parse(mutant.text)) != original, mutant.name


def test_a_function_gets_its_new_code_behind_decorators_and_properties() -> None:
    code = compile("class A:\n    @property\n    def b(self): return 5", "a.py", "exec")

    class A:
        @property
        def b(self) -> int:
            return 4

    code_holder(vars(A)["b"]).__code__ = code_of(code, "A.b")
    assert A().b == 5
    with pytest.raises(LookupError):
        code_of(code, "A.c")


def test_a_function_that_loses_its_super_is_changed_by_a_new_import() -> None:
    """Its code has another closure than the one that runs."""
    [left_out, number] = mutants("class A(B):\n    def b(self):\n        super().b(5)\n")
    assert (left_out.after.strip(), left_out.inside) == ("pass", "")
    assert (number.after.strip(), number.inside) == ("super().b(6)", "A.b")


def test_the_command_reports_which_mutants_are_noticed() -> None:
    """On a part of a small script, of which the tests notice each change."""
    command = [sys.executable, "-m", "tools.mutation", "link", "--tests", "tests/jobs/test_links.py", "--sample", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert "jobs/ledger/lua/link.lua: 4 mutants, 4 noticed, 0 explained, 0 left" in done.stdout, (
        done.stdout + done.stderr
    )
    assert done.returncode == 0

"""What `bin/fuzz` calls again and again withstands the inputs with which it begins."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest

from connectors.base import Done, Retry
from sources import REGISTRY
from tests.connectors.contract import all_cases
from tests.security import guided
from tests.security.fuzz import GUIDED


def test_each_target_is_fuzzed() -> None:
    assert set(GUIDED) == guided.TARGETS.keys()


@pytest.mark.parametrize("name", ["sources", "filters", "templates"])
def test_a_target_withstands_its_first_inputs(name: str) -> None:
    target, seeds = guided.TARGETS[name]()
    assert len(seeds) >= 2
    for seed in seeds:
        target(seed)


def test_what_a_source_raises_is_a_finding() -> None:
    def fail(_request: object) -> NoReturn:
        raise ValueError

    with pytest.raises(AssertionError, match="a source raises"):
        guided.parsed(replace(REGISTRY["abc"], parse=fail), REGISTRY["abc"].samples("ISSUE_CREATION").request())


def test_one_answer_of_a_delivery_is_replaced() -> None:
    one = guided.record(*next(one for one in all_cases() if one[0] == "jandi"))
    number, (status, _, body) = len(one.answers) - 1, one.answers[-1]
    assert isinstance(guided.replay(one, number, status, body), Done)
    assert isinstance(guided.replay(one, number, 500, b"\xff{"), Retry)

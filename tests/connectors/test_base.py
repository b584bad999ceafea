"""The contract of a connector: what its parts mean where nothing is stated."""

from __future__ import annotations

import pytest

from bridge.settings import Settings
from connectors.base import VERSION, Check, Destination, Failed, Retry, Spec, Tools, note


def tools(name: str) -> Tools:
    return Tools(name, "default", "en", {}, 1)


@pytest.mark.parametrize(("name", "scope"), [("slack", "default"), ("slack.mobile", "default.mobile")])
def test_markers_name_the_bridge_and_the_label_of_the_instance(name: str, scope: str) -> None:
    assert tools(name).scope == scope


def test_a_note_is_read_by_a_person_and_fails_no_check() -> None:
    found = note("the channel is archived")
    assert (found.ok, found.is_note) == (True, True)
    assert not Check(True, "it works").is_note


def test_what_fails_is_the_destination_unless_the_source_is_named() -> None:
    assert not Retry("no answer", "timeout").at_source
    assert not Failed("refused", "auth").at_source


def test_a_destination_has_no_known_limit_and_takes_one_at_a_time() -> None:
    destination = Destination("slack #feedback")
    assert (destination.per_second, destination.burst) == (0, 1)


def spec(*needs: str) -> Spec:
    return Spec("slack", Settings, (), build=lambda _settings, _tools: pytest.fail("built"), needs=frozenset(needs))


def test_a_connector_needs_one_source_at_most() -> None:
    """A delivery passes the breaker of one source."""
    assert (spec().source, spec("abc").source) == ("", "abc")
    with pytest.raises(ValueError, match=r"^slack: .*`needs` may name one$"):
        spec("abc", "jira")


def test_a_connector_declares_the_version_of_the_contract() -> None:
    """docs/adding-a-connector.md: it grows when a connector that was written for it would no longer work."""
    assert VERSION == spec().version == 1

"""SOURCES: which sources there are, what each needs, and what is probably a mistake."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridge.environment import ConfigError
from jobs.configuration import configure
from sources.configuration import configure_sources

TOKEN = {"WEBHOOK_TOKEN": "token-of-the-tests-0001"}
KEY = {"LOGTO_SIGNING_KEY": "abcdefghijklmnopqrstuvwxyz012345"}


def problems(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configure_sources(environ)
    return caught.value.problems


def test_abc_is_the_source_where_none_is_listed() -> None:
    assert list(configure_sources(TOKEN).chosen) == ["abc"]
    assert problems({}) == ["WEBHOOK_TOKEN: required, but not set; the same text as in the feedback app's webhook"]


def test_each_listed_source_needs_its_secret() -> None:
    assert list(configure_sources({"SOURCES": "abc, Logto,logto", **TOKEN, **KEY}).chosen) == ["abc", "logto"]
    assert problems({"SOURCES": "abc,logto", **TOKEN}) == [
        "LOGTO_SIGNING_KEY: required by the source logto, but not set"
    ]
    assert list(configure_sources({"SOURCES": "logto", **KEY}).chosen) == ["logto"], "ABC is not needed then"


def test_a_source_that_does_not_exist_is_named() -> None:
    assert problems({"SOURCES": "abc,logtoo", **TOKEN}) == ["SOURCES: there is no 'logtoo'; there are abc, logto"]


@pytest.mark.parametrize("key", ["short", "abcdefghijklmnopqrstuvwxyz012345,short", ","])
def test_a_short_key_is_refused_and_not_repeated(key: str) -> None:
    [problem] = problems({"SOURCES": "logto", "LOGTO_SIGNING_KEY": key})
    assert problem.startswith("LOGTO_SIGNING_KEY: each signing key needs at least 16 characters")
    assert "short" not in problem.replace("shorter", "")


def test_a_secret_of_a_source_that_is_not_listed_is_a_warning() -> None:
    found = configure({**TOKEN, **KEY})
    assert found.doubts == ("LOGTO_SIGNING_KEY: SOURCES does not name logto; its requests are answered 404",)
    assert configure({**TOKEN, **KEY, "SOURCES": "abc,logto"}).doubts == ()


def test_the_keys_of_sources_are_masked() -> None:
    configuration = configure({**TOKEN, **KEY, "SOURCES": "abc,logto"})
    assert configuration.redact(f"{TOKEN['WEBHOOK_TOKEN']} {KEY['LOGTO_SIGNING_KEY']}") == "<secret> <secret>"

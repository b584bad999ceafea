"""Plug-ins: what an installed package adds by an entry point, and each way in which it can't be used."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from jobs.configuration import Configuration, configure
from sources import restore
from sources.base import Event
from tests.plug_ins import Folder
from tools.sandbox.processes import ROOT

SHOP = (ROOT / "examples" / "plugin" / "feedback_bridge_example" / "shop.py").read_text(encoding="utf-8")
COMMON = {"WEBHOOK_TOKEN": "a-token-for-this-test", "ABC_API_URL": "http://127.0.0.1:9", "ABC_API_KEY": "made-up-key"}
SLACK = {"CONNECTORS": "slack", "SLACK_WEBHOOK_URL": "https://hooks.example/made-up"}
USED = {
    "connectors": {"CONNECTORS": "{kind}"},
    "sources": {"SOURCES": "{kind}", **SLACK},
    "translators": {"CONNECTORS": "translate", "TRANSLATE_PROVIDER": "{kind}"},
}
"""By group: how a plug-in of a kind is used."""


def problems(group: str, kind: str) -> str:
    used = {name: value.format(kind=kind) for name, value in USED[group].items()}
    with pytest.raises(ConfigError) as caught:
        configure({**COMMON, **used})
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(("group", "kind"), [("connectors", "jandi"), ("sources", "github"), ("translators", "deepl")])
def test_a_package_with_the_name_of_what_is_built_in_is_an_error(folder: Folder, group: str, kind: str) -> None:
    folder.install(group, kind, "raise RuntimeError('imported')")
    assert f"'{kind}' is built in, and made-up-plug-in 1.2 has a plug-in of that name" in problems(group, kind)
    configure({**COMMON, **SLACK})  # where that name is not used, it is none


@pytest.mark.parametrize("group", USED)
def test_two_packages_with_the_same_name_are_an_error(folder: Folder, group: str) -> None:
    folder.install(group, "shop", "", "one-plug-in")
    folder.install(group, "shop", "", "other-plug-in")
    found = problems(group, "shop")
    assert "one-plug-in 1.2" in found
    assert "other-plug-in 1.2" in found
    assert "each have a plug-in 'shop': uninstall all but one" in found


@pytest.mark.parametrize("group", USED)
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import no_such_library", "can't be imported: ModuleNotFoundError"),
        ("IT = object()", "does not name a "),
        ("", "can't be imported: AttributeError"),
    ],
    ids=["missing library", "another object", "no object"],
)
def test_one_that_can_not_be_used_is_an_error(folder: Folder, group: str, code: str, why: str) -> None:
    folder.install(group, "shop", code)
    found = problems(group, "shop")
    assert f"the plug-in 'shop' of made-up-plug-in 1.2 {why}" in found


# A source: the other kinds are tested with what uses them (tests/test_instances.py, tests/connectors/translate/).


def with_shop(**variables: str) -> Configuration:
    return configure({**COMMON, **SLACK, "SOURCES": "shop", "SHOP_WEBHOOK_SECRET": "made-up-shop-secret", **variables})


def test_a_source_is_one_like_ours(folder: Folder) -> None:
    folder.install("sources", "shop", SHOP, name="SOURCE")
    configuration = with_shop(SLACK_EVENTS="shop.order.*", SLACK_FILTER="source == 'shop' and data.order == 12")
    [(name, (source, proof))] = configuration.sources.proofs().items()
    assert (name, source.title) == ("shop", "Shop")
    assert proof.holds({"x-shop-token": "made-up-shop-secret"}, b"{}")
    [route] = configuration.routes
    assert list(route.expected()) == ["shop.order.paid", "shop.order.cancelled"]
    stored = {"source": "shop", "body": '{"event": "order.paid", "order": 12}'}
    event = restore(stored, "default")
    assert isinstance(event, Event)
    assert (event.name, str(event.subject)) == ("shop.order.paid", "shop:order:12")
    assert configuration.redact("leaked: made-up-shop-secret") == "leaked: <secret>"


def test_a_source_without_its_secret_names_the_variable(folder: Folder) -> None:
    folder.install("sources", "shop", SHOP, name="SOURCE")
    with pytest.raises(ConfigError) as caught:
        with_shop(SHOP_WEBHOOK_SECRET="")
    assert "SHOP_WEBHOOK_SECRET: required by the source shop, but not set" in caught.value.problems[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("version=2, name=NAME", "is written for version 2 of the contract, and this is version 1"),
        ("name='other'", "does not name a Source of the kind 'shop'"),
        ("name=NAME, facts=frozenset({'order'})", "declares `facts` or `api`, which only built-in sources can have"),
    ],
    ids=["version", "another name", "facts"],
)
def test_a_source_that_does_not_fit_is_an_error(folder: Folder, changed: str, why: str) -> None:
    folder.install("sources", "shop", SHOP.replace("name=NAME", changed), name="SOURCE")
    with pytest.raises(ConfigError) as caught:
        with_shop()
    assert why in caught.value.problems[0]


def test_an_event_whose_plug_in_can_not_be_imported_any_more_is_not_read(folder: Folder) -> None:
    folder.install("sources", "shop", "import no_such_library")
    assert restore({"source": "shop", "body": '{"event": "order.paid"}'}, "default") is None

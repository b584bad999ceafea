"""The registry of providers: each brings its own settings, and only the one in use is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.translate import providers
from connectors.translate.settings import TranslateSettings
from tests.connectors.translate.conftest import environment
from tests.connectors.translate.kinds import KINDS, NAMES, kind_of
from tests.plug_ins import Folder
from tools.sandbox.processes import ROOT

KIND = pytest.mark.parametrize("name", NAMES)


def test_every_provider_is_described_to_the_tests() -> None:
    assert KINDS.keys() == set(NAMES)
    with pytest.raises(LookupError, match=r"babel is registered, so tests/connectors/translate/kinds\.py"):
        kind_of("babel")


@KIND
def test_a_provider_declares_itself(name: str) -> None:
    provider = providers.find(name)
    assert provider.kind == name
    own = provider.settings.model_fields.keys() - TranslateSettings.model_fields.keys()
    assert own
    assert all(name in field for field in own), "its variables hold its name"


def test_the_settings_name_no_provider() -> None:
    page = (ROOT / "connectors" / "translate" / "settings.py").read_text(encoding="utf-8").lower()
    assert [name for name in NAMES if name in page] == []


IMPORTED = """
import json, os, sys
from jobs.configuration import build_connectors, configure
from sources.abc.client import AbcClient
configuration = configure(os.environ)
build_connectors(configuration, {"abc": AbcClient("http://127.0.0.1:9", configuration.apis["abc"].abc_api_key)})
print(json.dumps([name for name in sys.modules if name.startswith("connectors.translate.providers.")]))
print(json.dumps([name for name in ("deepl", "jira", "slack_sdk") if name in sys.modules]))
"""
COMMON = {"WEBHOOK_TOKEN": "token-of-the-tests-0001", "ABC_API_URL": "http://127.0.0.1:9", "ABC_API_KEY": "abc-key"}


@KIND
def test_only_the_provider_in_use_is_imported_and_its_library(name: str) -> None:
    """Where translate is off, none is."""
    environ = {**COMMON, "CONNECTORS": "translate", **environment(name, "http://127.0.0.1:9")}
    command = [sys.executable, "-c", IMPORTED]
    output = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout
    modules, libraries = map(json.loads, output.splitlines())
    shared = ("base", "unwrap")
    assert [module for module in modules if module.rpartition(".")[2] not in shared] == [providers.REGISTRY[name]]
    assert libraries == (["deepl"] if name == "deepl" else [])


GOOD = """
from connectors.translate.declaration import Declaration
from connectors.translate.settings import TranslateSettings


class ParrotSettings(TranslateSettings):
    parrot_words: int


PROVIDER = Declaration(kind="parrot", settings=ParrotSettings, build=lambda settings: settings.parrot_words)
"""


def install(folder: Folder, code: str) -> None:
    folder.install("translators", "parrot", code, "parrot-plug-in", "PROVIDER")


PARROT = {"TRANSLATE_PROVIDER": "parrot", "PARROT_WORDS": "3"}


def test_an_installed_plug_in_is_a_provider_like_ours(folder: Folder) -> None:
    install(folder, GOOD)
    assert "parrot" in providers.kinds()
    assert providers.build_provider(load(TranslateSettings, PARROT)) == 3  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise RuntimeError('no')", "can't be imported: RuntimeError"),
        ("PROVIDER = 1", "does not name a Declaration of the kind 'parrot'"),
        (GOOD.replace('kind="parrot"', 'kind="other"'), "does not name a Declaration of the kind 'parrot'"),
        (GOOD.replace("build=", "version=0, build="), "is written for version 0 of the contract"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named_with_its_package(folder: Folder, code: str, why: str) -> None:
    install(folder, code)
    with pytest.raises(ConfigError) as caught:
        load(TranslateSettings, PARROT)
    (problem,) = caught.value.problems
    assert problem.startswith("TRANSLATE_PROVIDER: the plug-in 'parrot' of parrot-plug-in 1.2")
    assert why in problem

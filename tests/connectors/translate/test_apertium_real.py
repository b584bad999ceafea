"""The real Apertium, where the packages `apertium-apy` and `apertium-eng-spa` are installed (.ci/run tries to)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import requests

from bridge.settings import load
from connectors.translate.providers import build_provider
from connectors.translate.providers.base import Provider, ProviderError
from connectors.translate.settings import TranslateSettings
from tools.sandbox.processes import Processes, free_port

MODES = Path("/usr/share/apertium/modes")
INSTALLED = bool(shutil.which("apertium-apy")) and (MODES / "eng-spa.mode").exists()
pytestmark = pytest.mark.skipif(
    not INSTALLED, reason="Apertium is not installed: apt-get install apertium-apy apertium-eng-spa"
)


@pytest.fixture(scope="module")
def provider(processes: Processes) -> Provider:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    processes.start("apertium", ["apertium-apy", "-p", str(port), "-j", "1", str(MODES)])

    def answers() -> bool:
        try:
            return requests.get(f"{url}/listPairs", timeout=3).ok
        except requests.RequestException:
            return False

    processes.wait_for("an answer of Apertium", answers)
    return build_provider(load(TranslateSettings, {"TRANSLATE_PROVIDER": "apertium", "APERTIUM_URL": url}))


def test_it_translates_and_keeps_what_is_not_to_be_translated(provider: Provider) -> None:
    text = (
        "The house is red & the car is big. 5 > 3 😭\n"
        "Hello {name}, see https://example.com/the-house and <b>the house</b> with %s and {{the house}}."
    )
    (answer,) = provider.translate([text], "es")
    assert answer.startswith("La casa es roja & el coche es grande")
    first, second = answer.split("\n")
    assert "5 > 3 😭" in first
    kept = ("{name}", "https://example.com/the-house", "<b>", "</b>", "%s", "{{the house}}")
    assert [part for part in kept if part not in second] == []


def test_its_pairs_are_known_by_our_codes(provider: Provider) -> None:
    checks = {target: [line.ok for line in provider.check([target])] for target in ("es", "en", "en-US", "ko")}
    assert checks == {"es": [True, True], "en": [True, True], "en-US": [True, True], "ko": [True, False]}


def test_a_text_in_a_language_without_a_pair_is_refused_here(provider: Provider) -> None:
    with pytest.raises(ProviderError, match=r"no pair from ko is installed \(installed: en-es, es-en, es-en_US\)"):
        provider.translate(["로그인이 자꾸 풀려요"], "es")

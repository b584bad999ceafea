"""Mistakes in JANDI's variables are reported at the start, by name and without the address, which is the secret."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.jandi.settings import JandiSettings

URL = "https://wh.jandi.com/connect-api/webhook/12345678/0123456789abcdef0123456789abcdef"
OTHER = "https://wh.jandi.com/connect-api/webhook/12345678/fedcba9876543210fedcba9876543210"


def settings(**variables: str) -> JandiSettings:
    return load(JandiSettings, {"JANDI_WEBHOOK_URL": URL, **variables})


def problems(**variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(**variables)
    assert "0123456789abcdef" not in str(caught.value)
    return str(caught.value)


def test_one_address_is_for_every_project() -> None:
    found = settings()
    assert found.channel_of(1) == found.channel_of("*") == "webhook"
    assert found.addresses() == {"webhook": URL}
    assert (found.when_unsure, found.feedback_field, found.rate) == ("twice", "message", 0.8)


def test_each_project_may_have_an_address() -> None:
    found = settings(JANDI_WEBHOOK_URL=f"*={URL},2={OTHER},3={OTHER}")
    assert found.channel_of(1) == "webhook"
    assert found.channel_of(2) == found.channel_of(3) == "webhook of project 2", "one address has one limit"
    assert found.addresses() == {"webhook": URL, "webhook of project 2": OTHER}


def test_a_project_without_an_address_has_no_channel() -> None:
    found = settings(JANDI_WEBHOOK_URL=f"2={OTHER}")
    assert found.channel_of(1) is None
    assert found.channel_of("*") is None


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80"])
def test_an_address_without_tls_may_be_on_loopback(host: str) -> None:
    assert settings(JANDI_WEBHOOK_URL=f"http://{host}/connect-api/webhook/1/2").addresses()


NO_ADDRESS = "each should be an address that begins with https:// (http:// on loopback only)"
NOT_JANDIS = "should be the address that is shown for a webhook: https://wh.jandi.com/connect-api/webhook/…"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "required, but not set"),
        ("http://wh.jandi.com/connect-api/webhook/1/0123456789abcdef", NO_ADDRESS),
        (f"1={URL},2=http://example.com/0123456789abcdef", NO_ADDRESS),
        (f"1={URL},1={OTHER}", "should be one address, or a list of project id=address, each project once"),
        (f"mobile={URL}", "should be one address, or a list of project id=address"),
        ("https://www.jandi.com/0123456789abcdef", NOT_JANDIS),
        ("https://wh.jandi.com/0123456789abcdef", NOT_JANDIS),
    ],
)
def test_a_mistake_names_its_variable(value: str, problem: str) -> None:
    assert problems(JANDI_WEBHOOK_URL=value).startswith(f"JANDI_WEBHOOK_URL: {problem}")


@pytest.mark.parametrize("changes", [{"JANDI_RATE": "0"}, {"JANDI_WHEN_UNSURE": "maybe"}, {"JANDI_TICKET_URL": "x"}])
def test_the_other_variables_are_checked_too(changes: dict[str, str]) -> None:
    (name,) = changes
    assert problems(**changes).startswith(f"{name}: ")


def test_an_instance_has_its_own_address_and_names_its_own_variable() -> None:
    environ = {"JANDI_WEBHOOK_URL": URL, "JANDI_WEBHOOK_URL__MOBILE": "https://wh.jandi.com/"}
    with pytest.raises(ConfigError) as caught:
        load(JandiSettings, environ, "mobile")
    assert str(caught.value).startswith("JANDI_WEBHOOK_URL__MOBILE: ")

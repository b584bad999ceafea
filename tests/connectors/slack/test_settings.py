"""Every mistake in Slack's variables is told at start-up, by the variable's name, without a value that is secret."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from connectors.slack import Settings
from settings import load

BOT = {"SLACK_BOT_TOKEN": "xoxb-1-2-secret", "SLACK_CHANNEL": "*=#feedback,2=C0MOBILE123"}
HOOK = {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/secret"}


def problems(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(Settings, environ)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_bot_token_with_channels_is_one_way() -> None:
    settings = load(Settings, BOT)
    assert settings.slack_channel.get(2) == "C0MOBILE123"
    assert settings.slack_channel.get(9) == "#feedback"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.slack_threads is False
    assert settings.slack_when_unsure == "twice"


def test_an_incoming_webhook_is_the_other() -> None:
    assert load(Settings, HOOK).slack_webhook_url is not None


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/hook", "http://localhost/hook", "http://[::1]:80/hook"])
def test_a_webhook_without_tls_may_be_on_loopback(address: str) -> None:
    assert load(Settings, {"SLACK_WEBHOOK_URL": address}).slack_webhook_url is not None


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "SLACK_BOT_TOKEN: set this and SLACK_CHANNEL, or SLACK_WEBHOOK_URL"),
        (BOT | HOOK, "SLACK_WEBHOOK_URL: set either this or SLACK_BOT_TOKEN, not both"),
        ({"SLACK_CHANNEL": "#a"}, "SLACK_BOT_TOKEN: required, but not set"),
        ({"SLACK_BOT_TOKEN": "xoxb-secret"}, "SLACK_CHANNEL: required with SLACK_BOT_TOKEN"),
        (HOOK | {"SLACK_CHANNEL": "#a"}, "SLACK_CHANNEL: an incoming webhook posts to its own channel only"),
        (HOOK | {"SLACK_THREADS": "true"}, "SLACK_THREADS: needs SLACK_BOT_TOKEN"),
        (BOT | {"SLACK_CHANNEL": "#two words"}, "SLACK_CHANNEL: '#two words' should be a channel's id"),
        (BOT | {"SLACK_CHANNEL": "mobile=#m"}, "SLACK_CHANNEL: 'mobile' should be the id of an ABC project"),
        (BOT | {"SLACK_BOT_TOKEN": "xoxb secret"}, "SLACK_BOT_TOKEN: should hold ASCII letters"),
        ({"SLACK_WEBHOOK_URL": "http://example.com/secret"}, "SLACK_WEBHOOK_URL: should be the address"),
        ({"SLACK_WEBHOOK_URL": "ftp://example.com/secret"}, "SLACK_WEBHOOK_URL: should be the address"),
        ({"SLACK_WEBHOOK_URL": "https://[secret"}, "SLACK_WEBHOOK_URL: should be the address"),
        (BOT | {"SLACK_WHEN_UNSURE": "maybe"}, "SLACK_WHEN_UNSURE: "),
        (BOT | {"SLACK_RATE": "0"}, "SLACK_RATE: "),
        (BOT | {"SLACK_TICKET_URL": "https://example.com/browse"}, "SLACK_TICKET_URL: should be an address with {id}"),
        (BOT | {"SLACK_TICKET_URL": "https://example.com/?q={id}"}, "SLACK_TICKET_URL: 'https://example.com/?q'"),
        (BOT | {"SLACK_API_URL": "slack.com"}, "SLACK_API_URL: should be an address"),
    ],
)
def test_a_mistake_names_its_variable(environ: dict[str, str], told: str) -> None:
    assert problems(environ).startswith(told)


def test_conflicts_are_told_all_at_once() -> None:
    told = problems({"SLACK_CHANNEL": "#a", "SLACK_THREADS": "true"}).splitlines()
    assert [line.split(":")[0] for line in told] == ["SLACK_BOT_TOKEN", "SLACK_THREADS"]


def test_a_template_with_an_equals_sign_is_given_as_a_list() -> None:
    settings = load(Settings, BOT | {"SLACK_TICKET_URL": "*=https://example.com/?q={id}"})
    assert settings.slack_ticket_url.get(1) == "https://example.com/?q={id}"


def test_the_api_address_always_ends_with_one_slash() -> None:
    assert (
        load(Settings, BOT | {"SLACK_API_URL": "https://example.com/api//"}).slack_api_url == "https://example.com/api/"
    )

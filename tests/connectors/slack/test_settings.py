"""Every mistake in Slack's variables is reported at start-up, by the variable's name, without a secret value."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.slack.settings import SlackSettings as Settings

BOT = {"SLACK_BOT_TOKEN": "xoxb-1-2-secret", "SLACK_CHANNEL": "*=#feedback,2=C0MOBILE123"}
HOOK = {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/secret"}


def problems(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(Settings, environ)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_bot_token_with_channels_is_one_way() -> None:
    settings = load(Settings, BOT)
    assert settings.channel.get(2) == "C0MOBILE123"
    assert settings.channel.get(9) == "#feedback"
    assert settings.api_url == "https://slack.com/api/"
    assert settings.threads is False
    assert settings.when_unsure == "twice"


def test_an_incoming_webhook_is_the_other() -> None:
    assert load(Settings, HOOK).webhook_url is not None


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/hook", "http://localhost/hook", "http://[::1]:80/hook"])
def test_a_webhook_without_tls_may_be_on_loopback(address: str) -> None:
    assert load(Settings, {"SLACK_WEBHOOK_URL": address}).webhook_url is not None


@pytest.mark.parametrize(
    ("environ", "announced"),
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
        (
            BOT | {"SLACK_CHANNEL": "https://x.slack.com/archives/C0123"},
            "SLACK_CHANNEL: 'https://x.slack.com/archives/C",
        ),
        (BOT | {"SLACK_BOT_TOKEN": "xapp-1-secret"}, "SLACK_BOT_TOKEN: is an app-level or a refresh token"),
        (BOT | {"SLACK_BOT_TOKEN": "xoxe.xoxb-1-secret"}, "SLACK_BOT_TOKEN: is an app-level or a refresh token"),
        (BOT | {"SLACK_API_URL": "https://slack.com"}, "SLACK_API_URL: should be https://slack.com/api/"),
        (
            BOT | {"SLACK_API_URL": "https://slack.com/api/chat.postMessage"},
            "SLACK_API_URL: should be https://slack.com",
        ),
        (BOT | {"SLACK_API_URL": "https://api.slack.com/api"}, "SLACK_API_URL: should be https://slack.com/api/"),
        (BOT | {"SLACK_WHEN_UNSURE": "maybe"}, "SLACK_WHEN_UNSURE: "),
        (BOT | {"SLACK_RATE": "0"}, "SLACK_RATE: "),
        (BOT | {"SLACK_TICKET_URL": "https://example.com/browse"}, "SLACK_TICKET_URL: should be an address with {id}"),
        (BOT | {"SLACK_TICKET_URL": "https://example.com/?q={id}"}, "SLACK_TICKET_URL: 'https://example.com/?q'"),
        (BOT | {"SLACK_API_URL": "slack.com"}, "SLACK_API_URL: should be an address"),
    ],
)
def test_a_mistake_names_its_variable(environ: dict[str, str], announced: str) -> None:
    assert problems(environ).startswith(announced)


def test_conflicts_are_reported_all_at_once() -> None:
    announced = problems({"SLACK_CHANNEL": "#a", "SLACK_THREADS": "true"}).splitlines()
    assert [line.split(":")[0] for line in announced] == ["SLACK_BOT_TOKEN", "SLACK_THREADS"]


def test_a_template_with_an_equals_sign_is_given_as_a_list() -> None:
    settings = load(Settings, BOT | {"SLACK_TICKET_URL": "*=https://example.com/?q={id}"})
    assert settings.ticket_url.get(1) == "https://example.com/?q={id}"


def test_the_api_address_always_ends_with_one_slash() -> None:
    assert load(Settings, BOT | {"SLACK_API_URL": "https://example.com/api//"}).api_url == "https://example.com/api/"


WORKFLOW = "SLACK_WEBHOOK_URL: is the address of a workflow"
NOT_A_HOOK = "SLACK_WEBHOOK_URL: is an address of Slack's, and not that of an incoming webhook"


@pytest.mark.parametrize(
    ("address", "announced"),
    [
        ("https://hooks.slack.com/triggers/T000/123456/secret", WORKFLOW),  # answers {"ok":true} to anything
        ("https://hooks.slack.com/workflows/T000/A000/123/secret", WORKFLOW),
        ("https://HOOKS.SLACK.COM/triggers/T000/123456/secret", WORKFLOW),
        ("https://hooks.slack.com./triggers/T000/123456/secret", WORKFLOW),
        ("https://hooks.slack-gov.com/triggers/T000/123456/secret", WORKFLOW),
        ("https://hooks.slack.com/services/T000/secret", NOT_A_HOOK),
        ("https://hooks.slack.com/commands/T000/1/secret", NOT_A_HOOK),
        ("https://hooks.slack.com/", NOT_A_HOOK),
        ("https://slack.com/archives/C0123/psecret", NOT_A_HOOK),
        ("https://team.slack.com/archives/C0123/psecret", NOT_A_HOOK),
        ("https://api.slack.com/apps/A0/incoming-webhooks?secret", NOT_A_HOOK),
        ("https://slack.com/api/chat.postMessage?secret", NOT_A_HOOK),
    ],
)
def test_an_address_of_slack_that_takes_no_messages_is_refused(address: str, announced: str) -> None:
    assert problems({"SLACK_WEBHOOK_URL": address}).startswith(announced)


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com/services/T000/B000/secret",
        "https://hooks.slack-gov.com/services/T000/B000/secret",
        "https://relay.example/triggers/secret",
        "https://notslack.com/anything",
    ],
)
def test_the_addresses_of_webhooks_are_taken(address: str) -> None:
    assert load(Settings, {"SLACK_WEBHOOK_URL": address}).webhook_url is not None


@pytest.mark.parametrize("address", ["https://slack.com/api", "https://slack-gov.com/api/", "https://relay.example/x"])
def test_the_addresses_of_the_api_are_taken(address: str) -> None:
    assert load(Settings, BOT | {"SLACK_API_URL": address}).api_url.endswith("/")


def test_a_host_with_other_dots_than_ascii_is_refused() -> None:
    """Some clients read it as Slack's own host, and would get the secret."""
    with pytest.raises(ConfigError, match=r"SLACK_WEBHOOK_URL: should hold ASCII letters"):
        load(Settings, {"SLACK_WEBHOOK_URL": "https://hooks。slack。com/services/T1/B1/made-up"})

"""What an operator may set for outgoing webhooks, and which mistake is named at the start."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.environment import ConfigError
from bridge.settings import load
from connectors.outgoing.settings import OutgoingSettings

URL = "https://hooks.example.com/catch/12345"
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"


def settings(label: str = "", **changes: str) -> OutgoingSettings:
    environ = {"OUTGOING_URL": URL, "OUTGOING_SECRET": SECRET, **changes}
    return load(OutgoingSettings, {name: value for name, value in environ.items() if value}, label)


def problem(label: str = "", **changes: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(label, **changes)
    [found] = caught.value.problems
    assert not [value for value in changes.values() if len(value) > 6 and value in found]
    return found


def test_the_defaults() -> None:
    made = settings()
    assert (made.signature, made.method, made.format, made.rate) == ("standard", "POST", "json", 10)
    assert (made.template, dict(made.headers), made.allow_private) == (None, {}, False)
    assert URL not in repr(made)


def test_a_signature_needs_a_secret() -> None:
    assert problem(OUTGOING_SECRET="").startswith("OUTGOING_SECRET: required, but not set")
    assert "OUTGOING_SIGNATURE__CRM=none" in problem("crm", OUTGOING_SECRET="", OUTGOING_SIGNATURE__CRM="github")
    assert settings(OUTGOING_SECRET="", OUTGOING_SIGNATURE="none").secret == []


def test_a_secret_of_standard_webhooks_is_base64() -> None:
    assert problem(OUTGOING_SECRET=f"{SECRET},whsec_no-base64") == (
        "OUTGOING_SECRET: the text after whsec_ should be base64: copy all of it"
    )
    assert len(settings(OUTGOING_SECRET=f"{SECRET},any other text").secret) == 2
    assert settings(OUTGOING_SECRET="whsec_no-base64", OUTGOING_SIGNATURE="github").secret


HOSTS = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
HOSTS += [
    "10.0.0.7:8080",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "[fd00::1]",
    "[64:ff9b::7f00:1]",
    "127.0.0.1.",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_private_address_is_refused_at_the_start(host: str) -> None:
    found = problem(OUTGOING_URL=f"http://{host}/hook")
    assert found.startswith("OUTGOING_URL: names an address of this machine, a private network")
    assert "OUTGOING_ALLOW_PRIVATE=true allows that" in found
    settings(OUTGOING_URL=f"http://{host}/hook", OUTGOING_ALLOW_PRIVATE="true")


@pytest.mark.parametrize("host", ["hooks.example.com", "localhost", "8.8.8.8", "[2606:4700::1]"])
def test_a_name_is_looked_at_when_it_is_resolved(host: str) -> None:
    settings(OUTGOING_URL=f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ftp://example.com/hook", "should be an address such as https://"),
        ("example.com/hook", "should be an address such as https://"),
        ("https://user:password@example.com/hook", "holds a user name or password"),
        ("https://example.com/hook#part", "should end before '#'"),
        ("https://exa mple.com/hook", "holds blanks"),
    ],
)
def test_what_is_no_address_of_a_receiver_is_named(url: str, what: str) -> None:
    assert what in problem(OUTGOING_URL=url)


def test_an_address_may_hold_a_query_and_end_in_a_slash() -> None:
    for url in ("https://hooks.example.com/catch/?key=abc&v=1", "HTTPS://hooks.example.com/catch/"):
        assert settings(OUTGOING_URL=url).url.get_secret_value() == url.replace("HTTPS", "https")


def test_headers_are_a_json_object_of_secrets() -> None:
    made = settings(OUTGOING_HEADERS='{"Authorization": "Bearer planted-token", "x-key": "planted key"}')
    assert [value.get_secret_value() for value in made.headers.values()] == ["Bearer planted-token", "planted key"]
    assert "planted" not in repr(made)


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ("Authorization: planted-token", "should be a JSON object of texts"),
        ('["planted-token"]', "should be a JSON object of texts"),
        ('{"x-key": 17}', "should be a JSON object of texts"),
        ('{"x key": "planted-token"}', "header names should consist of letters"),
        ('{"x-key": "planted-token", "X-Key": "other"}', "each should appear once"),
        ('{"x-key": "planted-token\\r\\nx-other: 1"}', "ASCII on one line"),
        ('{"x-key": "열쇠"}', "ASCII on one line"),
        ('{"Webhook-Id": "planted-token"}', "'webhook-id' is set by the service itself"),
        ('{"Host": "planted-token"}', "'host' is set by the service itself"),
    ],
)
def test_headers_that_can_not_be_sent_are_named(headers: str, what: str) -> None:
    found = problem(OUTGOING_HEADERS=headers)
    assert found.startswith("OUTGOING_HEADERS: ")
    assert what in found
    assert "planted" not in found


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"OUTGOING_TEMPLATE": "Hello {{ issue.name }}"}, "writes no JSON for any event"),
        ({"OUTGOING_TEMPLATE": "{}{}", "OUTGOING_HEADERS": '{"content-type": "application/x+json"}'}, "writes no JSON"),
        ({"OUTGOING_TEMPLATE": "{{ isue.name }}"}, "line 1: 'isue' is undefined"),
        ({"OUTGOING_TEMPLATE": "{% if %}"}, "line 1: "),
        ({"OUTGOING_TEMPLATE": "{}", "OUTGOING_METHOD": "get"}, "a GET (OUTGOING_METHOD) has no body"),
        ({"OUTGOING_METHOD": "HEAD"}, "should be 'POST', 'PUT', 'PATCH', 'DELETE' or 'GET'"),
        ({"OUTGOING_FORMAT": "xml"}, "should be 'json' or 'form'"),
        ({"OUTGOING_SIGNATURE": "md5"}, "should be 'standard', 'github' or 'none'"),
        ({"OUTGOING_RATE": "0"}, "should be at least 0.001"),
    ],
    ids=str,
)
def test_other_mistakes_are_named(changes: dict[str, Any], what: str) -> None:
    assert what in problem(**changes)


NO_JSON = ["Hello {{ issue.name }}", "{{ issue.nope }}", '{"a": {{ issue.name }}}', '{"a": {{ data.issue.name }}}']
NO_JSON += ["{{ event }}", '{"a": {{ issue.nope }}}', "Hello {{ data.unknown }}", '{"a": {{ previousStatus }}}', "{"]


@pytest.mark.parametrize("template", NO_JSON)
def test_a_template_that_writes_no_json_is_refused_at_the_start(template: str) -> None:
    found = problem("crm", OUTGOING_TEMPLATE__CRM=template, OUTGOING_FORMAT__CRM="json")
    assert found.startswith("OUTGOING_TEMPLATE__CRM: writes no JSON for any event: ")
    assert "OUTGOING_FORMAT__CRM=form" in found
    settings(OUTGOING_TEMPLATE=template, OUTGOING_FORMAT="form")
    settings(OUTGOING_TEMPLATE=template, OUTGOING_HEADERS='{"Content-Type": "text/plain"}')


@pytest.mark.parametrize(
    "template",
    [
        '{"a": "{{ issue.name }}", "b": {{ issue.nope | tojson }}, "c": {{ issue.id }}}',
        '{% if event == "logto.User.Created" %}{"user": "{{ data.data.id }}"}{% endif %}',
        # What a source without samples may send.
        '{"n": {{ data.count }}}',
        "{{ data.payload }}",
        '{% if source == "crm" %}{"a": 1}{% endif %}',
        '{"rating": {{ feedback.rating }}}',
        '{"a": {{ 1 / data.count }}}',
    ],
)
def test_a_template_that_writes_json_for_some_events_is_taken(template: str) -> None:
    settings(OUTGOING_TEMPLATE=template)

"""A workflow or records: what goes together, and which mistake is named at the start."""

from __future__ import annotations

import pytest

from bridge.environment import ConfigError
from bridge.redaction import MASK, Redactor, secrets_of
from bridge.settings import load
from connectors.nocobase.settings import NocoBaseSettings

WORKFLOW = {"NOCOBASE_URL": "https://noco.example.com/api/webhook:trigger/k1"}
RECORDS = {
    "NOCOBASE_URL": "https://noco.example.com",
    "NOCOBASE_API_KEY": "a-made-up-key",
    "NOCOBASE_COLLECTION": "feedback",
    "NOCOBASE_FIELDS": '{"title": "{{ issue.name }}"}',
}


def problems(base: dict[str, str], **changes: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(NocoBaseSettings, {name: value for name, value in {**base, **changes}.items() if value})
    return caught.value.problems


def test_the_defaults() -> None:
    made = load(NocoBaseSettings, WORKFLOW)
    assert (made.user, made.password, made.secret, made.api_key, made.key_field) == (
        None,
        None,
        None,
        None,
        "bridge_id",
    )
    assert load(NocoBaseSettings, RECORDS).fields == {"title": "{{ issue.name }}"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"NOCOBASE_USER": "bridge"}, "NOCOBASE_PASSWORD: required together with NOCOBASE_USER"),
        ({"NOCOBASE_PASSWORD": "a-made-up-one"}, "NOCOBASE_USER: required together with NOCOBASE_PASSWORD"),
        (
            {"NOCOBASE_USER": "a:b", "NOCOBASE_PASSWORD": "a-made-up-one"},
            "NOCOBASE_USER: should hold no colon: in HTTP Basic it ends the user's name",
        ),
        ({"NOCOBASE_COLLECTION": "a"}, "NOCOBASE_COLLECTION: is for records, which need NOCOBASE_API_KEY"),
        ({"NOCOBASE_FIELDS": '{"a": "b"}'}, "NOCOBASE_FIELDS: is for records, which need NOCOBASE_API_KEY"),
    ],
    ids=str,
)
def test_what_a_workflow_does_not_take_is_named(changes: dict[str, str], problem: str) -> None:
    assert problems(WORKFLOW, **changes) == [problem]


SECRET_PART = "p%40ss:w%2Ford"


def test_credentials_in_the_address_of_a_workflow_are_taken_out_of_it() -> None:
    url = f"https://bridge:{SECRET_PART}@noco.example.com:8443/api/webhook:trigger/k1?a=b@c"
    made = load(NocoBaseSettings, {"NOCOBASE_URL": url})
    assert made.url.get_secret_value() == "https://noco.example.com:8443/api/webhook:trigger/k1?a=b@c"
    assert made.password is not None
    assert (made.user, made.password.get_secret_value()) == ("bridge", "p@ss:w/ord")
    assert Redactor(secrets_of(made))(f"{SECRET_PART} p@ss:w/ord") == f"{MASK} {MASK}"
    assert "ss:w" not in repr(made)


@pytest.mark.parametrize(
    ("address", "changes", "problem"),
    [
        ("https://bridge:a-made-up-one@noco.example.com/x", {"NOCOBASE_USER": "b"}, "NOCOBASE_URL: holds a user name"),
        ("https://bridge:a-made-up-one@noco.example.com/x", {"NOCOBASE_PASSWORD": "b"}, "NOCOBASE_URL: holds a user"),
        ("https://bridge@noco.example.com/x", {}, "NOCOBASE_PASSWORD: required together with NOCOBASE_USER"),
        ("https://:a-made-up-one@noco.example.com/x", {}, "NOCOBASE_USER: required together with NOCOBASE_PASSWORD"),
        ("https://a%3Ab:a-made-up-one@noco.example.com/x", {}, "NOCOBASE_USER: should hold no colon"),
        ("ftp://bridge:a-made-up-one@noco.example.com/x", {}, "NOCOBASE_URL: should be an address"),
        ("https://bridge:a-made-up-one@[noco/x", {}, "NOCOBASE_URL: should be an address"),
    ],
)
def test_credentials_that_can_not_be_taken_out_are_named(address: str, changes: dict[str, str], problem: str) -> None:
    [found] = problems({"NOCOBASE_URL": address}, **changes)
    assert found.startswith(problem)
    assert "made-up" not in found


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"NOCOBASE_COLLECTION": ""}, "NOCOBASE_COLLECTION: required together with NOCOBASE_API_KEY"),
        ({"NOCOBASE_FIELDS": ""}, "NOCOBASE_FIELDS: required together with NOCOBASE_API_KEY"),
        (
            {"NOCOBASE_KEY_FIELD": "title"},
            "NOCOBASE_FIELDS: the column 'title' is for our marker (NOCOBASE_KEY_FIELD)",
        ),
        (
            {"NOCOBASE_SECRET": "a-made-up-one"},
            "NOCOBASE_SECRET: is for a workflow; records are created with NOCOBASE_API_KEY alone",
        ),
        (
            WORKFLOW,
            "NOCOBASE_URL: with NOCOBASE_API_KEY it is the address of the server, such as https://noco.example.com",
        ),
        ({"NOCOBASE_URL": "https://u:p@noco.example.com"}, "NOCOBASE_URL: holds a user name or password"),
    ],
    ids=str,
)
def test_what_records_do_not_take_is_named(changes: dict[str, str], problem: str) -> None:
    [found] = problems(RECORDS, **changes)
    assert found.startswith(problem)


FORM = "should be a JSON object of column and template"


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ("title={{ issue.name }}", FORM),
        ("[]", FORM),
        ("{}", FORM),
        ('{"title": 1}', FORM),
        ('{"ti tle": "x"}', "the name of a column begins with a letter"),
        ('{"title": "{{ isue.name }}"}', "column 'title': line 1: 'isue' is undefined"),
        ('{"title": "{% if %}"}', "column 'title': line 1: "),
    ],
)
def test_columns_that_can_not_be_written_are_named(fields: str, what: str) -> None:
    assert any(line.startswith(f"NOCOBASE_FIELDS: {what}") for line in problems(RECORDS, NOCOBASE_FIELDS=fields))


@pytest.mark.parametrize("name", ["a b", "1a", "a/b", "a:list", "가"])
def test_names_that_can_not_be_a_collection_are_refused(name: str) -> None:
    [found] = problems(RECORDS, NOCOBASE_COLLECTION=name)
    assert found.startswith("NOCOBASE_COLLECTION: ")

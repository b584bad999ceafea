"""One request for each event: what is sent, how it is signed, and what the receiver's answer means."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import pytest
from standardwebhooks import Webhook

from bridge.redaction import Redactor, secrets_of
from bridge.settings import load
from connectors import outgoing
from connectors.base import Connector, Done, Failed, Outcome, Preview, Retry, Tools
from connectors.outgoing.connector import Outgoing
from console.previewing import NoLinks
from sources.abc.events import parse
from tests.connectors.context import MemoryContext
from tools.sandbox.app import Sandbox
from tools.sandbox.processes import ROOT
from tools.sandbox.receiver import KEY, OTHER_SECRET, SECRET, Received, hub_signature
from tools.sandbox.server import running

SAMPLES = ROOT / "docs" / "samples"
RUNS = {
    "verify.py": (sys.executable,),
    "verify.mjs": (shutil.which("node") or "",),
    "verify.go": (shutil.which("go") or "", "run"),
}
ISSUE = {"id": 3, "name": 'Say "안녕" & <go>', "status": "INIT", "createdAt": "2026-01-02T03:04:05.678Z"}
EVENT = parse({"event": "ISSUE_CREATION", "data": {"issue": ISSUE, "project": {"id": 1, "name": "앱"}}}, "default")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


def settings(sandbox: Sandbox, **changes: str) -> Any:
    environ = {"OUTGOING_URL": f"{sandbox.url}/outgoing/hook", "OUTGOING_SECRET": SECRET}
    return load(outgoing.SPEC.settings, {**environ, "OUTGOING_ALLOW_PRIVATE": "true", **changes})


def tools() -> Tools:
    return Tools(name="outgoing", instance="test", language="en", apis={}, concurrency=4)


def build(sandbox: Sandbox, **changes: str) -> Connector:
    return outgoing.SPEC.build(settings(sandbox, **changes), tools())


def deliver(sandbox: Sandbox, **changes: str) -> Outcome:
    return build(sandbox, **changes).deliver(EVENT, MemoryContext(f"{EVENT.id}.outgoing"))


def received(sandbox: Sandbox, **changes: str) -> Received:
    outcome = deliver(sandbox, **changes)
    assert isinstance(outcome, Done), outcome
    return sandbox.receiver.requests[-1]


# What is sent


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_event_as_json(sandbox: Sandbox, method: str) -> None:
    taken = received(sandbox, OUTGOING_METHOD=method)
    assert (taken.method, taken.query) == (method, "")
    assert taken.headers["content-type"] == "application/json"
    assert taken.id == f"{EVENT.id}.outgoing"
    assert json.loads(taken.body) == {
        "type": "ISSUE_CREATION",
        "version": "1",
        "id": EVENT.id,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "source": "abc",
        "data": {"issue": ISSUE, "project": {"id": 1, "name": "앱"}},
    }


def test_the_event_as_a_form(sandbox: Sandbox) -> None:
    taken = received(sandbox, OUTGOING_FORMAT="form")
    assert taken.headers["content-type"] == "application/x-www-form-urlencoded"
    values = dict(parse_qsl(taken.body.decode()))
    assert (values["type"], values["data[issue][id]"], values["data[issue][name]"]) == (EVENT.name, "3", ISSUE["name"])


def test_an_event_that_is_too_large_as_a_form_names_what_sends_it(sandbox: Sandbox) -> None:
    """Each value repeats the names of all that it is in: 110 kB of JSON would become 1 GB."""
    event = replace(EVENT, body={"data": {"k" * 30_000: [0] * 40_000}})
    outcome = build(sandbox, OUTGOING_FORMAT="form").deliver(event, MemoryContext(f"{EVENT.id}.outgoing"))
    assert isinstance(outcome, Failed)
    assert outcome.why.endswith("OUTGOING_FORMAT=json sends it")


@pytest.mark.parametrize("query", ["", "?key=abc"])
def test_a_get_has_a_query_and_no_body(sandbox: Sandbox, query: str) -> None:
    taken = received(sandbox, OUTGOING_METHOD="GET", OUTGOING_URL=f"{sandbox.url}/outgoing/hook{query}")
    given = [("key", "abc")] if query else []
    event = [("type", "ISSUE_CREATION"), ("id", EVENT.id), ("timestamp", "2026-01-02T03:04:05.678Z")]
    assert parse_qsl(taken.query) == [*given, *event]
    assert taken.body == b""
    assert "content-type" not in taken.headers


def test_further_headers(sandbox: Sandbox) -> None:
    sandbox.receiver.key = KEY
    assert isinstance(deliver(sandbox), Failed)
    taken = received(sandbox, OUTGOING_HEADERS=json.dumps({"X-Key": KEY, "Content-Type": "application/json; v=1"}))
    assert (taken.headers["x-key"], taken.headers["content-type"]) == (KEY, "application/json; v=1")


def test_a_template_is_the_body(sandbox: Sandbox) -> None:
    """What it inserts stays within its quotes, whatever a person has typed."""
    template = r'{"text": "{{ event }}: {{ issue.name }}",\n"all": {{ issue | tojson }}, "no": "{{ feedback.rating }}"}'
    taken = received(sandbox, OUTGOING_TEMPLATE=template)
    assert json.loads(taken.body) == {"text": f"ISSUE_CREATION: {ISSUE['name']}", "all": ISSUE, "no": ""}


def test_a_template_of_a_form_is_escaped_as_one(sandbox: Sandbox) -> None:
    taken = received(sandbox, OUTGOING_TEMPLATE="name={{ issue.name }}&id={{ issue.id }}", OUTGOING_FORMAT="form")
    assert parse_qsl(taken.body.decode()) == [("name", ISSUE["name"]), ("id", "3")]


HTML = "<p>{{ issue.name }}</p>{{ ' ' }}"


@pytest.mark.parametrize(
    ("content_type", "template", "body"),
    [
        ("text/html; charset=utf-8", HTML, f"<p>{ISSUE['name']}</p> "),
        ("application/x-www-form-urlencoded", "name={{ issue.name }}", f"name={quote_plus(str(ISSUE['name']))}"),
        (
            "application/vnd.api+json",
            '{"name": "{{ issue.name }}"}',
            json.dumps({"name": ISSUE["name"]}, ensure_ascii=False),
        ),
    ],
)
def test_a_content_type_decides_what_a_template_may_write(
    sandbox: Sandbox, content_type: str, template: str, body: str
) -> None:
    sandbox.receiver.types |= {content_type.partition(";")[0]}
    headers = json.dumps({"Content-Type": content_type})
    taken = received(sandbox, OUTGOING_TEMPLATE=template, OUTGOING_HEADERS=headers)
    assert (taken.body.decode(), taken.headers["content-type"]) == (body, content_type)


def test_a_text_is_previewed_as_it_is(sandbox: Sandbox) -> None:
    connector = build(sandbox, OUTGOING_TEMPLATE=HTML, OUTGOING_HEADERS='{"content-type": "text/html"}')
    assert isinstance(connector, Outgoing)
    shown = connector.preview(EVENT, NoLinks())
    assert isinstance(shown, Preview)
    assert shown.content == f"<p>{ISSUE['name']}</p> "


@pytest.mark.parametrize(
    ("template", "kind"),
    [("{% if data.issue.id == 0 %}{}{% endif %}", "NoJson"), ("{{ data.issue.name + 1 }}", "TypeError")],
)
def test_a_template_that_does_not_fit_an_event_names_itself(sandbox: Sandbox, template: str, kind: str) -> None:
    outcome = deliver(sandbox, OUTGOING_TEMPLATE=template)
    assert outcome == Failed(f"OUTGOING_TEMPLATE: {kind} in line 1 with this event", "config")
    assert sandbox.receiver.requests == []


# How it is signed


def test_the_library_of_standard_webhooks_accepts_it(sandbox: Sandbox) -> None:
    taken = received(sandbox)
    assert Webhook(SECRET).verify(taken.body, taken.headers)["id"] == EVENT.id


@pytest.mark.parametrize("wanted", [SECRET, OTHER_SECRET])
def test_every_secret_signs_while_it_is_replaced(sandbox: Sandbox, wanted: str) -> None:
    sandbox.receiver.secret = wanted
    taken = received(sandbox, OUTGOING_SECRET=f"{OTHER_SECRET},{SECRET}")
    assert len(taken.headers["webhook-signature"].split(" ")) == 2
    Webhook(wanted).verify(taken.body, taken.headers)


def test_a_repeated_attempt_has_the_same_id_and_body_and_a_fresh_time_and_signature(sandbox: Sandbox) -> None:
    seconds = count(1_767_323_045)
    connector = Outgoing(settings(sandbox), tools(), lambda: next(seconds))
    sandbox.receiver.proof = "none"
    context = MemoryContext(f"{EVENT.id}.outgoing")
    for _ in range(2):
        assert isinstance(connector.deliver(EVENT, context), Done)
        context = context.next_attempt()
    first, second = sandbox.receiver.requests
    assert (first.id, first.body) == (second.id, second.body)
    assert [taken.headers["webhook-timestamp"] for taken in (first, second)] == ["1767323045", "1767323046"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_a_webhook_that_was_done_is_not_sent_again(sandbox: Sandbox) -> None:
    context = MemoryContext(f"{EVENT.id}.outgoing", notes={"done": {"status": 202}})
    assert build(sandbox).deliver(EVENT, context) == Done({"status": 202})
    assert sandbox.receiver.requests == []


def test_the_signature_of_github_is_made_with_the_first_secret(sandbox: Sandbox) -> None:
    sandbox.receiver.secret, sandbox.receiver.proof = "first", "github"
    taken = received(sandbox, OUTGOING_SECRET="first,second", OUTGOING_SIGNATURE="github")
    assert taken.headers["x-hub-signature-256"] == hub_signature("first", taken.body)
    assert not {"webhook-signature", "webhook-timestamp"} & taken.headers.keys()


def test_without_a_signature_only_the_id_is_sent(sandbox: Sandbox) -> None:
    sandbox.receiver.proof = "none"
    taken = received(sandbox, OUTGOING_SIGNATURE="none", OUTGOING_SECRET="")
    assert {name for name in taken.headers if name.startswith(("webhook-", "x-hub"))} == {"webhook-id"}


# What answers mean


def refused(sandbox: Sandbox, status: int, body: Any = "", **changes: str) -> Outcome:
    sandbox.faults.add("status", system="outgoing", status=status, body=body)
    return deliver(sandbox, **changes)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_success_is_one(sandbox: Sandbox, status: int) -> None:
    assert refused(sandbox, status) == Done({"status": status})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(sandbox: Sandbox, status: int) -> None:
    location = {"Location": f"{sandbox.url}/outgoing/hook"}
    sandbox.faults.add("status", system="outgoing", status=status, headers=location)
    why = "redirects are not followed; set OUTGOING_URL to the target of the redirect"
    assert deliver(sandbox) == Failed(f"outgoing answered {status}: {why}", "config")
    assert sandbox.receiver.requests == []


def test_gone_has_a_reason_of_its_own(sandbox: Sandbox) -> None:
    why = "outgoing answered 410: the receiver wants no more webhooks: look at OUTGOING_URL"
    assert refused(sandbox, 410) == Failed(why, "gone")


@pytest.mark.parametrize("status", [404, 405])
def test_where_nothing_takes_webhooks_the_variables_are_named(sandbox: Sandbox, status: int) -> None:
    outcome = refused(sandbox, status, {"code": status, "message": "The requested webhook is not registered."})
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert outcome.why.endswith("or it is switched off: look at OUTGOING_URL and OUTGOING_METHOD")


def test_a_wrong_secret_is_named_with_the_receivers_code(sandbox: Sandbox) -> None:
    outcome = deliver(sandbox, OUTGOING_SECRET=OTHER_SECRET)
    why = "the receiver refuses our signature or credentials: look at OUTGOING_SECRET and OUTGOING_HEADERS"
    assert outcome == Failed(f"outgoing answered 401 (bad_signature): {why}", "auth")


def test_a_receiver_that_asks_to_wait_gets_its_time(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="outgoing", status=429, headers={"Retry-After": "90"})
    assert deliver(sandbox) == Retry("outgoing answered 429", "rate_limited", 90.0)
    sandbox.faults.add("status", system="outgoing", status=503, headers={"Retry-After": "120"})
    assert deliver(sandbox) == Retry("outgoing answered 503", "server_error", 120.0)


# Addresses


def test_a_name_at_a_private_address_is_not_sent_to(sandbox: Sandbox) -> None:
    url = sandbox.url.replace("127.0.0.1", "localhost")
    outcome = deliver(sandbox, OUTGOING_URL=f"{url}/outgoing/hook", OUTGOING_ALLOW_PRIVATE="false")
    why = (
        "the host is at a private or reserved address, which is not allowed here; OUTGOING_ALLOW_PRIVATE=true allows it"
    )
    assert outcome == Failed(f"outgoing: {why}", "config")
    assert sandbox.receiver.requests == []
    lines = list(build(sandbox, OUTGOING_URL=f"{url}/outgoing/hook", OUTGOING_ALLOW_PRIVATE="false").check())
    assert not lines[0].ok
    assert "look at OUTGOING_URL; OUTGOING_ALLOW_PRIVATE=true" in lines[0].what


def test_the_check_names_an_address_without_tls(sandbox: Sandbox) -> None:
    lines = [line.what for line in build(sandbox).check()]
    assert "OUTGOING_URL begins with http://: others can read the webhooks" in lines
    assert sandbox.receiver.requests == []


# Secrets


def test_every_part_of_the_settings_that_is_secret_is_masked(sandbox: Sandbox) -> None:
    made = settings(
        sandbox,
        OUTGOING_URL=f"{sandbox.url}/hooks/catch/planted-path-1?key=planted-query",
        OUTGOING_SECRET="planted-secret",
        OUTGOING_HEADERS='{"Authorization": "Bearer planted-token", "x-key": "planted-key"}',
    )
    redact: Callable[[str], str] = Redactor(secrets_of(made))
    shown = "planted-path-1 planted-query planted-secret planted-token planted-key, and the hook itself"
    assert redact(shown) == f"{' '.join(['<secret>'] * 5)}, and the hook itself"


# The samples for those who receive


@pytest.mark.parametrize("sample", RUNS)
def test_a_sample_accepts_a_webhook_and_refuses_one_that_was_changed(sandbox: Sandbox, sample: str) -> None:
    program, *words = RUNS[sample]
    if not program:
        pytest.skip(f"docs/samples/{sample} needs a program that is not installed")
    taken = received(sandbox, OUTGOING_SECRET=f"{OTHER_SECRET},{SECRET}")
    headers = [taken.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
    old = [headers[0], str(int(headers[1]) - 301), headers[2]]

    def verdict(headers: list[str], body: bytes, secret: str = SECRET) -> tuple[str, int]:
        command = [program, *words, str(SAMPLES / sample), *headers]
        environ = {**os.environ, "WEBHOOK_SECRET": secret}
        ended = subprocess.run(command, input=body, capture_output=True, env=environ, timeout=100, check=False)
        return ended.stdout.decode().strip(), ended.returncode

    assert verdict(headers, taken.body) == ("authentic", 0)
    for changed in ((headers, taken.body + b" "), (old, taken.body), (headers, taken.body, "whsec_bm90LXRoaXMtb25l")):
        assert verdict(*changed) == ("not authentic", 1)
    # A secret that is plain text.
    sandbox.receiver.proof = "none"
    taken = received(sandbox, OUTGOING_SECRET="plain text")
    headers = [taken.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
    assert verdict(headers, taken.body, "plain text") == ("authentic", 0)


def test_all_samples_are_run() -> None:
    assert {file.name for file in SAMPLES.iterdir()} == set(RUNS)

"""A workflow is started for each event: what it gets, how it proves who we are, and what is kept of its answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from bridge.http import Answer
from bridge.redaction import Redactor, secrets_of
from connectors.base import Done, Failed, Retry
from connectors.nocobase.workflow import LONGEST_JSON, kept
from connectors.webhooks.body import as_json, body_of
from jobs.ledger.bounds import result_text
from tests.connectors.nocobase.world import build, deliver, event, settings
from tools.sandbox.app import Sandbox
from tools.sandbox.nocobase import KEY, PASSWORD, SECRET, USER
from tools.sandbox.receiver import hub_signature

NODE = shutil.which("node")
SCRIPT = """
const data = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const hmac = require('crypto').createHmac('sha256', process.argv[1]);
console.log('sha256=' + hmac.update(JSON.stringify(data)).digest('hex'));
"""
"""What a script within a workflow does, which gets the parsed body and not its bytes."""


def test_a_workflow_gets_the_event_and_its_text_answer_is_kept(sandbox: Sandbox) -> None:
    assert deliver(build(sandbox)) == Done({"status": 200, "answer": "ok"})
    (id_, body) = next(iter(sandbox.nocobase.runs.items()))
    assert (id_, body) == (f"{event().id}.nocobase", json.loads(as_json(body_of(event()))))


@pytest.mark.parametrize("answer", [{"record": 17, "list": [1, None]}, ["a"], "text", 17, False])
def test_the_answer_of_a_synchronous_workflow_is_kept(sandbox: Sandbox, answer: Any) -> None:
    sandbox.nocobase.synchronous, sandbox.nocobase.answer, sandbox.nocobase.status = True, answer, 201
    assert deliver(build(sandbox)) == Done({"status": 201, "answer": answer})


def test_a_long_answer_is_cut() -> None:
    def of(body: bytes) -> Any:
        return kept(Answer(200, {}, body))  # type: ignore[arg-type]

    fits = json.dumps(["x" * (LONGEST_JSON - 4)]).encode()
    assert of(fits) == json.loads(fits)
    longer = of(json.dumps(["x" * (LONGEST_JSON - 3)]).encode())
    assert (len(longer), longer[:3], longer[-1]) == (1000, '["x', "…")
    assert of(b"a\x1b[31m\x00\xff") == "a[31m\ufffd"
    assert of(b"") == ""


def test_the_record_of_an_answer_holds_no_secret(sandbox: Sandbox) -> None:
    """As the job layer stores it."""
    sandbox.nocobase.synchronous = True
    sandbox.nocobase.answer = {"headers": f"Basic {PASSWORD}", "key": KEY, "secret": [SECRET]}
    outcome = deliver(build(sandbox, NOCOBASE_SECRET=SECRET))
    assert isinstance(outcome, Done)
    stored = result_text(outcome.result, Redactor(secrets_of(settings(sandbox, NOCOBASE_SECRET=SECRET))))
    assert json.loads(stored)["answer"] == {"headers": "Basic <secret>", "key": "<secret>", "secret": ["<secret>"]}


def test_a_secret_signs_the_body(sandbox: Sandbox) -> None:
    sandbox.nocobase.secret = SECRET
    assert isinstance(deliver(build(sandbox)), Retry), "a workflow that has failed may work later"
    assert isinstance(deliver(build(sandbox, NOCOBASE_SECRET=SECRET)), Done)


@pytest.mark.skipif(NODE is None, reason="needs Node.js, which is not installed")
@pytest.mark.parametrize("name", ["로그인 오류", 'quotes " and \\ and \u2028', "emoji 👩‍👩‍👧‍👦", "</script>\x7f\x01"])
def test_a_script_within_a_workflow_makes_the_same_signature(name: str) -> None:
    assert NODE
    body = as_json(body_of(event(name)))
    made = subprocess.run([NODE, "-e", SCRIPT, SECRET], input=body, capture_output=True, check=True).stdout
    assert made.decode().strip() == hub_signature(SECRET, body)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"NOCOBASE_PASSWORD": "wrong"},
            "401: look at NOCOBASE_USER and NOCOBASE_PASSWORD: the webhook trigger must have the same",
        ),
        ({"NOCOBASE_USER": "", "NOCOBASE_PASSWORD": ""}, "401: look at NOCOBASE_USER and NOCOBASE_PASSWORD"),
    ],
    ids=["wrong", "none"],
)
def test_wrong_credentials_are_named(sandbox: Sandbox, changes: dict[str, str], why: str) -> None:
    outcome = deliver(build(sandbox, **changes))
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"
    assert outcome.why.startswith(f"nocobase answered {why}")


def test_credentials_in_the_address_are_sent_as_basic(sandbox: Sandbox) -> None:
    address = settings(sandbox).url.get_secret_value().replace("://", f"://{USER}:{PASSWORD}@")
    outcome = deliver(build(sandbox, NOCOBASE_URL=address, NOCOBASE_USER="", NOCOBASE_PASSWORD=""))
    assert outcome == Done({"status": 200, "answer": "ok"})


def test_a_workflow_that_is_switched_off_is_named(sandbox: Sandbox) -> None:
    sandbox.nocobase.active = False
    why = "nocobase answered 404: this workflow does not exist, or is switched off: look at NOCOBASE_URL"
    assert deliver(build(sandbox)) == Failed(why, "config")


def test_an_address_that_takes_no_post_is_named(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", system="nocobase", status=405)
    outcome = deliver(build(sandbox))
    assert outcome == Failed(
        "nocobase answered 405: this is not the address of a webhook trigger: look at NOCOBASE_URL", "config"
    )


def test_a_workflow_is_not_started_again_after_a_success(sandbox: Sandbox) -> None:
    done = {"status": 200, "answer": "ok"}
    assert deliver(build(sandbox), notes={"done": done}) == Done(done)
    assert sandbox.nocobase.runs == {}


def test_the_check_starts_no_workflow(sandbox: Sandbox) -> None:
    lines = [line.what for line in build(sandbox).check()]
    assert lines[0] == "the receiver is reached"
    keys = "NOCOBASE_USER, NOCOBASE_PASSWORD, NOCOBASE_SECRET"
    why = f"only a start of the workflow shows whether it is on, and {keys} are correct: flask send-test"
    assert lines[-1] == why
    assert sandbox.nocobase.runs == {}

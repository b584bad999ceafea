"""How Slack is reached: through the proxy of the environment or past it, once, and without a secret in any error."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from werkzeug.wrappers import Request, Response

from bridge.settings import load
from connectors import slack
from connectors.base import Connector, Done, Failed, Retry
from tests.connectors.alerts.world import status_change
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import bot, deliver, tools, webhook
from tests.web import serving
from tools.sandbox.app import Sandbox

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
Answering = Callable[[Request], Response]


@pytest.fixture(autouse=True)
def _no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


WAYS = [bot, webhook]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("exempt", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_no_proxy_is_honoured(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, way: Callable[[Sandbox], Connector], exempt: str
) -> None:
    """Both ways, as the other connectors do; slack_sdk's own transport would go to the proxy all the same."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert isinstance(deliver(way(sandbox), MemoryContext()), Done)


@pytest.mark.parametrize("way", WAYS)
def test_the_proxy_is_used(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, way: Callable[[Sandbox], Connector]
) -> None:
    asked: list[str] = []

    def proxy(request: Request) -> Response:
        asked.append(request.environ.get("RAW_URI", ""))
        return Response(status=502)

    connector = way(sandbox)
    with serving(Request.application(proxy)) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        assert isinstance(deliver(connector, MemoryContext()), Retry)
    (address,) = asked
    assert address.startswith(f"{sandbox.url}/slack/")


@pytest.mark.parametrize("way", WAYS)
def test_a_dropped_connection_is_one_request(sandbox: Sandbox, way: Callable[[Sandbox], Connector]) -> None:
    sandbox.faults.add("drop_after", times=None)
    deliver(way(sandbox), MemoryContext())
    assert len(sandbox.slack.messages) == 1


def test_a_redirect_is_not_followed_with_the_token(sandbox: Sandbox) -> None:
    asked: list[str] = []

    def elsewhere(request: Request) -> Response:
        asked.append(request.headers.get("Authorization", ""))
        return Response("{}")

    with serving(Request.application(elsewhere)) as url:
        sandbox.faults.add("status", status=302, headers={"Location": url})
        outcome = deliver(bot(sandbox), MemoryContext())
    assert isinstance(outcome, Failed)
    assert not asked


@pytest.mark.parametrize("way", WAYS)
def test_slack_is_asked_to_format_and_unfurl_nothing(
    sandbox: Sandbox, way: Callable[[Sandbox], Connector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text for notifications holds what users wrote, too."""
    sent: list[dict[str, object]] = []

    def listening(request: Request) -> Response:
        sent.append(json.loads(request.get_data()))
        return Response(status=500)

    connector = way(sandbox)
    with serving(Request.application(listening)) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        deliver(connector, MemoryContext())
    (body,) = sent
    assert (body["mrkdwn"], body["unfurl_links"], body["unfurl_media"]) == (False, False, False)
    assert body["text"]


TOKEN = "xoxb-2222-very-secret"
HOOK = "T0SECRET/B0SECRET/verysecrethook"


def echo(status: int, shape: str) -> Answering:
    """A server that repeats everything it got, in every place that could be quoted."""

    def answer(request: Request) -> Response:
        received = f"{request.path} {request.headers} {request.get_data(as_text=True)} {TOKEN} {HOOK}"
        everywhere = {"ok": False, "error": received, "needed": received, "response_metadata": {"messages": [received]}}
        body = {
            "text": received,
            "json": json.dumps(everywhere),
            "page": f"<html>{received}</html>",
            "ok": '{"ok": true}',
        }[shape]
        return Response(body, status, {"Retry-After": TOKEN})

    return answer


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("shape", ["text", "json", "page", "ok"])
def test_no_secret_gets_into_an_outcome(status: int, shape: str) -> None:
    """Not from the address, not from the headers, whatever the answer repeats; nor into what is checked or kept."""
    with serving(Request.application(echo(status, shape))) as url:
        for environ in (
            {"SLACK_BOT_TOKEN": TOKEN, "SLACK_CHANNEL": "C0FEEDBACK", "SLACK_API_URL": f"{url}/api"},
            {"SLACK_WEBHOOK_URL": f"{url}/services/{HOOK}"},
        ):
            connector = slack.SPEC.build(load(slack.SPEC.settings, environ), tools())
            context = MemoryContext()
            announced = [connector.deliver(status_change(), context), context.notes, *connector.check()]
            again = context.next_attempt()
            announced += [connector.deliver(status_change(), again), again.notes]
            for secret in (TOKEN, "very-secret", HOOK, "verysecrethook", "B0SECRET"):
                assert secret not in repr(announced)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://localhost:9"])
def test_no_secret_gets_out_when_nobody_listens(address: str) -> None:
    connector = slack.SPEC.build(
        load(slack.SPEC.settings, {"SLACK_WEBHOOK_URL": f"{address}/services/{HOOK}"}), tools()
    )
    outcome = connector.deliver(status_change(), MemoryContext())
    assert isinstance(outcome, Retry)
    assert "SECRET" not in repr(outcome)

"""Whatever is sent to the receiver, it answers as documented, and stores what it answered with 200."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from tests.security.corruption import ODD_JSON, ODD_VALUES, replaced
from tests.security.fuzz import SECONDS
from tests.web import TOKEN, Connection, Web, recorded, start_web
from tools.sandbox.processes import ROOT, Processes

RECORDED = [
    json.dumps(request["body"]) if not isinstance(request["body"], str) else request["body"]
    for request in recorded(ROOT / "tests" / "fixtures" / "abc").values()
]
DOCUMENTED = {200, 400, 401, 404, 405, 408, 413, 414, 415, 431}

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
odd = st.sampled_from(["", *ODD_JSON, *(json.dumps(value) for value in ODD_VALUES)])
changed = st.builds(replaced, st.sampled_from(RECORDED).map(str.encode), st.integers(0, 60), odd)
names = st.sampled_from(["FEEDBACK_CREATION", "ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "", "X"])
built = st.builds(lambda name, data: json.dumps({"event": name, "data": data}).encode(), names | values, values)
bodies = changed | built | st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode())

token_characters = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":")
header_names = st.sampled_from(
    ["X-Forwarded-For", "x_webhook_token", "Content-Type", "Expect", "Transfer-Encoding", "Upgrade", "Cookie", "Range"]
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
headers = st.lists(
    st.tuples(header_names | st.text(token_characters, min_size=1, max_size=12), header_values), max_size=4
)
paths = st.sampled_from(
    ["/webhook", "/webhook/", "//webhook", "/webhook/abc", "/%77ebhook", "/api/deliveries", "/?a=%ff"]
)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Web]:
    with Processes(tmp_path_factory.mktemp("fuzz")) as processes:
        yield start_web(processes, valkey_url, BRIDGE_INSTANCE="fuzz", SLACK_FILTER="feedback.rating > 3 or true")


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Any]:
    with Redis.from_url(valkey_url) as client:
        yield client


@pytest.mark.timeout(SECONDS)
@given(body=bodies)
def test_any_body_is_stored_or_refused(web: Web, redis: Any, body: bytes) -> None:
    with web.connected() as connection:
        reply = connection.post(body)
    assert reply.status in (200, 400, 413), reply.body
    if reply.status == 200:
        assert redis.exists(f"fb:fuzz:event:{reply.json['event_id']}")


@pytest.mark.timeout(SECONDS)
@given(method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "BREW"]), path=paths, more=headers, body=bodies)
def test_any_request_is_answered_as_documented(
    web: Web, method: str, path: str, more: list[tuple[str, str]], body: bytes
) -> None:
    own = [("Host", "x"), ("x-webhook-token", TOKEN), ("Content-Length", str(len(body)))]
    connection = Connection(web.port)
    try:
        reply = connection.request(method, path, [*own, *more], body)
        if reply.status == 302:  # a page of the console, which leads to its own sign-in
            assert re.match(r"/login(\?next=/(?!/)|$)", reply.headers["Location"])
        else:
            assert reply.status in DOCUMENTED, reply.body
    except (ConnectionError, ValueError):
        pass  # no HTTP: the client refuses to send it, or the server hangs up
    finally:
        connection.close()
    assert web.get("/healthz").status == 200

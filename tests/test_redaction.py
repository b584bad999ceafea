"""No secret in what people or programs read: the settings are full of planted ones, and every place is searched."""

from __future__ import annotations

import base64
import json
import string
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

import pytest
import requests
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis import Redis

from bridge.redaction import MASK, SHORTEST, Redactor, secrets_of
from bridge.settings import KeyMap, Settings
from jobs.configuration import configure
from tests.web import Web, event, recorded, start_web
from tools.sandbox import discord, jandi, mattermost, nocobase, slack, teams
from tools.sandbox.processes import ROOT, Processes, free_port, procfile, valkey_command

EMAIL = "bridge@example.com"

# The redactor


@given(st.text(min_size=SHORTEST, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_masked_in_every_form_in_which_it_travels(secret: str, before: str, after: str) -> None:
    redact = Redactor([secret])
    escaped = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]
    for form in (secret, quote(secret, safe=""), quote_plus(secret), *escaped):
        assert form not in redact(before + form + after).replace(MASK, "")


def _escapings(character: str) -> list[str]:
    """Ways to write a character, each of which some system uses."""
    percent = "".join(f"%{byte:02X}" for byte in character.encode())
    units = character.encode("utf-16-be")
    json_escape = "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
    number = ord(character)
    entities = [f"&#{number};", f"&#x{number:x};", f"&#X{number:X};"]
    named = {"&": ["&amp;"], "<": ["&lt;"], ">": ["&gt;"], '"': ["&quot;", '\\"'], "'": ["&apos;", "\\'"], "/": ["\\/"]}
    python = [f"\\x{number:02x}"] if number < 256 else []
    twice = [percent.replace("%", "%25"), "\\" + json_escape]
    return [character, percent, percent.lower(), json_escape, json_escape.upper().replace("U", "u"), *entities,
            *named.get(character, []), *python, *twice]  # fmt: skip


# As keys and addresses are: without the characters that begin an escape themselves.
KEYS = st.text(st.sampled_from("abcXYZ0189-_./:+=~<>\"'é키"), min_size=8, max_size=30)


@given(KEYS, st.data())
def test_a_secret_of_which_some_characters_are_escaped_is_masked(secret: str, data: st.DataObject) -> None:
    redact = Redactor([secret])
    shown = "".join(data.draw(st.sampled_from(_escapings(character))) for character in secret)
    assert redact(f"before {shown} after") == f"before {MASK} after"


@given(st.binary(max_size=5), st.text(min_size=8, max_size=30), st.binary(max_size=5))
def test_a_secret_inside_what_was_encoded_is_masked(before: bytes, secret: str, after: bytes) -> None:
    """As in `Authorization: Basic …`: all but the characters at the ends, which hold bits of what is beside it."""
    redact = Redactor([secret])
    data = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert len(redact(encode(data).decode()).replace(MASK, "")) <= (len(before) + len(after)) * 4 / 3 + 6
    assert redact(data.hex()) == before.hex() + MASK + after.hex()
    assert redact(data.hex().upper()) == before.hex().upper() + MASK + after.hex().upper()


@pytest.mark.parametrize(
    "shown",
    [
        "XXXXSLACKTOKENXXXXXXXXXX",  # the token without its address
        "no such hook: T0TEAM123/B0BOT4567/XXXXSLACKTOKENXXXXXXXXXX",
        "https:\\/\\/hooks.example.com\\/services\\/T0TEAM123\\/B0BOT4567\\/XXXXSLACKTOKENXXXXXXXXXX",
        "%2Fservices%2FT0TEAM123%2FB0BOT4567%2FXXXXSLACKTOKENXXXXXXXXXX",
    ],
)
def test_the_token_in_a_secret_address_is_a_secret_of_its_own(shown: str) -> None:
    secret = "https://hooks.example.com/services/T0TEAM123/B0BOT4567/XXXXSLACKTOKENXXXXXXXXXX"
    assert "SLACKTOKEN" not in Redactor([secret])(shown)
    assert Redactor([secret])("other services of hooks.example.com") == "other services of hooks.example.com"


ADDRESSES = {
    "slack": ("https://hooks.slack.com/services/T024BE7LD/B0BOT4567/{}", string.ascii_letters + string.digits, 24),
    "slack in the sandbox": (f"https://example.com/slack/services/{slack.WEBHOOK_PATH}", "", 0),
    "mattermost": ("https://example.com/mattermost/hooks/{}", "ybndrfg8ejkmcpqxot1uwisza345h769", 26),
    "mattermost in the sandbox": (f"https://example.com/mattermost/{mattermost.WEBHOOK_PATH}", "", 0),
    "discord": ("https://discord.com/api/webhooks/112233445566778899/{}", string.ascii_letters + "0189_-", 68),
    "discord in the sandbox": (f"https://example.com/discord/{discord.WEBHOOK_PATH}", "", 0),
    "jandi": ("https://wh.jandi.com/connect-api/webhook/12345678/{}", "0123456789abcdef", 32),
    "jandi in the sandbox": (f"https://example.com/jandi/{jandi.WEBHOOK_PATH}", "", 0),
    "teams": (
        "https://e.1a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/"
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
        "&sig={}",
        string.ascii_letters + "0189_-",
        43,
    ),
    "teams in the sandbox": (f"https://example.com/teams/{teams.WEBHOOK_PATH}", "", 0),
    "nocobase": ("https://example.com/nocobase/api/webhook:trigger/{}", string.ascii_lowercase + string.digits, 12),
    "nocobase in the sandbox": (f"https://example.com/nocobase/{nocobase.WEBHOOK_PATH}", "", 0),
}
"""The shapes of real addresses, with the letters and the length of their tokens, and those of the stand-ins."""
TOKENS = {
    "slack in the sandbox": slack.WEBHOOK_PATH.rpartition("/")[2],
    "mattermost in the sandbox": mattermost.HOOK,
    "discord in the sandbox": discord.TOKEN,
    "jandi in the sandbox": jandi.TOKEN,
    "teams in the sandbox": teams.SIG,
    "nocobase in the sandbox": nocobase.KEY,
}
WORDS = (
    "Mattermost, mattermost.mobile and powerautomate: 3 automations in example.com/feedback since 2016-06-01; "
    "the environment of ISSUE_STATUS_CHANGE, voice-of-us, connect-api, outgoing"
)


@pytest.mark.parametrize("kind", ADDRESSES)
@given(data=st.data())
def test_the_token_of_an_address_is_masked_alone_and_words_are_not(kind: str, data: st.DataObject) -> None:
    address, letters, length = ADDRESSES[kind]
    token = TOKENS.get(kind) or data.draw(st.text(letters, min_size=length, max_size=length))
    assume(length != 12 or any(letter.isdigit() for letter in token))
    redact = Redactor([address.format(token)], ["ISSUE_STATUS_CHANGE", "mattermost"])
    assert redact(f"no such hook: {token}") == f"no such hook: {MASK}"
    assert token not in redact.strictly(f"{address.format(token)} {token}")
    assert redact(WORDS) == redact.strictly(WORDS) == WORDS


@given(
    st.sampled_from(["mattermost", "mobile_app_2026", "ISSUE_STATUS_CHANGE", "feedback"]),
    st.sampled_from(
        [
            "https://example.com/{}",
            "https://example.com/{}/hooks/a1b2c3d4e5f6g7h8",
            "https://example.com/hook?source={}&token={}",
            "redis://{}:planted@host/0",
            "{}",
            "Bearer {}",
        ]
    ),
)
def test_a_word_of_the_service_is_no_secret(word: str, secret: str) -> None:
    redact = Redactor([secret.replace("{}", word)], [word])
    for shown in (word, word.upper(), f"{word}: one event of {word}"):
        assert redact(shown) == shown
        assert redact.strictly(shown) == shown or secret.startswith("Bearer")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://example.com/hook?source=website&lang=korean&since=2016-06-01", "website korean 2016-06-01"),
        ("https://example.com/Production/notifier/services/x", "Production notifier"),
        ("https://example.com/feedback-bridge/hooks/x", "feedback-bridge"),
        ("https://example.com/%EA%B3%A0%EA%B0%9D-%ED%94%BC%EB%93%9C%EB%B0%B1/x", "고객-피드백"),
    ],
)
def test_what_an_address_names_is_no_secret(address: str, words: str) -> None:
    assert Redactor([address])(words) == words


def test_a_short_token_of_an_address_is_masked_by_its_parameter() -> None:
    assert Redactor(["https://example.com/hook?key=planted"])("wrong key: planted") == f"wrong key: {MASK}"


@given(st.text(max_size=60))
def test_without_secrets_nothing_changes(text: str) -> None:
    assert Redactor()(text) == text
    assert Redactor(["", "short"])(text) == text


@given(st.lists(st.text(max_size=30) | st.text(max_size=20).map("https://{}".format), max_size=5))
def test_any_secrets_will_do(secrets: list[str]) -> None:
    assert isinstance(Redactor(secrets)("text"), str)


def test_the_longer_secret_goes_first() -> None:
    assert Redactor(["secret-1", "secret-1-and-more"])("it is secret-1-and-more") == f"it is {MASK}"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("https://hooks.example.com/services/T0/B0/planted", "Max retries exceeded with url: /services/T0/B0/planted"),
        ("https://example.com/hook?key=planted-key", "with url: /hook?key=planted-key (Caused by"),
        ("redis://user:planted@host:6379/0", "AUTH planted failed"),
        ("redis://:pl%40nted@host:6379/0", "AUTH pl@nted failed"),
        ("rediss://:planted-one@host/0", "URL rediss://:planted-one@host/0"),
    ],
)
def test_parts_of_an_address_are_masked(secret: str, shown: str) -> None:
    announced = Redactor([secret])(shown)
    assert "planted" not in announced
    assert "pl@nted" not in announced


def test_secrets_are_found_wherever_settings_hold_them() -> None:
    class Example(Settings):
        email: str = EMAIL
        token: SecretStr = SecretStr("planted-1")
        tokens: list[SecretStr] = [SecretStr("planted-2")]  # noqa: RUF012
        keys: KeyMap[SecretStr] = KeyMap({"1": SecretStr("planted-3")})
        none: SecretStr | None = None
        url: str = "https://example.com"

    found = secrets_of(Example())
    assert {"planted-1", "planted-2", "planted-3"} <= set(found)
    assert base64.b64encode(f"{EMAIL}:planted-1".encode()).decode() in found
    assert "https://example.com" not in found


# Logs

LOGGING = """
import logging
import structlog
from bridge.logs import set_up
from bridge.redaction import Redactor
from bridge.service import ServiceSettings

set_up(ServiceSettings(log_format={log_format!r}, log_level="debug"), Redactor(["planted-se\\"cret"]))
secret = 'planted-se"cret'
log = structlog.get_logger("test")
log.info("text " + secret, plain=secret, listed=[secret, {{"deep": secret}}], odd=ValueError(secret), key={{secret: 1}})
logging.getLogger("foreign").warning("foreign %s %r", secret, {{"x": [secret]}})
logging.getLogger("rq.worker").error("from RQ: %s", secret)
try:
    raise RuntimeError("cause " + secret)
except RuntimeError:
    log.exception("it failed")
    logging.getLogger("foreign").exception("it failed, too")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_logs_hold_no_secret(log_format: str) -> None:
    """However deep it is put in, and whoever logs it: we, a library, a traceback."""
    script = LOGGING.format(log_format=log_format)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert "planted" not in done.stderr
    assert done.stderr.count(MASK) >= 10
    assert done.stderr.count("RuntimeError: cause") == 2
    if log_format == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert len(lines) == 5
        assert all(line.keys() >= {"event", "level", "logger", "timestamp"} for line in lines)


# The whole service


class Tattler(BaseHTTPRequestHandler):
    """A third party that refuses everything, and quotes the whole request in its error."""

    protocol_version = "HTTP/1.1"
    quoted: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        whole = f"{self.path} {' '.join(f'{name}: {value}' for name, value in self.headers.items())}"
        self.quoted.add(f"{whole} {body}")
        quoted = whole[:250]
        refusal = {"ok": False, "error": quoted, "message": quoted, "errorMessages": [quoted], "detail": body[:200]}
        answer = json.dumps(refusal).encode()
        self.send_response(500 if "chat.postMessage" in self.path or "search" in self.path else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tattler() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tattler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def planted(tattler: str, redis_port: int) -> dict[str, dict[str, str]]:
    """Two environments that have a secret in every variable that may hold one, between them."""
    both = {
        "CONNECTORS": "translate,jira,slack,outgoing,nocobase",
        "TRANSLATE_EVENTS": "*",
        "SLACK_EVENTS": "*",
        "JIRA_EVENTS": "*",
        "WEBHOOK_TOKEN": "planted-webhook-token-1,planted-webhook-token-2",
        "REDIS_URL": f"redis://:planted-redis-password@127.0.0.1:{redis_port}/0",
        "CONSOLE_PASSWORD": "planted-console-password",
        "ABC_API_URL": tattler,
        "ABC_API_KEY": "1=planted-abc-key-1,*=planted-abc-key-2",
        "RECONCILE_CHANNELS": "1:1",
        "JIRA_URL": tattler,
        "JIRA_PROJECT": "PROJ",
        "JIRA_STATUS_MAP": "ON_REVIEW=Review",
        "SOURCES": "abc,jira,github,gitlab,blue,logto,nocobase,crm",
        "JIRA_WEBHOOK_SECRET": "planted-jira-webhook-secret",
        "GITHUB_WEBHOOK_SECRET": "planted-github-webhook-secret",
        "GITLAB_WEBHOOK_TOKEN": "planted-gitlab-webhook-token",
        "BLUE_WEBHOOK_SECRET": "planted-blue-webhook-secret",
        "LOGTO_SIGNING_KEY": "planted-logto-signing-key-0123456789",
        "NOCOBASE_WEBHOOK_TOKEN": "planted-nocobase-webhook-token",
        "SOURCE_CRM_SECRET": "planted-secret-of-a-generic-source",
        "OUTGOING_URL": f"{tattler}/catch/planted-outgoing-path?key=planted-outgoing-query",
        "OUTGOING_SECRET": "planted-outgoing-secret",
        "OUTGOING_HEADERS": '{"Authorization": "Bearer planted-outgoing-token", "x-key": "planted-outgoing-key"}',
        "OUTGOING_ALLOW_PRIVATE": "true",
        "LOG_LEVEL": "debug",
    }
    return {
        "cloud": both
        | {
            "TRANSLATE_PROVIDER": "libretranslate",
            "LIBRETRANSLATE_URL": tattler,
            "LIBRETRANSLATE_API_KEY": "planted-libretranslate-key",
            "JIRA_EMAIL": EMAIL,
            "JIRA_API_TOKEN": "planted-jira-token",
            "SLACK_BOT_TOKEN": "xoxb-planted-slack",
            "SLACK_CHANNEL": "#feedback",
            "SLACK_API_URL": tattler,
            "NOCOBASE_URL": f"{tattler}/api/webhook:trigger/planted-nocobase-path",
            "NOCOBASE_USER": "bridge",
            "NOCOBASE_PASSWORD": "planted-nocobase-password",
            "NOCOBASE_SECRET": "planted-nocobase-secret",
        },
        "own": both
        | {
            "TRANSLATE_PROVIDER": "openai",
            "OPENAI_BASE_URL": tattler,
            "OPENAI_API_KEY": "planted-openai-key",
            "OPENAI_MODEL": "model",
            "JIRA_PAT": "planted-jira-pat",
            "SLACK_BOT_TOKEN": "",
            "SLACK_CHANNEL": "",
            "SLACK_WEBHOOK_URL": f"{tattler}/services/planted-hook/planted-hook",
            "NOCOBASE_URL": tattler,
            "NOCOBASE_API_KEY": "planted-nocobase-key",
            "NOCOBASE_COLLECTION": "feedback",
            "NOCOBASE_FIELDS": '{"title": "{{ issue.name }}"}',
        },
    }


BASIC = base64.b64encode(f"{EMAIL}:planted-jira-token".encode()).decode()
NOCOBASE = base64.b64encode(b"bridge:planted-nocobase-password").decode()
OUTGOING = tuple(f"planted-outgoing-{part}" for part in ("path", "query", "token", "key"))
QUOTED = {
    "cloud": ("planted-abc-key-1", BASIC, "xoxb-planted-slack", *OUTGOING, "planted-nocobase-path", NOCOBASE),
    "own": ("planted-abc-key-1", "planted-jira-pat", "/services/planted-hook", *OUTGOING, "planted-nocobase-key"),
}
"""What the third parties of each environment must have had to quote."""


def everything_in(redis: Any) -> str:
    """All keys and values, of all types."""
    found = []
    for key in redis.keys("*"):
        kind = redis.type(key).decode()
        if kind == "none":
            continue  # it expired meanwhile
        read = {
            "string": redis.get,
            "hash": redis.hgetall,
            "list": lambda key: redis.lrange(key, 0, -1),
            "set": redis.smembers,
            "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
            "stream": redis.xrange,
        }[kind]
        found.append(f"{key!r} {read(key)!r}")
    return "\n".join(found)


def post(web: Web, body: bytes) -> str:
    reply = web.post(body, "planted-webhook-token-2")
    assert reply.status == 200
    return str(reply.json["event_id"])


@pytest.mark.parametrize("which", ["cloud", "own"])
def test_planted_secrets_show_nowhere(tmp_path: Path, tattler: str, which: str) -> None:
    """Every third party refuses every request and quotes it, credentials and all; then every sink is read."""
    port = free_port()
    env = planted(tattler, port)[which]
    bodies = [json.loads(request["body"]) for request in recorded(ROOT / "tests" / "fixtures" / "abc").values()]
    bearer = (("Authorization", "Bearer planted-console-password"),)
    with Processes(tmp_path) as processes, Redis(port=port, password="planted-redis-password") as redis:
        processes.start("valkey", valkey_command(port, tmp_path, "--requirepass", "planted-redis-password"))
        processes.wait_for("valkey", lambda: answers(redis))
        web = start_web(processes, env["REDIS_URL"], **env)
        processes.start("worker", procfile()["worker"], env)
        announced = [post(web, json.dumps(body).encode()) for body in bodies]
        announced.append(post(web, event("SOMETHING_NEW")))
        web.post(b"{}", "planted-webhook-token-3")

        def tried() -> bool:
            rows = web.get("/api/deliveries?limit=500", bearer).json["deliveries"]
            first = {row["connector"] for row in rows if row["attempts"] and row["error"]}
            return first == {"translate", "jira", "slack", "outgoing", "nocobase"} and not any(
                row["state"] == "running" for row in rows
            )

        processes.wait_for("an attempt of each connector", tried)
        shown = [web.get(f"/api/{path}", bearer) for path in ("deliveries?limit=500", "events")]
        shown += [web.get(f"/api/events/{id_}", bearer) for id_ in announced]
        shown += [web.get(path, ()) for path in ("/metrics", "/readyz", "/healthz")]
        sinks = {"answers": b"\n".join(reply.body for reply in shown).decode(), "ledger": everything_in(redis)}
        with Processes(tmp_path) as commands:
            for arguments in (["check"], ["events"], ["events", announced[0]], ["reconcile"]):
                process = commands.start("flask", ["flask", *arguments], env)
                process.wait(60)
        # Redis goes away, and comes back without the password's being right
        processes["valkey"].kill()
        assert web.post(b"{}", "planted-webhook-token-1").status == 503
        assert web.get("/api/deliveries", bearer).status == 503
    sinks |= {log.name: log.read_text(encoding="utf-8") for log in tmp_path.glob("*.log") if log.name != "valkey.log"}
    assert sinks.keys() >= {"web.log", "worker.log", "flask.log"}
    for name, text in sinks.items():
        for secret in ("planted", BASIC, NOCOBASE, base64.b64encode(b":planted").decode()[:-4]):
            place = text.find(secret)
            assert place < 0, f"{name}: {text[max(0, place - 300) : place + 100]}"
    # Each was quoted to us; masked, or left out altogether where the shape of an answer does not exclude secrets.
    assert [secret for secret in QUOTED[which] if secret not in "".join(Tattler.quoted)] == []


def answers(redis: Any) -> bool:
    try:
        return bool(redis.ping())
    except Exception:  # noqa: BLE001 - not yet
        return False


def test_settings_that_hold_secrets_know_it() -> None:
    """Whatever is planted is found by the redactor: a secret that is kept as a plain text would not be."""
    for env in planted("http://127.0.0.1:1", 1).values():
        configuration = configure(env)
        for name, value in env.items():
            if "planted" in value:
                assert "planted" not in configuration.redact(value.partition("=")[2] or value), name


def test_names_of_connectors_and_what_is_no_secret_stay_readable() -> None:
    """With a Mattermost below a path, and a region: neither is secret."""
    token = "madeuphookofmattermost0001"
    configuration = configure(
        {
            "WEBHOOK_TOKEN": "planted-webhook-token",
            "CONNECTORS": "mattermost.customer_voice_2026,translate",
            "MATTERMOST_WEBHOOK_URL": f"https://example.com/mattermost/customer_voice_2026/hooks/{token}",
            "ABC_API_URL": "https://abc.example.com",
            "ABC_API_KEY": "planted-abc-key",
            "TRANSLATE_PROVIDER": "azure",
            "AZURE_TRANSLATOR_KEY": "planted-azure-key",
            "AZURE_TRANSLATOR_REGION": "koreacentral",
            "TRANSLATE_TARGETS": "en=text_en",
        }
    )
    words = "mattermost.customer_voice_2026: feedback 3, koreacentral"
    assert configuration.redact(words) == configuration.redact.strictly(words) == words
    assert configuration.redact(token) == MASK


def test_exceptions_of_requests_are_masked() -> None:
    """They quote the address, secret and all."""
    secret = f"http://127.0.0.1:{free_port()}/services/planted-hook/planted"
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(secret, timeout=1)
    assert "planted" in str(caught.value)
    assert "planted" not in Redactor([secret])(f"{caught.value!s} {caught.value!r}")

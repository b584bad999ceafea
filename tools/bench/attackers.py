"""The attacks of `bin/bench attacks`: what end users, callers and third parties can do to the service."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from tools.bench.hostile import Endless, Handler, Trickling
from tools.bench.service import Target
from tools.sandbox.service import TOKEN

HEAD = f"POST /webhook HTTP/1.1\r\nHost: x\r\nx-webhook-token: {TOKEN}\r\nContent-Type: application/json\r\n"
CROWD = 1_100
"""Connections: some servers accept 1,024."""
KOREAN = "결제 화면에서 확인을 누르면 앱이 멈춰요"


@dataclass(frozen=True)
class Attack:
    """`begin` returns as soon as the attack is under way. `variables`: of web and worker; `servers`: the variables that
    lead to a hostile server; `ends`: the attack is over when no delivery is unfinished."""

    title: str
    begin: Callable[[Target], object]
    variables: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, type[Handler]] = field(default_factory=dict)
    ends: bool = False


def text_of(text: str) -> Callable[[Target], object]:
    """An end user writes one feedback."""
    return lambda target: target.post(target.feedback(message=text))


def words(size: int) -> str:
    """Korean words of so many bytes, no part of which is like another."""
    lines = " ".join(f"{number} 결제 버튼이 안 눌려요" for number in range(size // 30))
    return lines.encode()[:size].decode(errors="ignore")


def many_feedbacks(target: Target, number: int, text: str = KOREAN) -> None:
    target.post_all([target.feedback(message=f"{text} {position}") for position in range(number)])


def crowd(target: Target, number: int, *sent: bytes) -> None:
    """Connections that send this and nothing more; as many as the server takes."""
    with suppress(OSError):
        for _ in range(number):
            target.connect(*sent)


def stalled_bodies(target: Target) -> None:
    for framing in ("Content-Length: 99\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"):
        crowd(target, 32, (HEAD + framing).encode())


def http_2(target: Target) -> None:
    """Two connections with 40 streams each, whose bodies stall (RFC 9113)."""
    pairs = [(":method", "POST"), (":scheme", "http"), (":path", "/webhook"), (":authority", "x")]
    pairs += [("x-webhook-token", TOKEN), ("content-type", "application/json"), ("content-length", "99")]
    block = b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in pairs
    )  # literals without indexing, RFC 7541, 6.2.2
    streams = [_frame(1, 4, stream, block) + _frame(0, 0, stream, b"{") for stream in range(1, 81, 2)]
    crowd(target, 2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"") + b"".join(streams))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def unfinished_headers(target: Target) -> None:
    """Each fills what a server keeps of a head; nobody waits until all of it was taken."""
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 8_000 + b"\r\n"
    more = (b"X-Long: " + b"x" * 8_000 + b"\r\n") * 47
    for _ in range(400):
        with suppress(OSError):
            connection = target.connect(head)
            connection.settimeout(1)
            connection.sendall(more)


def small_chunks(target: Target) -> None:
    """Bodies for a path that takes none, in chunks of one byte."""
    chunks = b"1\r\n{\r\n" * 65_000

    def send() -> None:
        with suppress(OSError):
            connection = target.connect(b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.settimeout(10)
            connection.sendall(chunks)

    for _ in range(16):
        Thread(target=send, daemon=True).start()


def many_issues(target: Target) -> None:
    """Bodies of a megabyte that are nothing but issues."""
    issues = b"{}," * 340_000 + b"{}"
    bodies = [target.unwritten_feedback(message=KOREAN) for _ in range(20)]
    target.post_all([body.replace(b'"issues": []', b'"issues": [' + issues + b"]") for body in bodies])


def filtered_numbers(target: Target) -> None:
    numbers = ("1e999", "-1e999", "1e308", "NaN", "9" * 5_000, '"1e999999999"', "[1e999]")
    bodies = [target.unwritten_feedback(message=KOREAN, rating="?") for _ in range(10 * len(numbers))]
    target.post_all([body.replace(b'"?"', numbers[place % len(numbers)].encode()) for place, body in enumerate(bodies)])


def nonsense_projects(target: Target) -> None:
    projects = [{"id": number, "name": "x"} for number in range(10_000, 11_000)]
    target.post_all([target.unwritten_issue(project=project) for project in projects])


def everything_hangs(target: Target) -> None:
    target.post_all([target.unwritten_feedback(message=KOREAN) for _ in range(40)])
    target.post_all([target.unwritten_issue() for _ in range(40)])


UNSEEN = base64.b64encode(random.Random(1).randbytes(75_000)).decode()
ATTACKS = (
    Attack("none", lambda _target: None),
    Attack("a feedback of 100,000 × ㅋ", text_of("ㅋ" * 100_000), ends=True),
    Attack("a feedback of 100,000 characters of base64", text_of(UNSEEN), ends=True),
    Attack("a feedback of a word and 100,000 × !", text_of(f"{KOREAN} {'!' * 100_000}"), ends=True),
    Attack("a feedback of 1 MB of words", text_of(words(1_000_000)), ends=True),
    Attack("64 bodies that stall, with the token", stalled_bodies),
    Attack("80 HTTP/2 streams without TLS that stall", http_2),
    Attack("1,100 silent connections", lambda target: crowd(target, CROWD)),
    Attack(
        "1,100 callers that read no answer",
        lambda target: crowd(target, CROWD, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 500),
    ),
    Attack("400 × 384 kB of headers without an end", unfinished_headers),
    Attack("16 × 65,000 chunks of one byte, without the token", small_chunks),
    Attack("20 bodies of 1 MB of empty issues, with the token", many_issues),
    Attack(
        "70 hostile numbers for a filter",
        filtered_numbers,
        {
            "SLACK_EVENTS": "FEEDBACK_CREATION,ISSUE_STATUS_CHANGE",
            "SLACK_FILTER": "event != 'FEEDBACK_CREATION' or feedback.rating > 2",
        },
    ),
    Attack(
        "a text for a filter's nested quantifier",
        lambda target: target.post_all([target.unwritten_feedback(message="a" * 40 + "!") for _ in range(4)]),
        {"TRANSLATE_FILTER": "feedback.message =~ '^(a+)+$'"},
    ),
    Attack(
        "a translator that sends a byte a second, 40 feedbacks",
        lambda target: many_feedbacks(target, 40),
        servers={"LIBRETRANSLATE_URL": Trickling},
    ),
    Attack(
        "ABC, Jira and translator send a byte a second, 80 events",
        everything_hangs,
        servers={"ABC_API_URL": Trickling, "LIBRETRANSLATE_URL": Trickling, "JIRA_URL": Trickling},
    ),
    Attack(
        "a translator that answers with 8 MB, 20 feedbacks",
        lambda target: many_feedbacks(target, 20),
        servers={"LIBRETRANSLATE_URL": Endless},
    ),
    Attack("1,000 projects that do not exist", nonsense_projects, {"RECONCILE_EVERY": "2"}),
)

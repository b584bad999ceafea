"""The round trips that `Relay` counts are those of the protocol, however TCP divides what is sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from tests.relay import Commands, Relay
from tools.sandbox.processes import wait_for

LONG = b"x" * 20_000


def packed(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


TRANSACTION = packed(b"MULTI") + packed(b"SET", b"key", b"a\r\n*1\r\n$4\r\nEXEC\r\n") + packed(b"EXEC")
DONE = b"+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"


@contextmanager
def conversation(redis: Redis) -> Iterator[tuple[Relay, socket.socket]]:
    port = redis.connection_pool.connection_kwargs["port"]
    with Relay(port) as relay, socket.create_connection(("127.0.0.1", relay.port), timeout=30) as client:
        yield relay, client


def received(client: socket.socket, size: int) -> bytes:
    """The next `size` bytes, in however many pieces they arrive."""
    data = b""
    while len(data) < size and (piece := client.recv(size - len(data))):
        data += piece
    return data


def in_transaction(redis: Redis) -> bool:
    return any("x" in row["flags"] for row in redis.client_list())


def test_a_transaction_that_is_sent_in_parts_is_one_round_trip(redis: Redis) -> None:
    """The server answers the first part before the second one is sent, as it may to any client that sends a lot."""
    with conversation(redis) as (relay, client):
        client.sendall(packed(b"MULTI"))
        wait_for("the server to have answered", lambda: in_transaction(redis))
        for part in (packed(b"SET", b"key", LONG), packed(b"EXEC")):
            client.sendall(part)
        assert received(client, len(DONE)) == DONE
        assert relay.turns == 1


def test_each_command_and_each_transaction_is_one_more(redis: Redis) -> None:
    with conversation(redis) as (relay, client):
        for number, (sent, expected) in enumerate(2 * [(packed(b"PING"), b"+PONG\r\n"), (TRANSACTION, DONE)], 1):
            client.sendall(sent)
            assert received(client, len(expected)) == expected
            assert relay.turns == number


def test_who_waits_for_an_answer_inside_a_transaction_gets_none(redis: Redis) -> None:
    """So such a client can't pass for one that needs one round trip."""
    with conversation(redis) as (_, client):
        client.sendall(packed(b"MULTI"))
        wait_for("the server to have answered", lambda: in_transaction(redis))
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(100)


@given(st.lists(st.integers(1, len(TRANSACTION) * 2 - 1), max_size=20))
def test_the_count_does_not_depend_on_the_pieces(cuts: list[int]) -> None:
    sent = TRANSACTION + packed(b"PING") + TRANSACTION
    bounds = sorted({0, len(sent), *cuts})
    commands = Commands()
    turns = [commands.feed(sent[start:end]) for start, end in pairwise(bounds)]
    assert sum(turns) == 3
    assert not commands.in_transaction

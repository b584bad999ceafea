"""One way to Redis for web, worker and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from bridge.service import ServiceSettings

Purpose = Literal["receive", "console", "work", "block", "command"]
"""receive: what callers wait for; console: what operators read; work: all threads of a worker; block: the connection on
which a worker waits for jobs; command: a command of `flask`."""

COMMAND_CONNECTIONS = 1  # for each client of a command, which has one thread and a few clients
COMMAND_CLIENTS = 3


@dataclass(frozen=True, slots=True)
class _Patience:
    """Seconds for a free connection of the pool, for connecting, and for an answer."""

    pool: float
    connect: float
    answer: float


# The receiver must answer 503 within a second when Redis hangs: all three together stay below that.
# Elsewhere nobody waits for an answer, and a slow Redis is better than none.
RECEIVE, PATIENT = _Patience(0.25, 0.3, 0.4), _Patience(5.0, 5.0, 5.0)


def connect(settings: ServiceSettings, purpose: Purpose) -> Redis:
    """A client with a bounded pool of connections. Connects at the first command.

    A thread waits for a free connection; redis.exceptions.ConnectionError means that there was none in time.
    A broken connection is replaced once (Redis was restarted, or closed an idle connection), and so is one to a server
    that has become a read-only replica (after a failover the name leads to another one); nothing is retried after a
    time-out: the caller decides.
    """
    url = settings.redis_url.get_secret_value()
    patience = RECEIVE if purpose == "receive" else PATIENT
    options: dict[str, Any] = {
        "max_connections": pool_size(settings, purpose),
        "timeout": patience.pool,
        "socket_timeout": patience.answer,
        "socket_connect_timeout": patience.connect,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError, ReadOnlyError)),
    }
    if url.startswith("unix://"):
        del options["socket_keepalive"], options["socket_connect_timeout"]
    if url.startswith("rediss://") and not settings.redis_tls_verify:
        # Heroku's Redis shows a self-signed certificate: encrypted, but not verified.
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **options))


def pool_size(settings: ServiceSettings, purpose: Purpose) -> int:
    """How many connections one client opens at most. Web has `receive` and `console`, a worker has `work` and `block`:
    together REDIS_MAX_CONNECTIONS."""
    if purpose in ("console", "block"):
        return 1
    return COMMAND_CONNECTIONS if purpose == "command" else settings.redis_max_connections - 1


def most_connections(settings: ServiceSettings, workers: int = 1) -> int:
    """How many connections web, `workers` workers and one command open at most, together."""
    processes = settings.web_concurrency + workers
    return processes * settings.redis_max_connections + COMMAND_CONNECTIONS * COMMAND_CLIENTS

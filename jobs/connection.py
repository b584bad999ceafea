"""One way to Redis for web, worker and commands."""

from __future__ import annotations

from typing import Any, Literal

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from settings import ServiceSettings

# The receiver must answer 503 within a second when Redis hangs: connecting and reading together stay below that.
# Elsewhere nobody waits for an answer, and a slow Redis is better than none.
TIMEOUT_SECONDS: dict[str, float] = {"receive": 0.4, "work": 5.0, "command": 5.0}


def connect(settings: ServiceSettings, purpose: Literal["receive", "work", "command"]) -> Redis:
    """A client with its own connection pool. Connects at the first command.

    A broken connection is replaced once (Redis was restarted, or closed an idle connection), and so is one to a server
    that has become a read-only replica (after a failover the name leads to another one); nothing is retried after a
    time-out: the caller decides.
    """
    url = settings.redis_url.get_secret_value()
    seconds = TIMEOUT_SECONDS[purpose]
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError, ReadOnlyError)),
    }
    if url.startswith("unix://"):
        del options["socket_keepalive"], options["socket_connect_timeout"]
    if url.startswith("rediss://") and not settings.redis_tls_verify:
        # Heroku's Redis shows a self-signed certificate: encrypted, but not verified.
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return Redis.from_url(url, **options)

"""`python -m tools.sandbox --port 4000`: runs the stand-ins until Ctrl-C, for other programs."""

from __future__ import annotations

import argparse

from tools.sandbox.abc_sender import INTERVAL_SECONDS, TIMEOUT_SECONDS
from tools.sandbox.app import create_sandbox
from tools.sandbox.server import Server


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tools.sandbox", description=__doc__)
    options.add_argument("--port", type=int, default=4000, help="0 for a free one")
    options.add_argument("--deployment", choices=("Cloud", "Server"), default="Cloud", help="which Jira")
    options.add_argument("--webhook", help="address that events are sent to")
    options.add_argument("--token", help="the webhook's token")
    options.add_argument(
        "--interval", type=float, default=INTERVAL_SECONDS, help="seconds between the sender's attempts"
    )
    options.add_argument("--timeout", type=float, default=TIMEOUT_SECONDS, help="seconds that an attempt may take")
    options.add_argument("--seed", type=int, default=0, help="decides over faults with a probability")
    given = options.parse_args()
    sandbox = create_sandbox(
        deployment=given.deployment, interval=given.interval, timeout=given.timeout, seed=given.seed
    )
    if given.webhook:
        sandbox.sender.subscribe(given.webhook, given.token)
    server = Server(sandbox, given.port)
    print(sandbox.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()

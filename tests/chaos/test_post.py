"""What the way between the source and the receiver keeps: the counting of effects goes by it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tools.chaos.post import Post


def test_a_webhook_that_is_under_way_while_redis_is_wiped_may_be_lost() -> None:
    """Its event may have been stored before, though its answer comes afterwards."""
    reached, goes_on = threading.Event(), threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if body == b"slow":
                reached.set()
                goes_on.wait(10)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        with Post(seed=1) as post:
            post.target = f"http://127.0.0.1:{server.server_port}/webhook"
            slow = threading.Thread(target=post.carry, args=(b"slow", {}))
            slow.start()
            assert reached.wait(10)
            assert post.carry(b"before", {}) == 200
            assert post.under_way == 1
            post.forget()
            assert post.carry(b"after", {}) == 200
            goes_on.set()
            slow.join(10)
            assert [received.body for received in post.received] == [b"slow", b"before", b"after"]
            assert (post.lost_before, post.under_way) == (2, 0)
            post.again(5)
            assert [received.body for received in post.received[3:]] == [b"after"]
    finally:
        server.shutdown()
        server.server_close()

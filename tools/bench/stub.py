"""A third party on loopback that answers `ok` to every POST after a while, and keeps each with its time."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Self

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


class Stub:
    """Runs in a thread of this process. The address's first part is how many milliseconds an answer takes."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []  # time.monotonic(), which all processes of a machine share
        self.bodies: list[bytes] = []  # of the arrivals, in the same order
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stub", daemon=True)
        self._port = 0

    def url(self, milliseconds: int) -> str:
        return f"http://127.0.0.1:{self._port}/{milliseconds}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                arrival = time.monotonic()
                lines = head.lower().split(b"\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                body = await reader.readexactly(length)
                self.arrivals.append(arrival)
                self.bodies.append(body)
                await asyncio.sleep(int(head.split(b"/", 2)[1]) / 1000)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the caller hung up, or we end
        finally:
            writer.close()

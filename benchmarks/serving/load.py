"""A client that costs little, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """One request, sent again and again.

    Attributes:
        method: in capitals.
        target: path and query.
        body: JSON, or nothing.
    """

    method: str
    target: str
    body: bytes = b""

    def encode(self, host: str) -> bytes:
        """The request as it is sent."""
        head = f"{self.method} {self.target} HTTP/1.1\r\nhost: {host}\r\n"
        if self.body:
            head += f"content-type: application/json\r\ncontent-length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + self.body


@dataclass
class Answer:
    """What came of it.

    Attributes:
        good: answers of status 200.
        errors: all others, and connections that broke.
        seconds: that it took.
        body: of the last answer.
    """

    good: int = 0
    errors: int = 0
    seconds: float = 0.0
    body: bytes = b""


def press(
    url: str, load: Load, clients: int, *, seconds: float = 60.0, requests: int = 10**9
) -> Answer:
    """Sends the request over so many connections, one at a time on each.

    Args:
        url: the server's.
        load: the request.
        clients: how many connections.
        seconds: after which none is begun any more.
        requests: how many there are in all.
    """
    return asyncio.run(_press(url, load, clients, seconds, requests))


async def _press(url: str, load: Load, clients: int, seconds: float, requests: int) -> Answer:
    parts = urlsplit(url)
    answer = Answer()
    request = load.encode(parts.netloc)
    left = requests
    begin = time.perf_counter()

    async def client() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while left > 0 and time.perf_counter() - begin < seconds:
                left -= 1
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                answer.body = await reader.readexactly(_length(head))
                if head.startswith(b"HTTP/1.1 200"):
                    answer.good += 1
                else:
                    answer.errors += 1
        except (OSError, asyncio.IncompleteReadError):
            answer.errors += 1
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    answer.seconds = time.perf_counter() - begin
    return answer


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)

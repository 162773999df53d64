"""The least that a Starlette application can do: one constant for every request."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pitchpipe.service.server.loopback import base_url, listening


def application(body: bytes) -> Starlette:
    """Answers everything with the body."""

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def main() -> None:
    """Serves until interrupted."""
    with listening("127.0.0.1", 0) as listener:
        listener.listen()
        print(base_url(listener), flush=True)
        options = {"access_log": False, "log_level": "warning", "lifespan": "off", "ws": "none"}
        config = uvicorn.Config(application(sys.argv[1].encode()), **options)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()

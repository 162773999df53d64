"""What tests of hostile requests have in common."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from pitchpipe.service.http import Request
from pitchpipe.service.router import Router
from pitchpipe.service.service import Service

FOREVER = 300
"""Seconds after which a child process counts as one that never ends."""


def ask(
    service: Service,
    method: str,
    target: str,
    body: bytes = b"",
    content_type: str = "application/json",
) -> tuple[int, Any]:
    """The status and the JSON of the answer to one request."""
    headers = [("content-type", content_type)]
    response = service.handle(Request.of(method, target, headers, body))
    content = response.body
    if not isinstance(content, bytes):
        content = b"".join(piece for piece in content if isinstance(piece, bytes))
    try:
        return response.status, json.loads(content)
    except ValueError:
        return response.status, content


def is_refusal(status: int, answer: Any) -> bool:
    """Whether an answer refuses what a client did, in the API's form and in few words."""
    if not 400 <= status < 500 or not isinstance(answer, dict) or answer.keys() != {"error"}:
        return False
    error = answer["error"]
    return (
        error.keys() == {"message", "type", "param", "code"}
        and isinstance(error["message"], str)
        and 0 < len(error["message"]) <= 2100
    )


def routes(router: Router) -> list[tuple[str, str]]:
    """Method and path of every route, with ``*`` for what a client writes."""
    return sorted(_routes(router._root, ""))


def _routes(node: Any, path: str) -> Iterator[tuple[str, str]]:
    for method in node.routes:
        yield method, path
    for segment, child in node.children.items():
        yield from _routes(child, f"{path}/{segment}")


def in_child(code: str) -> Any:
    """The JSON that a program prints which runs in a process of its own.

    Raises:
        AssertionError: it fails, or does not end.
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=FOREVER, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

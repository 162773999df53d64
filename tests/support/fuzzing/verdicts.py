"""Whether an answer to a hostile request is one that a client can use."""

from __future__ import annotations

import json

from fuzzing.wire import Answer

MAX_ERROR_BYTES = 16 << 10
"""Of the body of an error: it names what is wrong, and need not repeat it whole."""

_NO_HTTP = {400, 408, 413, 414, 431}
"""Answers to bytes that are no HTTP request, given before anybody knows what is asked for."""

_FIELDS = {"message": str, "type": str, "param": str | None, "code": str | None}


def complaints(answer: Answer, *, bodiless: bool = False) -> list[str]:
    """What is wrong with an answer.

    Args:
        answer: what came back.
        bodiless: whether the request was HEAD, whose answer has no body.
    """
    told = f"{answer.status} {answer.body[:300]!r}"
    if answer.status < 400:
        return []
    if answer.status >= 500 and answer.status != 503:
        return [f"the server failed: {told}"]
    if len(answer.body) > MAX_ERROR_BYTES:
        return [f"an error of {len(answer.body)} bytes: {told}"]
    if bodiless or _refuses_bytes(answer):
        return []
    return [f"no error in the vendor's shape: {told}"] if not _is_error(answer.body) else []


def _refuses_bytes(answer: Answer) -> bool:
    plain = answer.headers.get("content-type", "").startswith("text/plain")
    return plain and answer.status in _NO_HTTP and answer.headers.get("connection") == "close"


def _is_error(body: bytes) -> bool:
    try:
        error = json.loads(body)["error"]
        fields = [isinstance(error[name], kind) for name, kind in _FIELDS.items()]
    except (ValueError, LookupError, TypeError):
        return False
    return all(fields) and bool(error["message"])

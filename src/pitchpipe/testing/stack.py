"""Which HTTP request the running code is about to send, as its callers' variables tell."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import FrameType
from urllib.parse import urlsplit

# what HTTP clients call a request, and a request its URL: httpx, httpx2, requests, urllib
_VARIABLES = ("request", "req")
_ATTRIBUTES = ("url", "full_url")


def url_asked_for(host: str) -> str:
    """The method and URL of the request to a host that is being sent, without query and user.

    Args:
        host: in lower case.

    Returns:
        Such as "GET https://api.example.com/v1/models"; empty if there is none to be seen.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        for name in set(_VARIABLES).intersection(frame.f_code.co_varnames):
            if found := _url(frame.f_locals.get(name), host):
                return found
        frame = frame.f_back
    return ""


def _url(request: object, host: str) -> str:
    with suppress(Exception):  # it may be anybody's object
        for attribute in _ATTRIBUTES:
            parts = urlsplit(str(getattr(request, attribute, "")))
            if parts.hostname == host:
                place = parts.netloc.rpartition("@")[2]
                method = getattr(request, "method", None) or ""
                return f"{method} {parts.scheme}://{place}{parts.path}".strip()
    return ""

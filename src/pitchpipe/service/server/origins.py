"""Which web pages may use a server, and by which host names it may be reached.

A server without keys trusts whoever reaches it. Any web page reaches a loopback address through the
browser of whoever reads the page: directly, which the browser tells in ``Origin``,
``Sec-Fetch-Site`` or ``Referer``; or under a name of the page's own that it has made to resolve to
127.0.0.1, which shows in ``Host``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from pitchpipe.errors import UsageError
from pitchpipe.service.http import ApiError

Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case and values, in the order of the request."""

_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*"
)
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{0,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#@\s\\*]+)")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_OWN_SITES = ("same-origin", "none")  # of Sec-Fetch-Site; "none" is a person who typed the address
_MAX_SHOWN = 200
_MAX_REMEMBERED = 64


class OriginPolicy:
    """Refuses requests of foreign web pages, and requests to foreign names.

    Args:
        allow_origins: pages that may use the server as well, such as ``http://localhost:3000``.
        allow_hosts: names and addresses that clients may use as well, without a port.
        listens_on: the address that the server listens on, which is one of its names.
        keyed: whether every request needs a key. A foreign page has none, so all names and pages
            are answered.

    Raises:
        UsageError: an origin or a host is none.
    """

    def __init__(
        self,
        allow_origins: Iterable[str] = (),
        allow_hosts: Iterable[str] = (),
        *,
        listens_on: str = "127.0.0.1",
        keyed: bool = False,
    ) -> None:
        self.origins = frozenset(map(_checked_origin, allow_origins))
        self._hosts = frozenset(map(_checked_host, allow_hosts)) | {_plain(listens_on.lower())}
        # an address in Host was an address in the URL, which no name server can make another's
        self._any_address = listens_on in _WILDCARDS
        self._keyed = keyed
        self._remembered: set[bytes] = set()

    def check(self, headers: Headers) -> None:
        """Lets a request pass.

        Raises:
            ApiError: a page sends it that may not, or to a name that is not this server's.
        """
        if self._keyed:
            return
        hosts, origins, referers, sites = [], [], [], []
        for name, value in headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"origin":
                origins.append(value)
            elif name == b"referer":
                referers.append(value)
            elif name == b"sec-fetch-site":
                sites.append(value)
        self._check_host(hosts)
        if not (origins or referers or sites):
            return
        if len(origins) > 1:
            raise _forbidden("Found several headers Origin; expected one.", "origin_not_allowed")
        self._check_page(hosts[0], origins, referers, sites)

    def shares_with(self, headers: Headers) -> bool:
        """Whether a page sends the request that may read the answer: one of the allowed origins."""
        origins = [value for name, value in headers if name == b"origin"]
        if len(origins) != 1 or _canonical(origins[0].decode("latin-1")) not in self.origins:
            return False
        try:
            self.check(headers)
        except ApiError:
            return False
        return True

    def _check_host(self, hosts: list[bytes]) -> None:
        if len(hosts) != 1:
            found = "several headers" if hosts else "no header"
            raise _forbidden(f"Found {found} Host; expected one.", "host_not_allowed")
        if hosts[0] in self._remembered:
            return
        host = hosts[0].decode("latin-1")
        match = _HOST.fullmatch(host.strip().lower())
        name = _plain(match["name"]) if match else ""
        if not (name and self._answers(name)):
            expected = "expected a name of this machine, such as localhost or 127.0.0.1"
            if name and _is_host(name):
                advice = (
                    f" Start the service with 'pitchpipe serve --allow-host {name}' to answer this "
                    "name as well."
                )
            else:
                advice = ""
            raise _forbidden(
                f"The header Host is {_shown(host)}; {expected}.{advice}", "host_not_allowed"
            )
        if len(self._remembered) < _MAX_REMEMBERED:
            self._remembered.add(hosts[0])

    def _answers(self, name: str) -> bool:
        if name in self._hosts or name == "localhost":
            return True
        if name.endswith(".localhost"):
            return _is_host(name)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return self._any_address or (mapped or address).is_loopback

    def _check_page(
        self, host: bytes, origins: list[bytes], referers: list[bytes], sites: list[bytes]
    ) -> None:
        page = None
        if origins:
            page = origins[0].decode("latin-1").strip()
        elif referers and referers[0].strip():
            page = _page_of(referers[0].decode("latin-1"))
        foreign = any(site.decode("latin-1") not in _OWN_SITES for site in sites)
        if page is None:
            if foreign:
                raise _forbidden(
                    "The header Sec-Fetch-Site says that a web page of another origin sends this "
                    f"request ({_shown(sites[0].decode('latin-1'))}), and no header Origin names "
                    "the page. A page can use this service with fetch() once "
                    "'pitchpipe serve --allow-origin' names its origin.",
                    "origin_not_allowed",
                )
            return
        origin = _canonical(page)
        if origin is not None and origin in self.origins:
            return
        own = {_canonical(f"{scheme}://{host.decode('latin-1')}") for scheme in _DEFAULT_PORTS}
        if origin is not None and origin in own and (origins or not foreign):
            return
        advice = (
            f"Start the service with 'pitchpipe serve --allow-origin {origin}' to let it in."
            if origin
            else "Serve the page over http or https, so that it has an origin to let in with "
            "'pitchpipe serve --allow-origin'."
        )
        raise _forbidden(
            f"The web page {_shown(page)} may not use this service. {advice}", "origin_not_allowed"
        )


def _forbidden(message: str, code: str) -> ApiError:
    return ApiError(403, message, code=code)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}...")


def _plain(name: str) -> str:
    """A host name without the last dot; an address without brackets, in its short form."""
    name = name.strip("[]") if name.startswith("[") else name.removesuffix(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # a name of figures alone is an address that is written in another way
        last = name.rpartition(".")[2]
        return _NAME.fullmatch(name) is not None and not last.isdecimal()
    return "%" not in name


def _canonical(origin: str) -> str | None:
    """An origin in lower case and without a default port, None for what is no origin of a page."""
    match = _ORIGIN.fullmatch(origin.strip().lower())
    if match is None or len(origin) > _MAX_SHOWN or not origin.isascii():
        return None
    scheme, host = match["scheme"], match["host"]
    if scheme in _DEFAULT_PORTS:
        parts = _HOST.fullmatch(host)
        if parts is None:
            return None
        port = parts["port"] or ""
        host = parts["name"] + (f":{port}" if port not in ("", _DEFAULT_PORTS[scheme]) else "")
    return f"{scheme}://{host}"


def _page_of(referer: str) -> str:
    """The origin of the page that a Referer names."""
    try:
        parts = urlsplit(referer.strip())
    except ValueError:
        return referer
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else referer


def _checked_origin(origin: str) -> str:
    canonical = _canonical(origin)
    if canonical is None:
        raise UsageError(
            f"--allow-origin: expected SCHEME://HOST or SCHEME://HOST:PORT without a path, such as "
            f"http://localhost:3000; found {_shown(origin)}."
        )
    return canonical


def _checked_host(host: str) -> str:
    name = _plain(host.strip().lower())
    if not _is_host(name):
        raise UsageError(
            f"--allow-host: expected a host name or an address without scheme and port, such as "
            f"host.docker.internal; found {_shown(host)}."
        )
    return name

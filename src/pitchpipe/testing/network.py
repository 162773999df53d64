"""Refusing what leaves this machine, and remembering who asked."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pitchpipe.testing.stack import url_asked_for

# what each look-up gives, as addresses
_LOOK_UPS: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "getaddrinfo": lambda found: (entry[4][0] for entry in found),
    "gethostbyname": lambda found: (found,),
    "gethostbyname_ex": lambda found: found[2],
    "gethostbyaddr": lambda found: found[2],
}


class NetworkBlockedError(OSError):
    """A test tried to leave this machine.

    It has an ``errno`` and a ``strerror`` as an unreachable network has them: HTTP libraries show
    these (aiohttp's ``ClientConnectorError`` is made of nothing else).

    Args:
        attempt: what was refused.
    """

    def __init__(self, attempt: object) -> None:
        super().__init__(errno.ENETUNREACH, f"no network in tests: {attempt}")
        self.attempt = attempt

    def __reduce__(self) -> tuple[type[NetworkBlockedError], tuple[object]]:
        return type(self), (self.attempt,)

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True)
class Attempt:
    """What was asked for.

    Attributes:
        host: a name or an address.
        port: its number or name, if there was one.
        url: the method and URL of the HTTP request behind it, where it can be told.
    """

    host: str
    port: int | str | None = None
    url: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = host if self.port is None else f"{host}:{self.port}"
        return f"{place} for {self.url}" if self.url else place


_REACHING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_guards: list[Guard] = []
_listening = False


def _listen() -> None:
    """Hears of the sockets of this process from now on; a hook cannot be taken away again."""
    global _listening
    if not _listening:
        sys.addaudithook(_heard)
        _listening = True


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if _guards and event.startswith("socket."):
        for guard in reversed(_guards):  # the one that came up last knows its test
            guard.audit(event, args)


class Guard:
    """Keeps the sockets and look-ups of this process on this machine.

    Loopback, Unix sockets, numeric addresses that are looked up, and the machine's own name stay
    free. Not seen is what other programs do, what libraries do that go without Python's sockets,
    and what is sent over a connection that was there before.

    Args:
        allowed: further hosts that may be reached, as code asks for them.

    Attributes:
        attempts: what was refused, oldest first.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = set(map(_plain, allowed))
        self.attempts: list[Attempt] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Refuses until the block ends, with ``NetworkBlockedError``, in all threads."""
        with pytest.MonkeyPatch.context() as patch:
            for name, place in {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}.items():
                plain = getattr(socket.socket, name)
                patch.setattr(socket.socket, name, self._reaching(plain, place))
            for name, addresses in _LOOK_UPS.items():
                patch.setattr(socket, name, self._looking_up(getattr(socket, name), addresses))
            patch.setattr(socket, "getnameinfo", self._naming(socket.getnameinfo))
            plain = asyncio.BaseEventLoop.getaddrinfo
            patch.setattr(asyncio.BaseEventLoop, "getaddrinfo", self._awaiting(plain))
            _listen()
            _guards.append(self)
            try:
                yield
            finally:
                _guards.remove(self)

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuses what Python's audit events tell of, by whichever way it came there.

        The patched functions are asked first, and know more. This is for those that code got hold
        of before they were patched, and for the sockets of ``_socket``.

        Args:
            event: its name.
            args: what Python tells of it.
        """
        if event in _REACHING and args[0].family in (socket.AF_INET, socket.AF_INET6):
            self._check_address(args[1])
        elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
            self._check_name(args[0], None)
        elif event == "socket.getaddrinfo" and args[0] is not None:
            self._check_name(args[0], args[1])

    def report(self) -> str:
        """What was refused, and what to do about it."""
        lines = [
            f"  {attempt}" + (f" ({count} times)" if count > 1 else "")
            for attempt, count in Counter(self.attempts).items()
        ]
        hosts = ", ".join(f'"{host}"' for host in dict.fromkeys(a.host for a in self.attempts))
        return "\n".join(
            [
                "The test reached for the network, and was refused:",
                *lines,
                "Give its code the client of the fixture offline_openai, or the environment of "
                f"offline_openai_url, or allow it: @pytest.mark.allow_hosts({hosts})",
            ]
        )

    def _reaching(self, plain: Callable[..., Any], place: int) -> Callable[..., Any]:
        """A method of sockets that takes an address at a place among its arguments."""

        def reach(sock: socket.socket, *args: Any) -> Any:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                for address in args[place : place + 1 or None]:
                    self._check_address(address)
            return plain(sock, *args)

        return reach

    def _looking_up(
        self, plain: Callable[..., Any], addresses: Callable[[Any], Iterable[str]]
    ) -> Callable[..., Any]:
        def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
            self._check_name(host, args[0] if args else kwargs.get("port"))
            found = plain(host, *args, **kwargs)
            if self._allows(host):
                self._allowed.update(map(_plain, addresses(found)))
            return found

        return look_up

    def _awaiting(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        async def look_up(loop: Any, host: Any, port: Any, **options: Any) -> Any:
            # here, because the thread that looks up does not know for which request
            self._check_name(host, port)
            return await plain(loop, host, port, **options)

        return look_up

    def _naming(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def name(address: Any, flags: int) -> Any:
            if not flags & socket.NI_NUMERICHOST:
                self._check_address(address)
            return plain(address, flags)

        return name

    def _check_address(self, address: Any) -> None:
        if not isinstance(address, tuple) or len(address) < 2:
            return  # none, which Python itself tells
        host, port, *_ = address
        if not (_stays_here(host) or self._allows(host)):
            self._refuse(host, port)

    def _check_name(self, host: Any, port: Any) -> None:
        if not (_is_numeric(host) or _stays_here(host) or self._allows(host)):
            self._refuse(host, port)

    def _allows(self, host: Any) -> bool:
        return _plain(host) in self._allowed

    def _refuse(self, host: Any, port: Any) -> None:
        name = _plain(host)
        port = port.decode() if isinstance(port, bytes) else port
        attempt = Attempt(name, port, url_asked_for(name))
        self.attempts.append(attempt)
        raise NetworkBlockedError(attempt)


def _plain(host: Any) -> str:
    """A host's name or address in its usual form."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text.lower()


def _is_numeric(host: Any) -> bool:
    try:
        ipaddress.ip_address(_plain(host))
    except ValueError:
        return False
    return True


def _stays_here(host: Any) -> bool:
    name = _plain(host)
    if not _is_numeric(name):
        return name in {"", "localhost", socket.gethostname().lower()}
    address = ipaddress.ip_address(name)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified

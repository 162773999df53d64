"""Addresses of services, and the credentials that may be written into them.

A URL may hold credentials in three places: before the ``@`` of its host, in its query, and in its
fragment. They are sent to the service, and neither shown nor stored.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from pitchpipe.errors import ConfigError

PLACEHOLDER = "[redacted]"
"""What stands in the place of a secret."""

_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:(?:api|access|subscription|shared|account|private|secret)[-_]?key|key"
    r"|(?:\w*token)|secret|\w*password|passwd|pwd|pass|authorization|auth|bearer|credentials?"
    r"|sig|signature|sas|code|jwt|session)$",
    re.IGNORECASE,
)
_SECRET_OPTION = re.compile(
    r"(?:^|[-_])(?:(?:api|access|subscription|shared|account|private|secret)[-_]?key|token|secret"
    r"|password|passwd|authorization|credentials?)$",
    re.IGNORECASE,
)
_PUBLIC = frozenset({"api-version", "api_version", "version"})
_ADDRESS_OPTION = re.compile(r"(?:url|uri|endpoint|address)$", re.IGNORECASE)
_SCHEME = r"(?<![\w+.-])(?!offline:)(?:[A-Za-z][A-Za-z0-9+.-]*)://"
_URL = re.compile(rf"(?P<scheme>{_SCHEME})(?P<rest>[^\s]+)")
_ADDRESS = re.compile(rf"\s*(?P<scheme>{_SCHEME})(?P<rest>.+)", re.DOTALL)
_WELL_FORMED = re.compile(r"[^\s/?#]*@")
# a password with a sign in it that belongs to other parts of a URL: the port before it is none
_LOOSE = re.compile(r"[^\s/?#@:]*:(?!\d{1,5}(?:[/?#]|$))[^\s]*@")
_PAIR = re.compile(r"(?P<name>[?&;#][^=&;#\s]*=)(?P<value>\[redacted\]|[^&;#\s'\"]*)")


@dataclass(frozen=True)
class Address:
    """A service's URL, and apart from it the credentials that were in it.

    Attributes:
        plain: the URL without user, query and fragment.
        shown: the URL with placeholders for all that may be secret.
        headers: what the user and the password become.
        query: the pairs of the query.
        secrets: every form of a secret that a message could quote.
    """

    plain: str
    shown: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def address_of(url: str, where: str) -> Address:
    """A URL taken apart.

    Args:
        url: as the user wrote it.
        where: the option or variable that holds it.

    Raises:
        ConfigError: it is no URL of a service; its credentials are not quoted.
    """
    shown = hide_address(url)
    if PLACEHOLDER in url:
        raise ConfigError(
            f"{where}: {url} holds {PLACEHOLDER} in place of credentials, which Pitchpipe neither "
            f"shows nor stores. {_with_credentials(where)}"
        )
    wrong = ConfigError(
        f"{where}: {shown} is not the URL of a service. Expected http://HOST[:PORT]/PATH or "
        "https://HOST/PATH; in a user name or password, write / ? # @ : and % as %2F %3F %23 %40 "
        "%3A and %25."
    )
    try:
        parts = urlsplit(url)
        rest = url.partition("://")[2]
        well_formed, loose = _WELL_FORMED.match(rest), _LOOSE.match(rest)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise wrong from None
    misplaced = "@" in rest[well_formed.end() :] if well_formed else loose
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or misplaced:
        raise wrong
    if not url.isprintable() or " " in url or port == 0:
        raise wrong
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    headers = {}
    if parts.username is not None or parts.password is not None:
        # RFC 7617: what stands before the @ is sent as basic authentication
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}"}
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = parts.netloc.rpartition("@")[2]
    raw = [parts.password or "", parts.fragment, *headers.values()]
    raw += [value for name, value in query.items() if name.lower() not in _PUBLIC]
    return Address(
        plain=f"{parts.scheme}://{host}{parts.path}",
        shown=shown,
        headers=headers,
        query=query,
        secrets=_forms(raw),
    )


def hide_address(url: str) -> str:
    """The URL of a service with placeholders for its user, its query's values and its fragment.

    The address of an offline service, which has no credentials, stays as it is.
    """
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return hide_in_urls(url)
    rest, _, fragment = _without_user(found["rest"]).partition("#")

    def hidden(pair: re.Match[str]) -> str:
        public = pair["name"][1:-1].lower() in _PUBLIC
        return pair[0] if public else pair["name"] + PLACEHOLDER

    path, mark, query = rest.partition("?")
    if query and "=" not in query:
        query = PLACEHOLDER
    rest = path + _PAIR.sub(hidden, mark + query)
    return found["scheme"] + rest + (f"#{PLACEHOLDER}" if fragment else "")


def plain_address(url: str) -> str:
    """The URL of a service without its user, query and fragment, to tell it from another's."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return url
    rest = _without_user(found["rest"]).removeprefix(f"{PLACEHOLDER}@")
    return found["scheme"] + re.split(r"[?#]", rest, maxsplit=1)[0]


def hide_in_urls(text: str) -> str:
    """A text of any kind, with placeholders for the credentials in the URLs that it quotes.

    Of their queries only those values are hidden whose names say that they are secret.
    """
    if "://" not in text:
        return text

    def hidden(pair: re.Match[str]) -> str:
        return pair["name"] + PLACEHOLDER if is_secret_name(pair["name"][1:-1]) else pair[0]

    return _URL.sub(
        lambda found: found["scheme"] + _PAIR.sub(hidden, _without_user(found["rest"])), text
    )


def is_secret_name(name: str) -> bool:
    """Whether a query's value of that name is a secret by all that one can tell."""
    return _SECRET_NAME.search(unquote(name)) is not None


def is_secret_option(name: str) -> bool:
    """Whether an option of that name holds a secret; the name of a variable is none."""
    return _SECRET_OPTION.search(name) is not None


def is_address_option(name: str) -> bool:
    """Whether an option of that name holds the URL of a service."""
    return _ADDRESS_OPTION.search(name) is not None


def secrets_in(url: str) -> tuple[str, ...]:
    """Every form of the secrets of a URL; none where it is no URL."""
    try:
        return address_of(url, "").secrets
    except ConfigError:
        return ()


def _with_credentials(where: str) -> str:
    if where == "trainer.base_url":
        return "Pass --base-url URL with them."
    return f"Pass --set {where}=VALUE with them." if "." in where else "Give it with them."


def _without_user(rest: str) -> str:
    if any(map(str.isspace, rest)) and "@" in rest:  # no URL, but a password all the same
        return f"{PLACEHOLDER}@{rest.rpartition('@')[2]}"
    if _WELL_FORMED.match(rest) or _LOOSE.match(rest):
        # an @ that is not written as %40 may stand in the password: the last one ends it for sure
        return f"{PLACEHOLDER}@{rest.rpartition('@')[2]}"
    return rest


def _forms(values: list[str]) -> tuple[str, ...]:
    forms: dict[str, Any] = {}
    for value in filter(None, values):
        for form in (value, unquote(value), quote(unquote(value), ""), quote_plus(unquote(value))):
            forms[form] = None
    return tuple(sorted(forms, key=len, reverse=True))

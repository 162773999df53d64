"""The address of a service, as it may be shown and kept: without credentials."""

from __future__ import annotations

from urllib.parse import urlsplit

from pitchpipe.addresses import plain_address
from pitchpipe.default_plugins.openai_client import Connection

_AZURE_HOSTS = (".azure.com", ".azure.us", ".azure.cn")


def service_address(connection: Connection) -> str:
    """The address of a connection's service, one spelling for each service.

    User, password, query and fragment are left out; an offline service in this process is its
    folder.
    """
    url = plain_address(connection.url)
    if connection.offline:
        from pitchpipe.service.offline import parse

        return f"offline:{parse(url).folder or ''}"
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    port = f":{_port(url)}" if _port(url) else ""
    return f"{parts.scheme.lower()}://{host}{port}{parts.path.rstrip('/')}"


def on_azure(connection: Connection) -> bool:
    """Whether a connection's service is Azure's, which keeps dates of its own."""
    if connection.azure or connection.azure_endpoint is not None:
        return True
    return (urlsplit(plain_address(connection.url)).hostname or "").lower().endswith(_AZURE_HOSTS)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None

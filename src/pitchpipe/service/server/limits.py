"""How many connections a server keeps, and for how long it waits for clients."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.errors import UsageError

MAX_CONNECTIONS = 1000
"""Connections that a server takes at once where the system allows it."""

ACCEPT_AT_ONCE = 32
"""Connections that are accepted before the first of them is looked at."""

SPARE_CONNECTIONS = 32
"""Connections beyond the limit that are kept long enough to ask ``/healthz``."""

_FILES_EACH = 2  # a connection, and the file that its body is kept in
_FILES_BESIDE = 256  # the database, blobs, pipes of the workers, and what was accepted too much
_MIN_CONNECTIONS = 4
_MIN_SHARE = 4  # of few open files, one in so many is a connection


@dataclass(frozen=True)
class Limits:
    """What one client may take from the others.

    Attributes:
        connections: the most that are open at once; by default as many as the open files of this
            process allow, 1,000 at most. Beyond it the ones that have waited longest for a request
            are closed.
        head_seconds: until the head of a request is complete, from the connection or its first
            byte.
        head_bytes: of a request's line and headers together.
        body_seconds: in which ``body_bytes`` must arrive as long as a body is not complete.
        body_bytes: the least that arrives of a body in ``body_seconds``.
        idle_seconds: between an answer and the next request.
        stall_seconds: for which a client may read nothing of an answer.
        linger_seconds: for which a connection is kept that is to be closed: until the rest of a
            refused body came, and until the client has read the answer.
    """

    connections: int | None = None
    head_seconds: float = 20.0
    head_bytes: int = 64 << 10
    body_seconds: float = 30.0
    body_bytes: int = 15_000
    idle_seconds: float = 75.0
    stall_seconds: float = 60.0
    linger_seconds: float = 5.0

    @property
    def sweep_seconds(self) -> float:
        """Between two looks at all connections."""
        waits = (self.head_seconds, self.body_seconds, self.stall_seconds, self.linger_seconds)
        return min(1.0, min(waits) / 4)

    @property
    def max_connections(self) -> int:
        """The most connections, whether given or not."""
        return affordable_connections() if self.connections is None else self.connections


def affordable_connections() -> int:
    """The connections for which this process may open enough files, 1,000 at most."""
    files = _file_limits()
    if files is None:
        return MAX_CONNECTIONS
    open_files = files[0]
    affordable = max((open_files - _FILES_BESIDE) // _FILES_EACH, open_files // _MIN_SHARE)
    return max(_MIN_CONNECTIONS, min(MAX_CONNECTIONS, affordable))


def raise_file_limit(connections: int | None) -> None:
    """Lets this process open the files of so many connections; for programs, which own theirs.

    Args:
        connections: None for the default, which takes fewer where the system allows no more.

    Raises:
        UsageError: the system does not allow as many.
    """
    files = _file_limits()
    wanted = (connections or MAX_CONNECTIONS) * _FILES_EACH + _FILES_BESIDE
    if files is None or files[0] >= wanted:
        return
    import resource

    soft, hard = files
    if connections is not None and hard < wanted:
        raise UsageError(
            f"--max-connections: {connections} connections need {wanted} open files, and this "
            f"system allows {hard} (ulimit -Hn). Pass at most "
            f"{max(1, (hard - _FILES_BESIDE) // _FILES_EACH)}."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), _hard()))


def _hard() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def _file_limits() -> tuple[int, int] | None:
    """How many files this process may open now, and at the most; None where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows, whose sockets are no files
        return None
    unlimited = 1 << 31
    soft, hard = (
        unlimited if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return soft, hard

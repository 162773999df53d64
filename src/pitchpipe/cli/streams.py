"""The three streams of a command, whichever of them its caller closed."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

from pitchpipe.errors import UsageError


def check_streams() -> None:
    """Opens what is closed on nothing, so that no other file gets the number of a stream.

    Raises:
        UsageError: standard output is closed, so there is no place for the answer.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    without_answer = sys.stdout is None
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.FileIO(os.devnull, "r"), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if without_answer:
        raise UsageError(
            "Standard output is closed, so the answer has nowhere to go. Send it to a file, or to "
            "/dev/null."
        )


def forget(stream: TextIO) -> None:
    """Sends a stream that takes no more to nothing, for Python writes the rest of it at its end."""
    with contextlib.suppress(OSError, ValueError):  # it may be none of the system's
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def _nowhere() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8", write_through=True)

"""Running a program in a process of its own, and what that took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_BYTES = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts


@dataclass(frozen=True)
class Outcome:
    """What a process wrote and took.

    Attributes:
        stdout: its standard output.
        seconds: from its start to its end.
        peak_mb: the most memory it held at a time, in 10^6 bytes.
    """

    stdout: str
    seconds: float
    peak_mb: float


def run(words: Sequence[str], folder: Path | None = None) -> Outcome:
    """Runs a program to its end.

    Raises:
        RuntimeError: it failed; carries what it wrote to standard error.
    """
    begin = time.perf_counter()
    with (
        subprocess.Popen(
            words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        stdout = process.stdout.read()
        stderr = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}\n{stderr}")
    return Outcome(stdout, seconds, usage.ru_maxrss * _BYTES / 1e6)

"""Running a program in a process of its own, and what that took."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_BYTES = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts
_PROC = Path("/proc")
_LOOK_EVERY = 0.02

# the system takes what the parent holds for a child's least peak, so the parent is a small one
_LAUNCHER = """
import os, sys, time
begin = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
os.write(int(sys.argv[1]), f"{time.perf_counter() - begin} {usage.ru_maxrss}".encode())
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
"""


@dataclass(frozen=True)
class Outcome:
    """What a process wrote and took.

    Attributes:
        stdout: its standard output.
        seconds: from its start to its end.
        peak_mb: the most memory that it, or a process it started, held at a time, in 10^6 bytes.
    """

    stdout: str
    seconds: float
    peak_mb: float


def run(words: Sequence[str], folder: Path | None = None) -> Outcome:
    """Runs a program to its end.

    Raises:
        RuntimeError: it failed; carries what it wrote.
    """
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as taken:
        with os.fdopen(write_end, "w"):
            launcher = [sys.executable, "-S", "-c", _LAUNCHER, str(write_end), *words]
            with _started(launcher, folder, write_end) as process:
                stdout = _ended(process, words)
        seconds, maxrss = taken.read().split()
    return Outcome(stdout, float(seconds), int(maxrss) * _BYTES / 1e6)


def peak_of_all_mb(words: Sequence[str], folder: Path | None = None) -> float | None:
    """The most memory that a program and the processes it started held together, in 10^6 bytes.

    Memory that several of them share counts once. It is looked at every 20 ms, which slows the
    program down.

    Returns:
        None where the system does not say (it does on Linux).

    Raises:
        RuntimeError: it failed; carries what it wrote.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    ended = threading.Event()
    peak = 0
    with _started(words, folder) as process:

        def watch() -> None:
            nonlocal peak
            while not ended.wait(_LOOK_EVERY):
                peak = max(peak, sum(map(_share, _family(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            _ended(process, words)
        finally:
            ended.set()
            watcher.join()
    return peak / 1e6


def _started(words: Sequence[str], folder: Path | None, *fds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=fds,
        text=True,
    )


def _ended(process: subprocess.Popen[str], words: Sequence[str]) -> str:
    stdout, stderr = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}\n{stdout}{stderr}")
    return stdout


def _family(pid: int) -> Iterator[int]:
    """A process, its children, theirs and so on."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            stat = path.read_text(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        # the parent is the second word after the name, which stands in parentheses
        children[int(stat.rpartition(")")[2].split()[1])].append(int(path.parent.name))
    waiting = [pid]
    while waiting:
        member = waiting.pop()
        yield member
        waiting += children[member]


def _share(pid: int) -> int:
    """Bytes of memory of a process, each divided by the number of processes that share it."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))

"""The command line in a process of its own, with bounds on its memory and its time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300
"""Catches only what never ends: the machine may be slow."""

_CHILD = """
import resource, sys
memory = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
from pitchpipe.cli import main
code = main(sys.argv[2:])
# what getrusage says of this process begins with what its parent held
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
own = int(status["VmHWM"].split()[0])
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(f"peak {peak}", file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Bounded:
    """What a command came to.

    Attributes:
        code: its exit status.
        said: all that it printed.
        peak: the most memory that it or one of its workers held, in bytes.
    """

    code: int
    said: str
    peak: int


def pitchpipe(*words: str, cwd: Path, memory: int = 6 << 30) -> Bounded:
    """Runs the command line; fails where it does not end.

    Args:
        words: its words.
        cwd: where.
        memory: how many bytes of address space it, and each of its workers, may have.
    """
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(memory), *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
    )
    said, _, peak = done.stdout.rpartition("peak ")
    return Bounded(done.returncode, said, int(peak) * 1024)

"""What a process has used, as Linux tells it; elsewhere nothing is told, and nothing is bounded."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_FORGET_PEAK = "5"  # proc(5), clear_refs


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


def memory(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Most bytes of memory that a process has held since ``forget_peak``."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Has ``peak_memory`` begin with what the process holds now."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text(_FORGET_PEAK)


def _status(pid: int, name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0
    return 0

"""Preparing a table: against openai 0.27.8's ``prepare_data``, and against a bare loop.

The loop only parses JSON lines and writes them again, with orjson.
"""

from __future__ import annotations

import csv
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import child
from benchmarks.figure import Figure

SIZES = (10_000, 100_000, 1_000_000)
KINDS = ("classification", "free text")
PROFILES = ("article", "legacy")
OLD_PYTHON = "PITCHPIPE_LEGACY_PYTHON"
"""The environment variable that names the python which has openai 0.27.8."""

_LARGE = 1_000_000  # rows from which the aims hold
_MORE = 4  # how many times as many rows must not need much more memory
_LABELS = ("bad", "dull", "fair", "good", "superb")
_LOOP = """
import sys, orjson
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    for line in source:
        target.write(orjson.dumps(orjson.loads(line), option=orjson.OPT_APPEND_NEWLINE))
"""
_OLD = "import sys; from openai._openai_scripts import main; sys.exit(main())"


@dataclass(frozen=True)
class Files:
    """What to measure.

    Attributes:
        sizes: numbers of rows of the made-up files.
        old_python: the python that has openai 0.27.8; None to leave it out.
        csv: a table of the user's, or None.
        columns: its columns of prompts and of completions.
    """

    sizes: Sequence[int] = SIZES
    old_python: Path | None = None
    csv: Path | None = None
    columns: tuple[str, str] = ("text", "tag")


def old_python(given: Path | None) -> Path | None:
    """The python that has the old tool, as given or as the environment says; None without one."""
    path = given or Path(os.environ.get(OLD_PYTHON) or os.devnull)
    if path.is_file():
        return path
    print(
        "prepare: openai 0.27.8 is left out, for want of a python that has it; "
        f"name one with --legacy-python or {OLD_PYTHON}",
        file=sys.stderr,
    )
    return None


def measure(files: Files) -> Iterator[Figure]:
    """Every tool on every file, and how memory grows with the number of rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in KINDS:
            for count in files.sizes:
                table = _write_jsonl(folder / "table.jsonl", kind, count)
                title = f"{kind}, {count:,} rows"
                yield from _compared(title, table, files, aims=count >= _LARGE)
            yield from _growth(kind, max(files.sizes), folder)
        if files.csv:
            table, count = _renamed(files.csv, files.columns, folder / "table.csv")
            yield from _compared(f"{files.csv.name}, {count:,} rows", table, files, aims=False)


def _compared(title: str, table: Path, files: Files, *, aims: bool) -> Iterator[Figure]:
    floor = _floor(table) if table.suffix == ".jsonl" else None
    old = _old(table, files.old_python) if files.old_python else None
    for tool, outcome in (("bare loop", floor), ("openai 0.27.8", old)):
        if outcome:
            yield _figure(title, f"{tool}: time", outcome.seconds, "s")
            yield _figure(title, f"{tool}: peak memory", outcome.peak_mb, "MB")
    for profile in PROFILES:
        ours = _ours(table, profile)
        together = _memory(table, profile)
        yield _figure(title, f"{profile}: time", ours.seconds, "s")
        yield _figure(title, f"{profile}: peak memory, largest process", ours.peak_mb, "MB")
        if together:
            yield _figure(title, f"{profile}: peak memory, all processes", together, "MB")
        if old:
            name = f"openai 0.27.8 / {profile}: time"
            yield _figure(title, name, old.seconds / ours.seconds, "x", ">= 20" if aims else "")
        if old and together:
            name = f"{profile} / openai 0.27.8: memory"
            yield _figure(title, name, together / old.peak_mb, "x", "<= 0.1" if aims else "")
        if floor:
            name = f"{profile} / bare loop: time"
            yield _figure(title, name, ours.seconds / floor.seconds, "x", "<= 3" if aims else "")


def _growth(kind: str, count: int, folder: Path) -> Iterator[Figure]:
    some = _write_jsonl(folder / "table.jsonl", kind, count)
    peaks = {profile: _memory(some, profile) for profile in PROFILES}
    more = _write_jsonl(folder / "table.jsonl", kind, _MORE * count)
    title = f"{kind}, {_MORE * count:,} rows / {count:,}"
    for profile, peak in peaks.items():
        if peak and (largest := _memory(more, profile)):
            yield _figure(title, f"{profile}: memory", largest / peak, "x", "<= 1.5")


def _figure(title: str, name: str, value: float, unit: str, aim: str = "") -> Figure:
    return Figure("prepare", f"{title}: {name}", value, unit, aim)


def _ours(table: Path, profile: str) -> child.Outcome:
    with tempfile.TemporaryDirectory(dir=table.parent) as out:
        return child.run(_command(table, profile, out))


def _memory(table: Path, profile: str) -> float | None:
    with tempfile.TemporaryDirectory(dir=table.parent) as out:
        return child.peak_of_all_mb(_command(table, profile, out))


def _command(table: Path, profile: str, out: str) -> list[str]:
    words = ["prepare", str(table), "-q", "--profile", profile, "--out-dir", out]
    return [sys.executable, "-m", "pitchpipe", *words]


def _old(table: Path, python: Path) -> child.Outcome:
    with tempfile.TemporaryDirectory(dir=table.parent) as out:
        beside = Path(out, table.name)  # it writes beside what it reads
        beside.hardlink_to(table)
        words = ["tools", "fine_tunes.prepare_data", "-q", "-f", str(beside)]
        outcome = child.run([str(python), "-c", _OLD, *words])
        if not any(Path(out).glob("*_prepared*")):
            raise RuntimeError(f"openai 0.27.8 prepared nothing\n{outcome.stdout}")
        return outcome


def _floor(table: Path) -> child.Outcome:
    target = table.with_name("floor.jsonl")
    try:
        return child.run([sys.executable, "-c", _LOOP, str(table), str(target)])
    finally:
        target.unlink(missing_ok=True)


def _write_jsonl(path: Path, kind: str, count: int) -> Path:
    """Writes prompts and completions, no two of them equal, the same on every machine.

    Four million rows make a training file that stays below the service's 512 MB.
    """
    rng = random.Random(7)
    words = [f"w{number}" for number in range(20_000)]
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            some = rng.choices(words, k=10)
            if kind == "classification":
                prompt, completion = f"no{number} {' '.join(some)}", rng.choice(_LABELS)
            else:
                prompt, completion = f"no{number} {' '.join(some[:5])}", " ".join(some[5:])
            stream.write(json.dumps({"prompt": prompt, "completion": completion}) + "\n")
    return path


def _renamed(source: Path, columns: tuple[str, str], target: Path) -> tuple[Path, int]:
    """A copy of a CSV file under the names of columns that the old tool asks for; its rows."""
    count = 0
    with (
        source.open(newline="", encoding="utf-8") as stream,
        target.open("w", newline="", encoding="utf-8") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(("prompt", "completion"))
        for row in csv.DictReader(stream):
            writer.writerow([row[column] for column in columns])
            count += 1
    return target, count

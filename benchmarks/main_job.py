"""The main job, as a user starts it: how right, how long, how much memory."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import child
from benchmarks.figure import Figure


def measure_sample() -> Iterator[Figure]:
    """The packaged sample."""
    yield from _measure("sample", ["--sample"], aims=False)


def measure_csv(path: Path, prompt_column: str, completion_column: str) -> Iterator[Figure]:
    """A table of the user's."""
    words = [str(path.resolve()), "--prompt-column", prompt_column]
    yield from _measure(path.name, [*words, "--completion-column", completion_column], aims=True)


def _measure(title: str, words: Sequence[str], *, aims: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pitchpipe", "run", *words, "--json"]
        outcome = child.run(command, Path(folder))
    summary = json.loads(outcome.stdout)
    rows = f"{summary['train_rows']} + {summary['valid_rows']} rows"
    yield Figure("main job", f"{title}: accuracy, {rows}", summary["scores"]["accuracy"], "")
    yield Figure("main job", f"{title}: AUROC", summary["scores"]["auroc"], "")
    yield Figure("main job", f"{title}: wall time", outcome.seconds, "s", "<= 30" if aims else "")
    yield Figure(
        "main job", f"{title}: peak memory", outcome.peak_mb, "MB", "<= 500" if aims else ""
    )
    for stage, seconds in summary["stages"].items():
        yield Figure("main job", f"{title}: {stage}", seconds, "s")

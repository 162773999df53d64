"""``python -m benchmarks``: every figure, side by side, in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import (
    hooks,
    learner,
    local_model,
    main_job,
    prediction,
    prepare,
    serving,
    stages,
    startup,
)
from benchmarks.figure import Figure, table


def main() -> int:
    """Measures what was asked for, and prints it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="of a benchmark; all by default")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument("--csv", type=Path, help="a table of labelled text to measure as well")
    parser.add_argument("--prompt-column", default="text")
    parser.add_argument("--completion-column", default="tag")
    parser.add_argument(
        "--rows",
        type=_counts,
        default=prepare.SIZES,
        help="sizes of the tables to prepare, separated by commas (10000,100000,1000000)",
    )
    parser.add_argument(
        "--legacy-python",
        type=Path,
        help=f"a python that has openai 0.27.8, instead of {prepare.OLD_PYTHON}",
    )
    arguments = parser.parse_args()
    benchmarks = _benchmarks(arguments)
    unknown = set(arguments.only) - set(benchmarks)
    if unknown:
        parser.error(f"no benchmark is called {min(unknown)!r}; there are {', '.join(benchmarks)}")
    figures: list[Figure] = []
    for name, measure in benchmarks.items():
        if name in (arguments.only or benchmarks):
            print(f"{name} ...", file=sys.stderr)
            figures += measure()
    print(json.dumps([asdict(f) for f in figures], indent=2) if arguments.json else table(figures))
    return int(any(figure.met is False for figure in figures))


def _benchmarks(arguments: argparse.Namespace) -> dict[str, Callable[[], Iterator[Figure]]]:
    columns = (arguments.prompt_column, arguments.completion_column)

    def jobs() -> Iterator[Figure]:
        yield from main_job.measure_sample()
        if arguments.csv:
            yield from main_job.measure_csv(arguments.csv, *columns)

    def learning() -> Iterator[Figure]:
        yield from learner.measure()
        if arguments.csv:
            yield from learner.measure_curve(arguments.csv, *columns)

    def preparing() -> Iterator[Figure]:
        old = prepare.old_python(arguments.legacy_python)
        yield from prepare.measure(prepare.Files(arguments.rows, old, arguments.csv, columns))

    def tuning() -> Iterator[Figure]:
        if arguments.csv:
            yield from local_model.measure(arguments.csv, *columns)

    return {
        "startup": startup.measure,
        "learner": learning,
        "prediction": prediction.measure,
        "main-job": jobs,
        "stages": stages.measure,
        "hooks": hooks.measure,
        "prepare": preparing,
        "serving": serving.measure,
        "local-model": tuning,
    }


def _counts(words: str) -> tuple[int, ...]:
    return tuple(map(int, words.split(",")))


if __name__ == "__main__":
    sys.exit(main())

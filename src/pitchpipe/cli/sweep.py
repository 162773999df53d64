"""Train over base models, numbers of training examples and epochs, and compare.

All trainings are scored on the same held-out records. The same command again, after an interruption
or with other numbers, trains only what is not trained yet. --max-cost is for all of it together.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser

T = TypeVar("T")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    flags.source_flags(parser)
    add = parser.add_argument_group("sweep").add_argument
    add("--models", metavar="M,M", type=_listed(str), help="base models; by default the one model")
    add("--examples", metavar="N,N", type=_listed(int), required=True, help="training examples")
    add("--epochs", metavar="N,N", type=_listed(int), required=True, help="passes over them")
    add("--out-dir", metavar="FOLDER", required=True, help="where everything is kept")
    add("--metric", metavar="NAME", default="accuracy", help="what to show; accuracy by default")
    add("--plot", metavar="FILE", help="draw it as well, as .png or .svg")
    add("--dry-run", action="store_true", help="show what would be trained, with estimates")
    flags.json_flag(parser)
    flags.data_flags(parser)
    flags.job_flags(parser)
    flags.service_flags(parser)
    flags.prediction_flags(parser)
    flags.scoring_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains all of it, and shows what it came to."""
    import sys

    from pitchpipe.cli.output import answer, answer_json, say
    from pitchpipe.cli.summary import practice_text
    from pitchpipe.cli.sweeping import SweepProgress, plan_text, results_text
    from pitchpipe.errors import UnknownNameError
    from pitchpipe.sweep import METRICS, Sweep, plot
    from pitchpipe.sweep.plotting import check_plot

    if arguments.metric not in METRICS:
        raise UnknownNameError("metric", arguments.metric, METRICS)
    if arguments.plot:
        check_plot(Path(arguments.plot))
    config = flags.configured(arguments)
    progress = SweepProgress(sys.stderr, arguments.metric)
    pipeline = flags.pipeline_of(config, progress)
    made = Sweep(
        pipeline.config,
        flags.source_of(arguments),
        models=arguments.models or [pipeline.config.training.model],
        examples=arguments.examples,
        epochs=arguments.epochs,
        out_dir=arguments.out_dir,
        host=pipeline.host,
    )
    if arguments.dry_run:
        plan = made.plan()
        progress.planned(plan)
        answer_json(plan.to_json()) if arguments.json else answer(plan_text(plan))
        return 0
    with progress:
        results = made.run(planned=progress.begun, finished=progress.finished)
    if arguments.json:
        answer_json(results.to_json())
    else:
        answer(results_text(results, arguments.metric))
    if practised := practice_text(pipeline, _range(made.grid.examples)):
        say(practised)
    if arguments.plot and len(results.failed) < len(results.cells):
        plot(results, arguments.plot, arguments.metric)
    return 1 if results.failed else 0


def _range(numbers: Sequence[int]) -> str:
    return " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))


def _listed(kind: Callable[[str], T]) -> Callable[[str], list[T]]:
    def convert(word: str) -> list[T]:
        return [kind(part.strip()) for part in word.split(",") if part.strip()]

    convert.__name__ = f"comma-separated {'numbers' if kind is int else 'names'}"
    return convert

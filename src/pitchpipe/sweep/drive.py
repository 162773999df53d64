"""Training every cell of a sweep, each in a run folder of its own."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pitchpipe import stopping
from pitchpipe.config import Config
from pitchpipe.errors import PitchpipeError, StoppedError, UsageError
from pitchpipe.execution import execute_prepared
from pitchpipe.files import unless_refused
from pitchpipe.journal import LineFile
from pitchpipe.pipeline import Pipeline, Source
from pitchpipe.plugins import PluginHost
from pitchpipe.sweep.grid import Grid
from pitchpipe.sweep.plan import Plan, PlannedCell, plan
from pitchpipe.sweep.results import CellResult, SweepResults


class Sweep:
    """The same training over base models, numbers of training examples and epochs.

    All cells are scored on the same records, held out once by the configured splitter. The records
    of fewer examples are among those of more, and hold each label in the share that it has in all;
    the seed of the training (0 where there is none) draws them. Each cell is a run folder in
    ``out_dir/cells``, whose name depends on all that its figures depend on: what was trained
    before is adopted, also when the table or the grid has changed.

    Args:
        config: what the cells have in common, as ``Pipeline.from_config`` takes it. Its limit
            ``training.max_cost`` is for all cells together.
        source: the table.
        models: base models.
        examples: numbers of training examples.
        epochs: numbers of passes over them, 1 to 50.
        out_dir: where everything is kept.
        host: the plugins; by default those installed, less what the configuration blocks.

    Attributes:
        pipeline: the configured one.
        grid: what is tried.
        out_dir: where everything is kept.

    Raises:
        UsageError: the configuration is wrong, or the grid empty or out of range.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any] | str | Path | None,
        source: Source,
        *,
        models: Sequence[str],
        examples: Sequence[int],
        epochs: Sequence[int],
        out_dir: str | Path,
        host: PluginHost | None = None,
    ) -> None:
        self.pipeline = Pipeline.from_config(config, host)
        self.grid = Grid.of(models, examples, epochs)
        self.out_dir = Path(out_dir)
        self._source = source

    def plan(self) -> Plan:
        """What would be done, with estimates; nothing is sent, and nothing kept.

        Raises:
            DataError: a validator found an error, or models are left with different rows.
            UsageError: there are not as many training examples, or nothing is held out.
        """
        with tempfile.TemporaryDirectory() as folder:
            return self._plan(Path(folder))

    def run(
        self,
        *,
        stop: threading.Event | None = None,
        planned: Callable[[Plan], object] | None = None,
        finished: Callable[[CellResult], object] | None = None,
    ) -> SweepResults:
        """Trains and scores all cells, one after the other; the same call goes on where it was.

        A cell that fails does not end the sweep. ``results.json`` and ``results.csv`` in
        ``out_dir`` hold what there is after every cell.

        Args:
            stop: set by another thread, it ends the sweep soon; the job at the service goes on,
                and so does the sweep when it is called again.
            planned: told of the plan before anything is submitted.
            finished: told of every cell.

        Raises:
            StoppedError: ``stop`` was set.
            BudgetError: all cells together are expected to cost more than ``training.max_cost``;
                nothing was submitted.
            DataError: as for ``plan``.
            UsageError: as for ``plan``, or the configured positive class is no label.
            RunError: another process is at work in ``out_dir``.
        """
        lock, data = self.out_dir / ".lock", self.out_dir / "data"
        with (
            stopping.stoppable(stop),
            unless_refused(self.out_dir, [lock, data], self.out_dir / "cells"),
            LineFile(lock, durable=False),
        ):
            plan_ = self._plan(data)
            plan_.check_budget(self.pipeline.config.training.max_cost)
            if planned:
                planned(plan_)
            results: list[CellResult] = []
            for cell in plan_.cells:
                results.append(_trained(cell))
                summary = self._results(plan_, results)
                summary.save()
                if finished:
                    finished(results[-1])
            return summary

    def _plan(self, data_dir: Path) -> Plan:
        table = self.pipeline.table(self._source)
        pipeline = self.pipeline
        return plan(table, pipeline.config, pipeline.host, self.grid, self.out_dir, data_dir)

    def _results(self, plan_: Plan, results: Sequence[CellResult]) -> SweepResults:
        data = next(iter(plan_.prepared.values()))
        return SweepResults(
            out_dir=self.out_dir,
            train_rows=data.train_rows,
            valid_rows=data.valid_rows,
            cells=tuple(results),
            tunes_language_model=self.pipeline.trainer.tunes_language_model,
        )


def sweep(
    config: Config | Mapping[str, Any] | str | Path | None,
    source: Source,
    *,
    models: Sequence[str],
    examples: Sequence[int],
    epochs: Sequence[int],
    out_dir: str | Path,
    host: PluginHost | None = None,
    stop: threading.Event | None = None,
) -> SweepResults:
    """Trains and scores every combination, as ``Sweep`` and its ``run`` say."""
    made = Sweep(
        config,
        source,
        models=models,
        examples=examples,
        epochs=epochs,
        out_dir=out_dir,
        host=host,
    )
    return made.run(stop=stop)


def _trained(planned: PlannedCell) -> CellResult:
    try:
        run = execute_prepared(planned.pipeline, planned.data, planned.folder, planned.keys)
    except (StoppedError, UsageError):
        raise
    except PitchpipeError as error:
        return CellResult(planned.cell, planned.folder, error=str(error))
    return CellResult(
        cell=planned.cell,
        folder=planned.folder,
        scores=run.scores,
        model=run.model.name,
        job=run.job.id,
        trained_tokens=run.job.trained_tokens,
        seconds=run.stages["follow"],
    )

"""What a sweep is going to do: the records of every cell, and what training them will take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pitchpipe import budget
from pitchpipe.config import Config
from pitchpipe.errors import BudgetError, UsageError
from pitchpipe.pipeline import Pipeline
from pitchpipe.plugins import PluginHost
from pitchpipe.prepare import prepare
from pitchpipe.prepared import Outputs
from pitchpipe.records import MIN_EXAMPLES, Estimate, PreparedData, RunInfo
from pitchpipe.redaction import hide_in_tables
from pitchpipe.run import RunFolder
from pitchpipe.schema import Schema
from pitchpipe.selection import Named, Parts, Selection
from pitchpipe.stages import Splitter
from pitchpipe.sweep.grid import Cell, Grid, folder_name
from pitchpipe.sweep.subsets import SharedSplit, SharingSplitter, head
from pitchpipe.tables import Table
from pitchpipe.watch import Watch


@dataclass(frozen=True)
class PlannedCell:
    """One training that is going to be done, or was done before.

    Attributes:
        cell: what it tries.
        pipeline: does it.
        data: the records.
        keys: each tells it from any other, whatever else the sweep holds; the first is its own.
        folder: its run folder.
        estimate: what training is expected to take.
    """

    cell: Cell
    pipeline: Pipeline
    data: PreparedData
    keys: tuple[str, ...]
    folder: Path
    estimate: Estimate

    @property
    def key(self) -> str:
        """The cell's own key."""
        return self.keys[0]

    @property
    def finished(self) -> bool:
        """Whether its figures are there."""
        return RunFolder(self.folder).scores.exists()

    @property
    def submitted(self) -> bool:
        """Whether its job was created, and so is paid for."""
        return RunFolder(self.folder).job.exists()


@dataclass(frozen=True)
class Plan:
    """All cells of a sweep, in order.

    Attributes:
        cells: what is going to be done.
        prepared: the records of each model, before fewer of them are taken.
    """

    cells: tuple[PlannedCell, ...]
    prepared: Mapping[str, PreparedData]

    @property
    def cost(self) -> float | None:
        """US dollars for all cells, those that are finished among them; None where not known."""
        return budget.total_cost(cell.estimate for cell in self.cells)

    @property
    def tokens(self) -> int:
        """Tokens that all cells train on, each as often as there are epochs."""
        return sum(cell.estimate.tokens * cell.estimate.epochs for cell in self.cells)

    @property
    def seconds(self) -> float | None:
        """How long training is expected to take for the cells that are left; None if unknown."""
        left = [cell.estimate.seconds for cell in self.cells if not cell.finished]
        return None if None in left else sum(seconds for seconds in left if seconds is not None)

    def check_budget(self, max_cost: float | None) -> None:
        """Holds the sweep as a whole to the user's limit, unless all of it is paid for already.

        Raises:
            BudgetError: it is expected to cost more, or nobody can say what it costs.
        """
        if max_cost is None or all(cell.submitted for cell in self.cells):
            return
        cost = self.cost
        if cost is None:
            cell = next(cell for cell in self.cells if budget.cost_of(cell.estimate) is None)
            trainer, spec = cell.pipeline.trainer, cell.pipeline.training(cell.data)
            raise budget.unknown_cost(
                max_cost, str(cell.cell), cell.estimate, trainer, cell.data, spec
            )
        if cost > max_cost:
            raise BudgetError(
                f"the estimate of {budget.usd(cost)} for all {len(self.cells)} cells "
                f"({self.tokens:,} tokens) is above max_cost, {budget.usd(max_cost)}; nothing was "
                "submitted. Raise --max-cost, or sweep over fewer models, examples or epochs."
            )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON types."""
        return {
            "cost": self.cost,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "cells": [
                {
                    **asdict(planned.cell),
                    "folder": str(planned.folder),
                    "finished": planned.finished,
                    "estimate": asdict(planned.estimate),
                }
                for planned in self.cells
            ],
        }


def plan(
    table: Table, config: Config, host: PluginHost, grid: Grid, out_dir: Path, data_dir: Path
) -> Plan:
    """Prepares the table for every model, and takes from that the records of every cell.

    Args:
        table: what is read.
        config: of the sweep.
        host: the plugins.
        grid: what is tried.
        out_dir: where the cells have their folders.
        data_dir: where the records go.

    Raises:
        DataError: a validator found an error, or models are left with different rows.
        UsageError: there are not as many training examples, or nothing to compare by; or two
            models are one and the same learner.
    """
    _check_models(config, host, grid)
    shared = SharedSplit(config.training.seed or 0, grid.examples[-1])
    prepared: dict[str, PreparedData] = {}
    for model in grid.models:
        selection = _Sharing(_for_model(config, model), host, shared)
        folder = data_dir / folder_name(model)
        watch = Watch(host, RunInfo(table.name, folder))
        data = prepare(table, selection, Outputs.inside(folder), watch)
        prepared[data.model] = data  # under the model that the records chose, where none is named
        _check_rows(data, grid, table)
    grid = replace(grid, models=tuple(prepared))
    heads = {
        (model, examples): head(data, examples)
        for model, data in prepared.items()
        for examples in grid.examples
    }
    cells = (
        _planned(cell, config, host, heads[cell.model, cell.examples], out_dir)
        for cell in grid.cells()
    )
    return Plan(tuple(cells), prepared)


class _Sharing(Selection):
    """The stages for one of the models that share a split."""

    def __init__(self, config: Config, host: PluginHost, shared: SharedSplit) -> None:
        super().__init__(config, host, Parts())
        self._shared = shared

    def splitter(self, schema: Schema, labels: int) -> Named[Splitter]:
        """The splitter, which splits but once."""
        found = super().splitter(schema, labels)
        splitter = SharingSplitter(self._shared, found.stage, self.config.training.model)
        return Named(found.name, splitter, found.note)


def _for_model(config: Config, model: str) -> Config:
    # the limit is the whole sweep's, and no part of what tells cells apart
    return replace(config, training=replace(config.training, model=model, max_cost=None))


def _check_models(config: Config, host: PluginHost, grid: Grid) -> None:
    pipeline = Pipeline(config, host)
    first: dict[str, str] = {}
    for model in grid.models:
        learner = pipeline.trainer.learner_for(model)
        other = first.setdefault(learner, model)
        if other != model:
            raise UsageError(
                f"models: the trainer {pipeline.trainer_name} trains one and the same learner "
                f"({learner}) for {other} and {model}, so a comparison says nothing about the two. "
                "Name one of them, or a trainer that trains these models (--trainer)."
            )


def _check_rows(data: PreparedData, grid: Grid, table: Table) -> None:
    name = table.path or table.name
    if data.method == "reinforcement":
        raise UsageError(
            f"{name}: the cells cannot be compared: records for reinforcement hold no answers to "
            "score by. Run each model by itself, and compare the rewards in metrics.csv."
        )
    if data.valid is None:
        remedy = (
            "Choose a splitter that holds records out (splitter.name, splitter.valid_fraction)."
            if data.train_rows > MIN_EXAMPLES
            else f"Expected at least {MIN_EXAMPLES + 1} rows: {MIN_EXAMPLES} to train on, which is "
            "the fewest the fine-tuning API takes, and one to compare by. Add rows."
        )
        raise UsageError(f"{name}: nothing is held out, so the cells cannot be compared. {remedy}")
    if grid.examples[-1] > data.train_rows:
        enough = grid.examples[-1] < data.train_rows + data.valid_rows
        fewer = ", or hold out fewer (splitter.valid_fraction)" if enough else ""
        raise UsageError(
            f"examples: {grid.examples[-1]} are asked for, but {name} leaves {data.train_rows} "
            f"to train on, besides {data.valid_rows} that are held out. Ask for at most "
            f"{data.train_rows}{fewer}."
        )


def _planned(
    cell: Cell, config: Config, host: PluginHost, data: PreparedData, out_dir: Path
) -> PlannedCell:
    own = _for_model(config, cell.model)
    pipeline = Pipeline(replace(own, training=replace(own.training, n_epochs=cell.epochs)), host)
    keys = (_key(pipeline, data), _key(pipeline, data, earlier=True))
    own_folder, earlier = (out_dir / "cells" / f"{cell.name}-{key[:8]}" for key in keys)
    limited = replace(pipeline.training(data), max_cost=config.training.max_cost)
    return PlannedCell(
        cell=cell,
        pipeline=pipeline,
        data=data,
        keys=keys,
        folder=earlier if earlier.exists() and not own_folder.exists() else own_folder,
        estimate=budget.estimated(pipeline.trainer, data, limited),
    )


def _key(pipeline: Pipeline, data: PreparedData, *, earlier: bool = False) -> str:
    predictor = pipeline.config.to_mapping()["predictor"]
    predictor = predictor if earlier else hide_in_tables(predictor, compare=True)
    training = pipeline.training_key(data, earlier=earlier)
    parts = [training, predictor, data.contract.to_json()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

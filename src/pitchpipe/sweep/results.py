"""What came of a sweep."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pitchpipe.files import atomic, remove_abandoned, write_json
from pitchpipe.sweep.grid import Cell

PROPORTIONS = ("accuracy", "exact_match", "normalised_exact_match")
"""The figures that are shares of the records held out."""

METRICS = (*PROPORTIONS, "precision", "recall", "f1", "auroc", "auprc")
"""The figures that cells can be compared by, as ``scoring.score`` names them."""


@dataclass(frozen=True)
class CellResult:
    """What came of one training.

    Attributes:
        cell: what was tried.
        folder: its run folder.
        scores: the figures, as ``scoring.score`` gives them; empty where it failed.
        model: the tuned model's name, or None where there is none.
        job: the job's identifier, or None where it did not come that far.
        trained_tokens: tokens billed, or None.
        seconds: what following the job took, or None.
        error: why there are no figures; "" where there are.
    """

    cell: Cell
    folder: Path
    scores: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    job: str | None = None
    trained_tokens: int | None = None
    seconds: float | None = None
    error: str = ""

    def figure(self, metric: str) -> float | None:
        """One of ``METRICS``, or None where there is no such figure."""
        value = self.scores.get(metric)
        return None if value is None else float(value)

    def standard_error(self, metric: str) -> float | None:
        """The binomial standard error of a share of the records held out; None for others."""
        share = self.figure(metric)
        if share is None or metric not in PROPORTIONS:
            return None
        return math.sqrt(share * (1 - share) / self.scores["rows"])

    def to_json(self) -> dict[str, Any]:
        """The result as JSON types."""
        return {
            **asdict(self.cell),
            **{metric: self.figure(metric) for metric in METRICS},
            "accuracy_standard_error": self.standard_error("accuracy"),
            "model_name": self.model,
            "job": self.job,
            "trained_tokens": self.trained_tokens,
            "seconds": self.seconds,
            "folder": str(self.folder),
            "error": self.error,
        }


@dataclass(frozen=True)
class SweepResults:
    """What came of all cells, in the order of the grid.

    Attributes:
        out_dir: where everything is kept.
        train_rows: training records that there were to choose from.
        valid_rows: records held out, the same for all cells.
        cells: the results.
        tunes_language_model: False when the trainer only practised.
    """

    out_dir: Path
    train_rows: int
    valid_rows: int
    cells: tuple[CellResult, ...]
    tunes_language_model: bool = True

    @property
    def failed(self) -> tuple[CellResult, ...]:
        """The cells without figures."""
        return tuple(result for result in self.cells if result.error)

    def to_json(self) -> dict[str, Any]:
        """The results as JSON types."""
        return {
            "out_dir": str(self.out_dir),
            "train_rows": self.train_rows,
            "valid_rows": self.valid_rows,
            "tunes_language_model": self.tunes_language_model,
            "cells": [result.to_json() for result in self.cells],
        }

    def save(self) -> None:
        """Writes ``results.json`` and ``results.csv``, one row a cell, in ``out_dir``.

        Raises:
            WriteError: one cannot be written.
        """
        as_json, as_csv = self.out_dir / "results.json", self.out_dir / "results.csv"
        for path in (as_json, as_csv):
            remove_abandoned(path)
        write_json(as_json, self.to_json())
        rows = [result.to_json() for result in self.cells]
        with atomic(as_csv) as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

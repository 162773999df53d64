"""The same training over base models, numbers of examples and epochs, to see what each is worth."""

from __future__ import annotations

from pitchpipe.sweep.drive import Sweep as Sweep
from pitchpipe.sweep.drive import sweep as sweep
from pitchpipe.sweep.grid import Cell as Cell
from pitchpipe.sweep.grid import Grid as Grid
from pitchpipe.sweep.plan import Plan as Plan
from pitchpipe.sweep.plotting import plot as plot
from pitchpipe.sweep.results import METRICS as METRICS
from pitchpipe.sweep.results import CellResult as CellResult
from pitchpipe.sweep.results import SweepResults as SweepResults

__all__ = [
    "METRICS",
    "Cell",
    "CellResult",
    "Grid",
    "Plan",
    "Sweep",
    "SweepResults",
    "plot",
    "sweep",
]

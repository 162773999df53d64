"""The picture of a sweep: a figure against the number of training examples."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe.errors import UsageError
from pitchpipe.files import atomic
from pitchpipe.sweep.results import CellResult, SweepResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

FORMATS = ("png", "svg")

_MARKERS = "os^Dvp*X"
_DASHES = ("-", "--", "-.", ":")
_PANEL_INCHES = 3.6
_LEGEND_INCHES = 1.0
_ASIDE = 1.05
"""Factor between the places of two lines, so that their error bars do not hide each other."""
_MARGIN = 1.25
_LONGEST_TITLE = 36


def check_plot(path: Path) -> None:
    """Makes sure, before anything is trained, that a picture can be drawn.

    Raises:
        UsageError: the name has another ending than ``.png`` or ``.svg``, or Matplotlib is missing.
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise UsageError(f"{path}: expected a name that ends in .png or .svg.")
    try:
        import_module("matplotlib")
    except ImportError:
        raise UsageError(
            f"{path}: drawing needs Matplotlib, which is not installed. "
            "Install it with: pip install 'pitchpipe[plot]'"
        ) from None


def plot(results: SweepResults, path: str | Path, metric: str = "accuracy") -> None:
    """Draws one panel a base model, and in it one line a number of epochs.

    The number of training examples is on a logarithmic axis. Bars are the binomial standard error,
    where the metric is a share of the records held out. Cells without the figure are left out.
    Where the trainer only practised, the picture says so.

    Args:
        results: what came of the sweep.
        path: the picture, PNG or SVG by its name.
        metric: one of ``METRICS``.

    Raises:
        UsageError: no cell has the figure, or as for ``check_plot``.
        WriteError: the file cannot be written.
    """
    path = Path(path)
    check_plot(path)
    shown = [result for result in results.cells if result.figure(metric) is not None]
    if not shown:
        raise UsageError(f"{path}: no cell has the figure {metric!r}; there is nothing to draw.")
    figure = _figure(results, shown, metric)
    with atomic(path, "wb") as stream:
        figure.savefig(stream, format=path.suffix.lower()[1:], dpi=150)


def _figure(results: SweepResults, shown: Sequence[CellResult], metric: str) -> Figure:
    from matplotlib.figure import Figure  # without pyplot, which is one for the whole process

    models = list(dict.fromkeys(result.cell.model for result in shown))
    epochs = sorted({result.cell.epochs for result in shown})
    size = (_PANEL_INCHES * len(models) + _LEGEND_INCHES, _PANEL_INCHES)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    legend: dict[str, Line2D] = {}
    for panel, model in zip(panels, models, strict=True):
        own = [result for result in shown if result.cell.model == model]
        for place, number in enumerate(epochs):
            line = [result for result in own if result.cell.epochs == number]
            aside = _ASIDE ** (place - (len(epochs) - 1) / 2)
            legend[str(number)] = _draw(panel, line, metric, place, aside)
        _dress(panel, model, sorted({result.cell.examples for result in own}))
    if not results.tunes_language_model:
        figure.suptitle("practice: no language model was fine-tuned", fontsize="small")
    rows = f"{results.valid_rows} records held out"
    panels[0].set_ylabel(f"{metric.replace('_', ' ')} ({rows})")
    figure.legend(
        list(legend.values()),
        list(legend),
        title="epochs",
        loc="outside right center",
        frameon=False,
    )
    return figure


def _draw(panel: Axes, line: Sequence[CellResult], metric: str, place: int, aside: float) -> Line2D:
    places = [result.cell.examples * aside for result in line]
    values = [value for result in line if (value := result.figure(metric)) is not None]
    errors = [e for result in line if (e := result.standard_error(metric)) is not None]
    colour = f"C{place}"
    [curve] = panel.plot(
        places,
        values,
        color=colour,
        marker=_MARKERS[place % len(_MARKERS)],
        linestyle=_DASHES[place % len(_DASHES)],
        linewidth=1.4,
        markersize=5.5,
    )
    if errors:
        panel.errorbar(
            places, values, errors, fmt="none", ecolor=colour, elinewidth=0.9, capsize=2.5
        )
    return curve


def _dress(panel: Axes, model: str, sizes: Sequence[int]) -> None:
    title = model if len(model) <= _LONGEST_TITLE else f"…{model[1 - _LONGEST_TITLE :]}"
    panel.set_title(title, fontsize="medium", parse_math=False)
    panel.set_xlabel("training examples")
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.set_xlim(sizes[0] / _MARGIN, sizes[-1] * _MARGIN)
    panel.minorticks_off()
    panel.grid(visible=True, linewidth=0.4, alpha=0.5)
    panel.spines[["top", "right"]].set_visible(False)

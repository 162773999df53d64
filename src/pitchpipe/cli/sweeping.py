"""A sweep on a terminal: its plan, how far it has come, and what it came to."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from pitchpipe.cli.output import number, shown, table, write
from pitchpipe.cli.summary import duration_text, inferred_text
from pitchpipe.hookspecs import hookimpl

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from pitchpipe.records import RunInfo
    from pitchpipe.sweep import CellResult, Plan, SweepResults


class SweepProgress:
    """Says what is planned; on a terminal, shows a bar and a line a finished cell as well.

    Args:
        stream: where to show it.
        metric: the figure to show.
    """

    def __init__(self, stream: TextIO, metric: str) -> None:
        self._stream = stream
        self._metric = metric
        self._bars: Bars | None = None

    @hookimpl
    def stage_started(self, run: RunInfo, stage: str) -> None:
        """Names what is being done."""
        if self._bars is not None:
            self._bars.update(self._bars.task_ids[0], description=f"{shown(run.name)}: {stage}")

    def planned(self, plan: Plan) -> None:
        """Says what was inferred, and what all of it is expected to take."""
        for text in dict.fromkeys(map(inferred_text, plan.prepared.values())):
            if text:
                write(text, self._stream)
        write(planned_text(plan), self._stream)

    def begun(self, plan: Plan) -> None:
        """Says what is planned, and starts the bar."""
        self.planned(plan)
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bars

            self._bars = Bars(console=Console(file=self._stream), transient=True)
            self._bars.add_task("", total=len(plan.cells))
            self._bars.start()

    def finished(self, result: CellResult) -> None:
        """Says what a cell came to, and moves the bar."""
        if self._bars is not None:
            what = "failed" if result.error else number(result.figure(self._metric))
            self._bars.console.print(shown(f"{result.cell}: {what}"), markup=False, highlight=False)
            self._bars.advance(self._bars.task_ids[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()


def planned_text(plan: Plan) -> str:
    """What a sweep is expected to take, in one line."""
    done = sum(cell.finished for cell in plan.cells)
    before = f", {done} of them trained before" if done else ""
    cost = "at an unknown cost" if plan.cost is None else f"for ${plan.cost:.2f}"
    left = f", in about {duration_text(plan.seconds)}" if plan.seconds else ""
    cells = f"{len(plan.cells)} cell{'' if len(plan.cells) == 1 else 's'}"
    return f"Expected: {cells}{before}; {plan.tokens} trained tokens {cost}{left}"


def plan_text(plan: Plan) -> str:
    """One row a cell, with what training it is expected to take."""
    titles = ("model", "examples", "epochs", "trained tokens", "cost", "trained")
    return table(
        titles,
        [
            (
                planned.cell.model,
                planned.cell.examples,
                planned.cell.epochs,
                planned.estimate.tokens * planned.estimate.epochs,
                "unknown" if planned.estimate.cost is None else f"${planned.estimate.cost:.2f}",
                "yes" if planned.finished else "no",
            )
            for planned in plan.cells
        ],
    )


def results_text(results: SweepResults, metric: str) -> str:
    """A row a model and number of examples, a column a number of epochs; then what failed."""
    epochs = sorted({result.cell.epochs for result in results.cells})
    found = {
        (result.cell.model, result.cell.examples, result.cell.epochs): _figure_text(result, metric)
        for result in results.cells
    }
    rows = dict.fromkeys((model, examples) for model, examples, _ in found)
    titles = ("model", "examples", *(f"{n} epoch{'' if n == 1 else 's'}" for n in epochs))
    lines = table(titles, [(*row, *(found[*row, number] for number in epochs)) for row in rows])
    notes = [f"{metric} on {results.valid_rows} records held out; all of it in {results.out_dir}"]
    notes += [f"failed: {shown(result.cell)}: {shown(result.error)}" for result in results.failed]
    return "\n".join([lines, "", *notes])


def _figure_text(result: CellResult, metric: str) -> str:
    if result.error:
        return "failed"
    error = result.standard_error(metric)
    return number(result.figure(metric)) + ("" if error is None else f" ± {number(error)}")

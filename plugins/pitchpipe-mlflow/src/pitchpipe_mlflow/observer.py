"""The hooks: what each piece of news becomes in MLflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pitchpipe.hookspecs import hookimpl
from pitchpipe.records import Estimate, JobEvent, RunInfo
from pitchpipe.run import RunFolder, load_model, load_scores
from pitchpipe_mlflow.session import Session


class MLflowObserver:
    """Logs every run that it hears of.

    MLflow's own environment variables say where. What goes wrong there is raised, for Pitchpipe to
    log, and the rest of that run is not sent: an outage is neither waited for twice nor told twice.
    """

    def __init__(self) -> None:
        self._sessions: dict[Path, Session] = {}

    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        """Begins a run of MLflow, or goes on with that of an earlier attempt."""
        self._sessions.pop(run.folder, None)
        self._sessions[run.folder] = Session(run)

    @hookimpl
    def stage_finished(self, run: RunInfo, stage: str, seconds: float) -> None:
        """Sends what the stage took, unless an earlier attempt did, and the metrics so far."""

        def send(session: Session) -> None:
            if seconds:
                session.measure({f"seconds.{stage}": seconds})
            session.send()

        self._tell(run, send)

    @hookimpl
    def job_estimated(self, run: RunInfo, estimate: Estimate) -> None:
        """Notes the figures that are known."""
        figures = {
            "estimate.tokens": estimate.tokens,
            "estimate.epochs": estimate.epochs,
            "estimate.cost": estimate.cost,
            "estimate.seconds": estimate.seconds,
        }
        self._tell(run, lambda session: session.measure(figures))

    @hookimpl
    def job_event(self, run: RunInfo, event: JobEvent) -> None:
        """Notes the figures of a step."""
        if event.type == "metrics":
            figures = {key: value for key, value in event.data.items() if key != "step"}
            step, when = int(event.data.get("step", 0)), event.created_at
            self._tell(run, lambda session: session.measure(figures, step, when))

    @hookimpl
    def run_finished(self, run: RunInfo, error: BaseException | None) -> None:
        """Sends what the run left behind, and how it ended."""

        def finish(session: Session) -> None:
            if error is None:
                _send_results(session, RunFolder(run.folder))
            session.finish(error)

        self._tell(run, finish)
        self._sessions.pop(run.folder, None)

    def _tell(self, run: RunInfo, news: Callable[[Session], None]) -> None:
        session = self._sessions.get(run.folder)
        if session is None:
            return
        try:
            news(session)
        except Exception:
            del self._sessions[run.folder]
            raise


def _send_results(session: Session, folder: RunFolder) -> None:
    model = load_model(folder.model)
    session.tag(
        {
            "pitchpipe.model": model.name,
            "pitchpipe.base_model": model.base,
            "pitchpipe.job": model.job or "",
        }
    )
    session.measure({"trained_tokens": model.trained_tokens})
    session.keep_json("contract.json", model.contract.to_json())
    session.keep(folder.metrics)
    if folder.scores.exists():
        figures = load_scores(folder.scores)
        session.measure({f"score.{name}": value for name, value in figures.items()})
        session.keep(folder.scores)

"""One run: the stages in order, adopting whatever an earlier attempt finished."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pitchpipe import predictions
from pitchpipe.errors import JobFailedError, RunError
from pitchpipe.files import atomic, unless_refused, write_json
from pitchpipe.journal import Journal, LineFile
from pitchpipe.prepared import load_manifest
from pitchpipe.records import Contract, Job, JobEvent, PreparedData, TrainedModel
from pitchpipe.run import (
    Run,
    RunFolder,
    default_folder,
    fingerprint,
    load_job,
    load_model,
    load_scores,
    save_job,
    save_model,
    save_start,
)
from pitchpipe.tables import Table, frame_to_records, open_table
from pitchpipe.watch import Watch

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline

T = TypeVar("T")

DATA_STAGES = ("read", "validate", "format", "split")


def execute(pipeline: Pipeline, table: Table, run_dir: Path | None, fresh: bool) -> Run:
    """Takes a table through all stages; ``Pipeline.run`` says the rest."""
    print_ = fingerprint(pipeline.config, table.fingerprint())
    runs = Path(pipeline.config.run.folder)
    path = run_dir or default_folder(runs, table.name, print_, fresh)
    folder = RunFolder(path)
    if fresh and folder.journal.exists():
        raise RunError(f"{path}: already holds a run. Choose another folder, or leave out --fresh.")
    return _executed(pipeline, folder, print_, table)


def execute_prepared(pipeline: Pipeline, data: PreparedData, run_dir: Path, print_: str) -> Run:
    """Takes prepared files, which stay where they are, through the stages from training on.

    Args:
        pipeline: the stages.
        data: the files.
        run_dir: the run's folder, from which an interrupted run goes on.
        print_: tells this run from any that could be meant to have the same folder.

    Raises:
        RunError: the folder holds another run.
        PitchpipeError: a stage failed; what came before it is kept.
    """
    return _executed(pipeline, RunFolder(run_dir), print_, data)


def _executed(
    pipeline: Pipeline, folder: RunFolder, print_: str, source: Table | PreparedData
) -> Run:
    path = source.train if isinstance(source, PreparedData) else source.path
    started = (folder.journal, folder.config, folder.versions)
    with (
        unless_refused(folder.path, started, folder.outputs.manifest),
        Journal(folder.journal) as journal,
    ):
        first = journal.intend("run", {"fingerprint": print_, "source": str(path or "")})
        if first["fingerprint"] != print_:
            raise RunError(
                f"{folder.path}: holds a run with another configuration or another table. "
                "Choose another folder, or run it with what it began with (config.toml)."
            )
        folder.sweep()
        save_start(folder, pipeline.config, pipeline.host)
        watch = Watch(pipeline.host, folder.info)
        pipeline.host.run_started(folder.info)
        try:
            run = _Execution(pipeline, source, folder, journal, watch).run()
        except BaseException as error:
            pipeline.host.run_finished(folder.info, error)
            raise
        pipeline.host.run_finished(folder.info, None)
        return run


class _Execution:
    def __init__(
        self,
        pipeline: Pipeline,
        source: Table | PreparedData,
        folder: RunFolder,
        journal: Journal,
        watch: Watch,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._folder = folder
        self._journal = journal
        self._watch = watch

    def run(self) -> Run:
        source = self._source
        prepared = source if isinstance(source, PreparedData) else self._prepared(source)
        self._check_positive_class(prepared)
        submitted = self._stage("train", lambda: self._submit(prepared), self._job)
        contract = prepared.contract
        job = self._stage("follow", lambda: self._follow(submitted, contract), self._job)
        model = load_model(self._folder.model)
        scores: Mapping[str, Any] = {}
        if prepared.valid is not None:
            valid = prepared.valid
            self._stage("predict", lambda: self._predict(model, valid), lambda: None)
            # records for reinforcement hold no answer to compare with: graders judge, in training
            if prepared.method != "reinforcement":
                scores = self._stage(
                    "score",
                    lambda: self._score(prepared),
                    lambda: load_scores(self._folder.scores),
                    {"positive_class": self._pipeline.config.scoring.positive_class},
                )
        return Run(
            folder=self._folder.path,
            config=self._pipeline.config,
            prepared=prepared,
            job=job,
            model=model,
            scores=scores,
            stages=dict(self._watch.seconds),
            estimate=self._pipeline.estimate(prepared),
            tunes_language_model=self._pipeline.trainer.tunes_language_model,
        )

    def _stage(
        self,
        name: str,
        do: Callable[[], T],
        adopt: Callable[[], T],
        asked: Mapping[str, Any] | None = None,
    ) -> T:
        """A stage's value; it is done again when it was ``asked`` for something else before."""
        asked = asked or {}
        finished = self._journal.outcome(f"stage:{name}")
        if finished is not None and asked.items() <= finished.items():
            value = adopt()
            self._watch.adopted(name, finished["seconds"])
            return value
        with self._watch.stage(name):
            value = do()
        self._journal.done(f"stage:{name}", {"seconds": self._watch.seconds[name], **asked})
        return value

    def _prepared(self, table: Table) -> PreparedData:
        outputs = self._folder.outputs
        finished = self._journal.outcome("stage:prepare")
        known = load_manifest(outputs.manifest) if finished else None
        if known is not None and finished is not None:
            for stage in DATA_STAGES:
                self._watch.adopted(stage, finished[stage])
            return known
        if self._journal.outcome("stage:train") is not None:
            raise RunError(
                f"{outputs.manifest}: the prepared files are not those that were trained on any "
                "more. Put them back, or begin anew with --fresh."
            )
        data = self._pipeline.prepare_into(table, outputs, self._watch)
        write_json(self._folder.findings, [finding.to_json() for finding in data.findings])
        seconds = {stage: self._watch.seconds[stage] for stage in DATA_STAGES}
        self._journal.done("stage:prepare", seconds)
        return data

    @property
    def _anew(self) -> str:
        if isinstance(self._source, PreparedData):
            return f"remove {self._folder.path}, and run again"
        return "run again with --fresh"

    def _submit(self, prepared: PreparedData) -> Job:
        estimate = self._pipeline.estimate(prepared)
        self._pipeline.host.job_estimated(self._folder.info, estimate)
        job = self._pipeline.submit(prepared, self._journal)
        save_job(self._folder.job, job)
        return job

    def _job(self) -> Job:
        return load_job(self._folder.job)

    def _follow(self, submitted: Job, contract: Contract) -> Job:
        with LineFile(self._folder.events, durable=False) as events:
            seen = {event["id"] for event in events.lines}
            for event in self._pipeline.follow(submitted.id, seen):
                events.append(_event(event))
                self._pipeline.host.job_event(self._folder.info, event)
        trainer = self._pipeline.trainer
        job = trainer.job(submitted.id)
        save_job(self._folder.job, job)
        try:
            model = self._pipeline.model(job.id, contract)
        except JobFailedError as error:
            raise JobFailedError(
                f"{error} What it said is in {self._folder.events}. Mend the cause, then begin "
                f"anew: {self._anew}."
            ) from None
        metrics = trainer.metrics(job.id)
        with atomic(self._folder.metrics) as stream:
            metrics.to_csv(stream, index=False)
        save_model(self._folder.model, model)
        return job

    def _predict(self, model: TrainedModel, valid: Path) -> None:
        if self._folder.predictions.exists():
            return  # complete, or it would not have its name
        table = open_table(valid)
        records = [
            (int(line), record)
            for chunk in table.chunks(table.columns)
            for line, record in zip(chunk.index, frame_to_records(chunk), strict=True)
        ]
        rows = predictions.complete(
            self._pipeline.asker(model),
            records,
            self._folder.predictions,
            model.name,
            self._journal,
        )
        with closing(rows):
            for _ in self._watch.counting("predict", rows, len(records)):
                pass

    def _check_positive_class(self, prepared: PreparedData) -> None:
        from pitchpipe.scoring import no_labels, positive_label

        wanted, contract = self._pipeline.config.scoring.positive_class, prepared.contract
        if wanted is None:
            return
        if contract.answers_are == "text":
            raise no_labels(wanted, can_be_labels=contract.format != "preference")
        if contract.labels:
            positive_label(contract.labels, wanted)

    def _score(self, prepared: PreparedData) -> Mapping[str, Any]:
        contract = prepared.contract
        scores = self._pipeline.score(
            self._folder.predictions, contract.labels, contract.answers_are
        )
        write_json(self._folder.scores, scores)
        return scores


def _finite(value: object) -> object:
    # a loss may be infinite, and JSON has no word for it
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _event(event: JobEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "created_at": event.created_at,
        "level": event.level,
        "type": event.type,
        "message": event.message,
        "data": {key: _finite(value) for key, value in event.data.items()},
    }

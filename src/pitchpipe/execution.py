"""One run: the stages in order, adopting whatever an earlier attempt finished."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pitchpipe import predictions
from pitchpipe.errors import JobFailedError, RunError
from pitchpipe.files import atomic, unless_refused, write_json
from pitchpipe.journal import Journal, LineFile, reporting
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
    stored_config,
)
from pitchpipe.run_files import check_files, file_digests
from pitchpipe.tables import Table, frame_to_records, open_table
from pitchpipe.watch import Watch

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline

T = TypeVar("T")

_log = logging.getLogger(__name__)

DATA_STAGES = ("read", "validate", "format", "split")


def execute(pipeline: Pipeline, table: Table, run_dir: Path | None, fresh: bool) -> Run:
    """Takes a table through all stages; ``Pipeline.run`` says the rest."""
    content = table.fingerprint()
    keys = (
        fingerprint(pipeline.config, content),
        fingerprint(pipeline.config, content, earlier=True),
    )
    runs = Path(pipeline.config.run.folder)
    path = run_dir or default_folder(runs, table.name, keys[0], fresh)
    if not (run_dir or fresh or path.exists()):
        earlier = default_folder(runs, table.name, keys[1], fresh)
        path = earlier if earlier.exists() else path
    folder = RunFolder(path)
    if fresh and folder.holds_run:
        raise RunError(f"{path}: already holds a run. Choose another folder, or leave out --fresh.")
    return _executed(pipeline, folder, keys, table)


def execute_prepared(
    pipeline: Pipeline, data: PreparedData, run_dir: Path, keys: Sequence[str]
) -> Run:
    """Takes prepared files, which stay where they are, through the stages from training on.

    Args:
        pipeline: the stages.
        data: the files.
        run_dir: the run's folder, from which an interrupted run goes on.
        keys: each tells this run from any that could be meant to have the same folder; the first
            is written down.

    Raises:
        RunError: the folder holds another run.
        PitchpipeError: a stage failed; what came before it is kept.
    """
    return _executed(pipeline, RunFolder(run_dir), keys, data)


def _executed(
    pipeline: Pipeline, folder: RunFolder, keys: Sequence[str], source: Table | PreparedData
) -> Run:
    path = source.train if isinstance(source, PreparedData) else source.path
    remedy = _start_over(folder, source)
    with reporting(folder.path):
        folder.check_journal(remedy)
    with (
        unless_refused(folder.path, folder.started, folder.outputs.manifest),
        Journal(folder.journal, remedy=remedy) as journal,
    ):
        first = journal.intend("run", {"fingerprint": keys[0], "source": str(path or "")})
        if first.get("fingerprint") not in keys:
            raise RunError(
                f"{folder.path}: holds a run with another configuration or another table. "
                "Choose another folder, or run it with what it began with (config.toml)."
            )
        folder.sweep()
        _save_start(folder, pipeline, journal)
        watch = Watch(pipeline.host, folder.info)
        pipeline.host.run_started(folder.info)
        try:
            run = _Execution(pipeline, source, folder, journal, watch).run()
        except BaseException as error:
            pipeline.host.run_finished(folder.info, error)
            raise
        pipeline.host.run_finished(folder.info, None)
        return run


def _start_over(folder: RunFolder, source: Table | PreparedData) -> str:
    if isinstance(source, PreparedData):
        return f"delete the folder {folder.path} and run again, which creates a new job"
    return (
        "start over in another folder (--fresh without --run-dir, or another --run-dir), which "
        "creates a new job"
    )


def _save_start(folder: RunFolder, pipeline: Pipeline, journal: Journal) -> None:
    name, before = folder.config.name, journal.digests.get(folder.config.name)
    if before and before not in file_digests(folder.path, [folder.config]).values():
        _log.warning("%s: has changed or is missing, and is written again", folder.config)
    after = hashlib.sha256(stored_config(pipeline.config).encode()).hexdigest()
    if before and before != after:
        journal.done("rewrite", {"files": {name: ""}})
    save_start(folder, pipeline.config, pipeline.host)
    if before != after:
        journal.done("config", {"files": {name: after}})


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
        folder, contract = self._folder, prepared.contract
        submitted = self._stage("train", lambda: self._submit(prepared), self._job, [folder.job])
        followed = (folder.job, folder.events, folder.metrics, folder.model)
        job = self._stage("follow", lambda: self._follow(submitted, contract), self._job, followed)
        model = load_model(self._folder.model)
        scores: Mapping[str, Any] = {}
        if prepared.valid is not None:
            valid = prepared.valid
            answers = [folder.predictions]
            self._stage("predict", lambda: self._predict(model, valid), lambda: None, answers)
            # records for reinforcement hold no answer to compare with: graders judge, in training
            if prepared.method != "reinforcement":
                scores = self._stage(
                    "score",
                    lambda: self._score(prepared),
                    lambda: load_scores(folder.scores),
                    [folder.scores],
                    self._scored(),
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

    def _scored(self) -> dict[str, Any]:
        """What the figures depend on, besides the run's key."""
        digest = self._journal.digests.get(self._folder.predictions.name)
        answers = {"predictions": digest} if digest else {}
        return {"positive_class": self._pipeline.config.scoring.positive_class, **answers}

    def _stage(
        self,
        name: str,
        do: Callable[[], T],
        adopt: Callable[[], T],
        made: Sequence[Path],
        asked: Mapping[str, Any] | None = None,
    ) -> T:
        """A stage's value; it is done again when it was ``asked`` for something else before.

        So it is when a file that it ``made`` is missing.

        Raises:
            RunError: such a file has changed.
        """
        asked = asked or {}
        finished = self._journal.outcome(f"stage:{name}")
        same = finished is not None and asked.items() <= finished.items()
        if finished is not None and same and not self._missing(finished, self._names(*made)):
            value = adopt()
            self._watch.adopted(name, finished["seconds"])
            return value
        self._forget_digests(self._names(*made))
        with self._watch.stage(name):
            value = do()
        files = file_digests(self._folder.path, made)
        outcome = {"seconds": self._watch.seconds[name], "files": files, **asked}
        self._journal.done(f"stage:{name}", outcome)
        return value

    def _forget_digests(self, names: Iterable[str]) -> None:
        """Writes down that files are about to be written once more, for a kill while they are."""
        known = [name for name in names if self._journal.digests.get(name)]
        if known:
            self._journal.done("rewrite", {"files": dict.fromkeys(known, "")})

    def _missing(self, finished: Mapping[str, Any], made: Collection[str] = ()) -> bool:
        """Whether a file that a finished stage made is gone; says so."""
        names = finished.get("files") or made
        missing = check_files(self._folder.path, names, self._journal.digests)
        for path in missing:
            _log.warning("%s: missing, and is made again", path)
        return bool(missing)

    def _prepared(self, table: Table) -> PreparedData:
        outputs = self._folder.outputs
        finished = self._journal.outcome("stage:prepare")
        if finished is not None and not self._missing(finished):
            known = load_manifest(outputs.manifest)
            if known is not None:
                for stage in DATA_STAGES:
                    self._watch.adopted(stage, finished[stage])
                return known
        trained = self._journal.outcome("stage:train") is not None
        digests = (finished or {}).get("files") or {}
        names = self._names(outputs.train, outputs.valid) if trained else set()
        trained_on = {name: digests[name] for name in digests if name in names}
        if trained and not trained_on:  # an earlier Pitchpipe did not write the digests down
            raise self._other_files()
        self._forget_digests(digests)
        data = self._pipeline.prepare_into(table, outputs, self._watch)
        write_json(self._folder.findings, [finding.to_json() for finding in data.findings])
        seconds = {stage: self._watch.seconds[stage] for stage in DATA_STAGES}
        made = (data.train, data.valid, data.changes, outputs.manifest, self._folder.findings)
        files = file_digests(self._folder.path, [path for path in made if path])
        if not trained_on.items() <= files.items():
            raise self._other_files()
        self._journal.done("stage:prepare", {**seconds, "files": files})
        return data

    def _names(self, *paths: Path) -> set[str]:
        return {path.relative_to(self._folder.path).as_posix() for path in paths}

    def _other_files(self) -> RunError:
        return RunError(
            f"{self._folder.outputs.manifest}: the prepared files are not those that were trained "
            f"on. Put them back, or {_start_over(self._folder, self._source)}."
        )

    @property
    def _start_over(self) -> str:
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
            seen = {_id_of(event, self._folder.events) for event in events.lines}
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
                f"{error} What it said is in {self._folder.events}. Fix the cause, then start "
                f"over: {self._start_over}."
            ) from None
        metrics = trainer.metrics(job.id)
        with atomic(self._folder.metrics) as stream:
            metrics.to_csv(stream, index=False)
        save_model(self._folder.model, model)
        return job

    def _predict(self, model: TrainedModel, valid: Path) -> None:
        table = open_table(valid)
        records = [
            (int(line), record)
            for chunk in table.chunks(table.columns)
            for line, record in zip(chunk.index, frame_to_records(chunk), strict=True)
        ]
        if self._folder.predictions.exists():  # complete, or it would not have its name
            predictions.check_lines(self._folder.predictions, [line for line, _ in records])
            return
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


def _id_of(event: Mapping[str, Any], path: Path) -> str:
    if not isinstance(event.get("id"), str):
        raise RunError(
            f"{path}: damaged: an event without an id. Delete it and give the command of the run "
            "again: it is fetched again from the service, at no cost."
        )
    return str(event["id"])


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

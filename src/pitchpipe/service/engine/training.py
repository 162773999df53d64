"""What moves a job on: one legal transition, or one slice of training, at a call."""

from __future__ import annotations

import contextlib
import logging
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from pitchpipe.service.engine import examples, hyperparameters, results, states
from pitchpipe.service.engine.dialects import dialect_of
from pitchpipe.service.engine.events import emit
from pitchpipe.service.engine.examples import JobError
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.models import Model, Models
from pitchpipe.service.engine.runner import Plan, Runner, refuse_divergence
from pitchpipe.service.graders.grading import build
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.protocol import tokens
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.errors import StorageError
from pitchpipe.service.storage.store import Filter, Row, Store
from pitchpipe.stages import FitStep

_log = logging.getLogger(__name__)

_SLICE = 2000  # records: a poll never waits for more
_SLICE_SECONDS = 3.0  # nor, but for its last step, for longer
_KEPT_RUNNERS = 4
_KEPT_CHECKPOINTS = 3


class _SupersededError(Exception):
    """The job was cancelled or paused while it was being worked on."""


class Training:
    """Advances the jobs of its learner.

    Any thread of any process may; a claim lets one at a time work on a job.

    What a process holds in memory of a job is only a short cut: whoever comes next goes on from
    the last checkpoint, with the same losses.

    Args:
        store: where jobs are.
        blobs: where learners are saved, and the claims.
        files: what jobs train on.
        models: what they train.
        clock: Unix seconds.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        files: Files,
        models: Models,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._files = files
        self._models = models
        self._clock = clock
        self._token = secrets.token_hex(8)
        self._runners: OrderedDict[str, Runner] = OrderedDict()
        self._lock = threading.Lock()

    def advance(self, job_id: str, share: float = 1.0) -> None:
        """Moves a job on, unless it is paused, has ended, or is being moved on already.

        Args:
            job_id: which one.
            share: up to which share of its steps a running job may train.
        """
        with self._blobs.claim(job_id) as mine:
            row = self._store.get("job", job_id) if mine else None
            if row is None or row.private["learner"] != self._models.learner_name:
                return
            try:
                match row.body["status"]:
                    case "validating_files":
                        self._validate(row)
                    case "queued":
                        self._start(row)
                    case "running":
                        self._train(row, share)
            except _SupersededError:
                self._drop(job_id)
            except JobError as failure:
                self._fail(job_id, failure)

    def give_up(self, job_id: str, reason: str) -> None:
        """Fails a job that cannot be finished."""
        self._fail(job_id, JobError("server_error", reason))

    def _validate(self, row: Row) -> None:
        train, valid = self._examples(row)
        dialect_of(row).check(row, train, valid)
        with self._changing(row.id, "validating_files") as job:
            job.private["records"] = len(train)
            job.private["tokens"] = sum(map(tokens.count, train))
            ahead = len(self._store.with_status("job", "queued"))
            self._move(job, "queued", *dialect_of(job).validated(job, ahead))

    def _start(self, row: Row) -> None:
        with self._changing(row.id, "queued") as job:
            job.private["first_step"] = job.private["step"]
            values = hyperparameters.resolve(job.private["asked"], job.private["records"])
            job.body["hyperparameters"] = hyperparameters.shared(values)
            kind = job.body["method"]["type"]
            job.body["method"][kind]["hyperparameters"] = values
            self._move(job, "running", *dialect_of(job).started(job))

    def _train(self, row: Row, share: float) -> None:
        plan = Plan.of(row)
        allowed = math.floor(plan.steps * share)
        fault = row.private.get("fault")
        if fault and fault["step"] <= allowed:
            if row.private["step"] >= fault["step"] - 1:
                raise JobError(fault["code"], fault["message"])
            allowed = fault["step"] - 1
        if row.private["epoch"] < plan.epochs:
            if row.private["step"] >= allowed:
                return
            with _blaming_the_learner(row.id):
                runner = self._runner(row, plan)
                steps = runner.take(
                    min(allowed, row.private["step"] + max(1, _SLICE // plan.batch)), _SLICE_SECONDS
                )
                figures: JSON = {}
                if runner.at_checkpoint:
                    figures = dialect_of(row).measure(row, runner)
                    self._blobs.save_model(self._checkpoint_id(row.id, runner.epoch), runner.save)
            refuse_divergence(steps)
            with self._changing(row.id, "running") as job:
                if dialect_of(job).tells_steps:
                    self._report(job, plan, steps)
                job.private["step"] = runner.step
                job.body["estimated_finish"] = results.estimated_finish(
                    job, plan.steps, self._clock()
                )
                job.private["owner"] = self._token
                stale = self._keep(job, plan, runner, figures) if runner.at_checkpoint else ""
            if stale:
                self._models.forget(stale)
            row = job
        if row.private["epoch"] >= plan.epochs:
            self._finish(row, plan)
            self._drop(row.id)

    def _report(self, job: Row, plan: Plan, steps: list[FitStep]) -> None:
        every = max(1, -(-plan.steps // results.EVENTS))
        for step in steps:
            # after an interruption, steps are taken again that have been reported before
            if step.step > job.private["step"] and (step.step % every == 0 or step.last_of_epoch):
                rewarded = plan.options.grade is not None
                message, data = results.metrics(step, plan.steps, rewarded=rewarded)
                emit(self._store, job, self._clock(), message, kind="metrics", data=data)

    def _keep(self, job: Row, plan: Plan, runner: Runner, figures: JSON) -> str:
        """Makes the saved learner a checkpoint; gives the model that falls out of the last few."""
        now = int(self._clock())
        checkpoint_id = self._checkpoint_id(job.id, runner.epoch)
        dialect = dialect_of(job)
        name = f"{job.private['model_name']}:ckpt-step-{runner.step}"
        last = runner.steps[-1]
        body: JSON = {
            "id": checkpoint_id,
            "object": "fine_tuning.job.checkpoint",
            "created_at": now,
            "fine_tuned_model_checkpoint": name,
            "fine_tuning_job_id": job.id,
            "metrics": results.checkpoint_metrics(last),
            "step_number": runner.step,
        }
        self._store.add("checkpoint", checkpoint_id, body, parent=job.id)
        rows = dialect.rows(job, plan, runner.steps, figures)
        self._store.add("steps", checkpoint_id, {"csv": rows}, parent=job.id)
        self._models.add(name, self._base(job).base, checkpoint_id, now, checkpoint=True)
        emit(self._store, job, now, dialect.kept(runner.epoch, plan.epochs, runner.step))
        job.private["epoch"] = runner.epoch
        runner.steps.clear()
        kept = self._store.rows("checkpoint", Filter(job.id))
        if len(kept) <= _KEPT_CHECKPOINTS:
            return ""
        self._store.delete("checkpoint", kept[0].id)
        return str(kept[0].body["fine_tuned_model_checkpoint"])

    def _finish(self, row: Row, plan: Plan) -> None:
        parts = self._store.rows("steps", Filter(row.id))
        dialect = dialect_of(row)
        table = dialect.header(row) + "".join(part.body["csv"] for part in parts)
        content = dialect.encode_results(table)
        with self._changing(row.id, "running") as job:
            name = job.private["model_name"]
            key = self._checkpoint_id(job.id, plan.epochs)
            now = self._clock()
            self._models.add(name, self._base(job).base, key, int(now), checkpoint=False)
            file = self._files.add(dialect.result_file, content, "fine-tune-results")
            job.body["fine_tuned_model"] = name
            job.body["result_files"] = [file["id"]]
            job.body["trained_tokens"] = job.private["tokens"] * plan.epochs
            self._move(job, "succeeded", *dialect.succeeded(name, file["id"]))

    def _fail(self, job_id: str, failure: JobError) -> None:
        self._drop(job_id)
        with contextlib.suppress(_SupersededError), self._changing(job_id, "") as job:
            job.body["error"] = failure.to_json()
            message = dialect_of(job).failed(failure.message)
            self._move(job, "failed", message, level="error")

    def _move(self, job: Row, status: str, *messages: str, level: str = "info") -> None:
        states.move(states.JOB, job, status, self._clock())
        if states.ended(states.JOB, status):
            job.body["finished_at"] = int(self._clock())
        for message in messages:
            emit(self._store, job, self._clock(), message, level=level)

    @contextlib.contextmanager
    def _changing(self, job_id: str, status: str) -> Iterator[Row]:
        """The job as it is now, stored at the end of the block.

        Args:
            job_id: which job.
            status: what its status must still be, "" for any in which it may fail.
        """
        with self._store.transaction():
            job = self._store.get("job", job_id)
            if job is None or (
                job.body["status"] != status
                if status
                else "failed" not in states.JOB[job.body["status"]]
            ):
                raise _SupersededError
            yield job
            self._store.update(job)

    # --- what a job trains on and with ------------------------------------------------------------

    def _runner(self, row: Row, plan: Plan) -> Runner:
        with self._lock:
            runner = self._runners.get(row.id)
            ours = row.private.get("owner") == self._token
            if runner and ours and runner.step == row.private["step"]:
                self._runners.move_to_end(row.id)
                return runner
        epoch = row.private["epoch"]
        if epoch:
            learner = self._models.saved(self._checkpoint_id(row.id, epoch))
        else:
            learner = self._models.learner(self._base(row))
        train, valid = self._examples(row)
        runner = Runner(learner, train, valid, plan.options, epoch)
        with self._lock:
            self._runners[row.id] = runner
            self._runners.move_to_end(row.id)
            if len(self._runners) > _KEPT_RUNNERS:
                self._runners.popitem(last=False)
        return runner

    def _drop(self, job_id: str) -> None:
        with self._lock:
            self._runners.pop(job_id, None)

    def _examples(self, row: Row) -> tuple[list[JSON], list[JSON]]:
        shape: examples.Shape = self._base(row).base.format
        gradable: examples.Check | None = None
        method = row.body["method"]
        if method["type"] == "dpo":
            shape = "preference"
        elif method["type"] == "reinforcement":
            shape = "reinforcement"
            gradable = build(method["reinforcement"]["grader"]).trouble
        read = []
        for param in ("training_file", "validation_file"):
            file_id = row.body[param]
            if file_id and (trouble := self._files.trouble(file_id)):
                raise JobError(f"invalid_{param}", f"{param}: {trouble}", param)
            content = self._files.read(file_id) if file_id else b""
            read.append(examples.read(content, shape, param, gradable) if file_id else [])
        return read[0], read[1]

    def _base(self, row: Row) -> Model:
        private = row.private
        return Model(row.body["model"], self._models.base(private["base"]), private["base_key"])

    def _checkpoint_id(self, job_id: str, epoch: int) -> str:
        return f"ftckpt_{self._store.derive('checkpoint', job_id, epoch)}"


@contextlib.contextmanager
def _blaming_the_learner(job_id: str) -> Iterator[None]:
    """A learner that raises makes its job fail, and nothing else."""
    try:
        yield
    except (JobError, StorageError):
        raise
    except ApiError as error:
        raise JobError("model_not_found", str(error), "model") from None
    except Exception as error:
        _log.exception("job %s: the learner failed", job_id)
        message = f"The learner failed: {type(error).__name__}: {error}"
        raise JobError("server_error", message) from error

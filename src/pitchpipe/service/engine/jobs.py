"""Jobs of either generation of the API: created, found, moved on by order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pitchpipe.records import Format
from pitchpipe.service.engine import hyperparameters, states
from pitchpipe.service.engine.dialects.base import Dialect
from pitchpipe.service.engine.events import emit
from pitchpipe.service.engine.files import Files
from pitchpipe.service.engine.mishaps import Mishaps
from pitchpipe.service.engine.models import OWNER, Model, Models
from pitchpipe.service.engine.pace import Pacer
from pitchpipe.service.engine.trainable import check_trainable
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.storage.store import Row, Store


@dataclass(frozen=True)
class Order:
    """What a job is to do.

    Attributes:
        model: what it trains.
        training_file: id of its records.
        validation_file: id of those it is measured on.
        method: the API's object, whose hyperparameters may be "auto".
        suffix: of the tuned model's name.
        seed: None for one that depends on how many jobs there have been.
        integrations: kept, never called.
        metadata: the client's.
        private: what else is kept and not shown.
    """

    model: Model
    training_file: str
    validation_file: str | None
    method: JSON
    suffix: str = ""
    seed: int | None = None
    integrations: Sequence[JSON] | None = None
    metadata: JSON = field(default_factory=dict)
    private: JSON = field(default_factory=dict)

    @property
    def hyperparameters(self) -> JSON:
        """Those of its method."""
        values: JSON = self.method[self.method["type"]]["hyperparameters"]
        return values


class Jobs:
    """Fine-tuning jobs.

    Args:
        store: where they are.
        files: what they train on.
        models: what they train.
        clock: Unix seconds.
        pacer: told of every look at a job, and of every job that is queued.
        mishaps: strike jobs.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        models: Models,
        clock: Callable[[], float],
        pacer: Pacer,
        mishaps: Mishaps,
    ) -> None:
        self._store = store
        self._files = files
        self._models = models
        self._clock = clock
        self._mishaps = mishaps
        self.pacer = pacer

    def create(self, order: Order, dialect: Dialect, prefix: str) -> Row:
        """Creates a job; what is wrong with its files' contents is found later.

        Args:
            order: what it is to do.
            dialect: how it speaks.
            prefix: of its id.
        """
        with self._store.transaction():
            job_id = self._store.new_id(prefix)
            now = self._clock()
            base = order.model.base.id
            private = {
                "events": 0,
                "learner": self._models.learner_name,
                "base": base,
                "base_key": order.model.key,
                "model_name": dialect.model_name(self._store, job_id, base, order.suffix, now),
                "asked": order.hyperparameters,
                "epoch": 0,
                "step": 0,
                "since": now,
                "fault": self._mishaps.for_job(order.model.shown_name),
                **order.private,
            }
            seed = self._store.job_seed(prefix) if order.seed is None else order.seed
            body = self._describe(job_id, order, seed)
            self._store.add("job", job_id, body, parent=dialect.parent, private=private)
            row = self.get(job_id)
            for message in dialect.created(row):
                emit(self._store, row, now, message)
            self._store.update(row)
        self.pacer.queued(job_id)
        return self.get(job_id)

    def get(self, job_id: str) -> Row:
        """The job.

        Raises:
            ApiError: there is none of that id.
        """
        row = self._store.get("job", job_id)
        if row is None:
            raise ApiError(
                404,
                f"Could not find fine tune: {job_id}",
                param="fine_tuning_job_id",
                code="fine_tune_not_found",
            )
        return row

    def look_at(self, job_id: str) -> Row:
        """The job as it is once it was looked at.

        Raises:
            ApiError: there is none of that id.
        """
        if states.ended(states.JOB, self.get(job_id).body["status"]):
            return self.get(job_id)
        self.pacer.looked_at(job_id)
        return self.get(job_id)

    def move(self, job_id: str, status: str, message: str, only_from: str | None = None) -> Row:
        """Does what a client orders.

        Args:
            job_id: which job.
            status: what becomes of it.
            message: of the event.
            only_from: the one status that it may have, None for any that allows it.

        Raises:
            ApiError: there is no such job, or its status does not allow it.
        """
        with self._store.transaction():
            row = self.get(job_id)
            if only_from and row.body["status"] != only_from:
                raise ApiError(
                    400,
                    f"'{job_id}' has status '{row.body['status']}'; expected status '{only_from}'.",
                    code="invalid_status",
                )
            states.move(states.JOB, row, status, self._clock())
            if states.ended(states.JOB, status):
                row.body["finished_at"] = int(self._clock())
            emit(self._store, row, self._clock(), message)
            self._store.update(row)
        if status == "queued":
            self.pacer.queued(job_id)
        return self.get(job_id)

    def model(self, name: str, method: str, form: Format | None = None) -> Model:
        """The model to train.

        Args:
            name: of a base model, a tuned one or a checkpoint.
            method: by which it is to be trained.
            form: the only format of records that is taken; None for any.

        Raises:
            ApiError: it cannot be trained so; names the models that can.
        """
        found = self._models.find(name)
        return check_trainable(name, found, self._models.bases.values(), method, form)

    def check_file(self, param: str, file_id: str | None) -> None:
        """Whether there is a file to train on.

        Args:
            param: the parameter that names it.
            file_id: its id, None for no file.

        Raises:
            ApiError: there is none of that id, or it is for something else.
        """
        if file_id is None:
            return
        row = self._files.find(file_id)
        if row is None:
            raise ApiError(
                400,
                f"invalid {param}: {file_id} does not exist.",
                param=param,
                code="file_not_found",
            )
        if row.body["purpose"] != "fine-tune":
            raise ApiError(
                400,
                f"invalid {param}: {file_id} has purpose '{row.body['purpose']}'; "
                "expected 'fine-tune'.",
                param=param,
                code="invalid_file_purpose",
            )

    def _describe(self, job_id: str, order: Order, seed: int) -> JSON:
        return {
            "id": job_id,
            "object": "fine_tuning.job",
            "created_at": int(self._clock()),
            "error": None,
            "estimated_finish": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": hyperparameters.shared(order.hyperparameters),
            "integrations": order.integrations,
            "metadata": order.metadata,
            "method": order.method,
            "model": order.model.shown_name,
            "organization_id": f"org-{OWNER}",
            "result_files": [],
            "seed": seed,
            "status": "validating_files",
            "trained_tokens": None,
            "training_file": order.training_file,
            "validation_file": order.validation_file,
        }

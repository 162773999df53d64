"""The trainer for every service that speaks the fine-tuning API."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd

from pitchpipe import budget
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.default_plugins.openai_files import upload
from pitchpipe.default_plugins.trainers import estimates, following, jobs
from pitchpipe.default_plugins.trainers.results import read_results
from pitchpipe.errors import ServiceError
from pitchpipe.models import base_of, model_table, of_family
from pitchpipe.records import (
    Checkpoint,
    Contract,
    Estimate,
    Format,
    Job,
    JobEvent,
    PreparedData,
    TrainingSpec,
)
from pitchpipe.retirement import endings
from pitchpipe.stages import Ledger, Trainer

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

_log = logging.getLogger(__name__)

_SOON_DAYS = 90
_POLL_SECONDS = 5.0
_PAUSED_POLL_SECONDS = 1.0  # a paused offline job does not move by being asked
_STATUS_AFTER = {"cancel": "cancelled", "pause": "paused"}


@dataclass(frozen=True)
class OpenAITrainer(Connection, Trainer):
    """Uploads, creates a job and follows it, at whatever service the connection names.

    Attributes:
        poll_seconds: seconds between two looks at a job; by default 5, offline 0.
        follow_retries: failures in a row that following a job bears.
        prices: US dollars per million trained tokens by model, before those built in.
        allow_retired: submit to the hosted service whatever the table of retirements says.
    """

    predictor: ClassVar[str] = "openai"

    poll_seconds: float | None = None
    follow_retries: int = 12
    prices: Mapping[str, float] = field(default_factory=dict)
    allow_retired: bool = False

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        super().__post_init__()
        for model, price in self.prices.items():
            if not 0 <= price < math.inf:
                raise ValueError(f"prices: {model!r} must cost 0 USD or more; found {price}.")

    @property
    def tunes_language_model(self) -> bool:
        """Not where the offline service in this process trains a learner that is none."""
        return self.offline_learner.language_model if self.offline else True

    def format_of(self, model: str) -> Format | None:
        """What the offline service's learner says of base models of its own."""
        return self.offline_learner.bases().get(base_of(model)) if self.offline else None

    def learner_for(self, model: str) -> str:
        """The model itself, but for the learner and its base model behind an offline service."""
        if not self.offline:
            return model
        from pitchpipe.service.offline import parse

        base = self.offline_learner.base_for(base_of(model))
        return ", ".join(filter(None, (parse(self.url).learner, base)))

    def predictor_options(self) -> Mapping[str, Any]:
        """The connection, so that predictions come from the same service."""
        return self.connection_options

    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        """Tokens by counting, epochs by the ``auto`` rule, dollars by the price table.

        Time only offline: the hosted service publishes no figures for it.
        """
        counted = estimates.count_tokens(data.train, model_table().facts(spec.model).encoding)
        epochs = estimates.auto_epochs(spec.n_epochs, data.train_rows)
        price, source = self._price(spec)
        cost = None if price is None else counted.tokens * epochs * price / 1e6
        seconds = estimates.seconds_of(data.train_rows, epochs) if self.offline else None
        return Estimate(counted.tokens, epochs, cost, f"{source}; {counted}", seconds)

    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        """Uploads the files and creates the job, or adopts what the ledger knows of.

        Raises:
            BudgetError: the estimate is above ``spec.max_cost``, or the cost is not known.
            ServiceError: no key, no service, a refusal, or a model or service that has retired.
        """
        with self.client() as client:
            created = ledger.outcome(budget.CREATED)
            if created:
                return self._retrieve(client, str(created["job_id"]))
            self._check_endings(spec)
            budget.check(self, data, spec)  # for those who use no pipeline
            jobs.metadata_of(spec, data.contract, "")  # refused before anything is uploaded
            files = {"training_file": self._upload(client, data.train, "train", ledger)}
            if data.valid is not None:
                files["validation_file"] = self._upload(client, data.valid, "valid", ledger)
            new_key = uuid.uuid4().hex
            run_key = str(ledger.intend(budget.CREATED, {"run_key": new_key})["run_key"])
            creation = self._creation(data, spec, files, run_key)
            created_job = self.once(
                find=lambda: jobs.find_by_run(client, run_key),
                create=lambda: client.fine_tuning.jobs.create(**creation),
                fresh=run_key == new_key,
            )
            job = jobs.to_job(created_job)
            ledger.done(budget.CREATED, {"job_id": job.id})
            return job

    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        """The job's events until it ends; dropped connections are taken up again."""
        with self.client() as client:
            yield from following.follow(
                self, client, job_id, seen, self.follow_retries, self._interval
            )

    def job(self, job_id: str) -> Job:
        """The job as it stands."""
        with self.client() as client:
            return self._retrieve(client, job_id)

    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first, page by page."""
        with self.client() as client:
            page = self.attempt(lambda: client.fine_tuning.jobs.list(limit=jobs.PAGE))
            while True:
                yield from map(jobs.to_job, page.data)
                if not page.has_next_page():
                    return
                page = self.attempt(page.get_next_page)

    def cancel(self, job_id: str) -> Job:
        """Ends the job without a model; a job that was cancelled before is left as it is."""
        return self._command(job_id, "cancel")

    def pause(self, job_id: str) -> Job:
        """Stops the job until it is resumed; a paused one is left as it is."""
        return self._command(job_id, "pause")

    def resume(self, job_id: str) -> Job:
        """Lets a paused job go on; one that is not paused is left as it is."""
        return self._command(job_id, "resume")

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """The models kept on the way, by step."""
        with self.client() as client:
            found = self.attempt(
                lambda: list(client.fine_tuning.jobs.checkpoints.list(job_id, limit=jobs.PAGE))
            )
        kept = [
            Checkpoint(
                id=checkpoint.id,
                model=checkpoint.fine_tuned_model_checkpoint,
                step=checkpoint.step_number,
                metrics=_figures(checkpoint.metrics.to_dict()),
            )
            for checkpoint in found
        ]
        return sorted(kept, key=lambda checkpoint: checkpoint.step)

    def metrics(self, job_id: str) -> pd.DataFrame:
        """The job's result file.

        Raises:
            ServiceError: the job has none yet, or it cannot be read.
        """
        with self.client() as client:
            job = self._retrieve(client, job_id)
            if not job.result_files:
                raise ServiceError(
                    f"job {job_id}: no result file (status {job.status}); "
                    "there is one when the job has succeeded."
                )
            file_id = job.result_files[0]
            content = self.attempt(lambda: client.files.content(file_id).content)
        return read_results(content, file_id)

    def export(self, model: str, folder: Path, form: str) -> None:
        """Writes a model of the offline service in this process into a folder.

        Raises:
            UsageError: the models stay at a service elsewhere, or the learner has no such form.
            ServiceError: there is no such model.
        """
        if not self.offline:
            super().export(model, folder, form)
        from pitchpipe.service.http import ApiError

        try:
            self.offline_service.models.export(model, folder, form)
        except ApiError as error:
            raise ServiceError(f"{self.url}: {error}") from None

    def contract(self, model: str) -> Contract | None:
        """The contract in the metadata of the job that made the model, or the checkpoint."""
        with self.client() as client:
            job = self.attempt(lambda: jobs.find_by_model(client, model))
        return jobs.contract_from(job.metadata or {}) if job else None

    def _check_endings(self, spec: TrainingSpec) -> None:
        """Whether the hosted service will still take the job.

        Raises:
            ServiceError: the model or the service has retired.
        """
        if not self.hosted or self.allow_retired:
            return
        for ending in endings(spec.model, date.today(), _SOON_DAYS):
            if ending.over:
                raise ServiceError(
                    f"{ending}; nothing was submitted. Choose another model or service, or set "
                    "trainer.allow_retired if you know better."
                )
            _log.warning("%s", ending)

    def _price(self, spec: TrainingSpec) -> tuple[float | None, str]:
        if self.offline:
            return 0.0, "the offline service costs nothing"
        own = of_family(spec.model, self.prices)
        if own is not None:
            return own, "price from the trainer's options"
        if not self.hosted:
            return None, f"no prices are known for {self.url}"
        if spec.method == "reinforcement":
            return None, "reinforcement is billed by the hour"
        table = model_table()
        listed = of_family(spec.model, table.prices)
        source = f"price list {table.prices_source}"
        return listed, source if listed is not None else f"{spec.model!r} is not in the {source}"

    def _upload(
        self, client: OpenAI, path: Path, part: Literal["train", "valid"], ledger: Ledger
    ) -> str:
        return upload(self, client, path, "fine-tune", f"upload-{part}", ledger)

    def _creation(
        self, data: PreparedData, spec: TrainingSpec, files: Mapping[str, str], run_key: str
    ) -> dict[str, Any]:
        optional = {
            "suffix": spec.suffix,
            "seed": spec.seed,
            "integrations": [dict(integration) for integration in spec.integrations] or None,
        }
        return {
            "model": spec.model,
            **files,
            "method": jobs.method_of(spec),
            "metadata": jobs.metadata_of(spec, data.contract, run_key),
            **{key: value for key, value in optional.items() if value is not None},
        }

    def _retrieve(self, client: OpenAI, job_id: str) -> Job:
        return self.attempt(lambda: jobs.to_job(client.fine_tuning.jobs.retrieve(job_id)))

    def _command(self, job_id: str, verb: Literal["cancel", "pause", "resume"]) -> Job:
        from openai import BadRequestError, ConflictError

        with self.client() as client:
            send: Callable[[str], FineTuningJob] = getattr(client.fine_tuning.jobs, verb)
            try:
                return jobs.to_job(self.attempt(lambda: send(job_id)))
            except (BadRequestError, ConflictError):
                # it may have been heard before, its reply lost
                job = self._retrieve(client, job_id)
                heard = (
                    not job.done and job.status != "paused"
                    if verb == "resume"
                    else job.status == _STATUS_AFTER[verb]
                )
                if heard:
                    return job
                raise

    def _interval(self, job: Job) -> float:
        if self.poll_seconds is not None:
            return self.poll_seconds
        if self.offline:
            return _PAUSED_POLL_SECONDS if job.status == "paused" else 0.0
        return _POLL_SECONDS


def _figures(values: Mapping[str, object]) -> dict[str, float]:
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }

"""The API until 2023: fine-tunes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pitchpipe.models import model_table
from pitchpipe.service.engine.dialects.base import Dialect, tidy
from pitchpipe.service.engine.dialects.classification import Classes
from pitchpipe.service.engine.examples import JobError
from pitchpipe.service.engine.models import OWNER
from pitchpipe.service.engine.runner import Plan, Runner
from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row, Store
from pitchpipe.stages import FitStep

_COLUMNS = (
    "step",
    "elapsed_tokens",
    "elapsed_examples",
    "training_loss",
    "training_sequence_accuracy",
    "training_token_accuracy",
    "validation_loss",
    "validation_sequence_accuracy",
    "validation_token_accuracy",
)
_PER_MILLION = 1_000_000


class FineTuneDialect(Dialect):
    """How fine-tunes spoke: costs and the queue's length are told, steps are not."""

    parent = "fine-tune"
    result_file = "compiled_results.csv"
    tells_steps = False

    def model_name(self, store: Store, job_id: str, base: str, suffix: str, now: float) -> str:
        """``BASE:ft-OWNER:SUFFIX-DATE-TIME``; two of one second are told apart by the second."""
        del job_id
        words = f":{tidy(suffix)}" if suffix else ""
        while True:
            stamp = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(now))
            name = f"{base}:ft-{OWNER}{words}-{stamp}"
            if store.get("model-name", name) is None:
                store.add("model-name", name, {})
                return name
            now += 1

    def created(self, job: Row) -> list[str]:
        """Names it."""
        return [f"Created fine-tune: {job.id}"]

    def validated(self, job: Row, ahead: int) -> list[str]:
        """What it would have cost, and its place in the queue."""
        return [
            f"Fine-tune costs ${_cost(job):.2f}",
            f"Fine-tune enqueued. Queue number: {ahead}",
        ]

    def started(self, job: Row) -> list[str]:
        """It has left the queue."""
        del job
        return ["Fine-tune is in the queue. Queue number: 0", "Fine-tune started"]

    def kept(self, epoch: int, epochs: int, step: int) -> str:
        """Names the epoch."""
        del step
        return f"Completed epoch {epoch}/{epochs}"

    def succeeded(self, model: str, file_id: str) -> list[str]:
        """Names the model and the result file."""
        return [
            f"Uploaded model: {model}",
            f"Uploaded result file: {file_id}",
            "Fine-tune succeeded",
        ]

    def cancelled(self) -> str:
        """One line."""
        return "Fine-tune cancelled"

    def failed(self, reason: str) -> str:
        """The reason."""
        return f"Fine-tune failed. {reason}"

    def check(self, job: Row, train: Sequence[JSON], valid: Sequence[JSON]) -> None:
        """Whether the classes are those that were told.

        Raises:
            JobError: they are not.
        """
        classes = _classes(job)
        if classes is None:
            return
        found = sorted({record["completion"] for record in train})
        told = job.private["fine_tune"]["classification_n_classes"]
        if told is not None and told != len(found):
            raise JobError(
                "invalid_n_classes",
                f"The training file has {len(found)} distinct completions, but "
                f"classification_n_classes is {told}.",
                "classification_n_classes",
            )
        if classes.positive is None:
            return
        for param, records in (("training_file", train), ("validation_file", valid)):
            if not any(record["completion"].startswith(classes.positive) for record in records):
                raise JobError(
                    "invalid_positive_class",
                    f"{param}: no completion begins with the positive class "
                    f"{classes.positive!r}; found {', '.join(map(repr, found[:5]))}.",
                    "classification_positive_class",
                )

    def measure(self, job: Row, runner: Runner) -> JSON:
        """Classification metrics, where they were asked for."""
        classes = _classes(job)
        return classes.measure(runner.learner, runner.valid) if classes else {}

    def header(self, job: Row) -> str:
        """The columns, with those of classification where they were asked for."""
        classes = _classes(job)
        return ",".join((*_COLUMNS, *(classes.columns if classes else ()))) + "\n"

    def rows(self, job: Row, plan: Plan, steps: Sequence[FitStep], figures: JSON) -> str:
        """Lines of the result file; the figures stand in the epoch's last.

        A step has one accuracy, which stands in both columns; elapsed tokens are the records' share
        of the file's.
        """
        classes = _classes(job)
        columns = classes.columns if classes else ()
        records = job.private["records"]
        lines = []
        for step in steps:
            in_epoch = step.step - (step.epoch - 1) * (plan.steps // plan.epochs)
            seen = (step.epoch - 1) * records + min(records, in_epoch * plan.batch)
            accuracy, held_out = step.train_accuracy, step.valid_accuracy
            own = figures if step.last_of_epoch else {}
            cells = (
                *(step.train_loss, accuracy, accuracy, step.valid_loss, held_out, held_out),
                *(own.get(column) for column in columns),
            )
            tokens = round(job.private["tokens"] * seen / records)
            shown = ("" if cell is None else f"{cell:.6g}" for cell in cells)
            lines.append(f"{step.step},{tokens},{seen},{','.join(shown)}\n")
        return "".join(lines)


def _classes(job: Row) -> Classes | None:
    asked = job.private["fine_tune"]
    if not asked["compute_classification_metrics"]:
        return None
    betas = tuple(beta for beta in asked["classification_betas"] or () if beta != 1)
    return Classes(asked["classification_positive_class"], betas)


def _cost(job: Row) -> float:
    """US dollars, by the vendor's last prices; nobody has to pay them here."""
    price = model_table().facts(job.private["base"]).price or 0.0
    tokens: int = job.private["tokens"] * job.private["asked"]["n_epochs"]
    return tokens * price / _PER_MILLION

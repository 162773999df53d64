"""The API since August 2023: fine-tuning jobs."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pitchpipe.service.engine import results
from pitchpipe.service.engine.dialects.base import Dialect, tidy
from pitchpipe.service.engine.models import OWNER
from pitchpipe.service.engine.runner import Plan
from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row, Store
from pitchpipe.stages import FitStep


class JobDialect(Dialect):
    """How fine-tuning jobs speak."""

    parent = ""
    result_file = "step_metrics.csv"
    tells_steps = True

    def model_name(self, store: Store, job_id: str, base: str, suffix: str, now: float) -> str:
        """``ft:BASE:OWNER:SUFFIX:ID``."""
        del now
        return f"ft:{base}:{OWNER}:{tidy(suffix)}:{store.derive('model', job_id, length=8)}"

    def created(self, job: Row) -> list[str]:
        """Names the job and its files."""
        message = f"Validating training file: {job.body['training_file']}"
        if job.body["validation_file"]:
            message += f" and validation file: {job.body['validation_file']}"
        return [f"Created fine-tuning job: {job.id}", message]

    def validated(self, job: Row, ahead: int) -> list[str]:
        """One line."""
        del job, ahead
        return ["Files validated, moving job to queued state"]

    def started(self, job: Row) -> list[str]:
        """One line."""
        del job
        return ["Fine-tuning job started"]

    def kept(self, epoch: int, epochs: int, step: int) -> str:
        """Names the step."""
        del epoch, epochs
        return f"Checkpoint created at step {step}"

    def succeeded(self, model: str, file_id: str) -> list[str]:
        """Names the model."""
        del file_id
        return [
            f"New fine-tuned model created: {model}",
            "The job has successfully completed",
        ]

    def cancelled(self) -> str:
        """One line."""
        return "Fine-tuning job cancelled"

    def failed(self, reason: str) -> str:
        """The reason."""
        return f"The job failed: {reason}"

    def header(self, job: Row) -> str:
        """The columns of ``results``."""
        del job
        return results.HEADER

    def rows(self, job: Row, plan: Plan, steps: Sequence[FitStep], figures: JSON) -> str:
        """The columns of ``results``."""
        del job, plan, figures
        return results.rows(steps)

    def encode_results(self, table: str) -> bytes:
        """The table in base64, on one line: the hosted API serves its result files so."""
        return base64.b64encode(table.encode())

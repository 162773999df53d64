"""Fine-tuning jobs in the API's shape and in ours."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pitchpipe.errors import ConfigError
from pitchpipe.records import Contract, Job, TrainingSpec
from pitchpipe.redaction import redact

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

logger = logging.getLogger(__name__)

RUN_KEY = "pitchpipe_run"
"""The metadata key by which a job is found again whose creation went unanswered."""

_RESERVED = "pitchpipe_"
_CONTRACT = "pitchpipe_contract_"
_MOST_PAIRS, _LONGEST_VALUE = 16, 512  # "Metadata" in the API's specification
_CHECKPOINT = re.compile(r":ckpt-step-\d+$")
PAGE = 100


def method_of(spec: TrainingSpec) -> dict[str, Any]:
    """The ``method`` object of a creation request."""
    hyperparameters: dict[str, Any] = {
        "n_epochs": spec.n_epochs,
        "batch_size": spec.batch_size,
        "learning_rate_multiplier": spec.learning_rate_multiplier,
    }
    if spec.method == "dpo":
        hyperparameters["beta"] = spec.beta
    options = dict(spec.method_options)
    hyperparameters |= options.pop("hyperparameters", {})
    return {"type": spec.method, spec.method: {"hyperparameters": hyperparameters, **options}}


def metadata_of(spec: TrainingSpec, contract: Contract, run_key: str) -> dict[str, str]:
    """The job's metadata: the user's pairs, the run's key and the contract.

    A contract that does not fit is left out; it is kept with the run all the same.

    Raises:
        ConfigError: the user's pairs leave no room for the key, or use a reserved name.
    """
    for key in spec.metadata:
        if key.startswith(_RESERVED):
            raise ConfigError(f"metadata.{key}: names that begin with {_RESERVED!r} are reserved.")
    pairs = {**spec.metadata, RUN_KEY: run_key}
    if len(pairs) > _MOST_PAIRS:
        raise ConfigError(
            f"metadata: {len(spec.metadata)} pairs; a job holds at most {_MOST_PAIRS}, "
            "one of which Pitchpipe needs."
        )
    text = json.dumps(contract.to_json(), ensure_ascii=False, separators=(",", ":"))
    pieces = [text[i : i + _LONGEST_VALUE] for i in range(0, len(text), _LONGEST_VALUE)]
    if len(pairs) + len(pieces) > _MOST_PAIRS:
        logger.warning(
            "the contract (%d characters) does not fit into the job's metadata; "
            "to predict, use the run folder or its model.json",
            len(text),
        )
        return pairs
    return pairs | {f"{_CONTRACT}{i}": piece for i, piece in enumerate(pieces)}


def contract_from(metadata: Mapping[str, str]) -> Contract | None:
    """The contract that ``metadata_of`` wrote, None if there is none that can be read."""
    pieces: list[str] = []
    while (piece := metadata.get(f"{_CONTRACT}{len(pieces)}")) is not None:
        pieces.append(piece)
    try:
        return Contract.from_json(json.loads("".join(pieces))) if pieces else None
    except (KeyError, TypeError, ValueError):
        return None


def find_by_run(client: OpenAI, run_key: str) -> FineTuningJob | None:
    """The job created under a run's key, if the service has one."""
    # a service that ignores the filter answers with all jobs
    for job in client.fine_tuning.jobs.list(metadata={RUN_KEY: run_key}, limit=PAGE):
        if (job.metadata or {}).get(RUN_KEY) == run_key:
            return job
    return None


def find_by_model(client: OpenAI, model: str) -> FineTuningJob | None:
    """The job that made a tuned model or one of its checkpoints."""
    name = _CHECKPOINT.sub("", model)
    for job in client.fine_tuning.jobs.list(limit=PAGE):
        if job.fine_tuned_model == name:
            return job
    return None


def to_job(job: FineTuningJob) -> Job:
    """The job in our shape."""
    return Job(
        id=job.id,
        status=job.status,
        model=job.model,
        fine_tuned_model=job.fine_tuned_model,
        created_at=job.created_at,
        finished_at=job.finished_at,
        trained_tokens=job.trained_tokens,
        error=_error(job),
        training_file=job.training_file,
        validation_file=job.validation_file,
        result_files=tuple(job.result_files or ()),
        seed=job.seed,
        hyperparameters=dict(_hyperparameters(job)),
        metadata=job.metadata or {},
    )


def _hyperparameters(job: FineTuningJob) -> Iterator[tuple[str, Any]]:
    # only supervised jobs repeat theirs at the top
    # graders of several graders differ from what the SDK declares
    described = job.to_dict(warnings=False)
    method = described.get("method")
    if isinstance(method, dict):
        own = method.get(str(method.get("type")))
        if isinstance(own, dict):
            yield from (own.get("hyperparameters") or {}).items()
    top = described.get("hyperparameters")
    if isinstance(top, dict):
        yield from ((key, value) for key, value in top.items() if value is not None)


def _error(job: FineTuningJob) -> str | None:
    error = job.error
    if error is None or not (error.message or error.code):
        return None
    about = ", ".join(part for part in (error.code, error.param) if part)
    return redact(f"{error.message} ({about})" if about else f"{error.message}")

"""What the objects of the API say, whichever service sent them and however old it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from pitchpipe.models import base_of

Kind: TypeAlias = Literal["file", "job", "model", "checkpoint", "batch"]
"""What an inventory lists."""

_LAST_SECOND = 253_402_300_799  # of the year 9999
_METHODS = ("supervised", "dpo", "reinforcement")
_JOB_ENDS = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Reference:
    """One object's mention of another.

    Attributes:
        role: what the other is for it, such as "training".
        kind: what the other is.
        id: the other's id.
    """

    role: str
    kind: Kind
    id: str

    def to_json(self) -> dict[str, str]:
        """The reference as JSON."""
        return {"role": self.role, "kind": self.kind, "id": self.id}


def time_of(value: object) -> datetime | None:
    """A point in time that is given in Unix seconds; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not 0 < value <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(value, UTC)


def created(described: Mapping[str, Any]) -> datetime | None:
    """When an object was made."""
    return time_of(described.get("created_at")) or time_of(described.get("created"))


def size_of(described: Mapping[str, Any]) -> int | None:
    """The bytes of a file; None where its description names no number of them."""
    return number(described.get("bytes"))


def number(value: object) -> int | None:
    """A whole number from 0 on; None of anything else."""
    return value if type(value) is int and value >= 0 else None


def text(value: object) -> str | None:
    """Words; None of anything else, and of none."""
    return value if isinstance(value, str) and value else None


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether nothing more happens to a job."""
    return job.get("status") in _JOB_ENDS


def method_of(job: Mapping[str, Any]) -> str | None:
    """By which method a job trains; those from before there were several are supervised."""
    method = job.get("method")
    if isinstance(method, dict):
        return text(method.get("type"))
    return "supervised" if method is None and "hyperparameters" in job else None


def hyperparameters_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a job, those of its method before those at the top."""
    found: dict[str, Any] = {}
    top, method = job.get("hyperparameters"), job.get("method")
    if isinstance(top, dict):
        found |= {name: value for name, value in top.items() if value is not None}
    if isinstance(method, dict):
        own = method.get(str(method.get("type")))
        given = own.get("hyperparameters") if isinstance(own, dict) else None
        if isinstance(given, dict):
            found |= {name: value for name, value in given.items() if value is not None}
    return found


def suffix_of(job: Mapping[str, Any]) -> str | None:
    """What the user added to the name of a job's model.

    ``ft:BASE:ORGANIZATION:SUFFIX:ID`` has it, where the service does not name it apart.
    """
    named = text(job.get("user_provided_suffix")) or text(job.get("suffix"))
    if named:
        return named
    parts = (text(job.get("fine_tuned_model")) or "").split(":")
    return parts[3] or None if parts[0] == "ft" and len(parts) >= 5 else None


def is_tuned(model: Mapping[str, Any]) -> bool:
    """Whether a model was made by a job, as its name or its description tells."""
    name = str(model.get("id"))
    return base_of(name) != name or ".ft-" in name or text(model.get("fine_tune")) is not None


def base_model_of(model: Mapping[str, Any]) -> str | None:
    """The base of a tuned model, as its description or its name tells."""
    named = text(model.get("model"))
    if named:
        return base_of(named)
    name = str(model.get("id"))
    base = name.partition(".ft-")[0] if ".ft-" in name else base_of(name)
    return base if base != name else None


def references(kind: Kind, described: Mapping[str, Any]) -> list[Reference]:
    """What an object mentions."""
    return list(_references(kind, described))


def _references(kind: Kind, described: Mapping[str, Any]) -> Iterator[Reference]:
    if kind == "job":
        yield from _named(described, training="training_file", validation="validation_file")
        results = described.get("result_files")
        for file_id in results if isinstance(results, list) else ():
            # clients of 2023 were sent the files themselves
            file_id = file_id.get("id") if isinstance(file_id, dict) else file_id
            if result := text(file_id):
                yield Reference("results", "file", result)
        if name := text(described.get("fine_tuned_model")):
            yield Reference("result", "model", name)
        base = text(described.get("model"))
        if base and is_tuned({"id": base}):
            yield Reference("base", "model", base)
    elif kind == "batch":
        yield from _named(
            described, input="input_file_id", output="output_file_id", errors="error_file_id"
        )
        model = text(described.get("model"))
        if model and is_tuned({"id": model}):
            yield Reference("asks", "model", model)
    elif kind == "checkpoint":
        job = text(described.get("fine_tuning_job_id"))
        if job:
            yield Reference("job", "job", job)
    elif kind == "model" and (job := text(described.get("fine_tune"))):
        yield Reference("job", "job", job)


def _named(described: Mapping[str, Any], **roles: str) -> Iterator[Reference]:
    for role, key in roles.items():
        if file_id := text(described.get(key)):
            yield Reference(role, "file", file_id)

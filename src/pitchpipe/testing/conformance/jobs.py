"""Files to train on, and jobs that are trained from them."""

from __future__ import annotations

import json
from pathlib import Path

from pitchpipe.records import Contract, Job, JobEvent, PreparedData
from pitchpipe.testing.conformance.ledgers import MemoryLedger
from pitchpipe.testing.conformance.subject import Subject

_SEPARATOR = "\n\n###\n\n"
_WORDS = {"pos": ("good", "fine", "great"), "neg": ("bad", "poor", "awful")}
_TRAIN, _VALID = 24, 8


def _record(number: int) -> dict[str, str]:
    label = ("pos", "neg")[number % 2]
    prompt = f"a {_WORDS[label][number % 3]} film, number {number}{_SEPARATOR}"
    return {"prompt": prompt, "completion": f" {label}\n"}


def _write(path: Path, numbers: range) -> Path:
    path.write_text("".join(f"{json.dumps(_record(number))}\n" for number in numbers))
    return path


def prepared(subject: Subject) -> PreparedData:
    """The subject's own files, or a few dozen records of two classes."""
    if subject.data is not None:
        return subject.data(subject.folder)
    contract = Contract(
        "completion", "completion", {"separator": _SEPARATOR}, ("neg", "pos"), ("\n",), 4
    )
    train = _write(subject.folder / "train.jsonl", range(_TRAIN))
    valid = _write(subject.folder / "valid.jsonl", range(_TRAIN, _TRAIN + _VALID))
    return PreparedData(train, valid, _TRAIN, _VALID, contract)


def submitted(subject: Subject, ledger: MemoryLedger | None = None) -> Job:
    """A job as it was submitted."""
    job: Job = subject.stage.submit(prepared(subject), subject.spec, ledger or MemoryLedger())
    return job


def followed(subject: Subject) -> tuple[Job, list[JobEvent]]:
    """A job that has ended, and its events."""
    job = submitted(subject)
    events = list(subject.stage.follow(job.id))
    return subject.stage.job(job.id), events


def job_ids(subject: Subject) -> set[str]:
    """The jobs that there are."""
    return {job.id for job in subject.stage.jobs()}

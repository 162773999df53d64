from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pandas as pd
import pytest

from pitchpipe.records import (
    Checkpoint,
    Contract,
    Estimate,
    Job,
    JobEvent,
    PreparedData,
    TrainingSpec,
)
from pitchpipe.stages import Ledger, Trainer, TrainerCapabilities
from pitchpipe.testing import Check, Subject, parametrize_with_checks


@dataclass(eq=False)
class Desk:
    """Where a trainer's jobs are: a service of a few lines."""

    jobs: dict[str, Job] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def create(self, key: str, spec: TrainingSpec, contract: Contract) -> Job:
        if key not in self.keys:
            number = len(self.jobs) + 1
            self.keys[key] = f"job-{number}"
            job = Job(f"job-{number}", "queued", spec.model, created_at=number, training_file="f")
            self.jobs[job.id] = job
            self.contracts[f"model-of-{job.id}"] = contract
        return self.jobs[self.keys[key]]

    def move(self, job_id: str, status: str) -> Job:
        model = f"model-of-{job_id}" if status == "succeeded" else None
        self.jobs[job_id] = replace(self.jobs[job_id], status=status, fine_tuned_model=model)
        return self.jobs[job_id]


@dataclass(frozen=True)
class Quick(Trainer):
    """As little as a trainer can be."""

    predictor: ClassVar[str] = "openai"
    capabilities = TrainerCapabilities()
    made: ClassVar = itertools.count()
    desk: Desk = field(default_factory=Desk, repr=False)

    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        return Estimate(data.train_rows, 1, None, "one token a record")

    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        done = ledger.outcome("job")
        if done:
            return self.job(done["id"])
        key = ledger.intend("job", {"key": f"run-{next(self.made)}"})["key"]
        job = self.desk.create(key, spec, data.contract)
        ledger.done("job", {"id": job.id})
        return job

    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        known = set(seen)
        for number, message in enumerate(("created", "trained", "done")):
            if f"{job_id}-{number}" not in known:
                yield JobEvent(f"{job_id}-{number}", number, "info", message)
        if not self.job(job_id).done and self.job(job_id).status != "paused":
            self.desk.move(job_id, "succeeded")

    def job(self, job_id: str) -> Job:
        return self.desk.jobs[job_id]

    def jobs(self) -> Iterator[Job]:
        yield from reversed(self.desk.jobs.values())

    def cancel(self, job_id: str) -> Job:
        return self.desk.move(job_id, "cancelled")

    def pause(self, job_id: str) -> Job:
        return self.desk.move(job_id, "paused")

    def resume(self, job_id: str) -> Job:
        return self.desk.move(job_id, "running")

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        return [Checkpoint(f"{job_id}-{step}", f"{job_id}:{step}", step) for step in (1, 2)]

    def metrics(self, job_id: str) -> pd.DataFrame:
        return pd.DataFrame({"step": [1, 2], "train_loss": [0.5, 0.25]})

    def contract(self, model: str) -> Contract | None:
        return self.desk.contracts.get(model)


class RepeatsEvents(Quick):
    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        for event in super().follow(job_id, seen):
            yield event
            yield event


class TellsNewestFirst(Quick):
    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        yield from reversed([*super().follow(job_id, seen)])


class IgnoresWhatWasSeen(Quick):
    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        yield from super().follow(job_id)


class DoublesAJobOnResume(Quick):
    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        done = ledger.outcome("job")
        if done:
            return self.job(done["id"])
        job = self.desk.create(f"run-{next(self.made)}", spec, data.contract)
        ledger.intend("job", {})
        ledger.done("job", {"id": job.id})
        return job


class NeverAdopts(Quick):
    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        return self.desk.create(f"run-{next(self.made)}", spec, data.contract)


class SendsAnEstimate(Quick):
    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        self.desk.create(f"run-{next(self.made)}", spec, data.contract)
        return super().estimate(data, spec)


class Priced(Quick):
    cost: ClassVar[float | None] = 5.0

    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        return replace(super().estimate(data, spec), cost=self.cost)


class Free(Priced):
    cost = 0.0


class PricedInNothing(Priced):
    cost = float("nan")


class PaysBack(Priced):
    cost = -1.0


class PricesByAJob(Priced):
    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        if spec.max_cost is not None:
            self.desk.create(f"run-{next(self.made)}", spec, data.contract)
        return super().estimate(data, spec)


class ListsOldestFirst(Quick):
    def jobs(self) -> Iterator[Job]:
        yield from self.desk.jobs.values()


class CancelsNothing(Quick):
    def cancel(self, job_id: str) -> Job:
        return self.job(job_id)


class PausesForGood(Quick):
    def resume(self, job_id: str) -> Job:
        return self.job(job_id)


class ForgetsTheContract(Quick):
    def contract(self, model: str) -> Contract | None:
        return None


class ForgetsTheContractAndSaysSo(ForgetsTheContract):
    capabilities = TrainerCapabilities(keeps_contract=False)


class CheckpointsUnsorted(Quick):
    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        return [*super().checkpoints(job_id)][::-1]


class MetricsWithoutSteps(Quick):
    def metrics(self, job_id: str) -> pd.DataFrame:
        return super().metrics(job_id)[["train_loss"]]


class MetricsByChance(Quick):
    def metrics(self, job_id: str) -> pd.DataFrame:
        return super().metrics(job_id).assign(train_loss=next(self.made))


def alone(cls: type[Quick]) -> Subject:
    return Subject(cls(), within=lambda folder: cls())


@parametrize_with_checks(
    [alone(Quick), alone(ForgetsTheContractAndSaysSo), alone(Priced), alone(Free)]
)
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


FAULTS: Mapping[type[Quick], str] = {
    RepeatsEvents: "events-once",
    TellsNewestFirst: "events-once",
    IgnoresWhatWasSeen: "events-seen",
    DoublesAJobOnResume: "submits-once",
    NeverAdopts: "adopts",
    SendsAnEstimate: "estimate-sends-nothing",
    PricedInNothing: "estimate-in-usd",
    PaysBack: "estimate-in-usd",
    PricesByAJob: "max-cost-kept",
    CancelsNothing: "cancel-ends",
    PausesForGood: "pause-and-resume",
    ForgetsTheContract: "contract-kept",
    CheckpointsUnsorted: "checkpoints-by-step",
    MetricsWithoutSteps: "metrics-by-step",
    MetricsByChance: "deterministic",
}


@pytest.mark.parametrize("cls", FAULTS)
def test_a_faulty_one_is_caught(cls: type[Quick], breaks: Callable[[object, str], str]) -> None:
    breaks(alone(cls), FAULTS[cls])


def test_the_moment_of_the_death_is_told(breaks: Callable[[object, str], str]) -> None:
    message = breaks(alone(DoublesAJobOnResume), "submits-once")
    assert "Expected one job, job-6, after a death before 'job' was intended" in message


def test_jobs_oldest_first_are_caught_where_there_are_some(
    breaks: Callable[[object, str], str],
) -> None:
    desk = Desk()
    desk.create("earlier", TrainingSpec(), Contract("completion", "completion"))
    breaks(Subject(ListsOldestFirst(desk)), "job-told")
